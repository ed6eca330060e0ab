"""Starting, raising and ending sessions in a view."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence, Union

from flask import current_app

from holdfast.core import signing
from holdfast.core.signing import Started

from . import signals
from .current import request_session


def start_session(
    user: Any, *, transport: str = "cookie", remember: bool = False, claims: Optional[Mapping[str, Union[str, Sequence[str]]]] = None,
    data: Optional[Mapping[str, Any]] = None, acr: Optional[str] = None, amr: Sequence[str] = (),
) -> Started:
    """Starts a session for a user whose proof you have checked.

    ``user`` is the subject, or an object with ``get_id()`` or ``id``. With the transports ``cookie`` and ``token-cookies`` the cookies leave
    with this response; with ``tokens``, answer with ``.tokens``.
    """
    started = signing.start(
        request_session(), user, transport=transport, remember=remember, claims=claims, data=data, acr=acr, amr=amr,
    )
    signals.session_started.send(_app(), session=started.session)
    return started


def elevate(*, acr: Optional[str] = None, amr: Sequence[str] = ()) -> Started:
    """You have checked a further proof: the session counts as more for a while, under a new credential."""
    started = signing.elevate(request_session(), acr=acr, amr=amr)
    signals.session_elevated.send(_app(), session=started.session)
    return started


def end_session(sid: Optional[str] = None) -> None:
    """Ends this request's session, and the browser forgets everything of it; or another one, by its handle."""
    signing.end(request_session(), sid)


def end_all(user: Any = None, *, keep_current: bool = False) -> None:
    """Ends all sessions of a user (by default this request's), or all but this request's."""
    signing.end_all(request_session(), user, keep_current=keep_current)


def record_failure(subject: Optional[str] = None, reason: str = "wrong_password") -> None:
    """Tells the server of a sign-in that failed: why in one word, and whose account was tried, as far as is known."""
    signing.record_failure(request_session(), subject, reason)
    signals.sign_in_failed.send(_app(), subject=subject, reason=reason)


def _app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]
