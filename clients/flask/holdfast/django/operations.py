"""What a Django view does with sessions. The parameters are those of Flask."""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from typing import Any, Callable, Dict, Optional, cast

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from holdfast.core import signing
from holdfast.core.data import Data
from holdfast.core.request_session import RequestSession
from holdfast.core.requirement import Names, Requirement
from holdfast.core.session import Session
from holdfast.core.signing import Started


def request_session(request: HttpRequest) -> RequestSession:
    known = getattr(request, "holdfast", None)
    if known is None:
        raise RuntimeError("The session of this request was not checked: add holdfast.django.HoldfastMiddleware to MIDDLEWARE.")
    return cast(RequestSession, known)


def session_of(request: HttpRequest) -> Optional[Session]:
    """The session of this request; None if nobody is signed in."""
    return request_session(request).live


def session_data(request: HttpRequest) -> Data:
    """What the application keeps with the session, by field."""
    return request_session(request).data


def session_required(
    view: Any = None, *, optional: bool = False, role: Names = None, fresh: Optional[timedelta] = None, acr: Names = None,
) -> Any:
    """As Flask's ``@session_required``: 401 or 403 as problem details. For a redirect to the sign-in page there is ``login_required``."""
    requirement = Requirement.of(optional, role, fresh, acr)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            requirement.ask(request_session(request))
            return function(request, *args, **kwargs)

        return guarded

    return decorate if view is None else decorate(view)


def machine_traffic(view: Any) -> Any:
    view._holdfast_machine_traffic = True
    return view


def start_session(request: HttpRequest, user: Any, **options: Any) -> Started:
    return signing.start(request_session(request), user, **options)


def elevate(request: HttpRequest, **options: Any) -> Started:
    return signing.elevate(request_session(request), **options)


def end_session(request: HttpRequest, sid: Optional[str] = None) -> None:
    signing.end(request_session(request), sid)


def end_all(request: HttpRequest, user: Any = None, *, keep_current: bool = False) -> None:
    signing.end_all(request_session(request), user, keep_current=keep_current)


def record_failure(request: HttpRequest, subject: Optional[str] = None, reason: str = "wrong_password") -> None:
    signing.record_failure(request_session(request), subject, reason)


def csrf(request: HttpRequest) -> Dict[str, Any]:
    """A context processor: ``{% csrf_token %}`` writes our token. Remove Django's ``CsrfViewMiddleware``, which would ask for its own."""
    return {"csrf_token": SimpleLazyObject(request_session(request).csrf_token)}
