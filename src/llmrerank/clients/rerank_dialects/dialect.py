"""What a dialect is: the words in which one family of rerank endpoints is asked and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llmrerank.answers.numbers import count
from llmrerank.calls import ListCall
from llmrerank.judges.endpoint_scores import DIALECTS
from llmrerank.types import ScoreKind

__all__ = ["BARE", "Dialect", "Vendor", "total_tokens"]

BARE = ""
"""In place of a key: the reply is the list of results itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Who hosts a dialect.

    Attributes:
        url: Where it is called.
        keys: Environment variables that may hold the key; the first that is set is used.
        model: Name of one of its models, for messages.
    """

    url: str
    keys: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One family of rerank endpoints.

    Attributes:
        name: As in a strategy: `api(dialect='...')`; `auto` for a server that nobody recognised.
        title: What people call it.
        paths: Where it answers, below the server's root; tried in this order while the answer is 404.
        body: From a call and the name of the model (empty: not known) to the JSON object to be posted.
        results: Key under which a reply holds its results; of several the first that is there.
        tokens: From a reply and its headers to the tokens that were read, or None where it counts none.
        notes: From a reply to what a reader of the trace should know of it.
        instructed: Whether a model (by its name) is given an instruction, or it has no place in the request.
        most: Documents that one request may hold, or None where no limit is known.
        vendor: Who hosts it, or None for a server of one's own.
    """

    name: str
    title: str
    paths: tuple[str, ...]
    body: Callable[[ListCall, str], dict[str, Any]]
    results: tuple[str, ...] = ("results",)
    tokens: Callable[[Any, Mapping[str, str]], int | None]
    notes: Callable[[Any], tuple[str, ...]] = lambda _: ()
    instructed: Callable[[str], bool] = lambda _: False
    most: int | None = None
    vendor: Vendor | None = None

    @property
    def kind(self) -> ScoreKind:
        """What its scores mean."""
        return DIALECTS[self.name]


def total_tokens(reply: Any, _: Mapping[str, str]) -> int | None:
    """The tokens under `usage`, as Jina, Voyage, vLLM and llama-server count them."""
    usage = reply.get("usage") if isinstance(reply, Mapping) else None
    if not isinstance(usage, Mapping):
        return None
    total = count(usage.get("total_tokens"))
    return total if total is not None else count(usage.get("prompt_tokens"))
