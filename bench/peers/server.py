"""The Flask peers: server.py <bare|holdfast-cookie|holdfast-token|pyjwt|flask-session> <port> [redis host:port]

One worker of gunicorn with four threads. GET / answers the subject; POST /sign-in gives the cookie, or the header that a client then
sends, if it comes without a browser's headers. It prints "ready". holdfast-* read HOLDFAST_URL and HOLDFAST_API_KEY. Debian: python3-flask gunicorn python3-jwt
python3-cryptography, and for flask-session python3-flask-session python3-redis.
"""

import secrets
import sys
import time
from pathlib import Path

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "clients" / "flask"))
SUBJECT = "user-0000001"


def bare(app):
    @app.get("/")
    def index():
        return Response(SUBJECT, mimetype="text/plain")

    app.post("/sign-in")(lambda: "Accept: */*")


def holdfast(app, transport):
    from holdfast_flask import Holdfast, current_session, session_required, start_session

    # The load comes with one session: a limit for one would be what is measured.
    app.config["HOLDFAST_REQUESTS_PER_MINUTE_PER_SESSION"] = 0
    Holdfast(app)

    @app.get("/")
    @session_required
    def index():
        return Response(current_session.subject, mimetype="text/plain")

    @app.post("/sign-in")
    def sign_in():
        started = start_session(SUBJECT, transport=transport, claims={"name": "Ada Lovelace"})
        return f"Authorization: Bearer {started.tokens['access_token']}" if started.tokens else ""


def pyjwt(app):
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    private = generate_private_key(SECP256R1())
    public = private.public_key()
    issuer = "https://bench.example"

    @app.get("/")
    def index():
        token = request.headers["Authorization"][len("Bearer "):]
        claims = jwt.decode(token, public, algorithms=["ES256"], audience=issuer, issuer=issuer)
        return Response(claims["sub"], mimetype="text/plain")

    @app.post("/sign-in")
    def sign_in():
        now = int(time.time())
        claims = {"name": "Ada Lovelace", "sub": SUBJECT, "iss": issuer, "aud": issuer, "iat": now, "exp": now + 3600}
        return f"Authorization: Bearer {jwt.encode(claims, private, 'ES256')}"


def flask_session(app, redis):
    from flask import session
    from flask_session import Session
    from redis import Redis

    host, _, port = redis.partition(":")
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis(host, int(port)), SECRET_KEY=secrets.token_hex(32))
    Session(app)

    @app.get("/")
    def index():
        return Response(session["subject"], mimetype="text/plain")

    @app.post("/sign-in")
    def sign_in():
        session.update(subject=SUBJECT, name="Ada Lovelace")
        return ""


class Peer(BaseApplication):
    def __init__(self, app, port):
        self._app, self._port = app, port
        super().__init__()

    def load_config(self):
        ready = {"when_ready": lambda server: print("ready", flush=True), "keepalive": 60, "loglevel": "warning"}
        for name, value in {"bind": f"127.0.0.1:{self._port}", "workers": 1, "threads": 4, **ready}.items():
            self.cfg.set(name, value)

    def load(self):
        return self._app


def main(kind, port, redis="127.0.0.1:6379"):
    app = Flask(__name__)
    make = {
        "bare": bare, "pyjwt": pyjwt, "holdfast-cookie": lambda app: holdfast(app, "cookie"), "holdfast-token": lambda app: holdfast(app, "tokens"),
        "flask-session": lambda app: flask_session(app, redis),
    }
    make[kind](app)
    Peer(app, int(port)).run()


main(*sys.argv[1:])
