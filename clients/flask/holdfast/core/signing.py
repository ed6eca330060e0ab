"""From a proof that the application has checked to a session, and from a session to nothing."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Union

from . import reasons
from .errors import SessionRefused, Unavailable
from .request_session import RequestSession
from .session import Session, without_nulls

TRANSPORTS = ("cookie", "tokens", "token-cookies")


class Started(NamedTuple):
    """A session, and with ``tokens`` what its client receives (RFC 6749, section 5.1): answer with it."""

    session: Session
    tokens: Optional[Dict[str, Any]]

    def __repr__(self) -> str:
        return f"Started(session={self.session!r})"


def subject_of(user: Any) -> str:
    """A subject, or anything that says its own: Flask-Login's ``get_id()``, Django's ``pk``, or ``id``."""
    for name in ("get_id", "pk", "id"):
        if not isinstance(user, (str, int)) and hasattr(user, name):
            value = getattr(user, name)
            user = value() if callable(value) else value
            break
    if isinstance(user, bool) or not isinstance(user, (str, int)) or user == "":
        raise ValueError("user is the subject of the session: a string, a number, or an object with get_id(), pk or id.")
    return str(user)


def start(
    request: RequestSession, user: Any, *, transport: str = "cookie", remember: bool = False,
    claims: Optional[Mapping[str, Union[str, Sequence[str]]]] = None, data: Optional[Mapping[str, Any]] = None,
    acr: Optional[str] = None, amr: Sequence[str] = (),
) -> Started:
    """Starts a session for a user whose proof has been checked: always a new one. The browser's old one ends."""
    if transport not in TRANSPORTS:
        raise ValueError(f"transport is {transport!r}: {', '.join(TRANSPORTS)}.")
    replaced = None if transport == "tokens" else _replaced(request)
    answer = request.node.server.start(without_nulls({
        "subject": subject_of(user),
        "transport": transport,
        "remember": True if remember else None,
        "claims": {name: value if isinstance(value, str) else list(value) for name, value in claims.items()} if claims else None,
        "data": dict(data) if data else None,
        "acr": acr,
        "amr": list(amr) or None,
        "device": request.request.device() or None,
        "replaces": replaced,
        "auth_path": request.auth_path,
    }))
    if replaced is not None:
        request.node.freshness.ended_session(replaced)
    return _taken(request, answer, is_in_cookies=transport != "tokens")


def elevate(request: RequestSession, *, acr: Optional[str] = None, amr: Sequence[str] = ()) -> Started:
    """A further proof was checked: the session counts as more for a while, under a new credential."""
    session = request.require()
    try:
        answer = request.node.server.elevate(session.sid, acr, amr, request.auth_path)
    except SessionRefused as refusal:
        raise _ended(refusal) from None
    started = _session_of(answer)
    request.node.freshness.raised(started.sid, started.cv)
    is_bearer = request.credential is not None and request.credential.is_bearer
    return _taken(request, answer, is_in_cookies=not is_bearer)


def end(request: RequestSession, sid: Optional[str] = None, *, reason: Optional[str] = None) -> None:
    """Ends this request's session, and the browser forgets everything; or another one, by its handle."""
    session = request.live
    if sid is None or (session is not None and sid == session.sid):
        if session is not None:
            _end(request, session.sid, session.subject, reason or "signed_out")
        request.leave()
    else:
        _end(request, sid, None, reason or "revoked")


def end_all(request: RequestSession, user: Any = None, *, keep_current: bool = False, reason: Optional[str] = None) -> None:
    """Ends all sessions of a user (this request's, unless named), or all but this request's."""
    session = request.require() if user is None or keep_current else request.live
    if user is not None:
        subject = subject_of(user)
    else:
        assert session is not None
        subject = session.subject
    is_own = session is not None and session.subject == subject
    excepting = session.sid if session is not None and keep_current and is_own else None
    reason = reason or (("ended_by_user" if excepting else "signed_out") if is_own else "revoked")
    request.node.server.end_all(subject, excepting=excepting, reason=reason)
    request.node.freshness.ended_subject(subject)
    request.endings.append((None, subject))
    if is_own and excepting is None:
        request.leave()


def record_failure(request: RequestSession, subject: Optional[str], reason: str = "wrong_password") -> None:
    """A sign-in that failed, for the server's record. Nobody waits for it, and no password is told."""
    request.node.start()
    event = without_nulls({"type": "sign_in.failed", "subject": subject or None, "reason": reason, "device": request.request.device() or None})
    request.node.activity.record(event)


def list_sessions(request: RequestSession, subject: str) -> List[Dict[str, Any]]:
    return request.node.server.sessions(subject)


def _replaced(request: RequestSession) -> Optional[str]:
    session = request.concerned
    return session.sid if session is not None else None


def _end(request: RequestSession, sid: str, subject: Optional[str], reason: str) -> None:
    request.node.server.end(sid, reason)
    request.node.freshness.ended_session(sid)
    request.endings.append((sid, subject))


def _taken(request: RequestSession, answer: Mapping[str, Any], *, is_in_cookies: bool) -> Started:
    session, tokens = _session_of(answer), answer.get("tokens")
    try:
        request.started(session, answer, travels_in_cookies=is_in_cookies)
    except (KeyError, TypeError, ValueError):
        raise Unavailable("The server's answer could not be understood.") from None
    return Started(session, dict(tokens) if tokens else None)


def _session_of(answer: Mapping[str, Any]) -> Session:
    try:
        return Session.of_record(answer["session"])
    except (KeyError, TypeError, ValueError):
        raise Unavailable("The server's answer could not be understood.") from None


def _ended(refusal: SessionRefused) -> SessionRefused:
    return SessionRefused(reasons.SESSION_REVOKED) if refusal.reason == reasons.NOT_FOUND else refusal
