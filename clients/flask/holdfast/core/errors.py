"""What is raised. No message contains a secret."""

from __future__ import annotations

from datetime import timedelta
from typing import List, Optional, Sequence

from . import reasons


class HoldfastError(Exception):
    """Everything of ours."""


class SettingError(HoldfastError, ValueError):
    """A setting that cannot work. It names the setting and the rule."""


class SessionRefused(HoldfastError):
    """A refusal with one of the reasons of ``protocol/reasons.md``: answered as problem details."""

    def __init__(
        self,
        reason: str,
        detail: Optional[str] = None,
        *,
        setting: Optional[str] = None,
        status: Optional[int] = None,
        error: Optional[str] = None,
        max_age: Optional[timedelta] = None,
        acr_values: Sequence[str] = (),
    ) -> None:
        known = reasons.ALL[reason]
        super().__init__(detail or known.title)
        self.reason = reason
        self.title = known.title
        self.status = status or known.status
        self.detail = detail
        self.setting = setting
        self.error = error
        self.max_age = max_age
        self.acr_values: List[str] = list(acr_values)

    @property
    def is_sign_in_needed(self) -> bool:
        """Whether signing in (again) is what helps."""
        return self.status == 401 and self.reason not in (reasons.TOKEN_EXPIRED, reasons.API_KEY_INVALID)

    def challenge(self, has_authorization: bool) -> str:
        """``WWW-Authenticate``: RFC 6750, section 3 (no error code when no credential came), and RFC 9470, section 3."""
        if self.reason == reasons.REAUTHENTICATION_REQUIRED:
            text = 'Bearer error="insufficient_user_authentication"'
            if self.acr_values:
                text += f', acr_values="{" ".join(self.acr_values)}"'
            if self.max_age is not None:
                text += f', max_age="{int(self.max_age.total_seconds())}"'
            return text
        if self.reason in (reasons.SESSION_MISSING, reasons.API_KEY_INVALID) and not has_authorization:
            return "Bearer"
        return 'Bearer error="invalid_token"'


class Unavailable(SessionRefused):
    """Nobody knows: neither valid nor invalid. 503, and every cookie stays."""

    def __init__(self, detail: Optional[str] = None) -> None:
        super().__init__(reasons.STORE_UNAVAILABLE, detail)
