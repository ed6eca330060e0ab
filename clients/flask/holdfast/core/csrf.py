"""Requests that another site makes with our user's cookies: told by where the browser says they come from, then by a token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import Enum
from typing import List, NamedTuple, Optional, Sequence
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .encoding import decode, encode

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PRE_SESSION_LIFETIME = 12 * 3600

_SIZE = 32


class Provenance(Enum):
    OWN = "own"
    TRUSTED = "trusted"
    NOT_A_BROWSER = "not a browser"
    FOREIGN = "foreign"


def provenance(fetch_site: Optional[str], origin: Optional[str], host: str, trusted_origins: Sequence[str]) -> Provenance:
    """Fetch metadata first, then Origin. Another port and another subdomain are foreign."""
    if fetch_site in ("same-origin", "none"):
        return Provenance.OWN
    if fetch_site is None and origin is None:
        return Provenance.NOT_A_BROWSER
    if fetch_site is None and _names(origin, host):
        return Provenance.OWN
    # "null" is what sandboxed frames send: nobody's origin, so nobody can trust it.
    return Provenance.TRUSTED if origin not in (None, "null") and origin in trusted_origins else Provenance.FOREIGN


def _names(origin: Optional[str], host: str) -> bool:
    # The scheme is left out: behind a proxy that ends TLS, only the host is certain.
    try:
        theirs, ours = urlsplit(origin or ""), urlsplit(f"//{host}")
        standard = 443 if theirs.scheme == "https" else 80
        return (
            theirs.scheme in ("http", "https") and bool(theirs.hostname) and theirs.hostname == ours.hostname
            and (theirs.port or standard) == (ours.port or standard)
        )
    except ValueError:
        return False


class Answer(Enum):
    ALLOWED = "allowed"
    # Only with a token.
    TOKEN = "token"
    REFUSED = "refused"


def judge(
    method: str, host: str, fetch_site: Optional[str], origin: Optional[str], credential: str, upgrade: bool, trusted_origins: Sequence[str],
) -> Answer:
    """A pure function. ``credential`` is ``bearer``, ``cookie`` (any of a session's cookies came) or ``none``."""
    if (method in SAFE_METHODS and not upgrade) or credential == "bearer":
        return Answer.ALLOWED
    whose = provenance(fetch_site, origin, host, trusted_origins)
    if whose == Provenance.FOREIGN and (credential == "cookie" or not upgrade):
        return Answer.REFUSED
    # Pages cannot add a token to a WebSocket's handshake; the browser's word of who opens it is what there is.
    if upgrade or (whose == Provenance.NOT_A_BROWSER and credential == "none"):
        return Answer.ALLOWED
    return Answer.TOKEN


class _Keys(NamedTuple):
    csrf: bytes
    pre_session: bytes


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), _SIZE, None, f"holdfast/1 {purpose}".encode()).derive(secret.encode("utf-8"))


class Csrf:
    """Tokens, and what they are bound to. No state is kept. The first secret signs, all are accepted."""

    def __init__(self, from_secrets: Sequence[str]) -> None:
        self._keys: List[_Keys] = [_Keys(_derive(one, "csrf"), _derive(one, "pre-session")) for one in from_secrets]

    def issue(self, binding: bytes) -> str:
        """A token for this binding; each call gives another text, so that compressed pages reveal nothing."""
        mask = secrets.token_bytes(_SIZE)
        return encode(mask + _xor(mask, _mac(self._keys[0].csrf, binding)))

    def is_valid(self, token: Optional[str], binding: bytes) -> bool:
        data = decode(token, 2 * _SIZE)
        if data is None:
            return False
        presented = _xor(data[:_SIZE], data[_SIZE:])
        # All of them, so that the time it takes does not tell which one.
        return any([hmac.compare_digest(_mac(key.csrf, binding), presented) for key in self._keys])

    def new_pre_session(self, now: float) -> str:
        """The value of the cookie that binds tokens before anybody signs in."""
        body = secrets.token_bytes(_SIZE) + int(now + PRE_SESSION_LIFETIME).to_bytes(8, "big", signed=True)
        return encode(body + _mac(self._keys[0].pre_session, body))

    def pre_session_binding(self, cookie: Optional[str], now: float) -> Optional[bytes]:
        """What tokens are bound to by this cookie; None if it is not ours, or its time is over."""
        data = decode(cookie, _SIZE + 8 + _SIZE)
        if data is None:
            return None
        body, mac = data[: _SIZE + 8], data[_SIZE + 8:]
        genuine = any([hmac.compare_digest(_mac(key.pre_session, body), mac) for key in self._keys])
        return b"pre-session|" + body[:_SIZE] if genuine and int(now) < int.from_bytes(body[_SIZE:], "big", signed=True) else None


def session_binding(sid: str, cv: int) -> bytes:
    return f"session|{sid}|{cv}".encode("ascii")


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right))
