"""The base URL of an OpenAI-compatible endpoint, checked, and the form of it that may be shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from llmrerank.errors import ConfigError
from llmrerank.hidden import bare_address, secrets_in

__all__ = ["OPENAI", "Address"]

OPENAI = "https://api.openai.com/v1"
_TAILS = ("/chat/completions", "/completions", "/models")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an endpoint is.

    Attributes:
        url: What is called, without a slash at its end and without query; may hold credentials, so it is
            left out of `repr`.
        shown: The same without credentials: for messages, cache keys and records.
        query: Query parameters that every request carries (`api-version=...`).
        secrets: The password and the keys that it holds, as they may come back in a message.
    """

    url: str = field(repr=False)
    shown: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, base_url: str | None) -> Address:
        """Read a base URL; None: the environment's `OPENAI_BASE_URL`, else OpenAI's own.

        With or without a slash at the end; a whole `.../chat/completions` URL is taken as well.

        >>> Address.of("http://localhost:8080/v1/chat/completions").shown
        'http://localhost:8080/v1'

        Raises:
            ConfigError: It is no http or https URL with a host.
        """
        given = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI).strip()
        try:
            parts = urlsplit(given)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ConfigError(f"the base URL {bare_address(given)!r} cannot be read; {_LIKE_THIS}") from None
        if parts.scheme not in ("http", "https") or not host:
            shown = bare_address(given)
            raise ConfigError(f"the base URL {shown!r} is not an http or https address; {_LIKE_THIS}")
        path = parts.path.rstrip("/")
        for tail in _TAILS:
            path = path.removesuffix(tail)
        path = path.rstrip("/")
        place = f"[{host}]" if ":" in host else host
        if port is not None:
            place = f"{place}:{port}"
        return cls(
            url=urlunsplit((parts.scheme, parts.netloc, path, "", "")),
            shown=urlunsplit((parts.scheme, place, path, "", "")),
            query=MappingProxyType(dict(parse_qsl(parts.query))),
            secrets=secrets_in(given),
        )

    @property
    def needs_key(self) -> bool:
        """Whether this is OpenAI's own endpoint, which answers nobody without a key."""
        return urlsplit(self.url).hostname == "api.openai.com"

    @property
    def in_the_open(self) -> bool:
        """Whether what is sent leaves this machine in plain text.

        >>> [Address.of(url).in_the_open for url in ("http://10.0.0.5/v1", "https://a.org", "http://[::1]:80")]
        [True, False, False]
        """
        parts = urlsplit(self.url)
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
            return False
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return True

    @property
    def has_path(self) -> bool:
        """Whether anything follows the host; most servers want `/v1` there."""
        return bool(urlsplit(self.url).path)


_LIKE_THIS = "write it like http://localhost:8080/v1"
