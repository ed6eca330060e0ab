"""The endpoints for browsers, under ``auth_path``: the same on every backend."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from . import credentials, reasons, signing
from .csrf import FIELD, HEADER
from .encoding import is_sid
from .errors import SessionRefused, Unavailable
from .exchange import Response, answer, body_of
from .checking import headers_of
from .request_session import RequestSession
from .session import without_nulls

_SHOWN = (
    "sid", "subject", "tenant", "created_at", "last_seen_at", "idle_expires_at", "expires_at", "auth_time", "acr", "amr", "device",
)


def session(request: RequestSession) -> Response:
    current = request.require()
    record = request.node.server.session(current.sid)
    if record is None:
        raise SessionRefused(reasons.SESSION_REVOKED)
    return answer(_shown(record, current.sid))


def sessions(request: RequestSession) -> Response:
    current = request.require()
    listed = request.node.server.sessions(current.subject)
    return answer({"sessions": [_shown(one, current.sid) for one in listed]})


def end_session(request: RequestSession, sid: str) -> Response:
    current = request.require()
    if not is_sid(sid):
        raise SessionRefused(reasons.INVALID_REQUEST, "A session handle has 22 base64url characters.")
    if sid == current.sid:
        signing.end(request)
        return Response(204)
    request.require_recent()
    # Not theirs, unknown and already ended are one answer: the caller wanted it gone, and it is not there.
    record = request.node.server.session(sid)
    if record is not None and record.get("subject") == current.subject:
        signing.end(request, sid, reason="ended_by_user")
    return Response(204)


def logout(request: RequestSession) -> Response:
    scope = _text(body_of(request.request), "scope") or "this"
    if scope not in ("this", "others", "all"):
        raise SessionRefused(reasons.INVALID_REQUEST, 'scope is "this", "others" or "all".')
    verdict = request.check()
    if verdict.reason == reasons.TOKEN_EXPIRED and verdict.session is None and request.concerned is None:
        # Its session may well live, and a 204 would say that it does not: refresh, and sign out then.
        raise SessionRefused(reasons.TOKEN_EXPIRED)
    if scope == "this":
        if verdict.session is None:
            _revoke_refresh_cookie(request)
        signing.end(request)
    elif scope == "others":
        request.require()
        request.require_recent()
        signing.end_all(request, keep_current=True)
    else:
        request.require()
        signing.end_all(request)
    return Response(204)


def refresh(request: RequestSession) -> Response:
    body = body_of(request.request)
    if (_text(body, "grant_type") or "refresh_token") != "refresh_token":
        raise SessionRefused(reasons.INVALID_REQUEST, 'grant_type is "refresh_token".')
    token = _text(body, "refresh_token")
    came = "body" if token else "cookie"
    token = token or request.cookies.single(credentials.REFRESH_TOKEN)
    if not token:
        raise SessionRefused(reasons.SESSION_MISSING, error="invalid_grant")
    exchanged = request.node.server.refresh(without_nulls({
        "refresh_token": token, "from": came, "auth_path": request.auth_path, "device": request.request.device() or None,
    }))
    if exchanged.get("status") == "invalid" and exchanged.get("reason") in reasons.ALL:
        raise SessionRefused(exchanged["reason"], error="invalid_grant")
    try:
        if exchanged["status"] == "live" and came == "body":
            return answer(exchanged["tokens"])
        if exchanged["status"] == "live" and headers_of(exchanged):
            request.add_cookies(exchanged)
            return Response(204)
    except (KeyError, TypeError, ValueError):
        pass
    raise Unavailable("The server's answer could not be understood.")


def csrf(request: RequestSession) -> Response:
    return answer({"token": request.csrf_token(), "header": HEADER, "field": FIELD})


Endpoint = Callable[..., Response]

# Method and path below auth_path; the one with a parameter is last.
ROUTES: Tuple[Tuple[str, str, Endpoint], ...] = (
    ("GET", "/session", session),
    ("GET", "/sessions", sessions),
    ("POST", "/logout", logout),
    ("POST", "/refresh", refresh),
    ("GET", "/csrf", csrf),
    ("DELETE", "/sessions/<sid>", end_session),
)


def find(method: str, path: str) -> Optional[Callable[[RequestSession], Response]]:
    """The endpoint of a path below auth_path, for frameworks without a router of their own here. Raises for another method."""
    allowed = []
    for verb, pattern, endpoint in ROUTES:
        sid = path[len("/sessions/"):] if path.startswith("/sessions/") else None
        if pattern.endswith("<sid>"):
            if not sid or "/" in sid:
                continue
        elif pattern != path:
            continue
        if verb == method or (verb == "GET" and method == "HEAD"):
            return partial(endpoint, sid=sid) if pattern.endswith("<sid>") else endpoint
        allowed.append(verb)
    if allowed:
        raise SessionRefused(reasons.INVALID_REQUEST, f"Send {' or '.join(allowed)}.", status=405)
    return None


def _shown(record: Mapping[str, Any], current: str) -> Dict[str, Any]:
    shown = {name: record[name] for name in _SHOWN if record.get(name) is not None}
    shown["current"] = record.get("sid") == current
    return shown


def _text(body: Mapping[str, Any], name: str) -> Optional[str]:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise SessionRefused(reasons.INVALID_REQUEST, f"{name} is a string.")
    return value or None


def _revoke_refresh_cookie(request: RequestSession) -> None:
    if request.concerned is None:
        return
    token = request.cookies.single(credentials.REFRESH_TOKEN)
    assert token is not None
    request.node.server.revoke(request.node.application["id"], token)
    request.node.freshness.ended_session(request.concerned.sid)
    request.endings.append((request.concerned.sid, request.concerned.subject))
