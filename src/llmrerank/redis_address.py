"""The URL of a Redis, checked, and the form of it that may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from .errors import ConfigError

__all__ = ["shown"]

_LIKE_THIS = "give one such as redis://127.0.0.1:6379/0, rediss://host:6379/0 or unix:///run/redis.sock"


def shown(url: str) -> str:
    """The URL without user, password and parameters.

    >>> shown("redis://:secret@cache.example:6380/2")
    'redis://cache.example:6380/2'

    Raises:
        ConfigError: It is no URL of a Redis; the sentence does not repeat it.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(f"the URL of the Redis cannot be read; {_LIKE_THIS}") from None
    database = parts.path.strip("/")
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return f"unix://{parts.path}"
    if parts.scheme not in ("redis", "rediss") or not host or (database and not database.isdigit()):
        raise ConfigError(f"the URL of the Redis is none; {_LIKE_THIS}")
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}:{port or 6379}/{database or 0}"
