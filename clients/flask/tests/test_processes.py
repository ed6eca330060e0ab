"""Processes: gunicorn's workers, gevent, and what a process that exits has still to say."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import pytest
from conftest import ROOT, door_to, free_port, settings_of, until

from meddler import Meddler

HERE = Path(__file__).parent
SESSION = "__Host-Http-holdfast"
# The bound, and what a machine that is busy with other things may add to it.
BOUND = 1.0
SLACK = 2.0


def get(port: int, path: str, cookie: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Cookie": f"{SESSION}={cookie}"} if cookie else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


@pytest.fixture
def gunicorn(server: Any) -> Iterator[Any]:
    started: List["subprocess.Popen[bytes]"] = []

    def start(*options: str) -> int:
        port = free_port()
        environment = {
            **os.environ, "PYTHONPATH": f"{ROOT / 'clients' / 'flask'}:{HERE}", "TEST_CONFIG": json.dumps(settings_of(server)),
        }
        started.append(subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level=warning", *options, "worker_app:app"],
            env=environment, cwd=HERE,
        ))

        def answers() -> bool:
            try:
                return bool(get(port, "/who")[0] == 200)
            except OSError:
                return False

        until(answers, "gunicorn answers", 120)
        return port

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        process.wait(30)


def ask_all(port: int, cookie: str, wanted: int) -> Dict[int, int]:
    """The last answer of each worker, once all have been met."""
    met: Dict[int, int] = {}

    def ask() -> bool:
        status, body = get(port, "/whoami", cookie)
        met[int(body.get("pid") or 0)] = status
        return len(met) >= wanted

    until(ask, f"{wanted} workers are met", 120)
    return met


@pytest.mark.parametrize("options", [["--workers", "4"], ["--workers", "4", "--preload"]], ids=["fork", "preload"])
def test_four_workers_refuse_within_the_bound_what_ended_elsewhere(server: Any, gunicorn: Any, options: List[str]) -> None:
    port = gunicorn(*options)
    door = door_to(server)
    user = f"user-{uuid.uuid4()}"
    created = door.start({"subject": user})
    cookie, sid = created["cookies"][0]["value"], created["session"]["sid"]
    assert set(ask_all(port, cookie, 4).values()) == {200}
    until(lambda: all(state["good"] for state in states(port, 4)), "every worker has a lease of its own", 120)
    assert len({state["follower"] for state in states(port, 4)}) == 4
    ask_all(port, cookie, 4)
    door.end(sid)
    ended = time.monotonic()
    refusals: Set[int] = set()

    def all_refuse() -> bool:
        began = time.monotonic()
        status, body = get(port, "/whoami", cookie)
        if status == 401:
            refusals.add(body["pid"])
        else:
            assert began - ended < BOUND + SLACK, "A worker answers from memory past the bound."
        return len(refusals) == 4

    until(all_refuse, "all four refuse", 60)


def states(port: int, wanted: int) -> List[Any]:
    met: Dict[int, Any] = {}

    def ask() -> bool:
        _, state = get(port, "/state")
        met[state["pid"]] = state
        return len(met) >= wanted

    until(ask, "every worker is met", 120)
    return list(met.values())


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["fork", "preload"])
def test_a_worker_of_gevent_follows_the_feed_like_any_other(server: Any, gunicorn: Any, options: List[str]) -> None:
    port = gunicorn("--workers", "1", "--worker-class", "gevent", *options)
    door = door_to(server)
    created = door.start({"subject": f"user-{uuid.uuid4()}"})
    cookie, sid = created["cookies"][0]["value"], created["session"]["sid"]
    assert get(port, "/whoami", cookie)[0] == 200
    assert get(port, "/state")[1]["patched"] is True
    until(lambda: get(port, "/state")[1]["good"], "the lease is good", 60)
    assert get(port, "/whoami", cookie)[0] == 200
    door.end(sid)
    until(lambda: get(port, "/whoami", cookie)[0] == 401, "it is refused", 10)


def test_a_process_that_exits_tells_what_it_has_seen(server: Any) -> None:
    door = door_to(server)
    created = door.start({"subject": f"user-{uuid.uuid4()}"})
    heard: List[str] = []
    meddler = Meddler(server.port)
    meddler.spoil = lambda path, status, body: (heard.append(f"{path} {status}"), body)[1]
    program = (
        "import json, os\nfrom applications import application\napp = application(json.loads(os.environ['TEST_CONFIG']))\n"
        f"answer = app.test_client(use_cookies=False).get('/me', headers={{'Cookie': '{SESSION}=' + os.environ['COOKIE']}})\n"
        "assert answer.status_code == 200, answer.data\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'clients' / 'flask'}:{HERE}", "TEST_CONFIG": json.dumps({**settings_of(server), "HOLDFAST_URL": meddler.url}), "COOKIE": created["cookies"][0]["value"]},
    )
    meddler.close()
    assert "/v1/activity 204" in heard


def test_a_forked_process_starts_its_own_follower_and_leaves_its_parents_alone(server: Any) -> None:
    program = """
import json, os, sys, time
from applications import application, engine_of
app = application(json.loads(os.environ['TEST_CONFIG']))
ask = lambda: app.test_client(use_cookies=False).get('/me', headers={'Cookie': '__Host-Http-holdfast=' + os.environ['COOKIE']}).status_code
def good():
    ends = time.monotonic() + 60
    while not engine_of(app).node.freshness.is_good():
        assert time.monotonic() < ends
        time.sleep(0.01)
assert ask() == 200
good()
parent = engine_of(app).node
child = os.fork()
if child == 0:
    try:
        assert engine_of(app).node is not parent and not engine_of(app).node.freshness.is_good()
        assert ask() == 200
        good()
    except BaseException:
        os._exit(1)
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0
assert engine_of(app).node is parent and ask() == 200
good()
"""
    cookie = door_to(server).start({"subject": f"user-{uuid.uuid4()}"})["cookies"][0]["value"]
    subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=180,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'clients' / 'flask'}:{HERE}", "TEST_CONFIG": json.dumps(settings_of(server)), "COOKIE": cookie},
    )
