"""The endpoints for browsers, and CSRF, as on every backend."""

from __future__ import annotations

import uuid
from typing import Any, Iterator

import pytest
from conftest import settings_of, until

from applications import Browser, application, engine_of, reason_of

SESSION, ACCESS, REFRESH, PRE = "__Host-Http-holdfast", "__Host-Http-holdfast-at", "__Secure-holdfast-rt", "__Host-Http-holdfast-pre"


@pytest.fixture
def app(server: Any) -> Iterator[Any]:
    made = application(settings_of(server, HOLDFAST_TRUSTED_ORIGINS=["https://partner.example"]))
    yield made
    engine_of(made).close()


@pytest.fixture
def browser(app: Any) -> Browser:
    made = Browser(app)
    made.user = f"user-{uuid.uuid4()}"  # type: ignore[attr-defined]
    made.sign_in(made.user)  # type: ignore[attr-defined]
    return made


def another(app: Any, browser: Any, **options: Any) -> Browser:
    made = Browser(app)
    made.sign_in(browser.user, **options)
    return made


def test_a_session_describes_itself(browser: Any) -> None:
    answer = browser.get("/auth/session")
    record = answer.get_json()
    assert record["subject"] == browser.user and record["current"] is True and record["amr"] == ["pwd"]
    assert {"sid", "tenant", "created_at", "last_seen_at", "idle_expires_at", "expires_at", "auth_time"} <= set(record)
    assert "claims" not in record and "cv" not in record
    assert answer.headers["Cache-Control"] == "no-store"


def test_devices_are_listed_and_the_callers_own_is_marked(app: Any, browser: Any) -> None:
    another(app, browser)
    listed = browser.get("/auth/sessions").get_json()["sessions"]
    assert sorted(one["current"] for one in listed) == [False, True]


def test_another_device_is_ended_and_a_strangers_is_not(app: Any, browser: Any) -> None:
    device, stranger = another(app, browser), Browser(app)
    stranger.sign_in(f"user-{uuid.uuid4()}")
    sid = device.get("/me").get_json()["sid"]
    theirs = stranger.get("/me").get_json()["sid"]
    assert browser.request("DELETE", f"/auth/sessions/{sid}").status_code == 204
    assert browser.request("DELETE", f"/auth/sessions/{theirs}").status_code == 204
    assert reason_of(device.get("/me")) == "session_revoked"
    assert stranger.get("/me").status_code == 200
    assert reason_of(browser.request("DELETE", "/auth/sessions/nonsense")) == "invalid_request"


def test_the_own_session_can_be_ended_by_its_handle(browser: Any) -> None:
    sid = browser.get("/me").get_json()["sid"]
    answer = browser.request("DELETE", f"/auth/sessions/{sid}")
    assert answer.status_code == 204 and "Clear-Site-Data" in answer.headers and SESSION not in browser.cookies


def test_ending_other_devices_needs_a_recent_sign_in(server: Any) -> None:
    app = application(settings_of(server, HOLDFAST_RECENT_SIGN_IN=1))
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}")
    refused = until(
        lambda: (one := browser.post("/auth/logout", json={"scope": "others"})).status_code == 401 and one, "the sign-in is no longer recent",
    )
    engine_of(app).close()
    assert reason_of(refused) == "reauthentication_required" and 'max_age="1"' in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize("options", [{}, {"json": {"scope": "this"}}, {"data": {"scope": "this"}}])
def test_signing_out_ends_the_session_and_deletes_every_cookie(app: Any, browser: Any, options: Any) -> None:
    kept, paths = dict(browser.cookies), dict(browser.paths)
    answer = browser.post("/auth/logout", **options)
    assert answer.status_code == 204
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    deleted = {line.partition("=")[0] for line in browser.lines if "max-age=0" in line}
    assert {SESSION, ACCESS, REFRESH} <= deleted
    assert f"{REFRESH}=; path=/auth; secure; httponly; samesite=lax; max-age=0" in browser.lines
    copy = Browser(app)
    copy.cookies, copy.paths = kept, paths
    assert copy.get("/me").status_code == 401


def test_signing_out_others_leaves_this_one(app: Any, browser: Any) -> None:
    others = [another(app, browser), another(app, browser)]
    for one in others:
        one.get("/me")
    assert browser.post("/auth/logout", json={"scope": "others"}).status_code == 204
    assert all(one.get("/me").status_code == 401 for one in others)
    assert browser.get("/me").status_code == 200


def test_signing_out_everywhere_leaves_none(app: Any, browser: Any) -> None:
    other = another(app, browser)
    assert browser.post("/auth/logout", json={"scope": "all"}).status_code == 204
    assert other.get("/me").status_code == 401 and browser.get("/me").status_code == 401


