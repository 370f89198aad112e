"""Everything that can be configured: each knob with its name, form, default and environment variable.

A knob has one name everywhere: `max_calls` in a file, `--max-calls` as a flag, `LLMRERANK_MAX_CALLS` in the
environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args

from .forms import (
    AGE,
    AMOUNT,
    CACHE,
    EXAMPLES,
    FILE,
    MODEL,
    REDIS,
    ROOM,
    SECONDS,
    SEED,
    SIZE,
    TABLE,
    TEXT,
    URL,
    VARIABLE,
    Form,
    choice,
    whole,
)
from .settings import Effort, OnError

__all__ = ["ENDPOINT_KNOBS", "KNOBS", "Knob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One thing that can be configured.

    Attributes:
        name: In files and in Python; the flag has dashes for underscores.
        form: What its value must be.
        summary: What it does, in a few words.
        default: Its value where nobody says anything.
        variable: Environment variable, or empty where there is none.
        of_endpoint: Whether an endpoint may have its own.
    """

    name: str
    form: Form
    summary: str
    default: Any = None
    variable: str = ""
    of_endpoint: bool = False

    @property
    def flag(self) -> str:
        """How the command line spells it."""
        return "--" + self.name.replace("_", "-")


def _knob(
    name: str,
    form: Form,
    summary: str,
    default: Any = None,
    *,
    of_endpoint: bool = False,
    variable: str = "=",
) -> Knob:
    return Knob(
        name=name,
        form=form,
        summary=summary,
        default=default,
        variable=f"LLMRERANK_{name.upper()}" if variable == "=" else variable,
        of_endpoint=of_endpoint,
    )


_ALL = (
    _knob("strategy", TEXT, "strategy or pipeline where none is named"),
    _knob("endpoint", TEXT, "which [endpoints.NAME] is asked"),
    _knob("model", MODEL, "model that is asked", of_endpoint=True),
    _knob(
        "base_url",
        URL,
        "OpenAI-compatible endpoint that is asked",
        of_endpoint=True,
        variable="OPENAI_BASE_URL",
    ),
    _knob("api_key_env", VARIABLE, "variable that holds the key", "OPENAI_API_KEY", of_endpoint=True),
    _knob("instruction", TEXT, "what makes a document relevant here", ""),
    _knob("examples", EXAMPLES, "worked judgements shown to the model", (), variable=""),
    _knob("answer_tokens", whole(1), "room for an answer", of_endpoint=True),
    _knob("effort", choice(*get_args(Effort)), "reasoning effort", of_endpoint=True),
    _knob("extra_body", TABLE, "further fields of every request", MappingProxyType({}), of_endpoint=True),
    _knob("parallel", whole(1), "calls under way at once", 8, of_endpoint=True),
    _knob("seed", SEED, "seed of shuffles and sampling", 0),
    _knob("cache", CACHE, "file that keeps answers and rankings; false: keep and use none"),
    _knob("cache_age", AGE, "how long what is kept is used"),
    _knob("cache_size", SIZE, "bytes that the file may take: the oldest go"),
    _knob("cache_memory", ROOM, "bytes of rankings held in memory as well", 64_000_000),
    _knob("redis", REDIS, "Redis that keeps rankings for several machines"),
    _knob("record", FILE, "file to which every call and answer is written"),
    _knob("replay", FILE, "file from which answers are taken; nobody is called"),
    _knob("retries", whole(0), "times a failed call is sent again", 4, of_endpoint=True),
    _knob("timeout", SECONDS, "seconds that one attempt may take", 120.0, of_endpoint=True),
    _knob("on_error", choice(*get_args(OnError)), "keep the order of what failed, or stop", "keep"),
    _knob("deadline", AMOUNT, "seconds for one query"),
    _knob("max_calls", whole(0), "LLM calls in all"),
    _knob("max_tokens", whole(0), "tokens in all, in and out"),
    _knob("max_cost", AMOUNT, "US dollars in all"),
    _knob("prices", FILE, "price file: US dollars by model"),
)

KNOBS: Mapping[str, Knob] = MappingProxyType({knob.name: knob for knob in _ALL})
"""Every knob by its name, in the order in which they are shown."""
ENDPOINT_KNOBS: Mapping[str, Knob] = MappingProxyType({k.name: k for k in _ALL if k.of_endpoint})
"""Those that an endpoint may have of its own."""
