"""What was learned, kept as one JSON file: read with its faults all at once, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .whole_file import write_whole

__all__ = ["read_learned", "write_learned"]

_DIGITS = 300


def read_learned(path: str | Path, *, what: str, faults_of: Callable[[Any], Sequence[str]]) -> dict[str, Any]:
    """The values of a file that `write_learned` wrote.

    Args:
        path: The file.
        what: What it holds, for the sentence that says what is wrong with it.
        faults_of: Finds all that is wrong with the values; nothing where they are as they must be.

    Raises:
        ConfigError: It cannot be read, is no JSON, or has faults.
    """
    path = Path(path).expanduser()
    try:
        values = json.loads(path.read_text(encoding="utf-8"), parse_int=_whole)
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"cannot read the {what} {path}: this is not JSON: {error}") from error
    if faults := faults_of(values):
        raise ConfigError(f"{what} {path}: " + "; ".join(faults))
    found: dict[str, Any] = values
    return found


def _whole(digits: str) -> int:
    """A whole number that a float can be as large as; no other one was ever written."""
    if len(digits) > _DIGITS:
        raise ValueError(f"no number has {len(digits)} digits")
    return int(digits)


def write_learned(path: str | Path, values: Mapping[str, Any], *, what: str, indent: int | None = 2) -> None:
    """Write values as JSON, whole or not at all; without an indent on one line.

    Raises:
        ConfigError: The file cannot be written.
    """
    text = json.dumps(values, ensure_ascii=False, indent=indent) + "\n"
    try:
        write_whole(Path(path).expanduser(), text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot write the {what} {path}: {error.strerror or error}") from error
