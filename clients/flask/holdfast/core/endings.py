"""What ended, as the feed told it: which remembered answers no longer count."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Iterator, Tuple, TypeVar

from .encoding import decode
from .feed import Entry
from .session import Session

# No verdict is remembered longer than ten minutes and no token lives as long, so nothing needs an older ending.
KEPT = 3600.0
MOST = 500_000

_NEVER = 1 << 62

K = TypeVar("K")
# By what they are about: the least version that is still good, and when that was learnt, oldest first.
_Table = OrderedDict[K, Tuple[int, float]]


class Endings:
    """Each greatest ``least`` wins. Not thread-safe for writing: one follower writes, under its owner's lock."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sessions: _Table[str] = OrderedDict()
        self._subjects: _Table[str] = OrderedDict()
        self._partitions: _Table[int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions) + len(self._subjects) + len(self._partitions)

    @property
    def are_too_many(self) -> bool:
        return len(self) > self._most

    def learn(self, entry: Entry, now: float) -> None:
        if entry.kind == "session_ended":
            self._raise(self._sessions, entry.about, _NEVER, now)
        elif entry.kind == "credentials_raised":
            self._raise(self._sessions, entry.about, entry.least, now)
        elif entry.kind == "subject_ended":
            self._raise(self._subjects, entry.about, entry.least, now)
        else:
            self._raise(self._partitions, entry.about, entry.least, now)

    def forget_old(self, now: float) -> None:
        for table in self._tables():
            while table:
                oldest = next(iter(table))
                if now - table[oldest][1] < KEPT:
                    break
                del table[oldest]

    def forbid(self, session: Session) -> bool:
        """Whether memory may no longer say that this session is live."""
        known = self._sessions.get(session.sid)
        if known is not None and session.cv < known[0]:
            return True
        known = self._subjects.get(session.subject)
        if known is not None and session.epoch < known[0]:
            return True
        if self._partitions:
            handle = decode(session.sid, 16)
            known = self._partitions.get(handle[0]) if handle else None
            return handle is None or (known is not None and session.epoch < known[0])
        return False

    def _tables(self) -> Iterator[_Table[Any]]:
        yield self._sessions
        yield self._subjects
        yield self._partitions

    @staticmethod
    def _raise(table: _Table[K], about: K, least: int, now: float) -> None:
        # Never out of the table, not for a moment: others read it meanwhile. Put last, so that the oldest stand first and go first.
        known = table.get(about)
        table[about] = (least if known is None else max(least, known[0]), now)
        table.move_to_end(about)
