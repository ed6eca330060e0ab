"""What a view asks of the session."""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from typing import Any, Callable, Optional, TypeVar, overload

from flask import current_app, redirect, url_for

from holdfast.core.errors import SessionRefused
from holdfast.core.requirement import Names, Requirement

from .current import request_session

View = TypeVar("View", bound=Callable[..., Any])


@overload
def session_required(view: View) -> View: ...


@overload
def session_required(
    *, optional: bool = False, role: Names = None, fresh: Optional[timedelta] = None,
    acr: Names = None, redirect_to: Optional[str] = None,
) -> Callable[[View], View]: ...


def session_required(
    view: Any = None, *, optional: bool = False, role: Names = None, fresh: Optional[timedelta] = None,
    acr: Names = None, redirect_to: Optional[str] = None,
) -> Any:
    """Refuses whoever is not signed in: 401, or ``unauthorized_handler``'s answer.

    optional     lets anybody in: ``current_session`` is false then. Nobody knows is 503 all the same.
    role         one of these stands in the claim ``role`` or ``roles``; 403 otherwise.
    fresh        the last sign-in or step-up is at most so old: 401 with the challenge of RFC 9470 otherwise.
    acr          the assurance level is one of these; the same.
    redirect_to  an endpoint's name or a path: where a browser that asks for a page is sent instead of 401.
    """
    requirement = Requirement.of(optional, role, fresh, acr)

    def decorate(function: Any) -> Any:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            session = request_session()
            try:
                requirement.ask(session)
            except SessionRefused as refusal:
                if redirect_to is not None and refusal.is_sign_in_needed and session.request.wants_page:
                    session.is_personal = True
                    return redirect(redirect_to if redirect_to.startswith("/") else url_for(redirect_to), 303)
                raise
            return current_app.ensure_sync(function)(*args, **kwargs)

        return guarded

    return decorate if view is None else decorate(view)


def machine_traffic(view: View) -> View:
    """Marks a view that is asked by a program of its own accord, a poll for example: it does not keep the session from idling out."""
    view._holdfast_machine_traffic = True  # type: ignore[attr-defined]
    return view


def csrf_exempt(view: View) -> View:
    """Marks a view that any site may make a signed-in browser send. It must prove by itself who asks: a webhook's signature, say."""
    view._holdfast_csrf_exempt = True  # type: ignore[attr-defined]
    return view

