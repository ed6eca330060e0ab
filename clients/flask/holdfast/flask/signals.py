"""Blinker signals, sent by the application. ``session_refused`` has ``reason``; the others have ``session`` or ``subject``."""

from flask.signals import Namespace  # type: ignore[attr-defined]

_signals = Namespace()

session_started = _signals.signal("holdfast-session-started")
session_elevated = _signals.signal("holdfast-session-elevated")
session_ended = _signals.signal("holdfast-session-ended")
session_refused = _signals.signal("holdfast-session-refused")
sign_in_failed = _signals.signal("holdfast-sign-in-failed")