def test_signing_out_twice_is_no_error(browser: Any) -> None:
    assert browser.post("/auth/logout").status_code == 204
    assert browser.post("/auth/logout").status_code == 204


def test_bodies_are_judged(browser: Any) -> None:
    assert reason_of(browser.post("/auth/logout", json={"scope": "some"})) == "invalid_request"
    assert browser.post("/auth/logout", data="x", content_type="text/plain").status_code == 415
    assert browser.post("/auth/logout", data='{"scope":"this","scope":"all"}', content_type="application/json").status_code == 400
    assert browser.post("/auth/logout", data="scope=this&scope=all", content_type="application/x-www-form-urlencoded").status_code == 400
    assert browser.post("/auth/logout", data='{"scope":"' + "x" * 70_000 + '"}', content_type="application/json").status_code == 413
    assert browser.post("/auth/logout", json={"scope": 1}).status_code == 400
    assert browser.get("/me").status_code == 200


def test_a_refresh_token_from_the_body_is_answered_in_the_body(app: Any) -> None:
    client = Browser(app)
    first = client.sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()
    answer = client.post("/auth/refresh", csrf=False, json={"refresh_token": first["refresh_token"]})
    tokens = answer.get_json()
    assert tokens["refresh_token"] != first["refresh_token"] and tokens["token_type"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store" and not answer.headers.getlist("Set-Cookie")
    as_form = client.post("/auth/refresh", csrf=False, data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert as_form.status_code == 200


def test_a_refresh_token_from_the_cookie_is_answered_in_cookies(app: Any) -> None:
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}", transport="token-cookies")
    old = dict(browser.cookies)
    assert "path=/auth;" in next(line for line in browser.lines if line.startswith(REFRESH))
    answer = browser.post("/auth/refresh")
    assert answer.status_code == 204 and not answer.data
    assert browser.cookies[REFRESH] != old[REFRESH] and browser.cookies[ACCESS] != old[ACCESS]
    assert browser.get("/me").status_code == 200


def test_a_token_of_one_kind_is_never_exchanged_for_the_other(app: Any) -> None:
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}", transport="token-cookies")
    answer = browser.post("/auth/refresh", json={"refresh_token": browser.cookies[REFRESH]})
    assert (answer.status_code, reason_of(answer), answer.get_json(force=True)["error"]) == (401, "token_invalid", "invalid_grant")
    assert browser.post("/auth/refresh").status_code == 204


def test_the_page_refreshes_when_its_access_token_has_gone(app: Any) -> None:
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}", transport="token-cookies")
    page_token = browser.token()
    del browser.cookies[ACCESS]
    assert browser.post("/auth/refresh", csrf=False, headers={"X-CSRF-Token": page_token}).status_code == 204
    assert browser.get("/me").status_code == 200


def test_signing_out_with_the_refresh_cookie_alone_ends_the_session(app: Any) -> None:
    browser = Browser(app)
    browser.sign_in(f"user-{uuid.uuid4()}", transport="token-cookies")
    access = browser.cookies.pop(ACCESS)
    assert browser.post("/auth/logout").status_code == 204
    assert REFRESH not in browser.cookies
    answer = Browser(app).get("/me", headers={"Cookie": f"{ACCESS}={access}"})
    assert answer.status_code == 401


def test_a_refresh_token_that_two_parties_use_ends_its_session(app: Any) -> None:
    client = Browser(app)
    first = client.sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()
    refresh = lambda token: client.post("/auth/refresh", csrf=False, json={"refresh_token": token})  # noqa: E731
    second = refresh(first["refresh_token"]).get_json()
    third = refresh(second["refresh_token"]).get_json()
    reused = refresh(first["refresh_token"])
    assert (reused.status_code, reason_of(reused), reused.get_json(force=True)["error"]) == (401, "token_reused", "invalid_grant")
    assert refresh(third["refresh_token"]).status_code == 401


def test_a_refresh_without_a_token_is_no_grant(app: Any) -> None:
    answer = Browser(app).post("/auth/refresh", csrf=False)
    assert answer.status_code == 401 and answer.get_json(force=True)["error"] == "invalid_grant"
    assert reason_of(Browser(app).post("/auth/refresh", csrf=False, json={"grant_type": "password"})) == "invalid_request"


