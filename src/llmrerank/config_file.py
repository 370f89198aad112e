"""Reading `llmrerank.toml`: strictly, every fault at once with its line, and nothing else touched.

```toml
[defaults]                    # any knob, by its name
strategy = "mine"
endpoint = "local"
[endpoints.local]             # where to ask, and the knobs that belong to that place
base_url = "http://127.0.0.1:8080/v1"
model = "qwen3"
[strategies]                  # names for pipelines, usable wherever a strategy is
mine = "bm25 % 100 >> listwise(window=10, stride=5) % 5"
[compare]                     # what `llmrerank compare` compares, for an experiment file (see `compare_keys`)
dataset = "collection"
strategies = ["bm25", "mine"]
[prices]                      # a price file (see `prices`)
date = 2026-11-01
[prices.models."gpt-x-mini"]
input = 0.25
output = 2.0
```
Relative paths are relative to the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .compare_keys import COMPARE_KEYS
from .config_lines import lines_of
from .errors import ConfigError, did_you_mean
from .knobs import ENDPOINT_KNOBS, KNOBS, Knob
from .limits import Prices
from .prices import prices_of

__all__ = ["NAME", "ConfigFile", "Fault", "Found", "Setting", "candidates", "find", "read"]

NAME = "llmrerank.toml"
_SECTIONS = ("defaults", "endpoints", "strategies", "compare", "prices")
_KEYS = ("api_key", "key", "token", "secret", "password")


class Fault(NamedTuple):
    """One thing that is wrong with a file: the line (0: none in particular), the section, the sentence."""

    line: int
    section: str
    sentence: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [f"[{self.section}]"] if self.section else []
        return f"{', '.join(place)}: {self.sentence}" if place else self.sentence


class Found(NamedTuple):
    """A file and what led to it: a flag, an environment variable or a place that is looked into."""

    path: Path
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of a file and where it stands there."""

    value: Any
    section: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What a configuration file says.

    Attributes:
        path: The file.
        defaults: By knob.
        endpoints: By name, then by knob.
        strategies: Pipelines as they are written, by name.
        compare: What a comparison compares, by `COMPARE_KEYS`.
        prices: None where it has no section of prices.
    """

    path: Path
    defaults: Mapping[str, Setting] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    strategies: Mapping[str, Setting] = field(default_factory=dict)
    compare: Mapping[str, Setting] = field(default_factory=dict)
    prices: Setting | None = None


def find(named: str | Path | None = None) -> Found | None:
    """The file in use: the one named, else `$LLMRERANK_CONFIG`, else the first of `candidates`; or None.

    Raises:
        ConfigError: The one that was named is not there.
    """
    variable = os.environ.get("LLMRERANK_CONFIG")
    for name, by in ((named, "--config"), (variable, "LLMRERANK_CONFIG")):
        if name:
            path = Path(name).expanduser()
            # A device is welcome: /dev/null stands for no configuration at all.
            if not path.exists() or path.is_dir():
                raise ConfigError(f"there is no config file {path}, which {by} names")
            return Found(path, by)
    return next((found for found in candidates() if found.path.is_file()), None)


def candidates() -> Iterator[Found]:
    """Where a file that nobody named is looked for, in this order.

    The working folder; its parents up to the root of the repository it lies in (without a repository: none,
    because strangers may write into a shared parent); the user's configuration folder.
    """
    here = Path.cwd()
    inside = [here, *here.parents]
    roots = [place for place, folder in enumerate(inside) if (folder / ".git").exists()]
    yield Found(here / NAME, "the working folder")
    if roots:
        yield from (Found(folder / NAME, "the repository") for folder in inside[1 : roots[0] + 1])
    home = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(home) if home else Path.home() / ".config"
    yield Found(folder / "llmrerank" / NAME, "the user's configuration folder")


def read(path: str | Path) -> tuple[ConfigFile, list[Fault]]:
    """Read a file: what it says, and all that is wrong with it; strategies are not looked into.

    Raises:
        ConfigError: It cannot be read at all, or is no TOML; the sentence names the line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot read the config file {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read the config file {path}: it is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"cannot read the config file {path}: {error}") from error
    reader = _Reader(path.absolute().parent, lines_of(text))
    file = ConfigFile(path=path, **reader.sections(values))
    return file, sorted(reader.faults)


