"""The server's public keys: fetched when needed, fetched again when one is unknown or they are old, never more often than allowed."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, NamedTuple, Optional

import jwt

from .clocks import Clock
from .errors import Unavailable

# How long the server lets them be kept, and how often a token with an unknown key may make us ask.
KEPT = 600.0
ASK_AGAIN = 2.0

ALGORITHMS = ("ES256", "RS256", "PS256")


class Key(NamedTuple):
    algorithm: str
    verify: Callable[[bytes, bytes], bool]


class Keys:
    def __init__(self, fetch: Callable[[], Any], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Dict[str, Key] = {}
        self._fetched: Optional[float] = None
        self._asked: Optional[float] = None

    def known(self, kid: str) -> Optional[Key]:
        """From memory, unless that is too old."""
        fetched = self._fetched
        if fetched is None or self._clock.read().monotonic - fetched >= KEPT:
            return None
        return self._keys.get(kid)

    def find(self, kid: str) -> Optional[Key]:
        """Asks for the keys if need be; None if there is no such key, or none that can be had now."""
        key = self.known(kid)
        if key is not None:
            return key
        with self._lock:
            now = self._clock.read().monotonic
            if self._asked is None or now - self._asked >= ASK_AGAIN:
                self._asked = now
                try:
                    self._keys, self._fetched = read(self._fetch()), now
                except Unavailable:
                    return None
        return self.known(kid)


def read(document: Any) -> Dict[str, Key]:
    """The keys of a JWKS that can verify with one of our algorithms; others are passed over. Raises Unavailable for no JWKS."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise Unavailable()
    keys: Dict[str, Key] = {}
    for one in document["keys"]:
        key = _key(one)
        if key is not None:
            keys[one["kid"]] = key
    return keys


def _key(value: Any) -> Optional[Key]:
    if not isinstance(value, dict) or not isinstance(value.get("kid"), str) or value.get("use", "sig") != "sig":
        return None
    algorithm = value.get("alg")
    if algorithm not in ALGORITHMS or (algorithm == "ES256" and value.get("crv") != "P-256"):
        return None
    try:
        key = jwt.PyJWK(value, algorithm)  # type: ignore[no-untyped-call]
    except Exception:  # PyJWT and cryptography raise many kinds for a key that is none.
        return None

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            return bool(key.Algorithm.verify(message, key.key, signature))
        except Exception:  # A signature of another form is not one of this key.
            return False

    return Key(algorithm, verify)
