"""What an application sets. A wrong value stops the start, and is named."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from .errors import SettingError

_KEY = re.compile(r"hfk_[\w-]{48}\Z", re.ASCII)
_PATH = re.compile(r"(/[\w.~-]+)+\Z", re.ASCII)


def is_this_machine(host: Optional[str]) -> bool:
    if host is None:
        return False
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Settings:
    """Each is read from ``HOLDFAST_<NAME>`` of the framework's configuration, ``url`` and ``api_key`` from the environment too."""

    url: str = "http://localhost:5090"
    api_key: str = field(default="", repr=False)
    auth_path: str = "/auth"
    trusted_origins: Tuple[str, ...] = ()
    csrf_secrets: Tuple[str, ...] = field(default=(), repr=False)
    allow_insecure_http: bool = False
    requests_per_minute_per_session: int = 1200
    recent_sign_in: float = 300.0
    timeout: float = 2.0
    remembered_credentials: int = 100_000

    def __post_init__(self) -> None:
        for complaint in self._complaints():
            raise SettingError(complaint)

    @classmethod
    def of(cls, values: Mapping[str, Any], environment: Optional[Mapping[str, str]] = None) -> Settings:
        """Reads ``HOLDFAST_...`` entries; one that this version does not know is refused by its name."""
        environment = os.environ if environment is None else environment
        given = {name[len("HOLDFAST_"):].lower(): value for name, value in values.items() if name.startswith("HOLDFAST_")}
        for name in given:
            if name not in cls.__dataclass_fields__:
                known = ", ".join(f"HOLDFAST_{each.upper()}" for each in cls.__dataclass_fields__)
                raise SettingError(f"HOLDFAST_{name.upper()} is not a setting. There are {known}.")
        for name in ("url", "api_key"):
            if not given.get(name) and environment.get(f"HOLDFAST_{name.upper()}"):
                given[name] = environment[f"HOLDFAST_{name.upper()}"]
        for name in ("trusted_origins", "csrf_secrets"):
            if name in given:
                given[name] = (given[name],) if isinstance(given[name], str) else tuple(given[name])
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def csrf_keys_from(self) -> Sequence[str]:
        """The first one signs."""
        return self.csrf_secrets or (self.api_key,)

    def _complaints(self) -> Any:
        url = urlsplit(self.url) if isinstance(self.url, str) else urlsplit("")
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.username:
            yield "HOLDFAST_URL is the address of the server: http(s)://host[:port], and nothing else."
        elif url.scheme == "http" and not is_this_machine(url.hostname) and not self.allow_insecure_http:
            yield f"HOLDFAST_URL is plain HTTP to another machine ({url.hostname}). Use https, or set HOLDFAST_ALLOW_INSECURE_HTTP if the network is yours."
        if not self.api_key:
            yield "HOLDFAST_API_KEY is missing: the key of this application, hfk_..., as 'holdfast apps add' or 'holdfast apps rotate-key' prints it."
        elif not isinstance(self.api_key, str) or not _KEY.match(self.api_key):
            yield "HOLDFAST_API_KEY does not look like a key: hfk_ and 48 characters, with nothing around it."
        if not isinstance(self.auth_path, str) or not _PATH.match(self.auth_path):
            yield f"HOLDFAST_AUTH_PATH is {self.auth_path!r}: a path like /auth, without a slash at its end."
        for origin in self.trusted_origins:
            if not _is_exact_origin(origin):
                yield f"HOLDFAST_TRUSTED_ORIGINS contains {origin!r}: an origin is exactly scheme://host[:port], https unless on this machine, without path, query or wildcard."
        for secret in self.csrf_secrets:
            if not isinstance(secret, str) or len(secret) < 32:
                yield "HOLDFAST_CSRF_SECRETS are strings of at least 32 characters."
        for name, least, most in (
            ("requests_per_minute_per_session", 0, 1_000_000), ("recent_sign_in", 1, 86_400), ("timeout", 0.1, 60), ("remembered_credentials", 1, 10_000_000),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
                yield f"HOLDFAST_{name.upper()} is {value!r}: a number from {least} to {most}."


def _is_exact_origin(text: Any) -> bool:
    if not isinstance(text, str) or "*" in text:
        return False
    try:
        url = urlsplit(text)
        return (
            (url.scheme == "https" or (url.scheme == "http" and is_this_machine(url.hostname)))
            and bool(url.hostname) and f"{url.scheme}://{url.netloc}" == text and not url.username and (url.port is None or url.port > 0)
        )
    except ValueError:
        return False
