"""One flat registry of names: first stages, strategies, algorithms, judges and wrappers.

A registered thing is a frozen dataclass whose fields *are* its options, or a recipe that lists its options.
Families of modules are found by folder the first time a name is looked up; packages of other people come in
through the entry-point group `llmrerank.strategies`, and one that breaks is remembered, not fatal.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from .errors import ConfigError, UnknownName
from .option_types import fits, spell
from .spec import Call, PipelineSpec, Stage

__all__ = [
    "MISSING",
    "Bound",
    "Entry",
    "Kind",
    "Option",
    "add",
    "bind",
    "broken",
    "canonical",
    "discard",
    "entries",
    "find",
    "options_of",
    "register",
]

ENTRY_POINTS = "llmrerank.strategies"
_FAMILIES = ("llmrerank.algorithms", "llmrerank.judges", "llmrerank.retrieve", "llmrerank.strategies")

MISSING: Any = dataclasses.MISSING

_Thing = TypeVar("_Thing")


class Kind(StrEnum):
    """What a registered name can be used as."""

    FIRST_STAGE = "first stage"
    STRATEGY = "strategy"
    ALGORITHM = "algorithm"
    JUDGE = "judge"
    WRAPPER = "wrapper"
    PRESET = "preset"
    ROUTE = "route"
    ARM = "arm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its name, default (MISSING: required) and type."""

    name: str
    default: Any
    type: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known about a registered name.

    Attributes:
        name: Kebab-case and unique.
        kind: What it can be used as.
        target: The dataclass, or the recipe; of a preset the pipeline that it stands for, as text.
        options: In the order in which positional values are taken and options are printed.
        summary: One line.
        source: Address of the paper or project it comes from; empty where it is plain practice.
        use: For a name that is no stage by itself: the strategy to write instead.
    """

    name: str
    kind: Kind
    target: Any
    options: tuple[Option, ...]
    summary: str
    source: str = ""
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A call joined to its entry: `values` holds every option that was given, checked, by name."""

    entry: Entry
    values: Mapping[str, Any]

    def build(self) -> Any:
        """Make the registered dataclass with these options."""
        return self.entry.target(**self.values)


_entries: dict[str, Entry] = {}
_broken: dict[str, str] = {}
_loaded = False


