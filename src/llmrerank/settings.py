"""How calls are made and what they may spend: one value that every door fills and every room reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, get_args

from .errors import ConfigError
from .hidden import bare_address, without_secrets
from .limits import Prices
from .types import Example, Limits

__all__ = ["Effort", "OnError", "Settings"]

OnError = Literal["keep", "raise"]
Effort = Literal["none", "minimal", "low", "medium", "high"]


_NONE = type(None)
_KINDS: tuple[tuple[str, str, tuple[type, ...]], ...] = (
    *((name, "text", (str, _NONE)) for name in ("model", "base_url", "api_key", "redis")),
    *((name, "text", (str,)) for name in ("api_key_env", "instruction")),
    *((name, "a path", (Path, _NONE)) for name in ("cache", "record", "replay")),
    *((name, "a whole number", (int,)) for name in ("parallel", "seed", "retries", "cache_memory")),
    *((name, "a whole number", (int, _NONE)) for name in ("cache_size", "answer_tokens")),
    ("timeout", "a number of seconds", (int, float)),
    ("cache_age", "a number of seconds", (int, float, _NONE)),
    ("extra_body", "a mapping", (Mapping,)),
    ("prices", "Prices", (Prices,)),
)
"""Of each setting what it has to be, in words and in types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is not the strategy itself. A stage's own `model=` and `base_url=` win.

    Attributes:
        model: Model name, or None: the only model the endpoint serves is asked for, else an error says so.
        base_url: OpenAI-compatible endpoint; None: `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: Key; None: the environment variable `api_key_env`, else none (local servers need none).
        api_key_env: Name of the environment variable that holds the key; empty: no key is sent.
        instruction: What makes a document relevant here.
        examples: Worked judgements shown to the model.
        parallel: Most calls under way at once to one endpoint, 1 or more.
        seed: Seed of shuffles and of sampling.
        cache: SQLite file that keeps answers and rankings (a path, or its text), or None.
        cache_age: Seconds after which what was kept is used no more; None: never.
        cache_size: Bytes that the file may take: the oldest go; None: any.
        cache_memory: Bytes of rankings that this process holds besides; 0: none.
        redis: URL of a Redis that keeps rankings for several machines, or None.
        record: JSONL file to which every call and reply is written, or None.
        replay: JSONL file that answers calls in place of any endpoint, or None.
        retries: Times a failed call is sent again, 0 or more.
        timeout: Seconds one attempt may take.
        limits: What may be spent.
        prices: US dollars by model.
        answer_tokens: Room for an answer, in tokens; None: what the form of the answer needs.
        effort: Reasoning effort asked of reasoning models; None: the lowest that the endpoint accepts.
        extra_body: Further fields of the request body, e.g. `{"top_k": 1}`.
        on_error: `keep` the order of a slate whose judge failed, and mark it; or `raise`.
        chat_only: Which of `model` and `base_url` are for stages that chat and for no other: those that were
            configured for every pipeline, and not given for this one.
    """

    model: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_key_env: str = "OPENAI_API_KEY"
    instruction: str = ""
    examples: tuple[Example, ...] = ()
    parallel: int = 8
    seed: int = 0
    cache: Path | None = None
    cache_age: float | None = None
    cache_size: int | None = None
    cache_memory: int = 64_000_000
    redis: str | None = field(default=None, repr=False)
    record: Path | None = None
    replay: Path | None = None
    retries: int = 4
    timeout: float = 120.0
    limits: Limits = field(default_factory=Limits)
    prices: Prices = field(default_factory=Prices)
    answer_tokens: int | None = None
    effort: Effort | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    on_error: OnError = "keep"
    chat_only: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        shown = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        shown["base_url"] = self.base_url and bare_address(self.base_url)
        shown["extra_body"] = without_secrets(self.extra_body)
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __post_init__(self) -> None:
        for name, _, kinds in _KINDS:
            object.__setattr__(self, name, _as_meant(getattr(self, name), kinds))
        if faults := [*self._mistyped()]:
            raise ConfigError("; ".join(faults))
        if self.parallel < 1:
            faults.append(f"parallel must be 1 or more, got {self.parallel}")
        if self.retries < 0:
            faults.append(f"retries must be 0 or more, got {self.retries}")
        if not self.timeout > 0:
            faults.append(f"timeout must be above 0 seconds, got {self.timeout}")
        if self.answer_tokens is not None and self.answer_tokens < 1:
            faults.append(f"answer tokens must be 1 or more, got {self.answer_tokens}")
        if self.cache_age is not None and not self.cache_age > 0:
            faults.append(f"cache_age must be above 0 seconds, got {self.cache_age}")
        if self.cache_size is not None and self.cache_size < 1:
            faults.append(f"cache_size must be 1 byte or more, got {self.cache_size}")
        if self.cache_memory < 0:
            faults.append(f"cache_memory must be 0 bytes or more, got {self.cache_memory}")
        if self.on_error not in ("keep", "raise"):
            faults.append(f"on_error must be 'keep' or 'raise', got {self.on_error!r}")
        if self.effort not in (None, *get_args(Effort)):
            faults.append(f"effort must be one of {', '.join(get_args(Effort))}, got {self.effort!r}")
        if faults:
            raise ConfigError("; ".join(faults))

    def _mistyped(self) -> Iterator[str]:
        """What is of another kind than it has to be; a value that may be a key is not repeated."""
        for name, wanted, kinds in _KINDS:
            value = getattr(self, name)
            if not isinstance(value, kinds) or isinstance(value, bool):
                yield f"{name} must be {wanted}, not of type {type(value).__name__}"
        if not isinstance(self.limits, Limits):
            yield f"limits must be Limits(calls=..., seconds=...), got {self.limits!r}"

    @property
    def key(self) -> str | None:
        """The key that will be used: the one given, else the one in the environment, else None."""
        return self.api_key or (os.environ.get(self.api_key_env) if self.api_key_env else None) or None

    @property
    def chat_configured(self) -> bool:
        """Whether anything says which chat model to use: its name, an endpoint, or answers of earlier."""
        return any((self.model, self.base_url, self.replay, os.environ.get("OPENAI_BASE_URL")))

    @property
    def stage_model(self) -> str | None:
        """The model that a stage may take which does not chat: one that was given for this pipeline."""
        return None if "model" in self.chat_only else self.model

    @property
    def stage_base_url(self) -> str | None:
        """The endpoint that a stage may take which does not chat: one that was given for this pipeline."""
        return None if "base_url" in self.chat_only else self.base_url


def _as_meant(value: Any, kinds: tuple[type, ...]) -> Any:
    """A path that is written as text and numbers of other libraries as what they mean; all else as it is."""
    if Path in kinds and isinstance(value, str | os.PathLike):
        return Path(os.fsdecode(value))
    if int in kinds and isinstance(value, Real) and not isinstance(value, int | float):
        return int(value) if isinstance(value, Integral) else float(value)
    return value
