"""What this process knows of endings and how long it may trust that: lease, endings, and the server's time. No input or output here."""

from __future__ import annotations

import threading
from typing import Dict, Optional, Tuple

from .clocks import Clock, Reading
from .endings import Endings
from .feed import Entry, FeedAnswer, Malformed
from .lease import Lease
from .session import Session

# By how much the server's milliseconds and ours may differ over one answer.
_SLACK = 0.25


class Freshness:
    def __init__(self, clock: Clock, endings: Optional[Endings] = None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._endings = endings or Endings()
        self._lease = Lease()
        self._server_time: Optional[Tuple[float, float]] = None
        # Subjects whose sessions this process has ended, until the feed has told which.
        self._ended_here: Dict[str, float] = {}
        self.position: Optional[str] = None
        self.max_staleness = 1.0
        # Counts the times that remembered verdicts, also those being fetched, were thrown away.
        self.generation = 0

    def is_good(self) -> bool:
        """Whether memory may answer at all."""
        return self._lease.is_good(self._clock.read()) and not self._endings.are_too_many

    def allows(self, session: Session, asked: Optional[Reading] = None) -> bool:
        """Whether nothing is known against this session: against what memory says of it, or the server when it was ``asked``."""
        ended = self._ended_here.get(session.subject)
        if ended is not None and (asked is None or asked.monotonic <= ended):
            return False
        return not self._endings.forbid(session)

    def server_now(self) -> Optional[float]:
        """The server's time in Unix seconds; None before the first answer."""
        known = self._server_time
        return None if known is None else known[0] + self._clock.read().monotonic - known[1]

    def answered(self, sent: Reading, answer: FeedAnswer) -> None:
        """Takes an answer to what was asked at ``sent``. Raises Malformed for one that cannot be; nothing has changed then."""
        received = self._clock.read()
        if -answer.age_ms / 1000 > received.monotonic - sent.monotonic + _SLACK:
            raise Malformed("age_ms says that it is from the future")
        if answer.more and answer.position == self.position:
            raise Malformed("it says that there is more, and does not go on")
        with self._lock:
            for entry in answer.entries:
                self._endings.learn(entry, received.monotonic)
            self._endings.forget_old(received.monotonic)
            if answer.starts_over:
                self.generation += 1
            self.position = answer.position
            self.max_staleness = answer.max_staleness_ms / 1000
            self._server_time = (answer.now, sent.monotonic)
            if not answer.more:
                self._lease = self._lease.renewed(sent, answer.age_ms, answer.max_staleness_ms)
                # What the server came to know while the request waited counts for nothing here: a negative age is none.
                known_until = sent.monotonic - max(answer.age_ms, 0) / 1000
                self._ended_here = {subject: at for subject, at in self._ended_here.items() if at > known_until}

    def start_over(self) -> None:
        """The position leads nowhere: what is remembered of live sessions may have missed something. Kept endings stay."""
        with self._lock:
            self.position = None
            self.generation += 1
            self._lease = Lease()

    def ended_session(self, sid: str) -> None:
        """This process ended it, and the server has acknowledged that."""
        with self._lock:
            self._endings.learn(Entry("session_ended", sid, 0), self._clock.read().monotonic)

    def raised(self, sid: str, cv: int) -> None:
        """This process stepped it up: what proves less is void."""
        with self._lock:
            self._endings.learn(Entry("credentials_raised", sid, cv), self._clock.read().monotonic)

    def ended_subject(self, subject: str) -> None:
        """This process ended a subject's sessions: which, only the feed tells, and until then memory says nothing of any."""
        with self._lock:
            self._ended_here = {**self._ended_here, subject: self._clock.read().monotonic}
