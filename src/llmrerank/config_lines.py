"""Where in a TOML text each key stands: the standard library's reader forgets the lines."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Path", "lines_of"]

Path = tuple[str, ...]
"""A key with the tables it stands in: `("endpoints", "local", "model")`."""


def lines_of(text: str) -> Mapping[Path, int]:
    """The line, from 1, of every table and key of a TOML text that has been read without fault.

    A text that is valid as a whole consists of headers and assignments, each valid by itself and none valid
    before its last line; so lines are gathered until they can be read.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    gathered: list[str] = []
    begun = 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not gathered:
            begun = number
        gathered.append(line)
        try:
            values = tomllib.loads("\n".join(gathered))
        except tomllib.TOMLDecodeError:
            continue
        is_header = gathered[0].lstrip().startswith("[")
        gathered = []
        paths = list(_paths(values, ()))
        if is_header:
            table = paths[-1] if paths else ()
        for path in paths:
            found.setdefault(path if is_header else (*table, *path), begun)
    return found


def _paths(values: Any, above: Path) -> Iterator[Path]:
    if isinstance(values, list):
        for item in values:
            yield from _paths(item, above)
    elif isinstance(values, dict):
        for key, value in values.items():
            yield (*above, key)
            yield from _paths(value, (*above, key))
