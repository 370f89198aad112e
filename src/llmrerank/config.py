"""The configuration: the file in use, checked whole, and the settings that come of it.

The library reads no file and no variable of its own accord, but for the key and the address of the endpoint;
the command line does. A program that wants the same says so:

```python
from llmrerank import Reranker, config

configured = config.load()  # or config.load("team.toml")
configured.register()  # the names of its [strategies] can be used from here on
reranker = Reranker("mine", settings=configured.settings(parallel=4))
```
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .config_file import ConfigFile, Fault, Found, Setting, find, read
from .errors import ConfigError, UnknownName
from .expansion import expand
from .logs import logger
from .prices import staleness
from .registry import Entry, Kind, add, canonical, discard, entries
from .resolution import Resolved, misspelt_variables, resolve
from .settings import Settings
from .spec import Call, PipelineSpec, Stage, parse, parse_call

__all__ = ["Config", "anchored", "load"]

_registered: set[str] = set()
_registering = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration file that was checked, or none.

    Attributes:
        file: What it says; None where there is no file.
        found: The file and what led to it; None where there is no file.
    """

    file: ConfigFile | None = None
    found: Found | None = None

    def resolve(self, given: Mapping[str, Any] | None = None) -> Resolved:
        """Every knob with its value and where it came from.

        Args:
            given: Knobs by name that win over all else; None is nothing.

        Raises:
            UnknownName: No knob has that name.
            ConfigError: Values, here or in the environment, that cannot work, all at once.
        """
        return resolve(self.file, given or {})

    def settings(self, *, default_cache: Path | None = None, **given: Any) -> Settings:
        """The settings for a `Reranker` or `Pipeline`; old prices and misspelt variables are logged.

        Args:
            default_cache: File to keep answers in where nobody names one.
            given: Knobs by name that win over all else; None is nothing.

        Raises:
            UnknownName: No knob has that name.
            ConfigError: As `resolve`.
        """
        resolved = self.resolve(given)
        log = logger("config")
        if self.found is not None:
            log.info("using %s, from %s", self.found.path, self.found.by)
        for sentence in (*misspelt_variables(), staleness(resolved.prices)):
            if sentence is not None:
                log.warning(sentence)
        return resolved.settings(cache=default_cache)

    @property
    def strategies(self) -> Mapping[str, str]:
        """The pipelines of the file by name; paths in them are absolute."""
        return {} if self.file is None else {name: s.value for name, s in self.file.strategies.items()}

    @property
    def compare(self) -> Mapping[str, Any]:
        """What the section `[compare]` says, by key; paths in it are absolute."""
        return {} if self.file is None else {name: s.value for name, s in self.file.compare.items()}

    def register(self) -> None:
        """Make the names of the file's strategies known everywhere, and forget those of another file.

        Raises:
            ConfigError: A plugin has taken such a name since the file was read.
        """
        with _registering:
            while _registered:
                discard(_registered.pop())
            for name, pipeline in self.strategies.items():
                summary = f"Defined in {self.found.path if self.found else 'a configuration'}."
                add(Entry(name=name, kind=Kind.PRESET, target=pipeline, options=(), summary=summary))
                _registered.add(name)


def load(path: str | Path | None = None) -> Config:
    """Read the configuration file, and check all of it.

    Args:
        path: The file; None: `$LLMRERANK_CONFIG`, else the first of `config_file.candidates` that is there.

    Raises:
        ConfigError: It is not there, is no TOML, or says what cannot work: all faults at once, with lines.
    """
    found = find(path)
    if found is None:
        return Config()
    file, faults = read(found.path)
    file = _with_strategies(file, faults)
    if faults:
        raise ConfigError(f"config file {found.path}: " + "; ".join(map(str, sorted(faults))))
    return Config(file=file, found=found)


