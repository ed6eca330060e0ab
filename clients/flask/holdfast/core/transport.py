"""Credentials, and requests that could lead to one, travel over HTTPS. This machine is excepted, so that development needs no certificate."""

from __future__ import annotations

from . import credentials, reasons
from .credentials import Cookies
from .errors import SessionRefused
from .exchange import Request
from .settings import Settings, is_this_machine

_CREDENTIALS = (credentials.SESSION, credentials.ACCESS_TOKEN, credentials.REFRESH_TOKEN)


def require_https(request: Request, cookies: Cookies, settings: Settings) -> None:
    if request.is_secure or settings.allow_insecure_http or _stays_on_this_machine(request):
        return
    if request.method in ("GET", "HEAD", "OPTIONS") and not request.has_authorization and not any(cookies.has(name) for name in _CREDENTIALS):
        return
    proxied = request.header("X-Forwarded-Proto") is not None or request.header("Forwarded") is not None
    raise SessionRefused(
        reasons.HTTPS_REQUIRED,
        "The request came through a proxy that the application does not trust: name it, with Flask by werkzeug's ProxyFix." if proxied
        else "Credentials travel over HTTPS only. If a proxy ends TLS in front of this application, let it send X-Forwarded-Proto and trust it, with Flask by werkzeug's ProxyFix.",
        setting="HOLDFAST_ALLOW_INSECURE_HTTP",
    )


def _stays_on_this_machine(request: Request) -> bool:
    # A proxy here asks for another host's name.
    host = request.host.rsplit(":", 1)[0] if request.host.rpartition(":")[2].isdigit() and not request.host.endswith("]") else request.host
    return (request.address is None or is_this_machine(request.address)) and (host == "" or is_this_machine(host))
