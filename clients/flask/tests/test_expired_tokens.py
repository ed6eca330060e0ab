"""Access tokens whose time is over: made with a key that the test puts among the server's, as waiting for one takes minutes."""

from __future__ import annotations

import time
import uuid
from typing import Any, Iterator

import jwt
import pytest
from conftest import door_to, settings_of, until
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from applications import Browser, application, engine_of, reason_of
from holdfast.core.encoding import encode

ACCESS, REFRESH = "__Host-Http-holdfast-at", "__Secure-holdfast-rt"


def jwk_of(key: Any) -> Any:
    numbers = key.public_key().public_numbers()
    return {
        "kid": "test", "use": "sig", "alg": "ES256", "kty": "EC", "crv": "P-256",
        "x": encode(numbers.x.to_bytes(32, "big")), "y": encode(numbers.y.to_bytes(32, "big")),
    }


@pytest.fixture
def forge(server: Any) -> Iterator[Any]:
    """An application that accepts tokens of the test's key, and the maker of such tokens."""
    key = generate_private_key(SECP256R1())
    door = door_to(server)
    terms = door.application()
    app = application(settings_of(server))
    keys = engine_of(app).node.keys
    keys._fetch = lambda: {"keys": [jwk_of(key)]}

    def make(session: Any, **claims: Any) -> str:
        now = int(time.time())
        payload = {
            "iss": terms["issuer"], "aud": terms["audience"], "tenant": terms["tenant"], "sub": session["subject"], "sid": session["sid"],
            "epoch": session["epoch"], "cv": session["cv"], "gen": 0, "client_id": terms["id"], "jti": uuid.uuid4().hex, "iat": now - 600,
            "exp": now - 60, "amr": [], **claims,
        }
        return str(jwt.encode(payload, key, "ES256", headers={"typ": "at+jwt", "kid": "test"}))

    yield app, make, door
    engine_of(app).close()


def warm(app: Any, token: str) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    until(lambda: Browser(app).get("/me", headers=bearer).status_code == 200 and engine_of(app).node.freshness.is_good(), "the lease is good")


def test_an_expired_token_says_so_and_a_sign_out_with_it_does_not_pretend(forge: Any) -> None:
    app, make, door = forge
    session = door.start({"subject": f"user-{uuid.uuid4()}"})["session"]
    warm(app, make(session, exp=int(time.time()) + 300))
    bearer = {"Authorization": f"Bearer {make(session)}"}
    answer = Browser(app).get("/me", headers=bearer)
    assert (answer.status_code, reason_of(answer), answer.headers["WWW-Authenticate"]) == (401, "token_expired", 'Bearer error="invalid_token"')
    out = Browser(app).post("/auth/logout", csrf=False, headers=bearer)
    assert (out.status_code, reason_of(out)) == (401, "token_expired") and "Clear-Site-Data" not in out.headers
    assert door.session(session["sid"]) is not None


def test_a_page_whose_access_token_has_expired_hears_that_and_not_of_csrf(forge: Any) -> None:
    app, make, door = forge
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}", transport="token-cookies")
    sid = browser.get("/me").get_json()["sid"]
    session = door.session(sid)
    warm(app, make(session, exp=int(time.time()) + 300))
    page_token = browser.token()
    browser.cookies[ACCESS] = make(session)
    late = browser.post("/cart", csrf=False, headers={"X-CSRF-Token": page_token}, json={"item": "tea"})
    assert (late.status_code, reason_of(late)) == (401, "token_expired")
    assert browser.post("/auth/refresh", csrf=False, headers={"X-CSRF-Token": page_token}).status_code == 204
    forged = Browser(app)
    forged.cookies, forged.paths = {ACCESS: make(session), REFRESH: browser.cookies[REFRESH]}, {ACCESS: "/", REFRESH: "/auth"}
    refused = forged.post("/auth/refresh", csrf=False)
    assert (refused.status_code, reason_of(refused)) == (403, "csrf_failed")