def options_of(cls: type) -> tuple[Option, ...]:
    """Read the options of a dataclass from its fields, in field order."""
    hints = typing.get_type_hints(cls)
    return tuple(
        Option(
            name=field.name,
            default=_default(field),
            type=hints[field.name],
        )
        for field in dataclasses.fields(cls)
        if field.init
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    factory: Any = field.default_factory
    return field.default if factory is MISSING else factory()


def register(
    name: str, *, kind: Kind, source: str = "", use: str = ""
) -> Callable[[type[_Thing]], type[_Thing]]:
    """Class decorator: register a dataclass under a name; the first line of its docstring is the summary.

    Raises:
        ConfigError: The name is taken by something else.
    """

    def enter(cls: type[_Thing]) -> type[_Thing]:
        summary = (cls.__doc__ or "").strip().partition("\n")[0]
        add(
            Entry(
                name=name,
                kind=kind,
                target=cls,
                options=options_of(cls),
                summary=summary,
                source=source,
                use=use,
            )
        )
        return cls

    return enter


def add(entry: Entry) -> None:
    """Register an entry. Registering the same definition twice (a module reloaded) replaces it.

    Raises:
        ConfigError: The name is taken by another definition.
    """
    old = _entries.get(entry.name)
    if old is not None and _identity(old) != _identity(entry):
        raise ConfigError(f"the name '{entry.name}' is registered already, as a {old.kind}")
    _entries[entry.name] = entry


def discard(name: str) -> None:
    """Take a name out again; nothing happens where nobody registered it."""
    _entries.pop(name, None)


def _identity(entry: Entry) -> tuple[str, ...]:
    target = entry.target
    if isinstance(target, str):
        return entry.kind, target
    return (entry.kind, getattr(target, "__module__", ""), getattr(target, "__qualname__", repr(target)))


def _load() -> None:
    global _loaded
    if _loaded:
        return
    import importlib
    import pkgutil
    from importlib.metadata import entry_points

    for family in _FAMILIES:
        package = importlib.import_module(family)
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            importlib.import_module(f"{family}.{module.name}")
    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except Exception as error:  # a stranger's package may fail in any way; `broken` shows it
            _broken[point.name] = f"{type(error).__name__}: {error}"
    _loaded = True


def entries(*kinds: Kind) -> Iterator[Entry]:
    """All registered entries of the given kinds (none given: all), by name."""
    _load()
    for name in sorted(_entries):
        if not kinds or _entries[name].kind in kinds:
            yield _entries[name]


def broken() -> Mapping[str, str]:
    """Plugins that could not be loaded: entry-point name to error."""
    _load()
    return dict(_broken)


def find(name: str, *kinds: Kind) -> Entry:
    """Look a name up, optionally among some kinds only.

    Raises:
        UnknownName: Nobody registered it; the sentence names the closest.
        ConfigError: It is of another kind; the sentence says what to write there.
    """
    _load()
    entry = _entries.get(name)
    if entry is None:
        known = [other.name for other in entries(*kinds)]
        raise UnknownName(" or ".join(kinds) or "name", name, known)
    if kinds and entry.kind not in kinds:
        wanted = " or ".join(kinds)
        hint = entry.use or ", ".join(other.name for other in entries(*kinds))
        what = f"{_article(entry.kind)} {entry.kind}"
        raise ConfigError(f"'{name}' is {what} and cannot stand where a {wanted} belongs; use {hint}")
    return entry


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def bind(call: Call, *kinds: Kind) -> Bound:
    """Join a call to its entry: positional values take the options in order; names and types are checked.

    Raises:
        UnknownName: An unknown name or option, with the closest ones.
        ConfigError: A wrong kind, a missing or surplus value, or a value of the wrong type.
    """
    entry = find(call.name, *kinds)
    known = {option.name: option for option in entry.options}
    values: dict[str, Any] = {}
    place = 0
    for name, value in call.args:
        if name is None:
            if place >= len(entry.options):
                raise ConfigError(f"'{call.name}' takes at most {len(entry.options)} options: {call}")
            name = entry.options[place].name
            place += 1
        if name not in known:
            raise UnknownName("option", name, known, where=f"'{call.name}'")
        if name in values:
            raise ConfigError(f"option '{name}' of '{call.name}' is given twice: {call}")
        if not fits(value, known[name].type):
            raise ConfigError(
                f"option '{name}' of '{call.name}' must be {spell(known[name].type)}, got {value!r}"
            )
        values[name] = value
    absent = [o.name for o in entry.options if o.default is MISSING and o.name not in values]
    if absent:
        raise ConfigError(f"'{call.name}' needs {', '.join(absent)}: {call}")
    return Bound(entry=entry, values=values)


def canonical(spec: PipelineSpec) -> PipelineSpec:
    """The one spelling of a pipeline: options by name, in field order, without those at their default.

    Nested calls stand without a name as long as everything before them does and the first is required.

    Raises:
        ConfigError: As `bind`.
    """
    return PipelineSpec(tuple(Stage(_canonical(stage.call), stage.cut) for stage in spec.stages))


def _canonical(call: Call) -> Call:
    bound = bind(call)
    args: list[tuple[str | None, Any]] = []
    nameless = True
    for option in bound.entry.options:
        if option.name not in bound.values:
            nameless = False
            continue
        value = bound.values[option.name]
        if isinstance(value, Call):
            value = _canonical(value)
        if value != option.default or type(value) is not type(option.default):
            nameless = nameless and isinstance(value, Call) and (option.default is MISSING or bool(args))
            args.append((None if nameless else option.name, value))
        else:
            nameless = False
    return Call(call.name, tuple(args))
