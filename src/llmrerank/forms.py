"""What configured values must be: each form in words, as a check, and as a reader of text."""

from __future__ import annotations

import json
import math
import os
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .clients.address import Address
from .errors import ConfigError
from .quantities import bytes_of, seconds_of
from .redis_address import shown
from .types import Example

__all__ = [
    "AGE",
    "AMOUNT",
    "CACHE",
    "ELSEWHERE",
    "EXAMPLES",
    "FILE",
    "MODEL",
    "PLACE",
    "PLACES",
    "REDIS",
    "ROOM",
    "SECONDS",
    "SEED",
    "SIZE",
    "SWITCH",
    "TABLE",
    "TEXT",
    "TEXTS",
    "URL",
    "VARIABLE",
    "Form",
    "choice",
    "whole",
]


ELSEWHERE = "irds:"
"""Begins what is no path: the identifier of a collection that a library fetches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a knob's value must be.

    Attributes:
        says: In words, to follow "must be".
        fits: Whether a value is of this form.
        read: Makes a value of the text of an environment variable; ValueError where it is none.
        make: Makes what the library takes of a value that fits.
        is_path: A relative path, which means another place in a file than on the command line.
        secret: The value may hold a key or a password and is not repeated.
    """

    says: str
    fits: Callable[[Any], bool]
    read: Callable[[str], Any] = str
    make: Callable[[Any], Any] = lambda value: value
    is_path: bool = False
    secret: bool = False

    def check(self, value: Any) -> Any:
        """The value as the library takes it.

        Raises:
            ValueError: It does not fit; the sentence lacks the name, as "must be ..., got ...".
        """
        if not self.fits(value):
            raise self._fault(value)
        return self.make(value)

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            ValueError: It stands for none; the sentence lacks the name.
        """
        try:
            value = self.read(text)
        except ValueError:
            raise self._fault(text) from None
        return self.check(value)

    def anchored(self, value: Any, folder: Path) -> Any:
        """A value that was checked, with relative paths in it made those of a folder, and `~` of its user."""
        if isinstance(value, tuple):
            return tuple(self.anchored(one, folder) for one in value)
        if not self.is_path or value is False or str(value).startswith(ELSEWHERE):
            return value
        return type(value)(folder / Path(value).expanduser())

    def _fault(self, value: Any) -> ValueError:
        shown = "" if self.secret else f", got {reprlib.repr(value)}"
        return ValueError(f"must be {self.says}{shown}")


def _looks_like_a_key(name: str) -> bool:
    """Whether what should be the name of an environment variable may be a key: then it is not repeated."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return True
    if name in os.environ:
        return False
    mixed = any(letter.islower() for letter in name) or "_" not in name
    return len(name) >= 16 and mixed and any(letter.isdigit() for letter in name)


def _is_whole(value: Any, least: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def whole(least: int) -> Form:
    """A whole number of at least so much."""
    return Form(
        says=f"a whole number of {least} or more", fits=lambda value: _is_whole(value, least), read=int
    )


def choice(*values: str) -> Form:
    """One of these words."""
    return Form(says=f"{', '.join(values[:-1])} or {values[-1]}", fits=lambda value: value in values)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _examples(value: Any) -> tuple[Example, ...]:
    return tuple(Example.of(tuple(item) if isinstance(item, list) else item) for item in value)


def _are_examples(value: Any) -> bool:
    try:
        return isinstance(value, list | tuple) and bool(_examples(value) or not value)
    except (ConfigError, TypeError):
        return False


def _is_address(value: str) -> bool:
    try:
        Address.of(value)
    except ConfigError:
        return False
    return True


def _is_redis(value: Any) -> bool:
    try:
        return _is_text(value) and bool(shown(value))
    except ConfigError:
        return False


def _is_of(read: Callable[[Any], float], value: Any, least: float) -> bool:
    try:
        return read(value) >= least
    except ValueError:
        return False


def _is_path(value: Any) -> bool:
    return isinstance(value, Path) or _is_text(value)


def _path(value: Any) -> Path:
    return Path(value).expanduser()


TEXT = Form(says="a text that is not empty", fits=_is_text)
MODEL = Form(says="the name of a model", fits=_is_text)
URL = Form(
    says="the base URL of an endpoint, such as http://localhost:8080/v1",
    fits=lambda value: _is_text(value) and _is_address(value),
    secret=True,
)
VARIABLE = Form(
    says="the name of an environment variable, never a key",
    fits=lambda value: isinstance(value, str) and not _looks_like_a_key(value),
    secret=True,
)
SEED = Form(says="a whole number", fits=lambda value: _is_whole(value, -math.inf), read=int)
SECONDS = Form(
    says="a number above 0", fits=lambda value: _is_number(value) and value > 0, read=float, make=float
)
AMOUNT = Form(
    says="a number of 0 or more", fits=lambda value: _is_number(value) and value >= 0, read=float, make=float
)
AGE = Form(
    says="a time above 0, such as 30d, 12h or a number of seconds",
    fits=lambda value: _is_of(seconds_of, value, 1e-9),
    make=seconds_of,
)
SIZE = Form(
    says="a size above 0, such as 1GB, 500MB or a number of bytes",
    fits=lambda value: _is_of(bytes_of, value, 1),
    make=bytes_of,
)
ROOM = replace(
    SIZE,
    says="a size such as 64MB or a number of bytes; 0 for none",
    fits=lambda value: _is_of(bytes_of, value, 0),
)
REDIS = Form(says="the URL of a Redis, such as redis://127.0.0.1:6379/0", fits=_is_redis, secret=True)
FILE = Form(says="the path of a file", fits=_is_path, make=_path, is_path=True)
CACHE = Form(
    says="the path of a file, or false",
    fits=lambda value: value is False or _is_path(value),
    make=lambda value: value and _path(value),
    is_path=True,
)
TABLE = Form(says='an object such as {"top_k": 1}', fits=_is_table, read=json.loads, make=dict)
EXAMPLES = Form(
    says="a list of examples, each with the texts query, document and label",
    fits=_are_examples,
    make=_examples,
)
SWITCH = Form(says="true or false", fits=lambda value: isinstance(value, bool))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_text, value))


TEXTS = Form(
    says="a text, or a list of texts",
    fits=lambda value: _is_text(value) or _are_texts(value),
    make=lambda value: (value,) if isinstance(value, str) else tuple(value),
)
PLACE = Form(says="a path, or irds:NAME", fits=_is_text, is_path=True)
PLACES = replace(TEXTS, says="a path or irds:NAME, or a list of them", is_path=True)
