"""What happens when something is wrong: clear answers, nothing hangs, and the process lives on."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from typing import Any, Iterator, Optional

import pytest
from conftest import door_to, settings_of, until

from applications import Browser, anybody, application, be_impatient, engine_of, is_good, reason_of, warm
from holdfast.core.clocks import Clock, Reading
from holdfast.core.encoding import encode
from holdfast.core.endings import Endings
from holdfast.core.errors import SettingError
from holdfast.core.feed import Entry, FeedAnswer
from holdfast.core.session import Session

SESSION = "__Host-Http-holdfast"


def followers() -> int:
    return sum(thread.name == "holdfast-feed" for thread in threading.enumerate())


@pytest.mark.parametrize("config, named", [
    ({"HOLDFAST_API_KEY": ""}, "HOLDFAST_API_KEY is missing"),
    ({"HOLDFAST_API_KEY": "secret-by-mistake"}, "HOLDFAST_API_KEY does not look like a key"),
    ({"HOLDFAST_URL": "ftp://x"}, "HOLDFAST_URL"),
    ({"HOLDFAST_URL": "http://sessions.example"}, "HOLDFAST_ALLOW_INSECURE_HTTP"),
    ({"HOLDFAST_AUTH_PATH": "auth/"}, "HOLDFAST_AUTH_PATH"),
    ({"HOLDFAST_TRUSTED_ORIGINS": ["https://*.example"]}, "HOLDFAST_TRUSTED_ORIGINS"),
    ({"HOLDFAST_TRUSTED_ORIGINS": "https://shop.example/"}, "HOLDFAST_TRUSTED_ORIGINS"),
    ({"HOLDFAST_CSRF_SECRETS": ["short"]}, "HOLDFAST_CSRF_SECRETS"),
    ({"HOLDFAST_TIMEOUT": "2"}, "HOLDFAST_TIMEOUT"),
    ({"HOLDFAST_TIMOUT": 2}, "HOLDFAST_TIMOUT is not a setting"),
])
def test_a_wrong_setting_stops_the_start_and_is_named(config: Any, named: str) -> None:
    with pytest.raises(SettingError, match=named) as raised:
        application({"HOLDFAST_API_KEY": "hfk_" + "a" * 48, **config})
    assert "secret-by-mistake" not in str(raised.value)


def test_the_environment_gives_url_and_key(monkeypatch: Any, server: Any, applications: Any) -> None:
    monkeypatch.setenv("HOLDFAST_URL", server.url)
    monkeypatch.setenv("HOLDFAST_API_KEY", server.api_key)
    assert anybody(applications({})).get("/me").status_code == 200


def test_a_server_that_is_not_there_yet_is_found_when_it_is(own_server: Any, applications: Any) -> None:
    started = own_server()
    cookie = door_to(started).start({"subject": "ada"})["cookies"][0]["value"]
    started.stop()
    app = applications(settings_of(started))
    browser = Browser(app)
    browser.cookies, browser.paths = {SESSION: cookie}, {SESSION: "/"}
    answer = browser.get("/me")
    assert (answer.status_code, reason_of(answer), answer.headers["Retry-After"]) == (503, "store_unavailable", "1")
    assert not answer.headers.getlist("Set-Cookie")
    assert Browser(app).get("/maybe").status_code == 200
    assert reason_of(Browser(app).post("/sign-in", json={})) == "store_unavailable"
    started.start()
    until(lambda: browser.get("/me").status_code == 200, "the server is found")


def test_a_wrong_key_is_named_in_the_log_and_is_no_sign_out(server: Any, applications: Any, caplog: Any) -> None:
    wrong = server.api_key[:-4] + ("AAAA" if server.api_key[-4:] != "AAAA" else "BBBB")
    app = applications({"HOLDFAST_URL": server.url, "HOLDFAST_API_KEY": wrong})
    with caplog.at_level(logging.DEBUG):
        answer = app.test_client(use_cookies=False).get("/me", headers={"Cookie": f"{SESSION}=hfs_x"})
        until(lambda: "refuses HOLDFAST_API_KEY: api_key_invalid" in caplog.text, "it is logged")
    assert (answer.status_code, reason_of(answer)) == (503, "store_unavailable")
    assert "Clear-Site-Data" not in answer.headers and wrong not in caplog.text


def test_a_server_that_stands_still_is_503_in_time_and_costs_nobody_a_session(own_server: Any, applications: Any) -> None:
    stalled = own_server()
    app = applications(settings_of(stalled))
    browser = warm(app)
    be_impatient(app)
    stalled.pause()
    refused = until(lambda: (one := browser.get("/me")).status_code == 503 and one, "the lease has run out")
    assert reason_of(refused) == "store_unavailable" and not refused.headers.getlist("Set-Cookie")
    began = time.monotonic()
    answers = [browser.get("/me"), browser.get("/auth/session"), browser.request("GET", "/auth/csrf")]
    assert all(one.status_code == 503 for one in answers) and time.monotonic() - began < 10
    assert SESSION in browser.cookies
    stalled.resume()
    until(lambda: browser.get("/me").status_code == 200, "it goes on")


def test_signing_out_while_the_server_is_silent_keeps_the_cookie(own_server: Any, applications: Any) -> None:
    stalled = own_server()
    app = applications(settings_of(stalled))
    browser = anybody(app)
    token = browser.token()
    be_impatient(app)
    stalled.pause()
    answer = browser.post("/auth/logout", csrf=False, headers={"X-CSRF-Token": token})
    assert answer.status_code == 503 and SESSION in browser.cookies and "Clear-Site-Data" not in answer.headers
    stalled.resume()


def test_requests_for_one_credential_are_asked_once_together(own_server: Any, applications: Any) -> None:
    stalled = own_server()
    app = applications(settings_of(stalled))
    cookie = door_to(stalled).start({"subject": "ada"})["cookies"][0]["value"]
    stalled.pause()
    calls = engine_of(app).node.server.calls
    statuses = []
    ask = lambda: statuses.append(app.test_client(use_cookies=False).get("/me", headers={"Cookie": f"{SESSION}={cookie}"}).status_code)  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: calls["verify"] >= 1, "somebody asks")
    waiting = engine_of(app).node.checker._flights
    until(lambda: len(waiting) == 1, "they ask together")
    stalled.resume()
    for thread in threads:
        thread.join(20)
    assert statuses == [200] * 20
    # Some may have come after the first answer, while nothing could be remembered yet.
    assert calls["verify"] < 20


def test_nobody_joins_a_question_that_is_older_than_the_bound(meddler: Any, server: Any, applications: Any) -> None:
    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    door = door_to(server)
    created = door.start({"subject": f"user-{uuid.uuid4()}"})
    asked, answered, release = threading.Event(), [], threading.Event()

    def hold_the_first(path: str, status: int, body: bytes) -> bytes:
        if path == "/v1/verify" and not asked.is_set():
            asked.set()
            release.wait(60)
        return body

    def ask() -> None:
        answered.append(app.test_client(use_cookies=False).get("/me", headers={"Cookie": f"{SESSION}={created['cookies'][0]['value']}"}).status_code)

    meddler.spoil = hold_the_first
    first = threading.Thread(target=ask)
    first.start()
    assert asked.wait(60)
    door.end(created["session"]["sid"])
    acknowledged = time.monotonic()
    until(lambda: time.monotonic() - acknowledged > engine_of(app).node.freshness.max_staleness, "the bound has passed")
    second = threading.Thread(target=ask)
    second.start()
    until(lambda: answered, "whoever asks now is answered, while the old question still waits")
    assert answered == [401]
    release.set()
    first.join(60)
    second.join(60)


class StandingClock(Clock):
    """Goes, until a test lets it stand so many seconds later."""

    standing: Optional[Reading] = None

    def read(self) -> Reading:
        return self.standing or super().read()

    def stand(self, later: float) -> None:
        now = super().read()
        self.standing = Reading(now.monotonic + later, now.wall + later)


def test_a_token_that_the_server_has_refused_is_not_called_live_before_the_feed_has_told_why(server: Any, applications: Any) -> None:
    others = set(threading.enumerate())
    clock = StandingClock()
    app = applications(settings_of(server), clock)
    token = Browser(app).sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()["access_token"]
    check = lambda: Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"})  # noqa: E731
    sid = check().get_json()["sid"]
    until(lambda: is_good(app), "the lease is good")
    assert check().status_code == 200 and engine_of(app).node.server.calls["jwks"] == 1
    node = engine_of(app).node
    node._follower.stop()
    until(lambda: not any(thread.name == "holdfast-feed" for thread in set(threading.enumerate()) - others), "nobody follows")
    clock.stand(later=5)
    door_to(server).end(sid)
    assert reason_of(check()) == "session_revoked"
    node.freshness.answered(clock.read(), FeedAnswer(node.freshness.position, False, False, 500, 1000, node.now(), []))
    assert is_good(app) and reason_of(check()) == "session_revoked"


def test_a_connection_that_the_server_closed_meanwhile_costs_no_sign_in(own_server: Any) -> None:
    restarted = own_server()
    door = door_to(restarted)
    door.start({"subject": "ada"})
    restarted.stop()
    restarted.start()
    # A sign-in is never sent twice, so it must not be sent where nobody listens.
    assert door.start({"subject": "ada"})["session"]["subject"] == "ada"


@pytest.mark.parametrize("name, spoilt", [
    ("no JSON", b"<html>"), ("an array", b"[]"), ("nothing", b""), ("a deep nest", b"[" * 100_000), ("a huge number", b'{"age_ms":1e999}'),
    ("too much", b'{"position":"' + b"x" * 9_000_000 + b'"}'),
])
def test_a_feed_that_is_malformed_renews_nothing_and_kills_nothing(meddler: Any, server: Any, applications: Any, name: str, spoilt: bytes) -> None:
    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    browser = anybody(app)
    until(lambda: is_good(app), "the lease is good")
    meddler.spoil = lambda path, status, body: spoilt if path.startswith("/v1/feed") else body
    until(lambda: not is_good(app), f"the lease runs out after {name}")
    assert browser.get("/me").status_code == 200
    meddler.spoil = None
    until(lambda: is_good(app), "the follower goes on")


@pytest.mark.parametrize("change", [
    {"age_ms": -10_000_000}, {"age_ms": "0"}, {"max_staleness_ms": 0}, {"now": "yesterday"}, {"entries": [{"kind": "unheard_of"}]},
    {"more": True}, {"position": ""}, {"entries": None}, {"starts_over": 1},
])
def test_a_feed_that_says_what_cannot_be_renews_nothing(meddler: Any, server: Any, applications: Any, change: Any) -> None:
    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    anybody(app)
    until(lambda: is_good(app), "the lease is good")
    meddler.spoil = lambda path, status, body: json.dumps({**json.loads(body), **change}).encode() if path.startswith("/v1/feed") else body
    until(lambda: not is_good(app), "the lease runs out")
    meddler.spoil = None
    until(lambda: is_good(app), "the follower goes on")


def test_a_feed_that_floods_takes_neither_memory_nor_trust(meddler: Any, server: Any, applications: Any) -> None:
    counter = iter(range(10_000_000))

    def flood(path: str, status: int, body: bytes) -> bytes:
        if not path.startswith("/v1/feed"):
            return body
        entries = [{"kind": "session_ended", "partition": 0, "sid": encode(next(counter).to_bytes(16, "big"))} for _ in range(20_000)]
        return json.dumps({**json.loads(body), "more": False, "entries": entries}).encode()

    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    browser = anybody(app)
    until(lambda: is_good(app), "the lease is good")
    freshness = engine_of(app).node.freshness
    assert freshness._endings._most == 500_000
    # Fewer, so that the test is not about how fast this machine reads JSON.
    freshness._endings._most = 50_000
    meddler.spoil = flood
    until(lambda: freshness._endings.are_too_many, "there are too many endings")
    meddler.spoil = None
    assert not is_good(app) and browser.get("/me").status_code == 200
    assert len(freshness._endings) < 200_000


def test_endings_that_are_too_many_are_forgotten_in_time_and_trust_comes_back() -> None:
    endings = Endings(2)
    for index in range(3):
        endings.learn(Entry("session_ended", encode(bytes([index] * 16)), 0), now=index)
    assert endings.are_too_many
    endings.forget_old(3600)
    assert not endings.are_too_many and len(endings) == 2


def test_an_ending_that_is_learnt_again_is_kept_from_then() -> None:
    endings, session = Endings(), Session(sid=encode(bytes(16)), subject="ada", tenant="t", cv=1, epoch=1)
    endings.learn(Entry("credentials_raised", session.sid, 2), now=0)
    endings.learn(Entry("session_ended", encode(bytes([1] * 16)), 0), now=1)
    endings.learn(Entry("credentials_raised", session.sid, 1), now=3000)
    endings.forget_old(4000)
    assert endings.forbid(session) and len(endings) == 1


def test_an_answer_that_comes_one_byte_at_a_time_does_not_hold_a_request(meddler: Any, server: Any, applications: Any) -> None:
    def drip(path: str, status: int, body: bytes) -> Any:
        def pieces() -> Iterator[bytes]:
            for _ in range(200):
                yield b" "
                threading.Event().wait(0.05)
        return pieces() if path.startswith("/v1/verify") else body

    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url, "HOLDFAST_TIMEOUT": 0.5})
    meddler.spoil = drip
    began = time.monotonic()
    answer = app.test_client(use_cookies=False).get("/me", headers={"Cookie": f"{SESSION}=hfs_x"})
    assert answer.status_code == 503 and time.monotonic() - began < 8


@pytest.mark.parametrize("spoilt", [b'{"status":"live"}', b'{"status":"live","session":{"sid":1}}', b'{"status":"perhaps"}', b"{}", b"nonsense",
                                    b'{"status":"invalid","reason":"because"}'])
def test_a_verdict_that_cannot_be_understood_is_nobody_knows(meddler: Any, server: Any, applications: Any, spoilt: bytes) -> None:
    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    meddler.spoil = lambda path, status, body: spoilt if path.startswith("/v1/verify") else body
    answer = app.test_client(use_cookies=False).get("/me", headers={"Cookie": f"{SESSION}=hfs_x"})
    assert (answer.status_code, reason_of(answer)) == (503, "store_unavailable")


def test_no_secret_reaches_a_log(server: Any, applications: Any, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        app = applications(settings_of(server))
        browser = anybody(app)
        tokens = browser.sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()
        browser.post("/cart", json={"item": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
        Browser(app).get("/me", headers={"Authorization": f"Bearer {tokens['access_token'][:-4]}AAAA"})
        browser.post("/auth/refresh", csrf=False, json={"refresh_token": tokens["refresh_token"] + "x"})
    assert caplog.text
    for secret in (server.api_key, browser.cookies[SESSION], tokens["access_token"], tokens["refresh_token"]):
        assert secret not in caplog.text
    assert server.api_key not in repr(engine_of(app).settings)
