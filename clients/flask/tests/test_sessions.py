"""Signing in, being signed in and signing out, on the real server."""

from __future__ import annotations

import uuid
from typing import Any, Iterator

import pytest
from conftest import settings_of, until

from applications import Browser, application, engine_of, reason_of

SESSION, ACCESS, REFRESH, PRE = "__Host-Http-holdfast", "__Host-Http-holdfast-at", "__Secure-holdfast-rt", "__Host-Http-holdfast-pre"


@pytest.fixture
def app(server: Any) -> Iterator[Any]:
    made = application(settings_of(server))
    yield made
    engine_of(made).close()


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4()}"


def calls_of(app: Any) -> int:
    """Calls that requests made: what follows the feed and tells of activity does so by itself."""
    return sum(number for name, number in engine_of(app).node.server.calls.items() if name not in ("feed", "activity"))


def test_nobody_is_signed_in_without_a_credential(app: Any) -> None:
    answer = Browser(app).get("/me")
    assert (answer.status_code, reason_of(answer)) == (401, "session_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert Browser(app).get("/maybe").get_json() == {"signed_in": False}


def test_a_sign_in_gives_a_cookie_that_signs_in(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    assert any(line.startswith(f"{SESSION}=hfs_") and "path=/; secure; httponly; samesite=lax" in line for line in browser.lines)
    me = browser.get("/me")
    assert me.get_json()["subject"] == user and me.get_json()["name"] == "Ada"
    assert me.headers["Cache-Control"] == "no-store"


def test_a_remembered_session_has_a_cookie_that_outlives_the_browser(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user, remember=True)
    assert "max-age=" in next(line for line in browser.lines if line.startswith(SESSION + "="))


def test_a_warm_check_asks_nobody(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    browser.get("/me")
    until(lambda: engine_of(app).node.freshness.is_good(), "the lease is good")
    browser.get("/me")
    before = calls_of(app)
    for _ in range(50):
        assert browser.get("/me").status_code == 200
    assert calls_of(app) == before


def test_an_access_token_is_verified_here_and_asks_nobody_not_even_the_first_time(app: Any, user: str) -> None:
    warm = Browser(app).sign_in(user, transport="tokens").get_json()["access_token"]
    browser = Browser(app)
    assert browser.get("/me", headers={"Authorization": f"Bearer {warm}"}).status_code == 200
    until(lambda: engine_of(app).node.freshness.is_good(), "the lease is good")
    browser.get("/me", headers={"Authorization": f"Bearer {warm}"})
    other = Browser(app).sign_in(user, transport="tokens").get_json()["access_token"]
    before = calls_of(app)
    for _ in range(20):
        assert browser.get("/me", headers={"Authorization": f"Bearer {other}"}).get_json()["name"] == "Ada"
    assert calls_of(app) == before


@pytest.mark.parametrize("transport", ["cookie", "tokens", "token-cookies"])
def test_an_ended_session_is_refused_within_the_bound(app: Any, back_door: Any, user: str, transport: str) -> None:
    browser = Browser(app)
    answer = browser.sign_in(user, transport=transport)
    headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"} if transport == "tokens" else {}
    sid = browser.get("/me", headers=headers).get_json()["sid"]
    until(lambda: engine_of(app).node.freshness.is_good(), "the lease is good")
    back_door.end(sid)
    refused = until(lambda: (one := browser.get("/me", headers=headers)).status_code == 401 and one, "refused", 10)
    assert reason_of(refused) == "session_revoked"


def test_all_sessions_of_a_subject_end_at_once(app: Any, back_door: Any, user: str) -> None:
    browsers = [Browser(app) for _ in range(3)]
    for browser in browsers:
        browser.sign_in(user)
        browser.get("/me")
    token = Browser(app).sign_in(user, transport="tokens").get_json()["access_token"]
    until(lambda: engine_of(app).node.freshness.is_good(), "the lease is good")
    back_door.end_all(user)
    until(lambda: all(browser.get("/me").status_code == 401 for browser in browsers), "all are refused", 10)
    bearer = Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"})
    assert (bearer.status_code, reason_of(bearer)) == (401, "session_revoked")


def test_what_this_process_ends_is_refused_on_the_next_request(app: Any, user: str) -> None:
    browser, other = Browser(app), Browser(app)
    browser.sign_in(user)
    other.sign_in(user)
    other.get("/me")
    until(lambda: engine_of(app).node.freshness.is_good(), "the lease is good")
    kept = dict(browser.cookies)
    answer = browser.post("/sign-out-everywhere")
    assert answer.status_code == 204
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert SESSION not in browser.cookies
    assert reason_of(other.get("/me")) == "session_revoked"
    browser.cookies = kept
    assert reason_of(browser.get("/me")) == "session_revoked"


def test_a_new_sign_in_ends_the_browsers_old_session(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    old = dict(browser.cookies)
    browser.sign_in(user)
    assert browser.get("/me").status_code == 200
    copy = Browser(app)
    copy.cookies, copy.paths = old, dict.fromkeys(old, "/")
    assert copy.get("/me").status_code == 401


def test_a_sign_in_with_the_other_transport_leaves_nothing_that_hides_it(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    browser.sign_in(user, transport="token-cookies")
    assert SESSION not in browser.cookies and ACCESS in browser.cookies and REFRESH in browser.cookies
    assert browser.get("/me").status_code == 200
    browser.sign_in(user)
    assert SESSION in browser.cookies and ACCESS not in browser.cookies and REFRESH not in browser.cookies


def test_a_doubled_cookie_belongs_to_nobody(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    cookie = f"{SESSION}={browser.cookies[SESSION]}"
    answer = app.test_client(use_cookies=False).get("/me", headers={"Cookie": f"{cookie}; {cookie}"})
    assert reason_of(answer) == "session_missing"


def test_a_bearer_token_is_never_replaced_by_the_cookie(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    assert reason_of(browser.get("/me", headers={"Authorization": "Bearer nonsense"})) == "token_invalid"
    assert reason_of(browser.get("/me", headers={"Authorization": "Basic YTpi"})) == "session_missing"
    assert browser.get(f"/me?access_token={browser.cookies[SESSION]}", headers={"Cookie": ""}).status_code in (200, 401)


def test_roles_and_freshness_are_asked_of_the_session(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    assert browser.get("/author").status_code == 200
    refused = browser.get("/admin")
    assert (refused.status_code, reason_of(refused)) == (403, "insufficient_scope")
    assert browser.get("/recent").status_code == 200
    stale = browser.get("/old-enough")
    assert (stale.status_code, reason_of(stale)) == (401, "reauthentication_required")
    assert stale.headers["WWW-Authenticate"] == 'Bearer error="insufficient_user_authentication", max_age="0"'
    weak = browser.get("/strong")
    assert weak.headers["WWW-Authenticate"] == 'Bearer error="insufficient_user_authentication", acr_values="aal2"'


def test_a_step_up_raises_the_session_under_a_new_credential(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    old = browser.cookies[SESSION]
    page_token = browser.token()
    assert browser.post("/step-up").status_code == 204
    assert browser.cookies[SESSION] != old
    assert browser.get("/strong").status_code == 200
    assert reason_of(browser.post("/cart", csrf=False, headers={"X-CSRF-Token": page_token}, json={"item": "x"})) == "csrf_failed"


def test_a_client_that_holds_its_tokens_gets_elevated_ones(app: Any, user: str) -> None:
    browser = Browser(app)
    token = browser.sign_in(user, transport="tokens").get_json()["access_token"]
    elevated = Browser(app).post("/step-up", csrf=False, headers={"Authorization": f"Bearer {token}"}).get_json()
    assert Browser(app).get("/strong", headers={"Authorization": f"Bearer {elevated['access_token']}"}).status_code == 200
    until(lambda: reason_of(Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"})) == "token_expired", "the old token is void", 10)


def test_data_is_kept_with_the_session_field_by_field(app: Any, user: str) -> None:
    browser = Browser(app)
    browser.sign_in(user)
    assert browser.post("/cart", json={"item": "tea"}).get_json() == {"cart": ["tea"]}
    assert browser.post("/cart", data={"item": "cake", "csrf_token": browser.token()}, csrf=False).get_json() == {"cart": ["tea", "cake"]}


def test_a_browser_that_asks_for_a_page_is_sent_to_the_sign_in_and_a_program_is_not(app: Any) -> None:
    page = Browser(app).get("/page", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["Location"]) == (303, "/login")
    assert Browser(app).get("/page", headers={"Accept": "application/json"}).status_code == 401


def test_the_application_may_answer_by_itself_whoever_is_not_signed_in(app: Any) -> None:
    app.extensions["test_holdfast"].unauthorized_handler(lambda refusal: ({"please": refusal.reason}, 401))
    assert Browser(app).get("/me").get_json() == {"please": "session_missing"}
    assert reason_of(Browser(app).get("/auth/session")) == "session_missing"


def test_signals_tell_what_happens(app: Any, user: str) -> None:
    from holdfast_flask import session_ended, session_refused, session_started, sign_in_failed

    heard = []
    with session_started.connected_to(lambda sender, session: heard.append(("started", session.subject)), app), \
            session_ended.connected_to(lambda sender, sid, subject: heard.append(("ended", subject)), app), \
            session_refused.connected_to(lambda sender, reason: heard.append(("refused", reason)), app), \
            sign_in_failed.connected_to(lambda sender, subject, reason: heard.append(("failed", reason)), app):
        browser = Browser(app)
        browser.post("/sign-in", json={"user": user, "password": "wrong"})
        browser.sign_in(user)
        browser.post("/auth/logout")
        browser.get("/me")
    assert heard == [("failed", "wrong_password"), ("started", user), ("ended", user), ("refused", "session_missing")]


def test_flasks_own_session_is_left_alone(app: Any) -> None:
    app.secret_key = "for flask.session alone"

    @app.get("/flask-session")
    def view() -> Any:
        from flask import session
        session["mine"] = 1
        return {}

    assert any(line.startswith("session=") for line in app.test_client().get("/flask-session").headers.getlist("Set-Cookie"))


def test_too_many_requests_with_one_session_are_refused_and_ask_nobody(server: Any, user: str) -> None:
    app = application(settings_of(server, HOLDFAST_REQUESTS_PER_MINUTE_PER_SESSION=60))
    browser = Browser(app)
    browser.sign_in(user)
    answers = [browser.get("/me") for _ in range(12)]
    engine_of(app).close()
    refused = [one for one in answers if one.status_code == 429]
    assert refused and reason_of(refused[0]) == "rate_limited" and refused[0].headers["Retry-After"] == "1"
    assert sum(one.status_code == 200 for one in answers) >= 5


def test_what_users_do_keeps_their_session_and_what_machines_do_does_not(server: Any, user: str) -> None:
    app = application(settings_of(server))
    node = engine_of(app).node
    told = []
    activity = node.server.activity
    node.server.activity = lambda batch: (told.append(batch), activity(batch))
    browser = Browser(app)
    browser.sign_in(user)
    for path in ("/poll", "/auth/session", "/admin"):
        browser.get(path)
    node.activity.flush()
    assert told == []
    sid = browser.get("/me").get_json()["sid"]
    browser.get("/me")
    node.activity.flush()
    engine_of(app).close()
    assert [one["sid"] for batch in told for one in batch["seen"]] == [sid]


def test_a_generation_that_is_in_use_is_confirmed(server: Any, user: str) -> None:
    app = application(settings_of(server))
    node = engine_of(app).node
    token = Browser(app).sign_in(user, transport="tokens").get_json()["access_token"]
    Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"})
    until(lambda: node.freshness.is_good(), "the lease is good")
    Browser(app).get("/me", headers={"Authorization": f"Bearer {token}"})
    batch = node.activity._next_batch()
    engine_of(app).close()
    assert [one["generation"] for one in batch["confirmed"]] == [1]
