"""Holdfast for Django."""

from holdfast.core.errors import HoldfastError, SessionRefused, SettingError, Unavailable
from holdfast.core.session import Session
from holdfast.core.signing import Started

from .middleware import HoldfastMiddleware, SessionUser
from .operations import (
    csrf, elevate, end_all, end_session, machine_traffic, record_failure, request_session, session_data, session_of, session_required, start_session,
)

__all__ = [
    "HoldfastError", "HoldfastMiddleware", "Session", "SessionRefused", "SessionUser", "SettingError", "Started", "Unavailable", "csrf", "elevate",
    "end_all", "end_session", "machine_traffic", "record_failure", "request_session", "session_data", "session_of", "session_required", "start_session",
]
