"""All that one process keeps: connections, memory, threads. A process that was forked gets its own; the parent's is never touched."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from typing import Any, Dict, Optional

from . import activity as activities
from .activity import Activity
from .checking import Checker
from .clocks import Clock
from .errors import Unavailable
from .follower import Follower
from .freshness import Freshness
from .jwks import Keys
from .limits import Limits
from .server import Server
from .settings import Settings

log = logging.getLogger("holdfast")


class Node:
    """Nothing starts before the first credential is checked: a server that forks its workers forks no thread and no connection."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.server = Server(settings)
        self.freshness = Freshness(clock)
        self.keys = Keys(self._fetch_keys, clock)
        self.checker = Checker(self.server, self.freshness, self.keys, clock, settings.remembered_credentials)
        self.activity = Activity(self.server, self.freshness, clock)
        self.limits = Limits(settings.requests_per_minute_per_session, clock)
        self._follower = Follower(self.server, self.freshness, clock, settings.timeout, self._learn_terms)
        self._lock = threading.Lock()
        self._started = False
        self._stopped = threading.Event()

    @property
    def application(self) -> Dict[str, Any]:
        """What the server says of this application. Asks if it has not said so yet; raises Unavailable."""
        self._learn_terms()
        assert self.checker.terms is not None
        return dict(self.checker.terms)

    def now(self) -> float:
        """The server's time, or this machine's before the server has told its own."""
        known = self.freshness.server_now()
        return self.clock.read().wall if known is None else known

    def start(self) -> None:
        if self._started:
            return
        with self._lock:
            if self._started:
                return
            self._started = True
        threading.Thread(target=self._follower.run, name="holdfast-feed", daemon=True).start()
        threading.Thread(target=self._tell, name="holdfast-activity", daemon=True).start()

    def stop(self) -> None:
        """Stops following, and tells what was seen."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._follower.stop()
        if self._started:
            self.activity.flush()
        self.server.close()

    def _tell(self) -> None:
        while not self._stopped.wait(activities.EVERY):
            try:
                self.activity.flush()
            except Exception:
                # The thread must outlive every surprise.
                log.exception("Telling of activity failed unexpectedly.")

    def _fetch_keys(self) -> Any:
        return self.server.jwks(self.application["jwks_uri"])

    def _learn_terms(self) -> None:
        if self.checker.terms is not None:
            return
        told = self.server.application()
        names = ("id", "tenant", "audience", "issuer", "jwks_uri")
        if not all(isinstance(told.get(name), str) and told[name] for name in names):
            raise Unavailable("The server's answer could not be understood.")
        claims = told.get("access_token_claims")
        self.checker.terms = {**told, "access_token_claims": claims if isinstance(claims, list) else []}


class Nodes:
    """The node of this process."""

    def __init__(self, settings: Settings, clock: Optional[Clock] = None) -> None:
        self.settings = settings
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._node: Optional[Node] = None
        _all.add(self)

    @property
    def current(self) -> Node:
        node = self._node
        if node is not None:
            return node
        with self._lock:
            if self._node is None:
                self._node = Node(self.settings, self._clock)
            return self._node

    def stop(self) -> None:
        node, self._node = self._node, None
        if node is not None:
            node.stop()

    def _was_forked(self) -> None:
        # The lock may have been held by a thread that does not exist here.
        self._lock = threading.Lock()
        self._node = None


_all: "weakref.WeakSet[Nodes]" = weakref.WeakSet()


def _forked() -> None:
    for nodes in list(_all):
        nodes._was_forked()


def _exiting() -> None:
    for nodes in list(_all):
        nodes.stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
atexit.register(_exiting)
