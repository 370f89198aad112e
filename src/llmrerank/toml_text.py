"""Values as TOML text, for the files that are written here; reading is the standard library's."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["quoted", "section"]


def section(name: str, values: Mapping[str, Any]) -> list[str]:
    """The lines of one section, an empty one in front; no line where nothing is said.

    Args:
        name: Dotted, its parts quoted where they must be (`quoted`); empty: the top of the file.
        values: By key: texts, numbers, booleans, days, paths, lists and mappings of these. None is left out.
    """
    said = [f"{quoted(key)} = {text}" for key, value in values.items() for text in _value(value)]
    if not said:
        return []
    return ["", f"[{name}]", *said] if name else said


def quoted(key: str) -> str:
    """A key as TOML has it: bare where it may be."""
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _text(key)


def _value(value: Any) -> Iterator[str]:
    match value:
        case None:
            return
        case bool():
            yield "true" if value else "false"
        case str() | Path():
            yield _text(str(value))
        case int() | float() | datetime.date():
            yield str(value)
        case Mapping():
            pairs = ", ".join(f"{quoted(key)} = {text}" for key, one in value.items() for text in _value(one))
            yield f"{{ {pairs} }}"
        case _:
            yield "[" + ", ".join(text for one in value for text in _value(one)) + "]"


def _text(text: str) -> str:
    """A basic string, with the escapes of JSON and that of DEL; lone surrogates, which none can hold, go."""
    escaped = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return escaped.encode("utf-8", "replace").decode("utf-8")
