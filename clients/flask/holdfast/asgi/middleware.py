"""An ASGI middleware: checks each request, serves ``/auth``, and adds what leaves with the response.

What memory answers is answered on the event loop; only what must ask the server goes to a thread.
"""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Dict, List, Mapping, MutableMapping, Optional
from urllib.parse import parse_qs

from anyio.to_thread import run_sync

from holdfast.core import endpoints
from holdfast.core.engine import Engine
from holdfast.core.errors import SessionRefused
from holdfast.core.exchange import MOST_BODY, Request, Response
from holdfast.core.request_session import RequestSession
from holdfast.core.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

KEY = "holdfast"
_MOST_FORM = 1024 * 1024
_CACHEABLE_BY_DEFAULT = ("text/html", "application/json")


class HoldfastMiddleware:
    """``app.add_middleware(HoldfastMiddleware, url=..., api_key=...)``; the names are those of the settings, in small letters."""

    def __init__(self, app: Any, *, csrf_exempt: Any = (), **settings: Any) -> None:
        self.app = app
        self.engine = Engine(Settings.of({f"HOLDFAST_{name.upper()}": value for name, value in settings.items()}))
        self._exempt = frozenset([csrf_exempt] if isinstance(csrf_exempt, str) else csrf_exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        body = _Body(receive)
        request = self.engine.open(_translated(scope, body))
        began = False

        async def send_more(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                _add_headers(request, message)
            await send(message)

        try:
            await self._admit(request, scope, body)
            answer = await self._own(request, scope, body)
            if answer is None:
                scope[KEY] = request
                await self.app(scope, body.receive, send_more)
                return
        except SessionRefused as refusal:
            if began:
                raise
            answer = self.engine.refuse(request, refusal)
        await _send(answer, scope, send_more)

    async def _admit(self, request: RequestSession, scope: Scope, body: _Body) -> None:
        if not request.recall():
            await run_sync(request.check)
        request.limit()
        path = scope["path"]
        unsafe = request.request.is_upgrade or request.request.method not in ("GET", "HEAD", "OPTIONS")
        if unsafe and path not in self._exempt:
            if request.request.header("X-CSRF-Token") is None and _is_form(request.request):
                await body.read(_MOST_FORM)
            await run_sync(lambda: request.protect(proven_by_body=path == self.engine.settings.auth_path + "/refresh"))

    async def _own(self, request: RequestSession, scope: Scope, body: _Body) -> Optional[Response]:
        prefix = self.engine.settings.auth_path
        if scope["type"] != "http" or not scope["path"].startswith(prefix + "/"):
            return None
        endpoint = endpoints.find(scope["method"], scope["path"][len(prefix):])
        if endpoint is None:
            return None
        await body.read(MOST_BODY + 1)
        found = endpoint
        return await run_sync(lambda: self.engine.answer(request, found))


class _Body:
    """What has been read of a body, and is read again by the application."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: List[Message] = []
        self.content = b""

    async def read(self, most: int) -> None:
        while len(self.content) < most and (not self._read or self._read[-1].get("more_body")):
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                return
            self.content += message.get("body", b"")

    async def receive(self) -> Message:
        return self._read.pop(0) if self._read else await self._receive()


def _translated(scope: Scope, body: _Body) -> Request:
    headers: Dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        # HTTP/2 sends cookies one by one. Any other header that stands twice is joined as HTTP says, and is then no token.
        headers[name] = headers[name] + ("; " if name == "cookie" else ", ") + value if name in headers else value
    client = scope.get("client")
    return Request(
        method=scope.get("method", "GET"), path=scope["path"], host=headers.get("host", ""), header=lambda name: headers.get(name.lower()),
        read=lambda most: body.content[:most], field=lambda name: _field(body.content, name), is_secure=scope.get("scheme") in ("https", "wss"),
        address=client[0] if client else None, mount=scope.get("root_path", "").rstrip("/"), is_upgrade=scope["type"] == "websocket",
    )


def _is_form(request: Request) -> bool:
    return (request.header("Content-Type") or "").lower().startswith("application/x-www-form-urlencoded")


def _field(content: bytes, name: str) -> Optional[str]:
    try:
        values = parse_qs(content.decode("utf-8"), max_num_fields=1000).get(name, [])
    except ValueError:
        return None
    return values[0] if len(values) == 1 else None


def _add_headers(request: RequestSession, message: Message) -> None:
    headers = list(message.get("headers", ()))
    known: Mapping[bytes, bytes] = {name.lower(): value for name, value in headers}
    media_type = known.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    for name, value in request.finish(message["status"]):
        headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    if not request.may_be_cached and b"cache-control" not in known and media_type in _CACHEABLE_BY_DEFAULT:
        headers.append((b"cache-control", b"no-store"))
    message["headers"] = headers


async def _send(answer: Response, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted, this is the answer 403.
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})
