"""The cases of protocol/vectors, which every client's tests run."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, List

import pytest
from conftest import ROOT

from holdfast.core import feed, reasons
from holdfast.core.access_tokens import LEEWAY, judge, shape_of
from holdfast.core.checking import Checker
from holdfast.core.clocks import Clock, Reading
from holdfast.core.credentials import Cookies
from holdfast.core.csrf import Csrf, _derive, session_binding
from holdfast.core.csrf import judge as judge_csrf
from holdfast.core.encoding import decode
from holdfast.core.follower import Follower
from holdfast.core.freshness import Freshness
from holdfast.core.http import Answer, Silent
from holdfast.core.jwks import read
from holdfast.core.server import Server
from holdfast.core.session import Session, Verdict
from holdfast.core.settings import Settings
from holdfast.core.verdicts import Verdicts

VECTORS = ROOT / "protocol" / "vectors"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


def named(cases: List[Any]) -> Any:
    assert cases
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", named(load("cookies.json")["cases"]))
def test_cookies(case: Any) -> None:
    assert Cookies(case["header"]).single(case["cookie"]) == case["value"]


CSRF = load("csrf-tokens.json")


@pytest.fixture
def csrf() -> Csrf:
    return Csrf([key["secret"] for key in CSRF["keys"]])


@pytest.mark.parametrize("key", CSRF["keys"], ids=["first", "second"])
def test_csrf_keys(key: Any) -> None:
    assert _derive(key["secret"], "csrf").hex() == key["csrf"]
    assert _derive(key["secret"], "pre-session").hex() == key["pre_session"]


@pytest.mark.parametrize("case", named(CSRF["tokens"]))
def test_csrf_tokens(csrf: Csrf, case: Any) -> None:
    of = case["binding"]
    binding = session_binding(of["sid"], of["cv"]) if "sid" in of else b"pre-session|" + (decode(of["nonce"], 32) or b"")
    assert csrf.is_valid(case.get("token"), binding) is case["valid"]
    assert csrf.is_valid(csrf.issue(binding), binding)


@pytest.mark.parametrize("case", named(CSRF["pre_sessions"]))
def test_pre_sessions(csrf: Csrf, case: Any) -> None:
    nonce = case.get("nonce")
    assert csrf.pre_session_binding(case.get("value"), CSRF["now"]) == (None if nonce is None else b"pre-session|" + (decode(nonce, 32) or b""))


@pytest.mark.parametrize("case", named(load("csrf-requests.json")["cases"]))
def test_csrf_requests(case: Any) -> None:
    headers = case["headers"]
    answer = judge_csrf(
        case["method"], case["host"], headers.get("sec-fetch-site"), headers.get("origin"), case["credential"], case["upgrade"], case["trusted_origins"],
    )
    assert answer.value == case["answer"]


TOKENS = load("access-tokens.json")


@pytest.mark.parametrize("case", named(TOKENS["cases"]))
def test_access_tokens(case: Any) -> None:
    terms = {name: TOKENS[name] for name in ("issuer", "audience", "tenant")}
    keys = read(TOKENS["jwks"])
    assert len(keys) == 3 and LEEWAY == TOKENS["leeway_seconds"]
    shape = shape_of(case["token"])
    key = keys.get(shape.kid) if shape else None
    if shape is None or key is None or key.algorithm != shape.algorithm or not key.verify(shape.signed, shape.signature):
        answer = "token_invalid"
    else:
        answer = judge(shape.payload, terms, TOKENS["now"]) or "valid"
    assert answer == case["answer"]
    if answer == "valid":
        assert shape is not None
        session = Session.of_token(shape.payload, [])
        facts = case["facts"]
        told = {
            "sid": session.sid, "sub": session.subject, "tenant": session.tenant, "epoch": session.epoch, "cv": session.cv, "gen": session.generation,
            "exp": shape.payload["exp"], "auth_time": session.auth_time, "acr": session.acr, "amr": list(session.amr),
        }
        assert {name: value for name, value in told.items() if value is not None} == facts


class SteppedClock(Clock):
    reading = Reading(0, 0)

    def read(self) -> Reading:
        return self.reading


class Transcript:
    """Plays a transcript: the follower is the real one, and what it sends and hears is what the steps say."""

    TERMS = {"issuer": "i", "audience": "a", "tenant": "t", "access_token_claims": []}

    def __init__(self, steps: List[Dict[str, Any]], wall_at_0: int) -> None:
        self.steps: Iterator[Dict[str, Any]] = iter(steps)
        self.wall_at_0 = wall_at_0
        self.clock = SteppedClock()
        self.freshness = Freshness(self.clock)
        self.verdicts = Verdicts(self.freshness, self.clock, 100)
        self.server = Server(Settings(api_key="hfk_" + "a" * 48))
        self.server._http.call = self.hear  # type: ignore[method-assign]
        self.checker = Checker(self.server, self.freshness, None, self.clock, 100)  # type: ignore[arg-type]
        self.follower = Follower(self.server, self.freshness, self.clock, 1, lambda: None)
        self.asked: Dict[str, Any] = {}
        self.questions = 0
        self.sent: Any = None
        self.then: Any = None

    def play(self) -> None:
        for step in self.steps:
            self.take(step)
        assert self.questions

    def hear(self, method: str, path: str, **_: Any) -> Answer:
        """Until the answer comes, other things happen."""
        assert path == "/v1/feed" + (f"?after={self.sent['after']}" if self.sent["after"] else "")
        for step in self.steps:
            self.at(step)
            if step["do"] in ("answer", "lost"):
                self.then = step["then"]
                if step["do"] == "lost":
                    raise Silent("lost")
                return Answer(step["status"], {}, (step["text"] if step.get("text") is not None else json.dumps(step["body"])).encode())
            self.take(step)
        raise AssertionError("The transcript has no answer.")

    def at(self, step: Dict[str, Any]) -> None:
        self.clock.reading = Reading(step["at"] / 1000, (self.wall_at_0 + step["at"] + step.get("wall_ahead", 0)) / 1000)

    def take(self, step: Dict[str, Any]) -> None:
        self.at(step)
        getattr(self, "do_" + step["do"])(step)

    def do_send(self, step: Dict[str, Any]) -> None:
        self.sent = step
        pause = self.follower.step()
        assert (pause == 0) == (self.then == "at_once")

    def do_ask(self, step: Dict[str, Any]) -> None:
        self.asked[step["credential"]] = self.verdicts.ask()

    def do_verdict(self, step: Dict[str, Any]) -> None:
        name = step["credential"]
        self.verdicts.remember(name.encode(), self.asked[name], Verdict(Session(tenant="t", **step["session"])), step["remember_for_ms"] / 1000)

    def do_ended(self, step: Dict[str, Any]) -> None:
        if step.get("sid"):
            self.freshness.ended_session(step["sid"])
        else:
            self.freshness.ended_subject(step["subject"])

    def do_raised(self, step: Dict[str, Any]) -> None:
        self.freshness.raised(step["sid"], step["cv"])

    def do_question(self, step: Dict[str, Any]) -> None:
        self.questions += 1
        if step.get("credential"):
            verdict = self.verdicts.recall(step["credential"].encode())
        else:
            told = step["token"]
            payload = {
                "iss": "i", "aud": "a", "tenant": "t", "client_id": "c", "jti": "j", "iat": 0, "gen": 0, "sub": told["subject"],
                **{name: told[name] for name in ("sid", "epoch", "cv", "exp")},
            }
            verdict = self.checker.judge_genuine(payload, self.TERMS)
        assert (verdict is not None and verdict.session is not None) is step["answers"], step


FEEDS = load("feeds.json")


@pytest.mark.parametrize("case", named(FEEDS["cases"]))
def test_feeds(case: Any) -> None:
    Transcript(case["steps"], FEEDS["wall_at_0"]).play()


def test_a_kind_that_is_unknown_makes_an_answer_malformed() -> None:
    with pytest.raises(feed.Malformed, match="unknown kind"):
        feed.parse({
            "position": "p", "starts_over": False, "more": False, "age_ms": 0, "max_staleness_ms": 1, "now": "2026-03-01T09:00:00Z",
            "entries": [{"kind": "moon_eclipsed"}],
        })


def test_the_reasons_are_those_of_the_protocol() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", (ROOT / "protocol" / "reasons.md").read_text("utf-8"), re.MULTILINE)
    assert {name: (int(status), title) for name, status, title in rows} == {name: tuple(reason) for name, reason in reasons.ALL.items()}
