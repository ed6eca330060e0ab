"""The views of test_django."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from holdfast.django import session_data, session_of, session_required, start_session


def sign_in(request: HttpRequest) -> HttpResponse:
    started = start_session(request, json.loads(request.body)["user"], claims={"role": "author"})
    assert request.user.is_authenticated and request.user.get_username() == started.session.subject
    return HttpResponse(status=204)


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username() if request.user.is_authenticated else "nobody")


@session_required
def me(request: HttpRequest) -> Any:
    session = session_of(request)
    assert session is not None
    return JsonResponse({"sid": session.sid})


@session_required(role="admin")
def admin(request: HttpRequest) -> Any:
    return JsonResponse({})


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string("<form>{% csrf_token %}</form>").render({}, request))


@session_required
def notes(request: HttpRequest) -> Any:
    data = session_data(request)
    data["notes"] = [*data.get("notes", []), request.POST["text"]]
    return JsonResponse({"notes": data["notes"]})


@csrf_exempt
def hook(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("sign-in", sign_in), path("mine", mine), path("who", who), path("api/me", me), path("api/admin", admin), path("form", form),
    path("notes", notes), path("hook", hook), path("login", who),
]
