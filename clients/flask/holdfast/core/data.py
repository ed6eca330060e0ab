"""What an application keeps with a session, by field: ``data["cart"] = [...]``. Each write changes the named fields alone."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Dict, Iterator, Mapping, Optional

from . import reasons
from .errors import SessionRefused, Unavailable
from .http import Answer, Silent
from .server import Server


class Data(MutableMapping):  # type: ignore[type-arg]
    """Read once for a request, when it is first looked at. Values are whatever JSON can say; a field that is set to None is removed."""

    def __init__(self, server: Server, sid: str) -> None:
        self.sid = sid
        self._server = server
        self._fields: Optional[Dict[str, Any]] = None
        self._etag: Optional[str] = None

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.write({name: value})

    def __delitem__(self, name: str) -> None:
        if name not in self._read():
            raise KeyError(name)
        self.write({name: None})

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._read()))

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"<data of session {self.sid}>"

    def update(self, *args: Any, **kwargs: Any) -> None:
        self.write(dict(*args, **kwargs))

    def clear(self) -> None:
        self.write({name: None for name in self._read()})

    def write(self, fields: Mapping[str, Any], *, if_unchanged: bool = False) -> None:
        """Changes these fields in one step; ``if_unchanged`` refuses with ``conflict`` if the data changed since it was read here."""
        if if_unchanged:
            self._read()
        self._take(self._ask(lambda: self._server.change_data(self.sid, fields, self._etag if if_unchanged else None)))

    def refresh(self) -> None:
        """Reads again when next looked at."""
        self._fields = None

    def _read(self) -> Dict[str, Any]:
        if self._fields is None:
            self._take(self._ask(lambda: self._server.data(self.sid)))
        assert self._fields is not None
        return self._fields

    @staticmethod
    def _ask(call: Any) -> Answer:
        try:
            answer: Answer = call()
        except SessionRefused as refusal:
            if refusal.reason == reasons.NOT_FOUND:
                # It ended while this request was being answered.
                raise SessionRefused(reasons.SESSION_REVOKED) from None
            raise
        return answer

    def _take(self, answer: Answer) -> None:
        try:
            fields = answer.json()
        except Silent:
            fields = None
        if not isinstance(fields, dict):
            raise Unavailable("The server's answer could not be understood.")
        self._fields, self._etag = fields, answer.headers.get("etag")
