"""Dependencies for FastAPI, and what a view does with sessions. All that may ask the server is awaited."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional, TypeVar, cast

from anyio.to_thread import run_sync
from starlette.requests import HTTPConnection

from holdfast.core import signing
from holdfast.core.request_session import RequestSession
from holdfast.core.requirement import Names, Requirement
from holdfast.core.session import Session
from holdfast.core.signing import Started

from .middleware import KEY

T = TypeVar("T")


def request_session(connection: HTTPConnection) -> RequestSession:
    known = connection.scope.get(KEY)
    if known is None:
        raise RuntimeError("The session of this request was not checked: app.add_middleware(HoldfastMiddleware, ...).")
    return cast(RequestSession, known)


def session_required(
    *, optional: bool = False, role: Names = None, fresh: Optional[timedelta] = None, acr: Names = None,
) -> Callable[[HTTPConnection], Optional[Session]]:
    """A dependency: ``session: Annotated[Session, Depends(session_required())]``. The parameters are those of Flask's ``@session_required``."""
    requirement = Requirement.of(optional, role, fresh, acr)

    async def dependency(connection: HTTPConnection) -> Optional[Session]:
        # The middleware has checked: nobody is asked here.
        return requirement.ask(request_session(connection))

    return cast(Callable[[HTTPConnection], Optional[Session]], dependency)


async def machine_traffic(connection: HTTPConnection) -> None:
    """A dependency that marks a route as asked by a program of its own accord: it does not keep the session from idling out."""
    request_session(connection).is_for_user = False


async def start_session(connection: HTTPConnection, user: Any, **options: Any) -> Started:
    """As Flask's ``start_session``."""
    return await _asking(signing.start, connection, user, **options)


async def elevate(connection: HTTPConnection, **options: Any) -> Started:
    return await _asking(signing.elevate, connection, **options)


async def end_session(connection: HTTPConnection, sid: Optional[str] = None) -> None:
    await _asking(signing.end, connection, sid)


async def end_all(connection: HTTPConnection, user: Any = None, *, keep_current: bool = False) -> None:
    await _asking(signing.end_all, connection, user, keep_current=keep_current)


async def record_failure(connection: HTTPConnection, subject: Optional[str] = None, reason: str = "wrong_password") -> None:
    await _asking(signing.record_failure, connection, subject, reason)


async def csrf_token(connection: HTTPConnection) -> str:
    return await run_sync(request_session(connection).csrf_token)


async def read_data(connection: HTTPConnection) -> Dict[str, Any]:
    """What the application keeps with the session."""
    request = request_session(connection)
    return await run_sync(lambda: dict(request.data))


async def write_data(connection: HTTPConnection, fields: Mapping[str, Any], *, if_unchanged: bool = False) -> Dict[str, Any]:
    """Changes these fields, and answers all of them. None removes one."""
    request = request_session(connection)

    def write() -> Dict[str, Any]:
        request.data.write(fields, if_unchanged=if_unchanged)
        return dict(request.data)

    return await run_sync(write)


def _asking(operation: Callable[..., T], connection: HTTPConnection, *args: Any, **kwargs: Any) -> Awaitable[T]:
    return run_sync(partial(operation, request_session(connection), *args, **kwargs))
