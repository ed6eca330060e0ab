"""What the server has said of credentials, by digest: how long it may be repeated, and what makes it void."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .bounded import Bounded
from .clocks import Clock, Reading
from .freshness import Freshness
from .session import Verdict

MOST_REMEMBERED = 600.0


class Asked(NamedTuple):
    """When a question was sent, and in which generation of memory."""

    at: Reading
    generation: int


class _Remembered(NamedTuple):
    verdict: Verdict
    asked: Asked
    span: float


class Verdicts:
    def __init__(self, freshness: Freshness, clock: Clock, most: int) -> None:
        self._freshness, self._clock = freshness, clock
        self._by_digest: Bounded[bytes, _Remembered] = Bounded(most)

    def ask(self) -> Asked:
        return Asked(self._clock.read(), self._freshness.generation)

    def remember(self, digest: bytes, asked: Asked, verdict: Verdict, span: float) -> None:
        if span > 0:
            self._by_digest.put(digest, _Remembered(verdict, asked, min(span, MOST_REMEMBERED)))

    def recall(self, digest: bytes) -> Optional[Verdict]:
        """What may be said again now; None if the server must be asked."""
        known = self._by_digest.get(digest)
        if known is None or known.asked.generation != self._freshness.generation or not self._freshness.is_good():
            return None
        if not self._clock.read().is_within(known.span, known.asked.at):
            return None
        session = known.verdict.session
        return known.verdict if session is None or self._freshness.allows(session) else None
