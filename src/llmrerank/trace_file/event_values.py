"""Events as JSON values, both ways; what a newer version adds is kept or left out, and breaks nothing."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from llmrerank.trace import Event
from llmrerank.types import Usage

__all__ = ["UnknownEvent", "event_from_dict", "event_to_dict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """An event of a kind that this version does not know.

    Attributes:
        kind: As it was written.
        values: The whole object, `kind` included.
    """

    kind: str
    values: Mapping[str, Any]


def event_to_dict(event: Event | UnknownEvent) -> dict[str, Any]:
    """JSON values under the names of the event's fields, and its `kind`, such as `round_done`."""
    if isinstance(event, UnknownEvent):
        return dict(event.values)
    values: dict[str, Any] = {"kind": _kind(type(event))}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if field.name == "features":
            value = dict(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, Usage):
            value = dataclasses.asdict(value)
        values[field.name] = value
    return values


def event_from_dict(values: Mapping[str, Any]) -> Event | UnknownEvent:
    """Read what `event_to_dict` wrote. Fields that this version does not know are left out.

    Raises:
        KeyError, TypeError: A field is missing or of another type.
    """
    name = values["kind"]
    if not isinstance(name, str):
        raise TypeError("'kind' must be a string")
    kind = _KINDS.get(name)
    if kind is None:
        return UnknownEvent(kind=name, values=dict(values))
    read = {}
    for field in dataclasses.fields(kind):
        if field.name in values:
            try:
                # The annotations are texts, since this package postpones their evaluation.
                read[field.name] = _READERS[str(field.type)](values[field.name])
            except (TypeError, KeyError, OverflowError):
                raise TypeError(f"'{field.name}' is no {field.type}") from None
        elif field.default is dataclasses.MISSING:
            raise KeyError(field.name)
    made: Event = kind(**read)
    return made


def _kind(cls: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


_KINDS: Mapping[str, Any] = {_kind(cls): cls for cls in get_args(Event)}


def _a(*types: type) -> Callable[[Any], Any]:
    """A reader that lets values of these types pass; true and false are no numbers."""

    def read(value: Any) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise TypeError
        return value

    return read


def _number(value: Any) -> float:
    number = float(_a(float, int)(value))
    if not math.isfinite(number):
        raise TypeError
    return number


def _many(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: tuple(map(read, _a(list)(values)))


def _usage(values: Any) -> Usage:
    return Usage(**{name: _a(int)(values[name]) for name in ("input", "output", "reasoning")})


def _features(values: Any) -> tuple[tuple[str, float | None], ...]:
    return tuple(
        (_a(str)(name), None if value is None else _number(value)) for name, value in _a(dict)(values).items()
    )


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "bool": _a(bool),
    "Features": _features,
    "float": _number,
    "float | None": lambda value: None if value is None else _number(value),
    "int": _a(int),
    "Slate": _many(_a(int)),
    "str": _a(str),
    "str | None": _a(str, type(None)),
    "tuple[str, ...]": _many(_a(str)),
    "Usage": _usage,
}
