"""A Django middleware, after ``AuthenticationMiddleware``: ``request.user`` stays lazy, and ``login_required`` works as ever."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Any, Callable, Optional

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from holdfast.core import endpoints
from holdfast.core.engine import Engine
from holdfast.core.errors import SessionRefused
from holdfast.core.exchange import Request, Response
from holdfast.core.request_session import RequestSession
from holdfast.core.session import Session
from holdfast.core.settings import Settings

_CACHEABLE_BY_DEFAULT = ("text/html", "application/json")
# What Django's own {% csrf_token %} calls its field.
_DJANGO_FIELD = "csrfmiddlewaretoken"


class SessionUser:
    """Whoever is signed in, where no ``HOLDFAST_USER`` says otherwise: as much of a user as ``login_required`` and templates ask for."""

    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, session: Optional[Session]) -> None:
        self.is_authenticated = session is not None
        self.is_anonymous = session is None
        self.pk = self.id = session.subject if session else None
        self.username = session.subject if session else ""

    def get_username(self) -> str:
        return self.username

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return not list(perms)

    def has_module_perms(self, label: str) -> bool:
        return False

    def __str__(self) -> str:
        return self.username


class HoldfastMiddleware:
    """Settings are ``HOLDFAST_...``; ``HOLDFAST_USER`` names a function of the session that answers its user, your model's for example."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        names = [name for name in dir(django_settings) if name.startswith("HOLDFAST_") and name != "HOLDFAST_USER"]
        self.engine = Engine(Settings.of({name: getattr(django_settings, name) for name in names}))
        self._user_of = import_string(django_settings.HOLDFAST_USER) if hasattr(django_settings, "HOLDFAST_USER") else SessionUser

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = self.engine.open(_translated(request))
        request.holdfast = session
        try:
            session.check()
            session.limit()
            self._attach_user(request, session)
            response = self._own(request, session) or self._get_response(request)
        except SessionRefused as refusal:
            response = _written(self.engine.refuse(session, refusal))
        return _finished(session, response)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Optional[HttpResponse]:
        session: RequestSession = request.holdfast
        session.is_for_user = not getattr(view, "_holdfast_machine_traffic", False)
        if getattr(view, "csrf_exempt", False):
            return None
        try:
            session.protect()
        except SessionRefused as refusal:
            return _written(self.engine.refuse(session, refusal))
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> Optional[HttpResponse]:
        return _written(self.engine.refuse(request.holdfast, exception)) if isinstance(exception, SessionRefused) else None

    def _attach_user(self, request: HttpRequest, session: RequestSession) -> None:
        before = getattr(request, "user", None)

        def user() -> Any:
            # A sign-in or sign-out in this request counts for what is looked at after it.
            if session.live is not None:
                return self._user_of(session.live)
            return before if before is not None else SessionUser(None)

        request.user = SimpleLazyObject(user)

    def _own(self, request: HttpRequest, session: RequestSession) -> Optional[HttpResponse]:
        prefix = self.engine.settings.auth_path
        if not request.path_info.startswith(prefix + "/"):
            return None
        endpoint = endpoints.find(request.method, request.path_info[len(prefix):])
        if endpoint is None:
            return None
        session.protect(proven_by_body=endpoint is endpoints.refresh)
        return _written(self.engine.answer(session, endpoint))


def _translated(request: HttpRequest) -> Request:
    return Request(
        method=request.method, path=request.path_info, host=request.get_host(), header=request.headers.get,
        read=lambda most: _body(request, most), field=lambda name: _field(request, name), is_secure=request.is_secure(),
        address=request.META.get("REMOTE_ADDR") or None, mount=request.path[: len(request.path) - len(request.path_info)].rstrip("/"),
        is_upgrade=request.headers.get("Upgrade", "").lower() == "websocket",
    )


def _body(request: HttpRequest, most: int) -> bytes:
    if int(request.META.get("CONTENT_LENGTH") or 0) >= most:
        return b"\0" * most
    return bytes(request.body[:most])


def _field(request: HttpRequest, name: str) -> Optional[str]:
    values = request.POST.getlist(name) + request.POST.getlist(_DJANGO_FIELD)
    return values[0] if len(values) == 1 else None


def _written(answer: Response) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    if answer.status == 204:
        del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response


def _finished(session: RequestSession, response: HttpResponse) -> HttpResponse:
    for name, value in session.finish(response.status_code):
        if name == "Set-Cookie":
            # Django's own jar would write it in its own way; under a name of its own it is passed on as the server wrote it.
            response.cookies[value.partition("=")[0]] = _Line(value)
        else:
            response[name] = value
    media_type = response.get("Content-Type", "").partition(";")[0].strip().lower()
    if not session.may_be_cached and "Cache-Control" not in response and media_type in _CACHEABLE_BY_DEFAULT:
        response["Cache-Control"] = "no-store"
    return response


class _Line(Morsel):  # type: ignore[type-arg]
    """A cookie that is written exactly as it came."""

    def __init__(self, line: str) -> None:
        super().__init__()
        name, _, rest = line.partition("=")
        value = rest.partition(";")[0]
        self.set(name, value, value)
        self._line = line

    def output(self, attrs: Any = None, header: str = "Set-Cookie:") -> str:
        return f"{header} {self._line}".lstrip()

    def OutputString(self, attrs: Any = None) -> str:
        return self._line
