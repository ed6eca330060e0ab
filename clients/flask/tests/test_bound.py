"""The bound, read from a history: no request that began later than it after an ending was answered as live."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any, Iterator, List, NamedTuple

import pytest
from conftest import door_to, settings_of, until

from applications import application, engine_of, reason_of
from meddler import Meddler

SESSION = "__Host-Http-holdfast"
BOUND = 1.0


class Answer(NamedTuple):
    began: float
    status: int
    reason: Any


class Visitor:
    """Asks again and again with one cookie, and writes down what it hears."""

    def __init__(self, app: Any, cookie: str) -> None:
        self.history: List[Answer] = []
        self._client = app.test_client(use_cookies=False)
        self._cookie = cookie
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while not self._stopped.wait(0.005):
            began = time.monotonic()
            answer = self._client.get("/me", headers={"Cookie": f"{SESSION}={self._cookie}"})
            self.history.append(Answer(began, answer.status_code, reason_of(answer)))

    def hears(self, status: int) -> bool:
        return bool(self.history) and self.history[-1].status == status

    def stop(self) -> List[Answer]:
        self._stopped.set()
        self._thread.join()
        return self.history


def check(history: List[Answer], ended: float) -> None:
    """``ended``: when the server had acknowledged it."""
    assert any(one.status == 200 and one.began < ended for one in history), "It never was live."
    late = [one.began - ended for one in history if one.status == 200 and one.began >= ended + BOUND]
    assert late == [], f"Answered as live so many seconds after the ending: {late}"
    refused = [one for one in history if one.status == 401]
    assert refused and {one.reason for one in refused} == {"session_revoked"}
    first = refused[0].began
    assert not any(one.status == 200 and one.began > first for one in history), "What had ended came back to life."
    assert {one.status for one in history} <= {200, 401, 503}


@pytest.fixture
def visited(own_server: Any) -> Iterator[Any]:
    server = own_server()
    meddler = Meddler(server.port)
    app = application({**settings_of(server), "HOLDFAST_URL": meddler.url, "HOLDFAST_REQUESTS_PER_MINUTE_PER_SESSION": 0})
    created = door_to(server).start({"subject": f"user-{uuid.uuid4()}"})
    visitor = Visitor(app, created["cookies"][0]["value"])
    until(lambda: engine_of(app).node.freshness.is_good() and visitor.hears(200), "the session is live")

    def end() -> float:
        door_to(server).end(created["session"]["sid"])
        return time.monotonic()

    yield server, meddler, app, visitor, end
    server.resume()
    meddler.spoil = None
    visitor.stop()
    engine_of(app).close()
    meddler.close()


def test_a_feed_that_was_cut(visited: Any) -> None:
    server, meddler, app, visitor, end = visited
    meddler.spoil = lambda path, status, body: b"" if path.startswith("/v1/feed") else body
    ended = end()
    until(lambda: visitor.hears(401), "it is refused by the server's word")
    meddler.spoil = None
    until(lambda: engine_of(app).node.freshness.is_good(), "the feed goes on")
    asked = len(visitor.history)
    until(lambda: len(visitor.history) > asked + 20, "it is asked on")
    check(visitor.stop(), ended)


def test_a_proxy_that_buffers_the_feed(visited: Any) -> None:
    server, meddler, app, visitor, end = visited
    released = threading.Event()

    def hold(path: str, status: int, body: bytes) -> bytes:
        if path.startswith("/v1/feed"):
            released.wait(20)
        return body

    meddler.spoil = hold
    until(lambda: not engine_of(app).node.freshness.is_good(), "the lease has run out")
    released.set()
    until(lambda: engine_of(app).node.freshness.is_good(), "the feed goes on")
    # What is delivered late now is from before the ending.
    released.clear()
    ended = end()
    until(lambda: visitor.hears(401), "it is refused")
    released.set()
    meddler.spoil = None
    until(lambda: engine_of(app).node.freshness.is_good(), "the feed goes on again")
    asked = len(visitor.history)
    until(lambda: len(visitor.history) > asked + 20, "it is asked on")
    check(visitor.stop(), ended)


def test_a_server_that_stalls_after_the_ending(visited: Any) -> None:
    server, meddler, app, visitor, end = visited
    engine_of(app).node.server._timeout = 0.5
    ended = end()
    server.pause()
    until(lambda: visitor.hears(503) or visitor.hears(401), "nobody knows, or it was told in time")
    server.resume()
    until(lambda: visitor.hears(401), "it is refused")
    check(visitor.stop(), ended)
