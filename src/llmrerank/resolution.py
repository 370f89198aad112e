"""Which value of a knob wins, and where it came from: flag, environment variable, file, default.

An endpoint's values count as if whoever chose the endpoint had given them: `--endpoint NAME` brings them
before the environment, `endpoint = "NAME"` in a file before the other defaults of the file. An address that
is given by itself is an endpoint by itself: it sets aside the one that was chosen further down, with its
model, its key and all else that belongs there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from .clients.address import Address
from .config_file import ConfigFile, Setting
from .errors import ConfigError, UnknownName, did_you_mean
from .knobs import ENDPOINT_KNOBS, KNOBS, Knob
from .limits import Prices
from .prices import read_prices
from .settings import Settings
from .types import Limits

__all__ = ["Chosen", "Origin", "Resolved", "misspelt_variables", "resolve"]

Kind = Literal["flag", "environment", "file", "default"]
_ALIKE = (
    *("instruction", "examples", "seed", "record", "replay", "on_error"),
    *("cache_age", "cache_size", "cache_memory"),
)
_FURTHER = ("LLMRERANK_CONFIG", "LLMRERANK_SECRET")
_KINDS: tuple[Kind, ...] = ("flag", "environment", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from.

    Attributes:
        kind: What won.
        name: The flag, the variable or the file; empty for a default.
        section: Section of the file.
        line: Line of the file, 0 where it is none.
    """

    kind: Kind
    name: str = ""
    section: str = ""
    line: int = 0

    def __str__(self) -> str:
        if self.kind != "file":
            return self.name or self.kind
        return f"{self.name}, [{self.section}]" + (f" line {self.line}" if self.line else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The value of a knob and where it came from."""

    value: Any
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Every knob with its value.

    Attributes:
        values: By the name of the knob.
        prices: What the price file, or the section of prices, says.
    """

    values: Mapping[str, Chosen]
    prices: Prices

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value

    def settings(self, *, cache: Path | None = None) -> Settings:
        """The settings of these values.

        Args:
            cache: File to keep answers in where nobody names one.

        Raises:
            ConfigError: Values that cannot work together.
        """
        kept = cache if self["cache"] is None else self["cache"] or None
        configured = {
            name
            for name in ("model", "base_url")
            if self[name] is not None and self.values[name].origin.kind != "flag"
        }
        return Settings(
            **{name: self[name] for name in (*ENDPOINT_KNOBS, *_ALIKE)},
            cache=kept,
            redis=None if self["cache"] is False else self["redis"],
            limits=Limits(
                calls=self["max_calls"],
                tokens=self["max_tokens"],
                cost=self["max_cost"],
                seconds=self["deadline"],
            ),
            prices=self.prices,
            chat_only=frozenset(configured),
        )


def resolve(file: ConfigFile | None, given: Mapping[str, Any]) -> Resolved:
    """Settle every knob.

    Args:
        file: What the configuration file says, or None.
        given: What the command line or the caller says, by knob; None is nothing.

    Raises:
        UnknownName: No knob has that name.
        ConfigError: Values of flags or of the environment that cannot work, all at once.
    """
    for name in given:
        if name not in KNOBS:
            raise UnknownName("setting", name, KNOBS)
    settling = _Settling(file, {name: value for name, value in given.items() if value is not None})
    resolved = settling.resolved()
    if settling.faults:
        raise ConfigError("; ".join(settling.faults))
    return resolved


class _Settling:
    """One resolution under way, with the faults found so far."""

    def __init__(self, file: ConfigFile | None, given: Mapping[str, Any]) -> None:
        self.file = file
        self.faults: list[str] = []
        defaults: Mapping[str, Setting] = {} if file is None else file.defaults
        self.levels: dict[Kind, dict[str, Chosen]] = {
            "flag": self._checked(
                given, "flag", lambda knob: knob.flag, lambda form, value: form.check(value)
            ),
            "environment": self._checked(
                _variables(), "environment", lambda knob: knob.variable, lambda form, text: form.parse(text)
            ),
            "file": {name: self._of_file(setting) for name, setting in defaults.items()},
        }

    def resolved(self) -> Resolved:
        endpoint, chooser = self._endpoint()
        values = {name: self._value(knob, endpoint, chooser) for name, knob in KNOBS.items()}
        values["endpoint"] = endpoint
        if chooser is not None:
            values["api_key_env"] = self._own_key(values["api_key_env"], values["base_url"])
        self._check_key(values["api_key_env"])
        before = len(self.faults)
        prices = self._prices(values)
        unreadable = len(self.faults) > before
        if values["max_cost"].value is not None and not prices.by_model and not unreadable:
            which = values["max_cost"].origin.name if values["max_cost"].origin.kind != "file" else "max_cost"
            self.faults.append(
                f"{which} needs prices: give --prices FILE, or a section [prices] in the config file"
            )
        return Resolved(values=values, prices=prices)

    def _checked(
        self,
        raw: Mapping[str, Any],
        kind: Kind,
        name_of: Callable[[Knob], str],
        read: Callable[[Any, Any], Any],
    ) -> dict[str, Chosen]:
        found = {}
        for name, value in raw.items():
            knob = KNOBS[name]
            try:
                checked = read(knob.form, value)
            except ValueError as error:
                self.faults.append(f"{name_of(knob)} {error}")
                continue
            found[name] = Chosen(value=checked, origin=Origin(kind=kind, name=name_of(knob)))
        return found

    def _of_file(self, setting: Setting) -> Chosen:
        path = "" if self.file is None else str(self.file.path)
        origin = Origin(kind="file", name=path, section=setting.section, line=setting.line)
        return Chosen(value=setting.value, origin=origin)

    def _endpoint(self) -> tuple[Chosen, Kind | None]:
        """The endpoint that was chosen and who chose it; nobody where an address by itself comes first."""
        if {"endpoint", "base_url"} <= self.levels["flag"].keys():
            self.faults.append("--endpoint and --base-url both say where to ask; give one of them")
        for kind in _KINDS:
            level = self.levels[kind]
            if "endpoint" in level:
                self._check_endpoint(level["endpoint"])
                return level["endpoint"], kind
            if "base_url" in level:
                return Chosen(value=None, origin=level["base_url"].origin), None
        return Chosen(value=None, origin=Origin(kind="default")), None

    def _check_endpoint(self, chosen: Chosen) -> None:
        known = {} if self.file is None else self.file.endpoints
        if chosen.value in known or chosen.origin.kind == "file":
            return
        if self.file is None:
            hint = f"; there is no config file with a section [endpoints.{chosen.value}]"
        else:
            hint = did_you_mean(chosen.value, known) or f"; {self.file.path} has none"
        self.faults.append(f"{chosen.origin.name}: unknown endpoint '{chosen.value}'{hint}")

    def _value(self, knob: Knob, endpoint: Chosen, chooser: Kind | None) -> Chosen:
        endpoints = {} if self.file is None else self.file.endpoints
        own: Mapping[str, Setting] = {} if chooser is None else endpoints.get(endpoint.value, {})
        for kind in _KINDS:
            level = self.levels[kind]
            direct = level.get(knob.name)
            through = self._of_file(own[knob.name]) if kind == chooser and knob.name in own else None
            # In a file the endpoint is the narrower word; beside --endpoint another flag is.
            narrow = kind == "file" or knob.name == "base_url"
            chosen = (through or direct) if narrow else (direct or through)
            if chosen is not None:
                return chosen
        return Chosen(value=knob.default, origin=Origin(kind="default"))

    def _own_key(self, chosen: Chosen, base_url: Chosen) -> Chosen:
        """OpenAI's key goes to no other endpoint of a file: one that names no key gets none."""
        if chosen.origin.kind != "default" or base_url.value is None or Address.of(base_url.value).needs_key:
            return chosen
        return Chosen(value="", origin=replace(base_url.origin, line=0))

    def _check_key(self, chosen: Chosen) -> None:
        """A variable that is named here and now must hold a key; a file's may wait until it is needed."""
        if chosen.origin.kind in ("flag", "environment") and not os.environ.get(chosen.value):
            self.faults.append(
                f"{chosen.origin.name} names {chosen.value}, which is not set; export {chosen.value}=..."
            )

    def _prices(self, values: dict[str, Chosen]) -> Prices:
        chosen = values["prices"]
        inline = None if self.file is None else self.file.prices
        if inline is not None and chosen.origin.kind in ("file", "default"):
            values["prices"] = self._of_file(inline)
            found: Prices = inline.value
            return found
        if chosen.value is None:
            return Prices()
        try:
            return read_prices(chosen.value)
        except ConfigError as error:
            self.faults.append(str(error))
            return Prices()


def misspelt_variables() -> list[str]:
    """A sentence for each variable of the environment that is close to one of ours and is none."""
    known = {knob.variable for knob in KNOBS.values()} | set(_FURTHER)
    found = []
    for name in sorted(os.environ):
        if name.startswith("LLMRERANK_") and name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.9)
            found += [f"the variable {name} says nothing to llmrerank; {other} does" for other in close]
    return found


def _variables() -> dict[str, str]:
    """What the environment says, by knob; an empty variable says nothing."""
    return {
        name: os.environ[knob.variable]
        for name, knob in KNOBS.items()
        if knob.variable and os.environ.get(knob.variable)
    }
