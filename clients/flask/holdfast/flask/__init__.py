"""Holdfast for Flask."""

from holdfast.core.errors import HoldfastError, SessionRefused, SettingError, Unavailable
from holdfast.core.session import Session
from holdfast.core.signing import Started

from .current import CurrentSession, csrf_token, current_session
from .extension import Holdfast
from .guards import csrf_exempt, machine_traffic, session_required
from .operations import elevate, end_all, end_session, record_failure, start_session
from .signals import session_elevated, session_ended, session_refused, session_started, sign_in_failed

__all__ = [
    "CurrentSession", "Holdfast", "HoldfastError", "Session", "SessionRefused", "SettingError", "Started", "Unavailable",
    "csrf_exempt", "csrf_token", "current_session", "elevate", "end_all", "end_session", "machine_traffic", "record_failure", "session_elevated",
    "session_ended", "session_refused", "session_required", "session_started", "sign_in_failed", "start_session",
]
