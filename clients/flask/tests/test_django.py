"""Django on the same core, on the real server."""

from __future__ import annotations

import uuid
from typing import Any, Iterator

import pytest
from conftest import settings_of, until

from applications import Browser, reason_of

SESSION = "__Host-Http-holdfast"


@pytest.fixture(scope="module")
def django_app(server: Any) -> Iterator[Any]:
    import django
    from django.conf import settings

    settings.configure(
        DEBUG=False, SECRET_KEY="for django alone", ALLOWED_HOSTS=["*"], ROOT_URLCONF="django_urls", USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies", LOGIN_URL="/login",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
            "holdfast.django.HoldfastMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth", "holdfast.django.csrf"]},
        }],
        **settings_of(server),
    )
    django.setup()
    from django.core.wsgi import get_wsgi_application

    yield get_wsgi_application()


class DjangoBrowser(Browser):
    def __init__(self, wsgi: Any) -> None:
        from werkzeug.test import Client

        super().__init__(None)  # type: ignore[arg-type]
        self.app = type("App", (), {"test_client": staticmethod(lambda use_cookies: Client(wsgi, use_cookies=use_cookies))})  # type: ignore[assignment]


@pytest.fixture
def browser(django_app: Any) -> Any:
    return DjangoBrowser(django_app)


def test_login_required_and_request_user_work(browser: Any) -> None:
    refused = browser.get("/mine")
    assert refused.status_code == 302 and refused.headers["Location"].startswith("/login?next=")
    user = f"user-{uuid.uuid4()}"
    browser.sign_in(user)
    mine = browser.get("/mine")
    assert mine.get_data(as_text=True) == user and mine.headers["Cache-Control"] == "no-store"
    assert "samesite=lax" in browser.get("/api/me").headers.get("Set-Cookie", "samesite=lax")


def test_a_view_that_looks_at_nobody_still_has_an_anonymous_user(browser: Any) -> None:
    assert browser.get("/who").get_data(as_text=True) == "nobody"


def test_guards_refuse_with_reasons(browser: Any) -> None:
    assert (browser.get("/api/me").status_code, reason_of(browser.get("/api/me"))) == (401, "session_missing")
    browser.sign_in(f"user-{uuid.uuid4()}")
    assert browser.get("/api/me").status_code == 200
    assert reason_of(browser.get("/api/admin")) == "insufficient_scope"


def test_cookies_leave_exactly_as_the_server_wrote_them(browser: Any) -> None:
    browser.sign_in(f"user-{uuid.uuid4()}")
    line = next(line for line in browser.lines if line.startswith(SESSION + "="))
    assert line.endswith("; path=/; secure; httponly; samesite=lax")


def test_djangos_own_tag_writes_our_token(browser: Any) -> None:
    browser.sign_in(f"user-{uuid.uuid4()}")
    page = browser.get("/form").get_data(as_text=True)
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert len(token) == 86
    assert browser.post("/notes", csrf=False, data={"text": "tea", "csrfmiddlewaretoken": token}).get_json() == {"notes": ["tea"]}
    assert reason_of(browser.post("/notes", csrf=False, data={"text": "tea"})) == "csrf_failed"
    assert browser.post("/hook", csrf=False, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_the_endpoints_for_browsers_are_there(browser: Any) -> None:
    browser.sign_in(f"user-{uuid.uuid4()}")
    assert browser.get("/auth/session").get_json()["current"] is True
    assert browser.post("/auth/logout").status_code == 204 and SESSION not in browser.cookies
    assert browser.get("/auth/nothing").status_code == 404


def test_a_session_that_ends_elsewhere_is_refused_within_the_bound(browser: Any, back_door: Any) -> None:
    browser.sign_in(f"user-{uuid.uuid4()}")
    back_door.end(browser.get("/api/me").get_json()["sid"])
    until(lambda: browser.get("/api/me").status_code == 401, "refused", 10)
    assert browser.get("/mine").status_code == 302
