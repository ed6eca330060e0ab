"""From a credential to a verdict: from memory while the lease is good, otherwise from the server."""

from __future__ import annotations

import hashlib
import threading
from typing import Any, Dict, List, Mapping, Optional

from . import reasons
from .access_tokens import Shape, judge, shape_of
from .bounded import Bounded
from .clocks import Clock
from .credentials import Credential
from .errors import Unavailable
from .freshness import Freshness
from .jwks import Keys
from .server import Server
from .session import Session, Verdict
from .verdicts import Verdicts

# What the server says of a credential. Another word would be of a server that this client does not understand.
_REASONS = frozenset({
    reasons.SESSION_MISSING, reasons.SESSION_EXPIRED, reasons.SESSION_REVOKED, reasons.TOKEN_EXPIRED, reasons.TOKEN_INVALID, reasons.TOKEN_REUSED,
})


class _Flight:
    """One question to the server, for everybody who has the same."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.verdict: Optional[Verdict] = None


class Checker:
    def __init__(self, server: Server, freshness: Freshness, keys: Keys, clock: Clock, remembered: int) -> None:
        self._server, self._freshness, self._keys = server, freshness, keys
        # What access tokens must say; None until the server has told.
        self.terms: Optional[Mapping[str, Any]] = None
        self._verdicts = Verdicts(freshness, clock, remembered)
        self._signatures: Bounded[bytes, Shape] = Bounded(remembered)
        self._flights: Dict[bytes, _Flight] = {}
        self._lock = threading.Lock()

    def recall(self, credential: Credential) -> Optional[Verdict]:
        """The answer if it can be given without asking anybody; None otherwise."""
        if credential.text is None:
            return Verdict(reason=reasons.TOKEN_INVALID if credential.is_token else reasons.SESSION_MISSING)
        digest = _digest(credential)
        if credential.is_token and self.terms is not None and self._freshness.is_good():
            verdict = self._judge_token(credential.text, digest, self.terms, asking=False)
            if verdict is not None:
                return verdict
        return self._verdicts.recall(digest)

    def check(self, credential: Credential, renew: bool) -> Verdict:
        """Asks if it must. Raises Unavailable."""
        verdict = self.recall(credential)
        if verdict is not None:
            return verdict
        assert credential.text is not None
        digest = _digest(credential)
        if credential.is_token and self.terms is not None and self._freshness.is_good():
            verdict = self._judge_token(credential.text, digest, self.terms, asking=True)
            if verdict is not None:
                return verdict
        return self._ask_together(credential, digest, renew)

    def _judge_token(self, token: str, digest: bytes, terms: Mapping[str, Any], asking: bool) -> Optional[Verdict]:
        shape = self._signatures.get(digest)
        if shape is None or self._keys.known(shape.kid) is None:
            shape = shape_of(token)
            if shape is None:
                return Verdict(reason=reasons.TOKEN_INVALID)
            key = self._keys.find(shape.kid) if asking else self._keys.known(shape.kid)
            if key is None:
                return None
            if key.algorithm != shape.algorithm or not key.verify(shape.signed, shape.signature):
                return Verdict(reason=reasons.TOKEN_INVALID)
            self._signatures.put(digest, shape)
        return self.judge_genuine(shape.payload, terms)

    def judge_genuine(self, payload: Mapping[str, Any], terms: Mapping[str, Any]) -> Optional[Verdict]:
        """What memory says of an access token whose signature holds; None if the server must be asked."""
        now = self._freshness.server_now()
        if now is None or not self._freshness.is_good():
            return None
        reason = judge(payload, terms, now)
        if reason is not None:
            return Verdict(reason=reason)
        session = Session.of_token(payload, terms["access_token_claims"])
        return Verdict(session) if self._freshness.allows(session) else None

    def _ask_together(self, credential: Credential, digest: bytes, renew: bool) -> Verdict:
        # With and without renewal are two questions: a cookie that one request may carry back is lost on another.
        key = digest + (b"1" if renew else b"0")
        with self._lock:
            flight = self._flights.get(key)
            first = flight is None
            if flight is None:
                flight = self._flights[key] = _Flight()
        if not first:
            flight.landed.wait()
            if flight.verdict is None:
                raise Unavailable()
            return flight.verdict
        try:
            flight.verdict = self._ask(credential, digest, renew)
            return flight.verdict
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()

    def _ask(self, credential: Credential, digest: bytes, renew: bool) -> Verdict:
        for _ in range(2):
            asked = self._verdicts.ask()
            answer = self._server.verify({credential.member: credential.text or ""}, renew)
            verdict = _verdict_of(answer)
            session = verdict.session
            if session is None:
                # Digests of the whole credential, so that nobody refuses the genuine one by presenting a forged one.
                self._verdicts.remember(digest, asked, verdict, self._freshness.max_staleness)
                return verdict
            if self._freshness.allows(session, asked.at):
                if not verdict.cookies:
                    self._verdicts.remember(digest, asked, verdict, _milliseconds(answer.get("remember_for_ms")) / 1000)
                return verdict
            # It was asked before the ending was told: ask once more.
        raise Unavailable("The server calls a session live that it has told to be ended.")


def _digest(credential: Credential) -> bytes:
    return hashlib.sha256(f"{credential.member}={credential.text}".encode("utf-8", "surrogateescape")).digest()


def _verdict_of(answer: Mapping[str, Any]) -> Verdict:
    try:
        if answer["status"] == "live":
            return Verdict(Session.of_record(answer["session"]), cookies=headers_of(answer))
        if answer["status"] == "invalid" and answer["reason"] in _REASONS:
            return Verdict(reason=answer["reason"])
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise Unavailable("The server's answer could not be understood.")


def headers_of(answer: Mapping[str, Any]) -> "tuple[str, ...]":
    """The ``Set-Cookie`` lines of an answer. One that could split a header is no answer."""
    lines: List[str] = [cookie["header"] for cookie in answer.get("cookies") or ()]
    if any(not isinstance(line, str) or "\r" in line or "\n" in line for line in lines):
        raise ValueError("A cookie is not one line.")
    return tuple(lines)


def _milliseconds(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
