"""The session of one request: checked once, guarded as often as needed, and what leaves with the response."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from . import credentials, reasons
from .checking import headers_of
from .credentials import Cookies
from .csrf import FIELD, HEADER, Answer, Csrf, judge, session_binding
from .data import Data
from .errors import SessionRefused, Unavailable
from .exchange import Request
from .node import Node
from .session import Session, Verdict
from .transport import require_https

_NOT_FOR_USERS = frozenset({400, 401, 403, 429})


class RequestSession:
    """Made for each request. Nothing here is trusted before ``check`` has answered."""

    def __init__(self, node: Node, csrf: Csrf, request: Request) -> None:
        self.node, self.request = node, request
        self.cookies = Cookies(request.header("Cookie"))
        self.credential = credentials.find(request.header("Authorization"), self.cookies)
        self.verdict: Optional[Verdict] = None
        self.set_cookies: Dict[str, str] = {}
        self.clears_site_data = False
        # Machine traffic, and our own endpoints, are not use of a session.
        self.is_for_user = True
        # Whether the answer says something of its user, so that no cache may keep it.
        self.is_personal = False
        self.is_ended = False
        # What this request ended: each a sid or None for all of the subject, and the subject as far as it is known.
        self.endings: List[Tuple[Optional[str], Optional[str]]] = []
        self.signed_in_here = False
        self._csrf = csrf
        self._refreshable: Optional[Session] = None
        self._looked_at_refresh = False
        self._pre_session: Optional[bytes] = None
        self._data: Optional[Data] = None

    @property
    def auth_path(self) -> str:
        return self.request.mount + self.node.settings.auth_path

    # What is known

    def recall(self) -> bool:
        """Whether the answer is there without asking anybody."""
        if self.verdict is None:
            self._require_https()
        if self.verdict is None and self.credential is None:
            self.verdict = Verdict()
        elif self.verdict is None and self.credential is not None:
            self.node.start()
            recalled = self.node.checker.recall(self.credential)
            if recalled is None:
                return False
            self._accept(recalled)
        return True

    def check(self) -> Verdict:
        """Live, or refused with a reason. Raises Unavailable when nobody knows."""
        if not self.recall():
            assert self.credential is not None
            self._accept(self.node.checker.check(self.credential, renew=not self.credential.is_token))
        assert self.verdict is not None
        return self.verdict

    def _require_https(self) -> None:
        try:
            require_https(self.request, self.cookies, self.node.settings)
        except SessionRefused:
            # What came in the clear is nobody's, whoever asks later.
            self.verdict = Verdict()
            raise

    def _accept(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self._add_cookies(verdict.cookies)
        if verdict.session is not None and verdict.session.generation > 0:
            self.node.activity.confirm(verdict.session)

    @property
    def live(self) -> Optional[Session]:
        return self.check().session

    @property
    def concerned(self) -> Optional[Session]:
        """Whom a CSRF token or a sign-out is about: the live session, or the one whose refresh token came, which proves nothing."""
        if self.live is not None or self.request.has_authorization or self.is_ended or self.cookies.has(credentials.SESSION):
            return self.live
        if not self._looked_at_refresh:
            self._looked_at_refresh = True
            token = self.cookies.single(credentials.REFRESH_TOKEN)
            if token:
                answer = self.node.server.verify({"refresh_token": token}, renew=False)
                if answer.get("status") == "live":
                    try:
                        self._refreshable = Session.of_record(answer["session"])
                    except (KeyError, TypeError, ValueError):
                        raise Unavailable("The server's answer could not be understood.") from None
        return self._refreshable

    # Guards

    def require(self) -> Session:
        session = self.live
        if session is None:
            raise SessionRefused(self.check().reason)
        return session

    def require_role(self, roles: Sequence[str]) -> None:
        if not self.require().has_role(*roles):
            raise SessionRefused(reasons.INSUFFICIENT_SCOPE)

    def require_fresh(self, max_age: Union[timedelta, float]) -> None:
        """The last sign-in or step-up is at most so old (RFC 9470)."""
        age = max_age if isinstance(max_age, timedelta) else timedelta(seconds=max_age)
        at = self.require().auth_time
        if at is None or self.node.now() - at > age.total_seconds():
            raise SessionRefused(
                reasons.REAUTHENTICATION_REQUIRED, "This needs a new proof of the user: sign in again, or step up, as WWW-Authenticate says.", max_age=age,
            )

    def require_acr(self, values: Sequence[str]) -> None:
        if self.require().acr not in values:
            raise SessionRefused(
                reasons.REAUTHENTICATION_REQUIRED, "This needs a better proof of the user, as WWW-Authenticate says.", acr_values=values,
            )

    def require_recent(self) -> None:
        self.require_fresh(self.node.settings.recent_sign_in)

    def limit(self) -> None:
        """Refuses what is too much for one session. Asks nobody for it."""
        session = self.verdict.session if self.verdict else None
        if session is not None and not self.node.limits.admits(session.sid):
            raise SessionRefused(reasons.RATE_LIMITED, "Too many requests with this session.", setting="HOLDFAST_REQUESTS_PER_MINUTE_PER_SESSION")

    # CSRF

    def protect(self, *, proven_by_body: bool = False) -> None:
        """Refuses a request that another site may have made."""
        request = self.request
        fetch_site, origin = request.header("Sec-Fetch-Site"), request.header("Origin")
        ours = any(self.cookies.has(name) for name in credentials.OF_SESSIONS)
        kind = "bearer" if self.credential is not None and self.credential.is_bearer else "cookie" if ours else "none"
        verdict = judge(request.method, request.host, fetch_site, origin, kind, request.is_upgrade, self.node.settings.trusted_origins)
        if verdict == Answer.ALLOWED or (proven_by_body and not ours):
            return
        if verdict == Answer.REFUSED:
            named = "another site" if origin is None else origin.encode("ascii", "replace").decode("ascii")[:200]
            self._refuse_csrf(
                "same_site" if fetch_site == "same-site" else "cross_site",
                f"A page of {named} sent it. If that page is yours, add its origin to HOLDFAST_TRUSTED_ORIGINS.", "HOLDFAST_TRUSTED_ORIGINS",
            )
        binding = self._binding()
        presented = request.header(HEADER)
        if presented is None:
            presented = request.field(FIELD)
        if binding is None or not self._csrf.is_valid(presented, binding):
            if self.credential is not None and self.live is None and self.concerned is None:
                # The form is from before the session ended: that is what its user needs to hear.
                raise SessionRefused(self.check().reason)
            self._refuse_csrf(
                "token",
                "The CSRF token is missing, or was issued for another session. Send what GET "
                f"{self.auth_path}/csrf answers in the header {HEADER} or the form field {FIELD}.",
            )

    def csrf_token(self) -> str:
        """A token for the page or the program that this request answers. A visitor gets the cookie that it is bound to."""
        self.is_personal = True
        binding = self._binding()
        if binding is None:
            value = self._csrf.new_pre_session(self.node.now())
            self._add_cookies([f"{credentials.PRE_SESSION}={value}; path=/; secure; httponly; samesite=lax"])
            binding = self._pre_session = self._csrf.pre_session_binding(value, self.node.now())
            assert binding is not None
        return self._csrf.issue(binding)

    def _binding(self) -> Optional[bytes]:
        concerned = self.concerned
        if concerned is not None:
            return session_binding(concerned.sid, concerned.cv)
        return self._pre_session or self._csrf.pre_session_binding(self.cookies.single(credentials.PRE_SESSION), self.node.now())

    def _refuse_csrf(self, reason: str, detail: str, setting: Optional[str] = None) -> None:
        session = self.verdict.session if self.verdict else None
        event: Dict[str, Any] = {"type": "csrf.refused", "reason": reason, "device": self.request.device()}
        if session is not None:
            event["subject"] = session.subject
        self.node.start()
        self.node.activity.record(event)
        raise SessionRefused(reasons.CSRF_FAILED, detail, setting=setting)

    # What the session keeps

    @property
    def data(self) -> Data:
        session = self.require()
        if self._data is None or self._data.sid != session.sid:
            self._data = Data(self.node.server, session.sid)
        return self._data

    # From and to a session

    def started(self, session: Session, answer: Mapping[str, Any], *, travels_in_cookies: bool) -> None:
        if travels_in_cookies:
            self._add_cookies(headers_of(answer))
            self.verdict, self.signed_in_here, self.is_ended = Verdict(session), True, False
            self._delete(self._of_other_transports())
        self.is_personal = True

    def leave(self) -> None:
        """The session has been ended: cookies, and everything that the browser keeps of us, go with it."""
        self.set_cookies.clear()
        self._delete(credentials.OF_SESSIONS)
        self.clears_site_data = self.is_personal = self.is_ended = True
        self.verdict = Verdict(reason=reasons.SESSION_REVOKED)

    def add_cookies(self, answer: Mapping[str, Any]) -> None:
        self._add_cookies(headers_of(answer))
        self.is_personal = True

    def _of_other_transports(self) -> Sequence[str]:
        # What the browser still holds of another transport would hide the session that it has now.
        came = [name for name in (credentials.SESSION, credentials.ANONYMOUS) if self.cookies.has(name)]
        if self.cookies.has(credentials.ACCESS_TOKEN):
            came += [credentials.ACCESS_TOKEN, credentials.REFRESH_TOKEN]
        return [name for name in came if name not in self.set_cookies]

    def _delete(self, names: Sequence[str]) -> None:
        self._add_cookies([credentials.deletion(name, self.auth_path if name == credentials.REFRESH_TOKEN else "/") for name in names])

    def _add_cookies(self, lines: Sequence[str]) -> None:
        # The last writer of a name in a response wins.
        for line in lines:
            name = line.partition("=")[0]
            self.set_cookies.pop(name, None)
            self.set_cookies[name] = line

    def finish(self, status: int) -> List[Tuple[str, str]]:
        """What leaves with the response: headers to add. Tells of the use of the session."""
        session = self.verdict.session if self.verdict else None
        if session is not None and self.is_for_user and not self.signed_in_here and status not in _NOT_FOR_USERS:
            self.node.activity.touch(session)
        headers = [("Set-Cookie", line) for line in self.set_cookies.values()]
        if self.clears_site_data:
            headers.append(("Clear-Site-Data", '"cache", "cookies", "storage"'))
        return headers

    @property
    def may_be_cached(self) -> bool:
        return not (self.is_personal or self.set_cookies or (self.verdict is not None and self.verdict.session is not None))
