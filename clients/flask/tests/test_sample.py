"""samples/flask, as samples/README.md and shared/page.md describe it, started as samples/run starts it."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import uuid
from typing import Any, Iterator
from urllib.parse import urlencode

import pytest
from conftest import ROOT, free_port, until

from applications import Browser


class Remote(Browser):
    """A browser of a process elsewhere."""

    def __init__(self, port: int) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.port = port
        self.app = self  # type: ignore[assignment]

    def test_client(self, use_cookies: bool) -> Any:
        return self

    def open(self, path: str, method: str, headers: Any, **options: Any) -> Any:
        import json

        from werkzeug.wrappers import Response

        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        body = None
        if "json" in options:
            body, headers["Content-Type"] = json.dumps(options["json"]), "application/json"
        elif "data" in options:
            body, headers["Content-Type"] = urlencode(options["data"]), "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        made = Response(answer.read(), answer.status, answer.getheaders())
        connection.close()
        return made

    __test__ = False


@pytest.fixture(scope="module")
def port(server: Any) -> Iterator[int]:
    chosen = free_port()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "samples" / "flask" / "app.py")], stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients" / "flask"), "PORT": str(chosen), "HOLDFAST_URL": server.url, "HOLDFAST_API_KEY": server.api_key},
    )

    def answers() -> bool:
        try:
            return bool(Remote(chosen).get("/login").status_code == 200)
        except OSError:
            return False

    until(answers, "the sample answers")
    yield chosen
    process.terminate()
    process.wait(30)


@pytest.fixture
def email() -> str:
    return f"ada+{uuid.uuid4().hex}@example.org"


def sign_in(browser: Browser, email: str, **more: str) -> Any:
    page = browser.get("/login")
    token = re.search(r'name="csrf_token" value="([\w-]{86})"', page.get_data(as_text=True))
    assert token is not None
    return browser.post("/login", csrf=False, data={"email": email, "password": "Correct-horse-1", "csrf_token": token[1], **more})


@pytest.mark.parametrize("transport", ["cookie", "token-cookies"])
def test_signing_in_by_the_form_notes_and_signing_out(port: int, email: str, transport: str) -> None:
    browser = Remote(port)
    assert (browser.get("/").status_code, browser.get("/").headers["Location"]) == (303, "/login")
    answer = sign_in(browser, email, transport=transport)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    home = browser.get("/")
    assert home.headers["Cache-Control"] == "no-store" and home.headers["Referrer-Policy"] == "same-origin"
    assert home.headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'; base-uri 'self'"
    assert "Ada" in home.get_data(as_text=True) and "{{" not in home.get_data(as_text=True)
    assert browser.post("/api/notes", json={"text": "tea"}).get_json() == {"notes": ["tea"]}
    assert browser.post("/api/notes", data={"text": "cake"}).get_json() == {"notes": ["tea", "cake"]}
    for wrong in ({"text": ""}, {"text": "x" * 201}, {"text": 1}, {}):
        refused = browser.post("/api/notes", json=wrong)
        assert (refused.status_code, refused.get_json(force=True)["reason"]) == (400, "invalid_request")
    me = browser.get("/api/me").get_json()
    assert me["subject"] == email.partition("@")[0] and me["name"] == "Ada" and me["notes"] == ["tea", "cake"] and me["auth_time"].endswith("+00:00")
    assert browser.post("/auth/logout").status_code == 204
    assert browser.get("/api/me").status_code == 401 and browser.get("/").status_code == 303


def test_a_wrong_password_is_said_and_starts_nothing(port: int, email: str) -> None:
    browser = Remote(port)
    answer = sign_in(browser, email, password="wrong")
    assert answer.status_code == 401 and "The e-mail address or the password is wrong." in answer.get_data(as_text=True)
    assert "__Host-Http-holdfast" not in browser.cookies


def test_a_client_that_is_no_browser_gets_tokens(port: int, email: str) -> None:
    client = Remote(port)
    post = lambda password: client.open("/login", "POST", {}, json={"email": email, "password": password})  # noqa: E731
    assert set(post("Correct-horse-1").get_json()) >= {"access_token", "refresh_token", "token_type", "expires_in"}
    refused = post("wrong").get_json(force=True)
    assert refused["reason"] == "session_missing" and refused["detail"] == "The e-mail address or the password is wrong."
    bearer = {"Authorization": f"Bearer {post('Correct-horse-1').get_json()['access_token']}"}
    assert client.get("/api/me", headers=bearer).get_json()["name"] == "Ada"


def test_the_shared_files_are_served_as_they_are(port: int) -> None:
    browser = Remote(port)
    for name, kind in (("app.js", "javascript"), ("style.css", "text/css"), ("icon.svg", "image/svg+xml"), ("holdfast-browser.js", "javascript")):
        answer = browser.get(f"/shared/{name}")
        assert answer.status_code == 200 and kind in answer.headers["Content-Type"], name
        assert answer.get_data() == (ROOT / "samples" / "shared" / name).read_bytes()
    assert browser.get("/shared/../flask/app.py").status_code == 404
