"""The one credential of a request: where it is looked for, in which order, and when there is none."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

SESSION = "__Host-Http-holdfast"
ANONYMOUS = "__Host-Http-holdfast-anon"
PRE_SESSION = "__Host-Http-holdfast-pre"
ACCESS_TOKEN = "__Host-Http-holdfast-at"
REFRESH_TOKEN = "__Secure-holdfast-rt"

OF_SESSIONS = (SESSION, ANONYMOUS, ACCESS_TOKEN, REFRESH_TOKEN)

# A browser keeps no cookie that is longer (RFC 6265bis, section 5.6).
_MOST_COOKIE = 4096
_MOST_TOKEN = 8 * 1024
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/=]+\Z")


class Credential(NamedTuple):
    """``member`` is its name in ``POST /v1/verify``; ``text`` is None if it is malformed, or came twice."""

    member: str
    text: Optional[str]
    is_bearer: bool = False

    @property
    def is_token(self) -> bool:
        return self.member == "access_token"

    def __repr__(self) -> str:
        return f"Credential({self.member!r})"


class Cookies:
    """The cookies of a request as they came. A name that stands twice belongs to nobody: one of the two was planted."""

    def __init__(self, header: Optional[str]) -> None:
        self._pairs = [pair.strip(" \t") for pair in header.split(";")] if header else []

    def has(self, name: str) -> bool:
        prefix = name + "="
        return any(pair.startswith(prefix) for pair in self._pairs)

    def single(self, name: str) -> Optional[str]:
        prefix = name + "="
        found = [pair[len(prefix):] for pair in self._pairs if pair.startswith(prefix)]
        return found[0] if len(found) == 1 and len(found[0]) <= _MOST_COOKIE else None


def find(authorization: Optional[str], cookies: Cookies) -> Optional[Credential]:
    """The credential that authenticates. An Authorization header is never replaced by a cookie, not even one that is not ours."""
    if authorization is not None:
        if authorization[:7].lower() != "bearer ":
            return None
        token = authorization[7:].strip(" ")
        return Credential("access_token", token if len(token) <= _MOST_TOKEN and _TOKEN68.match(token) else None, True)
    if cookies.has(SESSION):
        return Credential("cookie", cookies.single(SESSION) or None)
    if cookies.has(ACCESS_TOKEN):
        return Credential("access_token", cookies.single(ACCESS_TOKEN) or None)
    return None


def deletion(name: str, path: str) -> str:
    return f"{name}=; path={path}; secure; httponly; samesite=lax; max-age=0"