def _with_strategies(file: ConfigFile, faults: list[Fault]) -> ConfigFile:
    """The file with absolute paths in its strategies; names and pipelines that cannot work are faults."""
    default = file.defaults.get("strategy")
    compared = file.compare.get("strategies")
    if not file.strategies and default is None and compared is None:
        return file
    known = {entry.name for entry in entries()} - _registered
    names = file.strategies.keys() - known
    folder = file.path.absolute().parent

    def moved(name: str, setting: Setting) -> Setting:
        try:
            return replace(setting, value=anchored(setting.value, folder, names))
        except ConfigError as error:
            faults.append(Fault(setting.line, setting.section, f"'{name}': {error}"))
            return setting

    def check(name: str, setting: Setting, within: tuple[str, ...]) -> None:
        try:
            _check(setting.value, own, known, within)
        except ConfigError as error:
            fault = Fault(setting.line, setting.section, f"'{name}': {error}")
            if fault not in faults:
                faults.append(fault)

    strategies = {name: moved(name, setting) for name, setting in file.strategies.items()}
    own = {name: strategies[name].value for name in names}
    for name, setting in strategies.items():
        if (wrong := _wrong_name(name, known)) is not None:
            faults.append(Fault(setting.line, setting.section, wrong))
        check(name, setting, (name,))
    file = replace(file, strategies=strategies)
    if compared is not None:
        rows = [moved(text, replace(compared, value=text)) for text in compared.value]
        for text, row in zip(compared.value, rows, strict=True):
            check(text, row, ())
        said = {**file.compare, "strategies": replace(compared, value=tuple(row.value for row in rows))}
        if "baseline" in said:
            said["baseline"] = moved("baseline", said["baseline"])  # it is one of them, spelt as they are
        file = replace(file, compare=said)
    if default is None:
        return file
    default = moved("strategy", default)
    check("strategy", default, ())
    return replace(file, defaults={**file.defaults, "strategy": default})


def _wrong_name(name: str, known: set[str]) -> str | None:
    if name in known:
        return f"'{name}' is the name of something that comes with llmrerank or a plugin; choose another"
    try:
        if parse_call(name) == Call(name):
            return None
    except ConfigError:
        pass
    return f"'{name}' cannot name a strategy: names are letters, digits and dashes, as my-own"


def _check(text: str, own: Mapping[str, str], known: set[str], within: tuple[str, ...]) -> None:
    """Settle a pipeline as it will be when it is used.

    Raises:
        ConfigError: It cannot work.
    """
    from .stages import Course

    spec = parse(text)
    for stage in spec.stages:
        if stage.call.name not in own and stage.call.name not in known:
            raise UnknownName("name", stage.call.name, [*own, *known])
    Course.of(str(expand(spec, own=own, within=within)))


def anchored(pipeline: str, folder: Path, own: Collection[str] = ()) -> str:
    """A pipeline with paths of prompts, routers and models that begin with a dot relative to a folder.

    Args:
        pipeline: In the one notation; it stays as it was typed where nothing is relative.
        folder: Where the paths begin.
        own: Names of pipelines that a file defines, which have no options.

    Raises:
        ConfigError: It cannot be read.
    """
    spec = parse(pipeline)
    moved = _anchored(spec, folder, own)
    return pipeline if moved == spec else str(moved)


def _anchored(spec: PipelineSpec, folder: Path, own: Collection[str]) -> PipelineSpec:
    stages = []
    for stage in spec.stages:
        if stage.call.name not in own and _has_path(stage.call):
            # Named, so that a path in the place of an option is known for one.
            [named] = canonical(PipelineSpec((stage,))).stages
            stage = Stage(_anchored_call(named.call, folder), stage.cut)
        stages.append(stage)
    return PipelineSpec(tuple(stages))


def _has_path(call: Call) -> bool:
    return any(
        _has_path(value) if isinstance(value, Call) else isinstance(value, str) for _, value in call.args
    )


def _anchored_call(call: Call, folder: Path) -> Call:
    return Call(call.name, tuple((name, _anchored_value(name, value, folder)) for name, value in call.args))


def _anchored_value(name: str | None, value: Any, folder: Path) -> Any:
    if isinstance(value, Call):
        return _anchored_call(value, folder)
    if not isinstance(value, str):
        return value
    is_prompt = name == "prompt" and ("/" in value or "\\" in value or value.endswith(".toml"))
    is_folder = name == "model" and value.startswith(("./", "../", "~"))
    is_router = name == "by" and value.endswith(".json")
    return str(folder / Path(value).expanduser()) if is_prompt or is_folder or is_router else value
