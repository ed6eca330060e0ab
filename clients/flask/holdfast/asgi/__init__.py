"""Holdfast for FastAPI and every other ASGI framework."""

from holdfast.core.errors import HoldfastError, SessionRefused, SettingError, Unavailable
from holdfast.core.session import Session
from holdfast.core.signing import Started

from .middleware import HoldfastMiddleware
from .operations import (
    csrf_token, elevate, end_all, end_session, machine_traffic, read_data, record_failure, session_required, start_session, write_data,
)

__all__ = [
    "HoldfastError", "HoldfastMiddleware", "Session", "SessionRefused", "SettingError", "Started", "Unavailable", "csrf_token", "elevate",
    "end_all", "end_session", "machine_traffic", "read_data", "record_failure", "session_required", "start_session", "write_data",
]
