"""The notes application on Flask. See samples/README.md: PORT, HOLDFAST_URL and HOLDFAST_API_KEY come from the environment."""

import os
import re
from datetime import datetime, timezone
from pathlib import Path

from flask import Flask, Response, jsonify, redirect, render_template, request, send_from_directory
from holdfast_flask import Holdfast, SessionRefused, csrf_token, current_session, record_failure, session_required, start_session

SHARED = Path(__file__).resolve().parents[1] / "shared"
WRONG = "The e-mail address or the password is wrong."

app = Flask(__name__, template_folder=str(SHARED), static_folder=None)
app.jinja_env.globals["backend"] = "Flask"
holdfast = Holdfast(app)


def account_of(email):
    """The subject and name of an account, or None. Each sub-address, ada+x@example.org, is an account of its own."""
    known = re.fullmatch(r"((ada|grace)(\+[a-z0-9]{1,32})?)@example\.org", str(email))
    return (known[1], known[2].capitalize()) if known else None


def sent():
    """The JSON object or the form that came."""
    value = request.get_json(silent=True) if request.is_json else request.form
    return value if hasattr(value, "get") else {}


@app.get("/login")
def login_page():
    return render_template("login.html", csrf_token=csrf_token(), error="")


@app.post("/login")
def login():
    account = account_of(sent().get("email"))
    if account is None or sent().get("password") != "Correct-horse-1":
        record_failure(account and account[0], "password")
        if request.is_json:
            raise SessionRefused("session_missing", WRONG)
        return render_template("login.html", csrf_token=csrf_token(), error=WRONG), 401
    subject, name = account
    if request.is_json:
        return jsonify(start_session(subject, transport="tokens", claims={"name": name}, amr=["pwd"]).tokens)
    transport = "token-cookies" if request.form.get("transport") == "token-cookies" else "cookie"
    remember = transport == "cookie" and request.form.get("remember") == "true"
    start_session(subject, transport=transport, remember=remember, claims={"name": name}, amr=["pwd"])
    return redirect("/", 303)


@app.get("/")
@session_required(optional=True)
def home():
    if not current_session:
        return redirect("/login", 303)
    return render_template("home.html", csrf_token=csrf_token(), name=name_of(current_session))


def name_of(session):
    return session.claims.get("name", session.subject)


@app.get("/api/me")
@session_required
def me():
    return {
        "subject": current_session.subject, "name": name_of(current_session), "sid": current_session.sid,
        "auth_time": datetime.fromtimestamp(current_session.auth_time, timezone.utc).isoformat(),
        "notes": current_session.data.get("notes", []),
    }


@app.post("/api/notes")
@session_required
def add_note():
    text = sent().get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= 200:
        raise SessionRefused("invalid_request", "text has 1 to 200 characters.")
    current_session.data["notes"] = [*current_session.data.get("notes", []), text]
    return {"notes": current_session.data["notes"]}


@app.get("/shared/<name>")
def shared(name):
    return send_from_directory(SHARED, name)


@app.after_request
def protect_pages(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'; base-uri 'self'"
        response.headers["Referrer-Policy"] = "same-origin"
    return response


if __name__ == "__main__":
    app.run("localhost", int(os.environ.get("PORT", "5103")), threaded=True)
