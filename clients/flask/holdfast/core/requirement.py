"""What a view asks of a session, the same in every framework."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple, Optional, Sequence, Tuple, Union

from .request_session import RequestSession
from .session import Session

Names = Union[str, Sequence[str], None]


class Requirement(NamedTuple):
    optional: bool
    roles: Tuple[str, ...]
    fresh: Optional[timedelta]
    acr: Tuple[str, ...]

    @classmethod
    def of(cls, optional: bool = False, role: Names = None, fresh: Optional[timedelta] = None, acr: Names = None) -> Requirement:
        return cls(optional, _all(role), fresh, _all(acr))

    def ask(self, request: RequestSession) -> Optional[Session]:
        """The session; None only if it is optional. Raises SessionRefused."""
        if request.live is None and self.optional:
            return None
        session = request.require()
        request.is_personal = True
        if self.roles:
            request.require_role(self.roles)
        if self.fresh is not None:
            request.require_fresh(self.fresh)
        if self.acr:
            request.require_acr(self.acr)
        return session


def _all(value: Names) -> Tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)
