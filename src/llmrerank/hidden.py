"""What may be a secret, known by its name or its place in an address, left out of what is shown."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["HIDDEN", "bare_address", "secrets_in", "without_secrets"]

HIDDEN = "(hidden)"
_NAME = re.compile(r"key|token$|secret|passw|credential|authori[sz]ation|^auth$|^code$|^sig", re.IGNORECASE)
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://)?(?:.*@)?([^?#]*)", re.IGNORECASE | re.DOTALL)


def bare_address(url: str) -> str:
    """An address without user name, password and parameters, also where it cannot be read as one.

    >>> bare_address("http://me:mine@example.org/v1?api-key=k")
    'http://example.org/v1'
    """
    found = _ADDRESS.match(url)
    return f"{found[1] or ''}{found[2]}" if found else ""


def secrets_in(url: str) -> tuple[str, ...]:
    """The password and the keys of an address, in every spelling in which they may come back.

    None for what cannot be read as an address; a user name without a password is a key.

    >>> secrets_in("https://example.org/v1?api-version=2024-10-21&api-key=k%2B1")
    ('k%2B1', 'k+1')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    found = []
    if secret := parts.password or parts.username:
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        found += [secret, unquote(secret), b64encode(login.encode()).decode()]
    for piece in parts.query.split("&"):
        name, _, value = piece.partition("=")
        if value and _NAME.search(unquote(name)):
            found += [value, dict(parse_qsl(piece)).get(unquote(name), value)]
    return tuple(dict.fromkeys(found))


def without_secrets(value: Any) -> Any:
    """JSON values with what bears the name of a secret hidden."""
    if isinstance(value, Mapping):
        return {
            key: HIDDEN
            if _NAME.search(key) and not isinstance(inner, Mapping | list)
            else without_secrets(inner)
            for key, inner in value.items()
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value
