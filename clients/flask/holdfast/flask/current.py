"""``current_session``: the session of the request that is being answered."""

from __future__ import annotations

from typing import Any, Mapping, Optional, cast

from flask import current_app, g, has_request_context, request
from werkzeug.local import LocalProxy

from holdfast.core.data import Data
from holdfast.core.exchange import Request
from holdfast.core.request_session import RequestSession
from holdfast.core.session import Session

_NAME = "_holdfast_request_session"


class CurrentSession:
    """True if somebody is signed in. What belongs to a session refuses (401) without one, so a guard is never forgotten in silence."""

    def __init__(self, of: RequestSession) -> None:
        self._of = of

    def __bool__(self) -> bool:
        return self._of.live is not None

    def _session(self) -> Session:
        self._of.is_personal = True
        return self._of.require()

    @property
    def sid(self) -> str:
        """The session's public name. It proves nothing."""
        return self._session().sid

    @property
    def subject(self) -> str:
        return self._session().subject

    @property
    def tenant(self) -> str:
        return self._session().tenant

    @property
    def claims(self) -> Mapping[str, Any]:
        return self._session().claims

    @property
    def auth_time(self) -> Optional[float]:
        """When the user last proved who they are, in Unix seconds."""
        return self._session().auth_time

    @property
    def acr(self) -> Optional[str]:
        return self._session().acr

    @property
    def amr(self) -> "tuple[str, ...]":
        return self._session().amr

    @property
    def data(self) -> Data:
        """What the application keeps with the session, by field."""
        self._of.is_personal = True
        return self._of.data

    def has_role(self, *roles: str) -> bool:
        return self._session().has_role(*roles)

    def __repr__(self) -> str:
        session = self._of.verdict.session if self._of.verdict else None
        return f"<session {session.sid} of {session.subject!r}>" if session else "<no session>"


def request_session() -> RequestSession:
    """Made once for a request, whoever asks first."""
    if not has_request_context():
        raise RuntimeError("current_session belongs to a request, and none is being answered.")
    known = g.get(_NAME)
    if known is None:
        known = current_app.extensions["holdfast"].engine.open(_translated())
        setattr(g, _NAME, known)
    return cast(RequestSession, known)


def csrf_token() -> str:
    """The token for this page's forms. In templates: ``{{ csrf_token() }}``."""
    return request_session().csrf_token()


current_session = cast(CurrentSession, LocalProxy(lambda: CurrentSession(request_session())))


def _translated() -> Request:
    # Bound here: what the session remembers must not outlive this request by a proxy that another one answers.
    flask_request = cast(Any, request)._get_current_object()
    return Request(
        method=flask_request.method, path=flask_request.path, host=flask_request.host, header=flask_request.headers.get,
        read=lambda most: _body(flask_request, most), field=lambda name: _field(flask_request, name),
        is_secure=flask_request.is_secure, address=flask_request.remote_addr, mount=flask_request.root_path.rstrip("/"),
        is_upgrade=(flask_request.headers.get("Upgrade") or "").lower() == "websocket",
    )


def _body(flask_request: Any, most: int) -> bytes:
    if (flask_request.content_length or 0) >= most:
        return b"\0" * most
    return bytes(flask_request.get_data(cache=True, parse_form_data=False)[:most])


def _field(flask_request: Any, name: str) -> Optional[str]:
    values = flask_request.form.getlist(name)
    return values[0] if len(values) == 1 else None

