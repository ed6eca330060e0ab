"""base64url in its one spelling: two spellings of the same bytes would be two names for one thing."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Optional

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: object, size: Optional[int] = None) -> Optional[bytes]:
    """The bytes, or None unless the text is their one spelling (and there are ``size`` of them)."""
    if not isinstance(text, str) or not _ALPHABET.match(text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return data if encode(data) == text and (size is None or len(data) == size) else None


def is_sid(text: object) -> bool:
    """Whether this can be a session's handle."""
    return decode(text, 16) is not None
