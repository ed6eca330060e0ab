"""Access tokens (RFC 9068): their shape before any key is chosen, their signature, and what they must say."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from . import reasons
from .encoding import decode, is_sid

MOST_LENGTH = 8 * 1024
LEEWAY = 5.0
MOST_DEPTH = 4

_KID = re.compile(r"[\w-]{1,64}\Z", re.ASCII)
_LARGEST = 1 << 63


class Shape(NamedTuple):
    """A token that is worth a look at a key."""

    algorithm: str
    kid: str
    payload: Dict[str, Any]
    signed: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"Shape(kid={self.kid!r})"


def shape_of(token: str) -> Optional[Shape]:
    """Compact form, canonical base64url, JSON without repeated members, a header that points nowhere else."""
    parts = token.split(".")
    if len(token) > MOST_LENGTH or len(parts) != 3:
        return None
    header, payload, signature = _object(decode(parts[0])), _object(decode(parts[1])), decode(parts[2])
    if header is None or payload is None or not signature or "crit" in header:
        return None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or header.get("typ") not in ("at+jwt", "application/at+jwt"):
        return None
    if not isinstance(kid, str) or not _KID.match(kid):
        return None
    return Shape(algorithm, kid, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def judge(payload: Mapping[str, Any], terms: Mapping[str, str], now: float) -> Optional[str]:
    """The reason to refuse what a genuine token says; None if it is good. Judged at each use, whatever was remembered."""
    if not _has_our_claims(payload) or payload["iss"] != terms["issuer"] or payload["tenant"] != terms["tenant"]:
        return reasons.TOKEN_INVALID
    if audience_of(payload) != terms["audience"]:
        return reasons.TOKEN_INVALID
    if "nbf" in payload and (not _is_number(payload["nbf"]) or now + LEEWAY < payload["nbf"]):
        return reasons.TOKEN_INVALID
    return None if now < payload["exp"] + LEEWAY else reasons.TOKEN_EXPIRED


def audience_of(payload: Mapping[str, Any]) -> Optional[str]:
    """The one audience, however it is written."""
    audience = payload.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return audience if isinstance(audience, str) else None


def _has_our_claims(payload: Mapping[str, Any]) -> bool:
    amr = payload.get("amr", [])
    return (
        all(isinstance(payload.get(name), str) and payload[name] for name in ("iss", "sub", "client_id", "jti", "tenant"))
        and all(_is_number(payload.get(name)) for name in ("iat", "exp", "epoch", "cv", "gen"))
        and is_sid(payload.get("sid"))
        and isinstance(amr, list) and all(isinstance(one, str) for one in amr)
        and (payload.get("auth_time") is None or _is_number(payload["auth_time"]))
        and (payload.get("acr") is None or isinstance(payload["acr"], str))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST


def _object(data: Optional[bytes]) -> Optional[Dict[str, Any]]:
    if data is None:
        return None
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _depth(value) <= MOST_DEPTH else None


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("A member stands twice.")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
