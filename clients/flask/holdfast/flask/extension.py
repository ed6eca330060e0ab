"""The extension: ``Holdfast(app)``, or ``Holdfast()`` and ``init_app(app)``. It keeps nothing of a request, and leaves ``flask.session`` alone."""

from __future__ import annotations

from typing import Any, Callable, Optional

from flask import Blueprint, Flask, Response, current_app, g, make_response, request

from holdfast.core import endpoints
from holdfast.core.engine import Engine
from holdfast.core.errors import SessionRefused
from holdfast.core.exchange import Response as Answer
from holdfast.core.settings import Settings

from . import signals
from .current import _NAME, csrf_token, current_session, request_session

Handler = Callable[[SessionRefused], Any]
_CACHEABLE_BY_DEFAULT = ("text/html", "application/json")


class _OfApplication:
    """What one application has: its engine, and its own answer to whoever is not signed in."""

    def __init__(self, engine: Engine, holdfast: Holdfast) -> None:
        self.engine = engine
        self.holdfast = holdfast


class Holdfast:
    def __init__(self, app: Optional[Flask] = None) -> None:
        self._unauthorized: Optional[Handler] = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Reads ``HOLDFAST_...`` of the application's configuration. A wrong value stops the start."""
        if "holdfast" in app.extensions:
            raise RuntimeError("Holdfast is already on this application.")
        engine = Engine(Settings.of(app.config))
        app.extensions["holdfast"] = _OfApplication(engine, self)
        app.before_request(self._check)
        app.after_request(self._finish)
        app.register_error_handler(SessionRefused, self._refuse)
        app.jinja_env.globals.update(csrf_token=csrf_token, current_session=current_session)
        app.register_blueprint(_blueprint(engine), url_prefix=engine.settings.auth_path)

    def unauthorized_handler(self, handler: Handler) -> Handler:
        """What to answer, instead of problem details, when signing in is what helps: ``handler(refusal)``. Not asked for an outage."""
        self._unauthorized = handler
        return handler

    def _check(self) -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if request.endpoint == "static" or (request.endpoint or "").endswith(".static"):
            return
        session = request_session()
        session.is_for_user = not getattr(view, "_holdfast_machine_traffic", False)
        # Nobody knows is an answer of its own, whatever the view is: 503, before it does anything.
        session.check()
        session.limit()
        if not getattr(view, "_holdfast_csrf_exempt", False):
            session.protect(proven_by_body=getattr(view, "_holdfast_proven_by_body", False))

    def _finish(self, response: Response) -> Response:
        session = g.get(_NAME)
        if session is None:
            return response
        for sid, subject in session.endings:
            signals.session_ended.send(current_app._get_current_object(), sid=sid, subject=subject)  # type: ignore[attr-defined]
        for name, value in session.finish(response.status_code):
            response.headers.add(name, value)
        if not session.may_be_cached and "Cache-Control" not in response.headers and response.mimetype in _CACHEABLE_BY_DEFAULT:
            response.headers["Cache-Control"] = "no-store"
        return response

    def _refuse(self, refusal: SessionRefused) -> Any:
        session = request_session()
        signals.session_refused.send(current_app._get_current_object(), reason=refusal.reason)  # type: ignore[attr-defined]
        if self._unauthorized is not None and refusal.is_sign_in_needed and not _is_ours():
            session.is_personal = True
            return current_app.ensure_sync(self._unauthorized)(refusal)
        return _written(current_app.extensions["holdfast"].engine.refuse(session, refusal))


def _blueprint(engine: Engine) -> Blueprint:
    """The endpoints for browsers."""
    blueprint = Blueprint("holdfast", __name__)

    def add(method: str, rule: str, endpoint: endpoints.Endpoint) -> None:
        def view(**named: str) -> Response:
            session = request_session()
            return _written(engine.answer(session, lambda of: endpoint(of, **named)))

        view._holdfast_machine_traffic = True  # type: ignore[attr-defined]
        view._holdfast_proven_by_body = endpoint is endpoints.refresh  # type: ignore[attr-defined]
        blueprint.add_url_rule(rule, endpoint.__name__, view, methods=[method])

    for method, rule, endpoint in endpoints.ROUTES:
        add(method, rule, endpoint)
    return blueprint


def _is_ours() -> bool:
    return request.blueprint == "holdfast"


def _written(answer: Answer) -> Response:
    response = make_response(answer.body, answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response
