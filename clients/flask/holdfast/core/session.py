"""A session as a checked request knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from . import reasons

Claims = Mapping[str, Union[str, List[str]]]

@dataclass(frozen=True)
class Session:
    """One sign-in of one subject on one device."""

    sid: str
    subject: str
    tenant: str
    cv: int
    epoch: int
    auth_time: Optional[float] = None
    acr: Optional[str] = None
    amr: Tuple[str, ...] = ()
    claims: Claims = field(default_factory=dict)
    # The refresh generation that an access token was minted with: 0 without refresh tokens.
    generation: int = 0

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Session:
        """From the server's ``session``. Raises KeyError, TypeError or ValueError if it is none."""
        auth_time = record.get("auth_time")
        return cls(
            sid=_text(record["sid"]), subject=_text(record["subject"]), tenant=_text(record["tenant"]),
            cv=_number(record["cv"]), epoch=_number(record["epoch"]),
            auth_time=None if auth_time is None else parse_time(auth_time).timestamp(),
            acr=record.get("acr"), amr=tuple(record.get("amr") or ()), claims=dict(record.get("claims") or {}),
        )

    @classmethod
    def of_token(cls, payload: Mapping[str, Any], claims: Sequence[str]) -> Session:
        """From an access token whose signature holds. ``claims`` names those of the user that tokens carry."""
        return cls(
            sid=payload["sid"], subject=payload["sub"], tenant=payload["tenant"], cv=payload["cv"], epoch=payload["epoch"],
            auth_time=payload.get("auth_time"), acr=payload.get("acr"), amr=tuple(payload.get("amr") or ()),
            claims={name: payload[name] for name in claims if name in payload}, generation=payload["gen"],
        )

    def has_role(self, *wanted: str) -> bool:
        """Whether the claim ``role`` or ``roles`` contains one of these."""
        held: List[str] = []
        for name in ("role", "roles"):
            value = self.claims.get(name, [])
            held += [value] if isinstance(value, str) else value
        return any(role in held for role in wanted)


@dataclass(frozen=True)
class Verdict:
    """The answer to a credential: a session, or the reason for which there is none."""

    session: Optional[Session] = None
    reason: str = reasons.SESSION_MISSING
    # Lines of Set-Cookie, which are secrets.
    cookies: Tuple[str, ...] = field(default=(), repr=False)


def parse_time(text: Any) -> datetime:
    """RFC 3339 as the server writes it: any number of decimals, which older Pythons do not read."""
    if not isinstance(text, str):
        raise TypeError("A time is a string.")
    head, _, rest = text.partition(".")
    if rest:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        zone = rest[len(digits):]
        text = f"{head}.{digits[:6]:0<6}{zone}"
    time = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("A name is a string that is not empty.")
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("A version is a whole number.")
    return value


def without_nulls(record: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
