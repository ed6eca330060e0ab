"""An answer of the feed, read strictly: what is malformed is an answer that never came."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Optional

from .encoding import is_sid
from .session import parse_time

_MOST_MS = 24 * 3600 * 1000


class Malformed(Exception):
    """It says what is wrong, for the log."""


class Entry(NamedTuple):
    """One thing that happened. ``about`` is a sid, a subject or a partition, as the kind says."""

    kind: str
    about: Any
    least: int


class FeedAnswer(NamedTuple):
    position: str
    starts_over: bool
    more: bool
    age_ms: int
    max_staleness_ms: int
    now: float
    entries: List[Entry]


def parse(value: Any) -> FeedAnswer:
    if not isinstance(value, Mapping):
        raise Malformed("it is not an object")
    try:
        now = parse_time(value.get("now")).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise Malformed("now is not a time") from None
    entries = value.get("entries")
    if not isinstance(entries, list):
        raise Malformed("entries is not an array")
    answer = FeedAnswer(
        _text(value, "position"), _flag(value, "starts_over"), _flag(value, "more"), _number(value, "age_ms", -_MOST_MS, _MOST_MS),
        _number(value, "max_staleness_ms", 1, _MOST_MS), now, [_entry(one) for one in entries],
    )
    return answer


def _entry(value: Any) -> Entry:
    if not isinstance(value, Mapping):
        raise Malformed("an entry is not an object")
    kind = value.get("kind")
    if kind in ("session_ended", "credentials_raised"):
        if not is_sid(value.get("sid")):
            raise Malformed("sid is not a handle")
        return Entry(kind, value["sid"], 0 if kind == "session_ended" else _number(value, "least", 0))
    if kind == "subject_ended":
        return Entry(kind, _text(value, "subject"), _number(value, "least", 0))
    if kind == "everyone_ended":
        return Entry(kind, _number(value, "partition", 0, 255), _number(value, "least", 0))
    # What it ends is unknown, so nothing that is remembered is certain.
    raise Malformed("an entry is of an unknown kind")


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise Malformed(f"{name} is not a string")
    return text


def _flag(value: Mapping[str, Any], name: str) -> bool:
    flag = value.get(name)
    if not isinstance(flag, bool):
        raise Malformed(f"{name} is neither true nor false")
    return flag


def _number(value: Mapping[str, Any], name: str, least: int, most: Optional[int] = None) -> int:
    number = value.get(name)
    if isinstance(number, bool) or not isinstance(number, int) or number < least or (most is not None and number > most):
        raise Malformed(f"{name} is not a whole number that can be")
    return number
