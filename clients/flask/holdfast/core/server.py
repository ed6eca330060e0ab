"""The calls that a client makes of the server, each three-valued: an answer, a refusal, or nobody knows."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections import Counter
from typing import Any, Dict, List, Mapping, Optional, Sequence
from urllib.parse import quote, urlencode, urlsplit

from . import reasons
from .errors import SessionRefused, Unavailable
from .http import Answer, Http, Silent
from .settings import Settings, is_this_machine

log = logging.getLogger("holdfast")


class Server:
    def __init__(self, settings: Settings) -> None:
        self._http = Http(settings.url)
        self._url = settings.url
        self._key = settings.api_key
        self._timeout = settings.timeout
        self._allow_insecure_http = settings.allow_insecure_http
        self._lock = threading.Lock()
        self._said: Optional[str] = None
        # By the first word of their address, so that anybody can see that a warm check makes none.
        self.calls: Counter[str] = Counter()

    def application(self) -> Dict[str, Any]:
        return self._object(self._call("GET", "/v1/application"))

    def feed(self, after: Optional[str], timeout: float) -> Any:
        return self._call("GET", "/v1/feed" + (f"?after={quote(after, safe='')}" if after else ""), timeout=timeout).json()

    def verify(self, credential: Mapping[str, str], renew: bool) -> Dict[str, Any]:
        return self._object(self._call("POST", "/v1/verify", {**credential, "renew": renew, "touch": False}))

    def start(self, sign_in: Mapping[str, Any]) -> Dict[str, Any]:
        return self._object(self._call("POST", "/v1/sessions", sign_in, again=False))

    def session(self, sid: str) -> Optional[Dict[str, Any]]:
        answer = self._call("GET", f"/v1/sessions/{sid}", missing_is_none=True)
        return None if answer is None else self._object(answer)

    def end(self, sid: str, reason: Optional[str] = None) -> None:
        """One that is not there has ended."""
        self._call("DELETE", f"/v1/sessions/{sid}" + (f"?reason={quote(reason)}" if reason else ""), missing_is_none=True)

    def sessions(self, subject: str) -> List[Dict[str, Any]]:
        listed = self._object(self._call("GET", f"/v1/subjects/{quote(subject, safe='')}/sessions")).get("sessions")
        if not isinstance(listed, list):
            raise Unavailable()
        return listed

    def end_all(self, subject: str, *, excepting: Optional[str] = None, reason: Optional[str] = None) -> None:
        query = urlencode({name: value for name, value in (("except", excepting), ("reason", reason)) if value})
        self._call("DELETE", f"/v1/subjects/{quote(subject, safe='')}/sessions" + (f"?{query}" if query else ""))

    def elevate(self, sid: str, acr: Optional[str], amr: Sequence[str], auth_path: str) -> Dict[str, Any]:
        proof: Dict[str, Any] = {"auth_path": auth_path}
        if acr is not None:
            proof["acr"] = acr
        if amr:
            proof["amr"] = list(amr)
        return self._object(self._call("POST", f"/v1/sessions/{sid}/elevate", proof, again=False))

    def refresh(self, request: Mapping[str, Any]) -> Dict[str, Any]:
        return self._object(self._call("POST", "/v1/refresh", request))

    def revoke(self, client: str, token: str) -> None:
        proof = base64.b64encode(f"{quote(client, safe='')}:{quote(self._key, safe='')}".encode()).decode()
        self._call("POST", "/oauth2/revoke", form={"token": token, "token_type_hint": "refresh_token"}, authorization=f"Basic {proof}")

    def data(self, sid: str) -> Answer:
        answer: Answer = self._call("GET", f"/v1/sessions/{sid}/data")
        return answer

    def change_data(self, sid: str, patch: Mapping[str, Any], if_match: Optional[str]) -> Answer:
        answer: Answer = self._call("PATCH", f"/v1/sessions/{sid}/data", patch, headers={"If-Match": if_match} if if_match else {}, again=False)
        return answer

    def activity(self, batch: Mapping[str, Any]) -> None:
        self._call("POST", "/v1/activity", batch)

    def event(self, event: Mapping[str, Any]) -> None:
        self._call("POST", "/v1/events", event, again=False)

    def jwks(self, uri: str) -> Any:
        """The keys. They are public, so no key of ours goes there."""
        parts = urlsplit(uri)
        if parts.scheme != "https" and not (parts.scheme == "http" and (is_this_machine(parts.hostname) or self._allow_insecure_http)):
            self._say("jwks_uri is neither https nor on this machine: access tokens are checked by the server instead.")
            raise Unavailable()
        http = Http(f"{parts.scheme}://{parts.netloc}")
        self.calls["jwks"] += 1
        try:
            answer = http.call("GET", parts.path or "/", timeout=self._timeout, headers={"Accept": "application/json"})
            if answer.status != 200:
                raise Silent(f"status {answer.status}")
            return answer.json()
        except Silent as fault:
            self._say(f"The keys at {uri} could not be read: {fault}.")
            raise Unavailable() from None
        finally:
            http.close()

    def close(self) -> None:
        self._http.close()

    def _call(
        self, method: str, path: str, body: Optional[Mapping[str, Any]] = None, *, form: Optional[Mapping[str, str]] = None,
        headers: Mapping[str, str] = {}, authorization: Optional[str] = None, timeout: Optional[float] = None,
        missing_is_none: bool = False, again: bool = True,
    ) -> Any:
        sent = {"Authorization": authorization or f"Bearer {self._key}", "Accept": "application/json", **headers}
        content = None
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body, ensure_ascii=True, allow_nan=False).encode(), "application/json"
        elif form is not None:
            content, sent["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        self.calls[path.partition("?")[0].split("/")[2]] += 1
        try:
            answer = self._http.call(method, path, timeout=timeout or self._timeout, headers=sent, body=content, again=again)
        except Silent as fault:
            self._say(f"The server at {self._url} does not answer: {fault}.")
            raise Unavailable() from None
        if answer.status < 300:
            self._said = None
            return answer
        if missing_is_none and answer.status == 404:
            return None
        raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> SessionRefused:
        try:
            problem = json.loads(answer.body)
        except ValueError:
            problem = None
        problem = problem if isinstance(problem, dict) else {}
        reason = problem.get("reason")
        if answer.status in (401, 403) and reason not in (reasons.TOKEN_INVALID, reasons.TOKEN_EXPIRED, reasons.TOKEN_REUSED,
                                                          reasons.SESSION_EXPIRED, reasons.SESSION_REVOKED, reasons.SESSION_MISSING):
            # It refuses this application, not its user: an answer of 401 would sign that user out.
            self._say(f"The server at {self._url} refuses HOLDFAST_API_KEY: {reason or answer.status}. {problem.get('detail') or ''}".rstrip())
            return Unavailable()
        if answer.status in (429, 503) or answer.status >= 500 or reason not in reasons.ALL:
            self._say(f"The server at {self._url} answers {answer.status}.")
            return Unavailable()
        detail = problem.get("detail")
        setting = problem.get("setting")
        return SessionRefused(
            reason, detail if isinstance(detail, str) else None, status=answer.status, setting=setting if isinstance(setting, str) else None,
        )

    @staticmethod
    def _object(answer: Answer) -> Dict[str, Any]:
        try:
            value = answer.json()
        except Silent:
            raise Unavailable() from None
        if not isinstance(value, dict):
            raise Unavailable()
        return value

    def _say(self, text: str) -> None:
        # Once, until the server answers again: an outage is one line, not one for each request.
        with self._lock:
            if text == self._said:
                return
            self._said = text
        log.error("%s", text)
