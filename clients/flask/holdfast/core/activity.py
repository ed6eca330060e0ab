"""What this process saw of sessions that it checked by itself, told to the server in batches."""

from __future__ import annotations

import logging
import threading
from typing import Any, Dict, List, Mapping, Optional

from .bounded import Bounded
from .clocks import Clock
from .errors import SessionRefused
from .freshness import Freshness
from .server import Server
from .session import Session, format_time

log = logging.getLogger("holdfast")

EVERY = 5.0
ONCE_IN = 60.0
MOST_IN_BATCH = 500
_MOST_WAITING = 100_000
_MOST_EVENTS = 1000


class Activity:
    def __init__(self, server: Server, freshness: Freshness, clock: Clock) -> None:
        self._server, self._freshness, self._clock = server, freshness, clock
        self._lock = threading.Lock()
        self._told: Bounded[str, float] = Bounded(_MOST_WAITING)
        self._confirmed: Bounded[str, int] = Bounded(_MOST_WAITING)
        self._seen_waiting: Dict[str, Dict[str, Any]] = {}
        self._confirmed_waiting: Dict[str, int] = {}
        self._events: List[Mapping[str, Any]] = []

    def touch(self, session: Session) -> None:
        """A request was made for its user."""
        now = self._clock.read().monotonic
        last = self._told.get(session.sid)
        if last is not None and now - last < ONCE_IN:
            return
        self._told.put(session.sid, now)
        at = self._freshness.server_now()
        with self._lock:
            if len(self._seen_waiting) < _MOST_WAITING:
                self._seen_waiting[session.sid] = {"sid": session.sid} if at is None else {"sid": session.sid, "at": format_time(at)}

    def confirm(self, session: Session) -> None:
        """Its access token is in use, so its holder has received the refresh token that came with it."""
        if session.generation <= (self._confirmed.get(session.sid) or 0):
            return
        self._confirmed.put(session.sid, session.generation)
        with self._lock:
            if len(self._confirmed_waiting) < _MOST_WAITING:
                self._confirmed_waiting[session.sid] = max(session.generation, self._confirmed_waiting.get(session.sid, 0))

    def record(self, event: Mapping[str, Any]) -> None:
        """Something that nobody waits for."""
        with self._lock:
            if len(self._events) < _MOST_EVENTS:
                self._events.append(event)

    def flush(self) -> None:
        """Tells everything. What the server does not take now is kept for the next time."""
        while True:
            batch = self._next_batch()
            if batch is None:
                break
            if not self._tell(lambda: self._server.activity(batch)):
                self._put_back(batch)
                return
        with self._lock:
            events, self._events = self._events, []
        for index, event in enumerate(events):
            if not self._tell(lambda: self._server.event(event)):
                with self._lock:
                    self._events = [*events[index:], *self._events][:_MOST_EVENTS]
                return

    def _next_batch(self) -> Optional[Dict[str, List[Dict[str, Any]]]]:
        with self._lock:
            seen = [self._seen_waiting.pop(sid) for sid in list(self._seen_waiting)[:MOST_IN_BATCH]]
            confirmed = [
                {"sid": sid, "generation": self._confirmed_waiting.pop(sid)} for sid in list(self._confirmed_waiting)[: MOST_IN_BATCH - len(seen)]
            ]
        return {"seen": seen, "confirmed": confirmed} if seen or confirmed else None

    def _put_back(self, batch: Mapping[str, List[Dict[str, Any]]]) -> None:
        with self._lock:
            for one in batch["seen"]:
                self._seen_waiting.setdefault(one["sid"], one)
            for one in batch["confirmed"]:
                self._confirmed_waiting[one["sid"]] = max(one["generation"], self._confirmed_waiting.get(one["sid"], 0))

    @staticmethod
    def _tell(call: Any) -> bool:
        try:
            call()
        except SessionRefused as refusal:
            if refusal.status == 503:
                return False
            # It will not be taken later either.
            log.warning("The server did not take what was seen: %s", refusal)
        return True
