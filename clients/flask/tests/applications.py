"""A Flask application, and a browser's share of talking to it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Dict, List, Optional

from conftest import until
from flask import Flask, jsonify, request

from holdfast_flask import (
    Holdfast, csrf_exempt, csrf_token, current_session, elevate, end_all, end_session, machine_traffic, record_failure, session_required, start_session,
)


def application(config: Dict[str, Any]) -> Flask:
    app = Flask(__name__)
    app.config.update(config)
    holdfast = Holdfast(app)
    app.extensions["test_holdfast"] = holdfast

    @app.post("/sign-in")
    def sign_in() -> Any:
        body = request.get_json(silent=True) or {}
        if body.get("password") == "wrong":
            record_failure(body.get("user"))
            return {"error": "wrong"}, 401
        started = start_session(
            body.get("user", "ada"), transport=body.get("transport", "cookie"), remember=body.get("remember", False),
            claims={"name": "Ada", "role": ["author", "reader"]}, amr=["pwd"],
        )
        return jsonify(started.tokens) if started.tokens else ("", 204)

    @app.get("/me")
    @session_required
    def me() -> Any:
        return {"subject": current_session.subject, "name": current_session.claims.get("name"), "sid": current_session.sid}

    @app.get("/maybe")
    @session_required(optional=True)
    def maybe() -> Any:
        return {"signed_in": bool(current_session)}

    @app.get("/author")
    @session_required(role="author")
    def author() -> Any:
        return {}

    @app.get("/admin")
    @session_required(role=["admin", "owner"])
    def admin() -> Any:
        return {}

    @app.get("/page")
    @session_required(redirect_to="login")
    def page() -> Any:
        return f"<p>{current_session.subject}</p>"

    @app.get("/login")
    def login() -> Any:
        return f'<input name="csrf_token" value="{csrf_token()}">'

    @app.get("/recent")
    @session_required(fresh=timedelta(minutes=5))
    def recent() -> Any:
        return {}

    @app.get("/old-enough")
    @session_required(fresh=timedelta(seconds=0))
    def never_fresh() -> Any:
        return {}

    @app.get("/strong")
    @session_required(acr=["aal2"])
    def strong() -> Any:
        return {}

    @app.post("/step-up")
    @session_required
    def step_up() -> Any:
        elevated = elevate(acr="aal2", amr=["pwd", "otp"])
        return jsonify(elevated.tokens) if elevated.tokens else ("", 204)

    @app.post("/cart")
    @session_required
    def cart() -> Any:
        current_session.data["cart"] = [*current_session.data.get("cart", []), request.form.get("item") or request.get_json()["item"]]
        return {"cart": current_session.data["cart"]}

    @app.get("/poll")
    @session_required
    @machine_traffic
    def poll() -> Any:
        return {}

    @app.post("/hook")
    @csrf_exempt
    def hook() -> Any:
        return {}

    @app.post("/sign-out")
    def sign_out() -> Any:
        end_session()
        return "", 204

    @app.post("/sign-out-everywhere")
    @session_required
    def sign_out_everywhere() -> Any:
        end_all()
        return "", 204

    return app


class Browser:
    """Keeps cookies as a browser does, and says where its requests come from. Flask's own test client would not send Secure cookies."""

    def __init__(self, app: Flask, site: str = "same-origin") -> None:
        self.app, self.site = app, site
        self.cookies: Dict[str, str] = {}
        self.paths: Dict[str, str] = {}
        self.lines: List[str] = []

    def request(self, method: str, path: str, *, csrf: Optional[bool] = None, headers: Optional[Dict[str, str]] = None, **options: Any) -> Any:
        sent = {"Sec-Fetch-Site": self.site, **(headers or {})}
        if csrf if csrf is not None else method not in ("GET", "HEAD"):
            sent["X-CSRF-Token"] = self.token()
        carried = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if path.startswith(self.paths[name]))
        if carried:
            sent["Cookie"] = carried
        answer = self.app.test_client(use_cookies=False).open(path, method=method, headers=sent, **options)
        self.take(answer.headers.getlist("Set-Cookie"))
        return answer

    def take(self, lines: List[str]) -> None:
        self.lines = lines
        for line in lines:
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            if "max-age=0" in attributes or not value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
                self.paths[name] = next(one[5:] for one in attributes if one.startswith("path="))

    def token(self) -> str:
        return str(self.request("GET", "/auth/csrf").get_json()["token"])

    def get(self, path: str, **options: Any) -> Any:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.request("POST", path, **options)

    def sign_in(self, user: str = "ada", **options: Any) -> Any:
        answer = self.post("/sign-in", json={"user": user, **options})
        assert answer.status_code in (200, 204), answer.data
        return answer


def engine_of(app: Flask) -> Any:
    return app.extensions["holdfast"].engine


def reason_of(answer: Any) -> Optional[str]:
    value = answer.get_json(force=True, silent=True)
    return value.get("reason") if isinstance(value, dict) else None


def anybody(app: Any) -> Browser:
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}")
    browser.get("/me")
    return browser


def is_good(app: Any) -> bool:
    return bool(engine_of(app).node.freshness.is_good())


def be_impatient(app: Any) -> None:
    engine_of(app).node.server._timeout = 0.5


def warm(app: Any) -> Browser:
    """Somebody of whom memory speaks."""
    browser = anybody(app)
    until(lambda: is_good(app), "the lease is good")
    browser.get("/me")
    return browser
