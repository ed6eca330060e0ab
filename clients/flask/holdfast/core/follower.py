"""Follows the feed in a thread of its own. Whatever happens there, the thread goes on, and the lease says what memory is worth."""

from __future__ import annotations

import logging
import random
import threading
from typing import Callable, Optional

from .clocks import Clock
from .errors import SessionRefused, Unavailable
from .feed import Malformed, parse
from .freshness import Freshness
from .http import Silent
from .server import Server

log = logging.getLogger("holdfast")

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
# News that comes one by one is read in small heaps: a feed that floods must not take the whole processor.
_BREATH = 0.02


class Follower:
    def __init__(self, server: Server, freshness: Freshness, clock: Clock, timeout: float, learn_terms: Callable[[], None]) -> None:
        self._server, self._freshness, self._clock, self._timeout = server, freshness, clock, timeout
        self._learn_terms = learn_terms
        self._stopped = threading.Event()
        self._failures = 0
        self._said: Optional[str] = None

    def run(self) -> None:
        while not self._stopped.is_set():
            pause = self.step()
            if pause:
                self._stopped.wait(pause)

    def stop(self) -> None:
        self._stopped.set()

    def step(self) -> float:
        """Asks once, and says how long to wait before asking again."""
        try:
            self._learn_terms()
            more = self._pull()
        except Unavailable:
            return self._pause_after_failure()
        except SessionRefused as refusal:
            # A position that the server does not take: begin anew, and trust nothing that was built on it.
            self._say(f"The server refuses to go on with its feed: {refusal}")
            self._freshness.start_over()
            return self._pause_after_failure()
        except (Malformed, Silent) as fault:
            self._say(f"An answer of the feed could not be understood: {fault}.")
            return self._pause_after_failure()
        except Exception:
            # The thread must outlive every surprise; until the next answer the lease runs out, and the server is asked.
            log.exception("Following the feed failed unexpectedly.")
            return self._pause_after_failure()
        self._failures, self._said = 0, None
        return 0 if more else _BREATH

    def _pull(self) -> bool:
        sent = self._clock.read()
        value = self._server.feed(self._freshness.position, self._timeout + self._freshness.max_staleness / 2)
        answer = parse(value)
        self._freshness.answered(sent, answer)
        return answer.more

    def _pause_after_failure(self) -> float:
        longest = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(self._failures, 10))
        self._failures += 1
        return random.uniform(_SHORTEST_PAUSE, max(_SHORTEST_PAUSE, longest))

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            log.error("%s", text)