def test_looking_at_a_sign_in_form_starts_nothing_and_binds_its_token(app: Any) -> None:
    visitor = Browser(app)
    page = visitor.get("/login")
    assert f"{PRE}=" in page.headers["Set-Cookie"] and "path=/; secure; httponly; samesite=lax" in page.headers["Set-Cookie"]
    token = page.get_data(as_text=True).partition('value="')[2].rstrip('">')
    assert len(token) == 86
    assert visitor.post("/sign-in", csrf=False, headers={"X-CSRF-Token": token}, json={}).status_code == 204
    assert reason_of(Browser(app).post("/sign-in", csrf=False, headers={"X-CSRF-Token": token}, json={})) == "csrf_failed"


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://partner.example.evil.example"},
])
def test_other_sites_are_refused_whatever_token_they_have(browser: Any, headers: Any) -> None:
    answer = browser.post("/cart", json={"item": "x"}, headers=headers)
    assert (answer.status_code, reason_of(answer)) == (403, "csrf_failed")
    assert answer.get_json(force=True)["setting"] == "HOLDFAST_TRUSTED_ORIGINS" and answer.headers["Vary"] == "Sec-Fetch-Site, Origin"


def test_a_trusted_origin_still_needs_the_token(browser: Any) -> None:
    trusted = {"Sec-Fetch-Site": "cross-site", "Origin": "https://partner.example"}
    assert browser.post("/cart", json={"item": "x"}, headers=trusted).status_code == 200
    assert reason_of(browser.post("/cart", csrf=False, json={"item": "x"}, headers=trusted)) == "csrf_failed"


def test_an_older_browser_says_its_origin(app: Any, browser: Any) -> None:
    token = browser.token()
    cookie = f"{SESSION}={browser.cookies[SESSION]}"
    client = app.test_client(use_cookies=False)
    for origin, status in (("http://localhost", 200), ("http://localhost:81", 403), ("http://sub.localhost", 403), ("null", 403)):
        answer = client.post("/cart", json={"item": "x"}, headers={"Cookie": cookie, "Origin": origin, "X-CSRF-Token": token})
        assert answer.status_code == status, origin
    assert client.post("/cart", json={"item": "x"}, headers={"Cookie": cookie, "X-CSRF-Token": token}).status_code == 200
    assert reason_of(client.post("/cart", json={"item": "x"}, headers={"Cookie": cookie})) == "csrf_failed"


def test_a_client_that_is_no_browser_needs_no_token(app: Any) -> None:
    assert app.test_client(use_cookies=False).post("/sign-in", json={"transport": "tokens"}).status_code == 200


def test_a_bearer_token_needs_no_csrf_token_wherever_it_comes_from(app: Any) -> None:
    token = Browser(app).sign_in(f"user-{uuid.uuid4()}", transport="tokens").get_json()["access_token"]
    answer = Browser(app, "cross-site").post("/cart", csrf=False, json={"item": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_form_from_before_the_session_ended_hears_that_it_ended(browser: Any, back_door: Any) -> None:
    token, sid = browser.token(), browser.get("/me").get_json()["sid"]
    back_door.end(sid)
    until(lambda: browser.get("/me").status_code == 401, "the session has ended", 10)
    answer = browser.post("/cart", csrf=False, headers={"X-CSRF-Token": token}, json={"item": "x"})
    assert (answer.status_code, reason_of(answer)) == (401, "session_revoked")


def test_a_view_may_be_exempt(browser: Any) -> None:
    assert browser.post("/hook", csrf=False, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_an_unknown_method_and_an_unknown_path_are_flasks_own(browser: Any) -> None:
    assert browser.request("PUT", "/auth/session").status_code == 405
    assert browser.get("/auth/nothing").status_code == 404


def test_an_application_below_a_path_keeps_the_refresh_token_there(server: Any) -> None:
    app = application(settings_of(server, HOLDFAST_AUTH_PATH="/account/auth"))
    answer = app.test_client(use_cookies=False).post(
        "/sign-in", json={"transport": "token-cookies"}, environ_overrides={"SCRIPT_NAME": "/shop"}, base_url="http://localhost/shop",
    )
    engine_of(app).close()
    assert any(line.startswith(REFRESH) and "path=/shop/account/auth;" in line for line in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("base_url, headers, status", [
    ("http://shop.example", {}, 400), ("http://shop.example", {"X-Forwarded-Proto": "https"}, 400), ("https://shop.example", {}, 200), ("http://localhost", {}, 200),
])
def test_a_credential_over_plain_http_from_elsewhere_is_refused(app: Any, browser: Any, base_url: str, headers: Any, status: int) -> None:
    carried = {"Cookie": f"{SESSION}={browser.cookies[SESSION]}", **headers}
    answer = app.test_client(use_cookies=False).get("/me", headers=carried, base_url=base_url)
    assert (answer.status_code, reason_of(answer)) == (status, None if status == 200 else "https_required")
    assert app.test_client(use_cookies=False).get("/login", base_url="http://shop.example").status_code == 200
