"""HTTP to the server: connections that are kept, one deadline for each call, and answers of a bounded size."""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import threading
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

MOST_BYTES = 8 * 1024 * 1024
_KEPT_CONNECTIONS = 16


class Silent(Exception):
    """No answer came in time, or none that could be read. It names no credential."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise Silent("the answer is not JSON") from None


class _Deadline(io.RawIOBase):
    """What a socket receives, until a moment: one byte at a time would not keep a call alive."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, ends: float) -> None:
        self._raw, self._connection, self._ends = raw, connection, ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Http:
    """One server. Safe for threads; never for two processes: a forked one makes its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._prefix = parts.hostname or "", parts.port, parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._lock = threading.Lock()
        self._idle: List[http.client.HTTPConnection] = []

    def call(
        self, method: str, path: str, *, timeout: float, headers: Mapping[str, str], body: Optional[bytes] = None, again: bool = True,
    ) -> Answer:
        """Raises Silent. A kept connection that the server has closed meanwhile costs a second try, where trying again is harmless."""
        ends = time.monotonic() + timeout
        while True:
            connection = self._take()
            kept = connection is not None
            connection = connection or self._open(timeout)
            try:
                return self._ask(connection, method, self._prefix + path, body, dict(headers), ends)
            except socket.timeout:
                connection.close()
                raise Silent(f"no answer within {timeout:g} s") from None
            except (OSError, http.client.HTTPException) as fault:
                connection.close()
                if not kept or not again:
                    raise Silent(f"{type(fault).__name__}") from None
            except BaseException:
                # A greenlet or thread that is killed in between leaves nobody's answer to the next one.
                connection.close()
                raise

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _take(self) -> Optional[http.client.HTTPConnection]:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Optional[bytes], headers: Dict[str, str], ends: float,
    ) -> Answer:
        if connection.sock is None:
            connection.connect()
        assert connection.sock is not None
        connection.sock.settimeout(max(0.001, ends - time.monotonic()))

        def response_of(sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
            response = http.client.HTTPResponse(sock, **options)
            response.fp = io.BufferedReader(_Deadline(response.fp.detach(), sock, ends))
            return response

        connection.response_class = response_of  # type: ignore[assignment]
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise http.client.HTTPException("too large")
        answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        if response.will_close or not response.isclosed():
            connection.close()
        else:
            with self._lock:
                if len(self._idle) < _KEPT_CONNECTIONS:
                    self._idle.append(connection)
                    return answer
            connection.close()
        return answer
