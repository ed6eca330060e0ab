"""One node of several: a Flask application as any other, with doors for the tests to end sessions as an administrator.

gunicorn serves it, as gunicorn.conf.py says. Environment: PORT, HOLDFAST_URL, HOLDFAST_API_KEY.
"""

import os

from flask import Flask, Response, jsonify
from holdfast_flask import Holdfast, csrf_token, current_session, end_all, end_session, session_required, start_session

app = Flask(__name__)
app.config["HOLDFAST_REQUESTS_PER_MINUTE_PER_SESSION"] = 0
Holdfast(app)


@app.get("/health")
def health():
    return "", 204


@app.post("/sign-in/<subject>")
def sign_in(subject):
    session = start_session(subject, amr=["pwd"]).session
    return session.sid, {"Content-Type": "text/plain", "X-CSRF-Token": csrf_token()}


@app.post("/tokens/<subject>")
def tokens(subject):
    return jsonify(start_session(subject, transport="tokens", amr=["pwd"]).tokens)


@app.get("/check")
@session_required
def check():
    return current_session.sid, {"Content-Type": "text/plain"}


# Gone, unknown and ended before are one answer: whoever asked wanted it gone.
@app.post("/admin/end/<sid>")
def end_one(sid):
    end_session(sid)
    return "", 204


@app.post("/admin/end-all/<subject>")
def end_everything_of(subject):
    end_all(subject)
    return "", 204


@app.after_request
def say_who_answers(response: Response) -> Response:
    # Each worker knows by itself what has ended: the checker holds each to its own words.
    response.headers["Worker"] = str(os.getpid())
    return response
