"""Everything of one application, for a framework to translate to and from."""

from __future__ import annotations

import logging
from typing import Callable, Optional

from . import reasons
from .clocks import Clock
from .csrf import Csrf
from .errors import SessionRefused
from .exchange import Request, Response, problem
from .node import Node, Nodes
from .request_session import RequestSession
from .settings import Settings

log = logging.getLogger("holdfast")


class Engine:
    def __init__(self, settings: Settings, clock: Optional[Clock] = None) -> None:
        self.settings = settings
        self._nodes = Nodes(settings, clock)
        self._csrf = Csrf(settings.csrf_keys_from)

    @property
    def node(self) -> Node:
        return self._nodes.current

    def open(self, request: Request) -> RequestSession:
        return RequestSession(self.node, self._csrf, request)

    def close(self) -> None:
        """Stops the threads of this process and tells what was seen. A process that exits does it by itself."""
        self._nodes.stop()

    def answer(self, request: RequestSession, endpoint: Callable[[RequestSession], Response]) -> Response:
        """One of our own endpoints: whatever happens there is an answer."""
        request.is_for_user, request.is_personal = False, True
        try:
            return endpoint(request)
        except SessionRefused as refusal:
            return self.refuse(request, refusal)
        except Exception:
            log.exception("Unexpected error at %s.", request.request.path)
            return problem(SessionRefused(reasons.SERVER_ERROR), request.request.has_authorization)

    @staticmethod
    def refuse(request: RequestSession, refusal: SessionRefused) -> Response:
        log.info("Refused %s: %s %r. %s", refusal.reason, request.request.method, request.request.path, refusal)
        return problem(refusal, request.request.has_authorization)
