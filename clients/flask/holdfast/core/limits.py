"""Requests with one session: a bucket for each, in this process."""

from __future__ import annotations

from typing import Tuple

from .bounded import Bounded
from .clocks import Clock

_MOST_SESSIONS = 100_000


class Limits:
    """A tenth of a minute's requests at once, and the rest evenly. 0 for no limit."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, per_minute / 10)
        self._clock = clock
        self._buckets: Bounded[str, Tuple[float, float]] = Bounded(_MOST_SESSIONS)

    def admits(self, sid: str) -> bool:
        if not self._rate:
            return True
        now = self._clock.read().monotonic
        left, since = self._buckets.get(sid) or (self._most, now)
        left = min(self._most, left + (now - since) * self._rate)
        admitted = left >= 1
        self._buckets.put(sid, (left - 1 if admitted else left, now))
        return admitted
