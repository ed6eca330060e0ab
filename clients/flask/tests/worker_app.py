"""What gunicorn serves in test_processes: says which process answers."""

import json
import os
import socket
from typing import Any

from flask import Response

from applications import application, engine_of
from holdfast_flask import current_session, session_required

app = application(json.loads(os.environ["TEST_CONFIG"]))


@app.get("/who")
def who() -> Any:
    return {"pid": os.getpid()}


@app.get("/whoami")
@session_required
def whoami() -> Any:
    return {"pid": os.getpid(), "subject": current_session.subject}


@app.get("/state")
def state() -> Any:
    node = engine_of(app).node
    return {
        "pid": os.getpid(), "good": node.freshness.is_good(), "follower": f"{os.getpid()} {id(node)}",
        "patched": socket.socket.__module__.startswith("gevent"),
    }


@app.after_request
def say_who(response: Response) -> Response:
    if response.status_code == 401:
        response.set_data(json.dumps({**response.get_json(force=True), "pid": os.getpid()}))
    return response
