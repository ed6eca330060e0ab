"""How long memory may answer: a pure state, and a function to the next one."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .clocks import Reading


class Lease(NamedTuple):
    """Good from ``sent`` for ``span`` seconds, by the clock that ends it first. A new one is not good."""

    sent: Optional[Reading] = None
    span: float = 0.0

    def renewed(self, sent: Reading, age_ms: int, max_staleness_ms: int) -> Lease:
        """What an answer with nothing behind it allows: all that happened until ``sent`` less ``age_ms`` is known."""
        return Lease(sent, (max_staleness_ms - age_ms) / 1000)

    def is_good(self, now: Reading) -> bool:
        return self.sent is not None and now.is_within(self.span, self.sent)
