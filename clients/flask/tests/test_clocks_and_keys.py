"""Clocks that are wrong, keys that change, and tokens of somebody else."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from conftest import door_to, free_port, settings_of, until

from applications import Browser, anybody, engine_of, is_good, reason_of
from holdfast.core.clocks import Clock, Reading

class ShiftedClock(Clock):
    def __init__(self, by: float) -> None:
        self.by = by

    def read(self) -> Reading:
        reading = super().read()
        return Reading(reading.monotonic, reading.wall + self.by)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_ten_minutes_off_changes_nothing(server: Any, applications: Any, minutes: int) -> None:
    app = applications(settings_of(server), ShiftedClock(minutes * 60))
    browser = anybody(app)
    token = browser.sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()["access_token"]
    until(lambda: is_good(app), "the lease is good")
    assert browser.get("/me").status_code == 200 and browser.get("/recent").status_code == 200
    assert Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    visitor = Browser(app)
    assert visitor.post("/sign-in", json={}).status_code == 204


def test_a_clock_that_is_stepped_back_ends_the_lease_until_the_next_answer(server: Any, applications: Any) -> None:
    clock = ShiftedClock(0)
    app = applications(settings_of(server), clock)
    browser = anybody(app)
    until(lambda: is_good(app), "the lease is good")
    lease = engine_of(app).node.freshness._lease
    clock.by = -600
    assert not lease.is_good(clock.read())
    assert browser.get("/me").status_code == 200
    until(lambda: is_good(app), "the next answer renews it")


def test_a_token_of_another_issuer_is_invalid(server: Any, own_server: Any, applications: Any) -> None:
    stranger = own_server()
    token = door_to(stranger).start({"subject": "ada", "transport": "tokens"})["tokens"]["access_token"]
    app = applications(settings_of(server))
    anybody(app)
    until(lambda: is_good(app), "the lease is good")
    for _ in range(3):
        answer = Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, reason_of(answer)) == (401, "token_invalid")
    assert engine_of(app).node.server.calls["jwks"] <= 2


def test_keys_that_change_are_fetched_when_a_token_names_a_new_one(meddler: Any, server: Any, applications: Any) -> None:
    def spoil(path: str, status: int, body: bytes) -> bytes:
        if path == "/v1/application":
            return json.dumps({**json.loads(body), "jwks_uri": meddler.url + "/.well-known/jwks.json"}).encode()
        return b'{"keys":[]}' if path == "/.well-known/jwks.json" else body

    meddler.spoil = spoil
    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    token = Browser(app).sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    until(lambda: Browser(app).get("/me", headers=bearer).status_code == 200 and is_good(app), "the server is asked instead")
    assert Browser(app).get("/me", headers=bearer).status_code == 200
    calls = engine_of(app).node.server.calls
    meddler.spoil = lambda path, status, body: spoil(path, status, body) if path == "/v1/application" else body

    def is_verified_here() -> bool:
        # One that nobody has asked about yet.
        fresh = Browser(app).sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()["access_token"]
        before = calls["verify"]
        return Browser(app).get("/me", headers={"Authorization": f"Bearer {fresh}"}).status_code == 200 and calls["verify"] == before

    until(is_verified_here, "the new key is known")


def test_keys_that_cannot_be_read_leave_the_server_to_be_asked(meddler: Any, server: Any, applications: Any, caplog: Any) -> None:
    meddler.spoil = lambda path, status, body: json.dumps(
        {**json.loads(body), "jwks_uri": f"http://localhost:{free_port()}/keys"}).encode() if path == "/v1/application" else body
    app = applications({**settings_of(server), "HOLDFAST_URL": meddler.url})
    token = Browser(app).sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    until(lambda: Browser(app).get("/me", headers=bearer).status_code == 200 and is_good(app), "the lease is good")
    assert Browser(app).get("/me", headers=bearer).status_code == 200
    assert "The keys at http://localhost:" in caplog.text
