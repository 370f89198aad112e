"""Whether a value from the notation fits the declared type of an option, and that type in words."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from .spec import Call

__all__ = ["fits", "spell"]


def fits(value: Any, wanted: Any) -> bool:
    """Whether a parsed value is of a declared type: ints pass as floats, bools pass as nothing else."""
    origin = typing.get_origin(wanted)
    if wanted is Any:
        return True
    if wanted is None or wanted is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, part) for part in typing.get_args(wanted))
    if origin is typing.Literal:
        return value in typing.get_args(wanted)
    if origin is tuple:
        parts = typing.get_args(wanted)
        if not isinstance(value, tuple):
            return False
        if len(parts) == 2 and parts[1] is Ellipsis:
            return all(fits(item, parts[0]) for item in value)
        return len(parts) == len(value) and all(map(fits, value, parts))
    if origin is not None:
        return isinstance(value, origin)
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    if wanted is float:
        return isinstance(value, int | float)
    return isinstance(value, wanted) if isinstance(wanted, type) else True


_PLAIN: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a string in quotes",
    bool: "True or False",
    type(None): "None",
    Call: "a name such as cross-encoder",
}


def spell(wanted: Any) -> str:
    """Say a declared type in words."""
    origin = typing.get_origin(wanted)
    if wanted in _PLAIN:
        return _PLAIN[wanted]
    if origin in (typing.Union, types.UnionType):
        return _either([spell(part) for part in typing.get_args(wanted)])
    if origin is typing.Literal:
        return _either([repr(value) for value in typing.get_args(wanted)])
    if origin is tuple:
        return "a tuple such as (5, 1, 1)"
    return getattr(wanted, "__name__", str(wanted))


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
