"""Why a request is refused: stable codes, the same in every client. ``protocol/reasons.md`` is the same list."""

from __future__ import annotations

from typing import Dict, NamedTuple


class Reason(NamedTuple):
    status: int
    title: str


SESSION_MISSING = "session_missing"
SESSION_EXPIRED = "session_expired"
SESSION_REVOKED = "session_revoked"
TOKEN_EXPIRED = "token_expired"
TOKEN_INVALID = "token_invalid"
TOKEN_REUSED = "token_reused"
REAUTHENTICATION_REQUIRED = "reauthentication_required"
API_KEY_INVALID = "api_key_invalid"
CSRF_FAILED = "csrf_failed"
INSUFFICIENT_SCOPE = "insufficient_scope"
INVALID_REQUEST = "invalid_request"
NOT_FOUND = "not_found"
HTTPS_REQUIRED = "https_required"
CONFLICT = "conflict"
DATA_TOO_LARGE = "data_too_large"
RATE_LIMITED = "rate_limited"
STORE_UNAVAILABLE = "store_unavailable"
SERVER_ERROR = "server_error"

ALL: Dict[str, Reason] = {
    SESSION_MISSING: Reason(401, "Sign in to continue."),
    SESSION_EXPIRED: Reason(401, "The session has expired. Sign in again."),
    SESSION_REVOKED: Reason(401, "The session was ended. Sign in again."),
    TOKEN_EXPIRED: Reason(401, "The access token has expired. Refresh it."),
    TOKEN_INVALID: Reason(401, "The token is not valid."),
    TOKEN_REUSED: Reason(401, "The refresh token was used twice, so its session was ended. Sign in again."),
    REAUTHENTICATION_REQUIRED: Reason(401, "Sign in again to do this."),
    API_KEY_INVALID: Reason(401, "The API key is missing or not valid."),
    CSRF_FAILED: Reason(403, "The request did not come from this application's own pages."),
    INSUFFICIENT_SCOPE: Reason(403, "You may not do this."),
    INVALID_REQUEST: Reason(400, "The request is malformed."),
    NOT_FOUND: Reason(404, "There is no such thing here."),
    HTTPS_REQUIRED: Reason(400, "Use HTTPS."),
    CONFLICT: Reason(409, "Something else happened first."),
    DATA_TOO_LARGE: Reason(413, "The session's data would become too large."),
    RATE_LIMITED: Reason(429, "Too many requests. Wait a moment."),
    STORE_UNAVAILABLE: Reason(503, "Sessions cannot be checked at the moment. Try again."),
    SERVER_ERROR: Reason(500, "Something went wrong on our side."),
}
