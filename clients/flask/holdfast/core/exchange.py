"""A request and a response, as far as sessions are concerned: what each framework is translated to and from."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple
from urllib.parse import parse_qs

from . import reasons
from .errors import SessionRefused

MOST_BODY = 64 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    host: str
    # One header by its name; None if it did not come.
    header: Callable[[str], Optional[str]]
    # The body up to so many bytes, and no more.
    read: Callable[[int], bytes] = lambda most: b""
    # One field of the form, for the CSRF token; None if it did not come exactly once.
    field: Callable[[str], Optional[str]] = lambda name: None
    is_secure: bool = False
    address: Optional[str] = None
    # Where the application is mounted, before its own paths.
    mount: str = ""
    is_upgrade: bool = False

    @property
    def has_authorization(self) -> bool:
        return self.header("Authorization") is not None

    @property
    def wants_page(self) -> bool:
        """Whether a browser navigates: it can follow a redirect to a page, which a program would take for its answer."""
        accepted = (self.header("Accept") or "").lower()
        return self.method in ("GET", "HEAD") and not self.has_authorization and "text/html" in accepted

    def device(self) -> Dict[str, str]:
        agent = self.header("User-Agent")
        device = {"user_agent": agent.encode("ascii", "replace").decode("ascii") if agent else None, "ip": _network_address(self.address)}
        return {name: value for name, value in device.items() if value}


def _network_address(text: Optional[str]) -> Optional[str]:
    # Behind a Unix socket, and in test clients, it is none.
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None


@dataclass
class Response:
    status: int
    headers: List[Tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def answer(record: Mapping[str, Any], status: int = 200) -> Response:
    """JSON that is one user's: no cache keeps it."""
    return Response(
        status, [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")], json.dumps(record, ensure_ascii=False).encode(),
    )


def problem(refusal: SessionRefused, has_authorization: bool) -> Response:
    """Problem details (RFC 9457)."""
    record = {
        "type": f"urn:holdfast:reason:{refusal.reason}", "title": refusal.title, "status": refusal.status, "detail": refusal.detail,
        "reason": refusal.reason, "setting": refusal.setting, "error": refusal.error,
    }
    headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
    if refusal.status == 401:
        headers.append(("WWW-Authenticate", refusal.challenge(has_authorization)))
    if refusal.status in (429, 503):
        headers.append(("Retry-After", "1"))
    if refusal.reason == reasons.CSRF_FAILED:
        headers.append(("Vary", "Sec-Fetch-Site, Origin"))
    return Response(refusal.status, headers, json.dumps({name: value for name, value in record.items() if value is not None}, ensure_ascii=False).encode())


def body_of(request: Request) -> Dict[str, Any]:
    """The small bodies of our own endpoints: a JSON object or a form, at most 64 KB, nothing else."""
    media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    content = request.read(MOST_BODY + 1)
    if len(content) > MOST_BODY:
        raise SessionRefused(reasons.INVALID_REQUEST, "The body is larger than 64 KB.", status=413)
    if not content and not media_type:
        return {}
    if media_type == "application/json" or media_type.endswith("+json"):
        return _json(content)
    if media_type == "application/x-www-form-urlencoded":
        return _form(content)
    raise SessionRefused(reasons.INVALID_REQUEST, "Send JSON (application/json) or a form.", status=415)


def _json(content: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SessionRefused(reasons.INVALID_REQUEST, "The body is not the JSON object or form that this endpoint reads, or names a member twice.")
    return value


def _form(content: bytes) -> Dict[str, Any]:
    try:
        fields = parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise SessionRefused(reasons.INVALID_REQUEST, "The form could not be read.") from None
    for name, values in fields.items():
        if len(values) > 1:
            raise SessionRefused(reasons.INVALID_REQUEST, "A field of the form stands more than once.")
    return {name: values[0] for name, values in fields.items() if values[0]}


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("A member stands twice.")
    return value