class _Reader:
    """Checks the parts of a file and gathers its faults."""

    def __init__(self, folder: Path, lines: Mapping[tuple[str, ...], int]) -> None:
        self.folder = folder
        self.lines = lines
        self.faults: list[Fault] = []

    def fault(self, path: tuple[str, ...], sentence: str, *, section: str | None = None) -> None:
        line = next(
            (self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 0
        )
        self.faults.append(Fault(line, ".".join(path[:-1]) if section is None else section, sentence))

    def sections(self, values: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            if name in _SECTIONS:
                if not isinstance(value, dict):
                    self.fault((name,), f"'{name}' must be a section, written as [{name}]")
            elif name in KNOBS and not isinstance(value, dict):
                self.fault((name,), f"'{name}' stands in no section; write it under [defaults]")
            else:
                self.fault((name,), f"unknown section '{name}'{did_you_mean(name, _SECTIONS)}")
        tables = {name: _table(values.get(name)) for name in _SECTIONS}
        defaults = self.knobs(("defaults",), tables["defaults"], KNOBS)
        endpoints = self.endpoints(tables["endpoints"])
        prices = self.prices(tables["prices"]) if "prices" in values else None
        self.contradictions(defaults, endpoints, prices)
        return {
            "defaults": defaults,
            "endpoints": endpoints,
            "strategies": self.strategies(tables["strategies"]),
            "compare": self.knobs(("compare",), tables["compare"], COMPARE_KEYS),
            "prices": prices,
        }

    def knobs(
        self, section: tuple[str, ...], values: Mapping[str, Any], known: Mapping[str, Knob]
    ) -> dict[str, Setting]:
        found = {}
        for name, value in values.items():
            place = (*section, name)
            if name in _KEYS:
                self.fault(
                    place,
                    f"'{name}': keys are not kept in files; name the variable that holds it: api_key_env",
                )
            elif name not in known:
                more = "; it belongs into [defaults]" if name in KNOBS else did_you_mean(name, known)
                self.fault(place, f"unknown key '{name}'{more}")
            else:
                try:
                    checked = known[name].form.check(value)
                except ValueError as error:
                    self.fault(place, f"'{name}' {error}")
                    continue
                checked = known[name].form.anchored(checked, self.folder)
                found[name] = Setting(value=checked, section=".".join(section), line=self.lines.get(place, 0))
        return found

    def endpoints(self, values: Mapping[str, Any]) -> dict[str, dict[str, Setting]]:
        found = {}
        for name, value in values.items():
            place = ("endpoints", name)
            if not isinstance(value, dict):
                self.fault(place, f"'{name}' must be a section, written as [endpoints.{name}]")
                continue
            found[name] = self.knobs(place, value, ENDPOINT_KNOBS)
            if "base_url" not in value:
                self.fault(place, "'base_url' is missing", section=f"endpoints.{name}")
        return found

    def strategies(self, values: Mapping[str, Any]) -> dict[str, Setting]:
        found = {}
        for name, value in values.items():
            place = ("strategies", name)
            if isinstance(value, str) and value.strip():
                found[name] = Setting(value=value, section="strategies", line=self.lines.get(place, 0))
            else:
                self.fault(place, f"'{name}' must be a strategy or pipeline, as text")
        return found

    def prices(self, values: Mapping[str, Any]) -> Setting | None:
        faults: list[tuple[tuple[str, ...], str]] = []
        prices = prices_of(values, faults)
        for path, sentence in faults:
            self.fault(("prices", *path), sentence, section="prices")
        return Setting(value=prices or Prices(), section="prices", line=self.lines.get(("prices",), 0))

    def contradictions(
        self,
        defaults: Mapping[str, Setting],
        endpoints: Mapping[str, Any],
        prices: Setting | None,
    ) -> None:
        chosen = defaults.get("endpoint")
        if chosen is not None and "base_url" in defaults:
            self.fault(
                ("defaults", "base_url"), "'endpoint' says where to ask already; leave one of them out"
            )
        if chosen is not None and chosen.value not in endpoints:
            hint = did_you_mean(chosen.value, endpoints) or f"; write a section [endpoints.{chosen.value}]"
            self.fault(("defaults", "endpoint"), f"unknown endpoint '{chosen.value}'{hint}")
        if prices is not None and "prices" in defaults:
            self.fault(("defaults", "prices"), "the section [prices] says it already; leave one of them out")


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
