"""What a ranking is kept under: everything that decides it, and nothing that only says how it is sent.

It is the sha256 over

- the pipeline in its one spelling, with every stage's algorithm and judge, their options and the prompts
  they loaded, and the source text of the modules that define them;
- who answers: model, endpoint, further fields of requests, or the fingerprint of local weights;
- what was asked: query, instruction, examples, seed, room for an answer, reasoning effort, what happens on
  errors, how many leading places must be right;
- the candidates in order: id, title, text, metadata, and what earlier stages said of them;
- the version of llmrerank and of this form.

Keys, time-outs, retries, parallelism, limits, prices and the cache's own place are no part of it.
"""

from __future__ import annotations

import enum
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from llmrerank.carriers import Carriers
from llmrerank.errors import ConfigError
from llmrerank.prompt_contents import Contents
from llmrerank.settings import Settings
from llmrerank.stages import Course
from llmrerank.strategies import Strategy

from .candidates import Candidates

__all__ = ["Keys"]

FORM = 1
"""Of keys and values; another one finds nothing that was kept under this one."""


class Keys:
    """Makes keys for one course. What of them is the same for every query is written down once.

    Args:
        course: The settled pipeline.
        carriers: The clients of its stages, which know who answers.
    """

    def __init__(self, course: Course, carriers: Carriers) -> None:
        self._course = course
        self._carriers = carriers
        self._strategies: list[Strategy] = []
        self._first: str | None = None
        self._asked: tuple[Any, str] = (None, "")
        try:
            self._stages: str | None = _json(self._described(course.steps))
            self._first = self._first_stage()
        except _Unknown:
            self._stages = None

    @property
    def covers_first(self) -> bool:
        """Whether what the first stage makes of given documents is decided by what a key holds."""
        return self._course.first is None or self._first is not None

    def of(
        self,
        query: str,
        candidates: Candidates,
        settings: Settings,
        *,
        top: int | None,
        whole: bool,
        given: bool,
    ) -> bytes | None:
        """The key of one ranking; None where something that decides it is not known or cannot be written.

        Args:
            query: What is asked.
            candidates: What it starts from.
            settings: How calls are made.
            top: As `Course.rerank`.
            whole: As `Course.rerank`.
            given: The candidates are documents as given, which the first stage, if any, ranks.
        """
        if self._stages is None or (given and not self.covers_first):
            return None
        who = []
        for strategy in self._strategies:
            try:
                identity = self._carriers.client(strategy, settings).identity
            except ConfigError:
                return None  # whoever needs it says so; an arm of a route may not be needed
            if not identity.model or (identity.local and "#" not in identity.model):
                return None  # found out by the first call, or fetched for it
            who.append([identity.model, identity.endpoint, identity.extra])
        try:
            pool = candidates.text
        except (TypeError, ValueError, RecursionError):
            return None
        more = _json([who, top, whole, self._first if given else None, query])
        digest = hashlib.sha256(f"{self._settled(settings)}\n{more}\n".encode())
        digest.update(pool.encode("utf-8", "surrogatepass"))  # apart: it is long, and a copy takes time
        return digest.digest()

    def _settled(self, settings: Settings) -> str:
        """All but the query, the candidates and who answers."""
        asked = (
            (settings.instruction, settings.examples, settings.seed, settings.on_error),
            (settings.answer_tokens, settings.effort, settings.extra_body),
        )
        if self._asked[0] != asked:
            from llmrerank import __version__

            spec = str(self._course.spec)
            text = _json([FORM, __version__, spec, self._stages, self._described(asked)])
            self._asked = (asked, hashlib.sha256(text.encode()).hexdigest())
        return self._asked[1]

    def _first_stage(self) -> str | None:
        """The first stage and what decides its result over given documents; None where it does not say."""
        first = self._course.first
        if first is None:
            return None
        stage = first.build()
        says = getattr(stage, "decided_by", None)
        try:
            decided = None if says is None else says()
        except ConfigError:
            return None  # a model that cannot be found: whoever opens the stage says so better
        if decided is None:
            return None
        return _json([self._described(stage), decided, self._course.first_cut])

    def _described(self, value: Any) -> Any:
        """A value in JSON, types included; the strategies within are gathered.

        Raises:
            _Unknown: It cannot be written down so that another value would be written differently.
        """
        if value is None or isinstance(value, bool | int | float | str):
            return value.value if isinstance(value, enum.Enum) else value
        if isinstance(value, Path):
            return str(value)
        if isinstance(value, Mapping):
            return {"map": [[self._described(key), self._described(held)] for key, held in value.items()]}
        if isinstance(value, tuple | list):
            return [self._described(held) for held in value]
        if isinstance(value, frozenset | set):
            return {"set": sorted(_json(self._described(held)) for held in value)}
        if isinstance(value, type):
            return {"class": _class(value)}
        if is_dataclass(value):
            if isinstance(value, Strategy):
                self._strategies.append(value)
            names = [field.name for field in fields(value)]
            if isinstance(value, Contents):
                names.remove("path")  # what a prompt says counts, not where its file lies
            held = {name: self._described(getattr(value, name)) for name in names}
            return {"class": _class(type(value)), "fields": held}
        raise _Unknown


class _Unknown(Exception):
    """Something that cannot be written down."""


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _class(cls: type) -> Sequence[str]:
    return [cls.__module__, cls.__qualname__, _source(cls.__module__)]


@cache
def _source(module: str) -> str:
    """Digest of the file that a module was read from: an edited algorithm ranks differently.

    Raises:
        _Unknown: It comes from no file, as in a notebook.
    """
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return hashlib.sha256(Path(file or "").read_bytes()).hexdigest()
    except OSError:
        if module.partition(".")[0] in ("llmrerank", "builtins"):
            return ""  # the version says it
        raise _Unknown from None
