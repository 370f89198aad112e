"""Preparing documents that nobody vouches for: made harmless, cut fairly, fenced by a nonce.

**Neutralising** is done by `neutralising`, before anything else and again behind it: every step replaces
characters and joins none, hence a second pass changes nothing.

**Cutting.** A slate has `passage_tokens` for each text, added up: short texts leave their rest to long ones,
and no text is cut below `FLOOR` tokens. Of a text that is too long an excerpt is shown that speaks of the
query (`excerpts`), made of the neutralised text and neutralised again, since what stood in the middle of a
line may now open one; without a query its beginning.

**The nonce** is an HMAC of a secret over query and slate: the same question has the same bytes, and no text
can hold the nonce of a slate that contains it. The secret is the environment variable `LLMRERANK_SECRET`,
else the seed of the run. The latter is no secret, yet whoever wants a document to hold its own slate's nonce
must know the query and all other documents and try about 2^64 texts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from .errors import ConfigError
from .excerpts import excerpt
from .lookalikes import ROUND
from .neutralising import disarm, neutralise
from .tokens import estimate, truncate

__all__ = [
    "FIELD_TOKENS",
    "FLOOR",
    "READ",
    "Prepared",
    "disarm",
    "field",
    "fit",
    "level",
    "neutralise",
    "nonce",
    "one_line",
    "secret",
]

FLOOR = 32
"""Tokens of each text that are always kept; the least that `passage_tokens` may be."""
FIELD_TOKENS = 64
"""Most tokens of a title, an identifier or a metadata field in a prompt."""

READ = 1_000_000
"""Characters of a text that a prompt reads: what follows them is left out, and said to be."""

_Made = TypeVar("_Made")
_MOST_MADE = 4096


def field(text: str) -> str:
    """Neutralise a title, an identifier or a metadata value: one line, at most `FIELD_TOKENS` tokens.

    All its square and angle brackets become round, since what it opens the text beside it might close.
    """
    if not text:
        return ""
    return truncate(one_line(text).translate(ROUND), FIELD_TOKENS)[0]


def one_line(text: str) -> str:
    """Neutralise a text and put it on one line; twice, since what stood on two may now name a speaker."""
    for _ in range(2):
        text = " ".join(neutralise(text).split())
    return text


def fit(
    texts: Sequence[str],
    *,
    passage_tokens: int,
    query: str = "",
    spans: Sequence[Sequence[tuple[int, int]]] = (),
    prepared: Prepared | None = None,
) -> tuple[tuple[str, ...], int]:
    """Neutralise the texts of a slate and cut them fairly to `passage_tokens` each on average.

    Args:
        texts: As they came.
        passage_tokens: `FLOOR` or more.
        query: What the excerpts of long texts are chosen by; empty: their beginnings are shown.
        spans: By place, ranges of the text as it came that were found best, best first; may be empty.
        prepared: What was done for other slates of the same ranking.

    Returns:
        The texts in order, and how many (estimated) tokens were left out altogether.

    Raises:
        ConfigError: `passage_tokens` is below `FLOOR`.
    """
    if passage_tokens < FLOOR:
        raise ConfigError(f"passage_tokens must be {FLOOR} or more, got {passage_tokens}")
    prepared = prepared or Prepared()
    measured = [prepared.measured(text) for text in texts]
    most = level([length for _, length in measured], passage_tokens * len(texts))
    cuts = [
        prepared.cut(text, most=most, query=query, spans=tuple(found)) if length > most else (clean, 0)
        for text, (clean, length), found in zip(texts, measured, spans or [()] * len(texts), strict=True)
    ]
    unread = sum(-(-max(0, len(text) - READ) // 4) for text in texts)
    return tuple(text for text, _ in cuts), sum(cut for _, cut in cuts) + unread


class Prepared:
    """What was made of the texts of one ranking: each is prepared once, however many slates show it.

    Goes with the ranking, and starts anew where it holds more than a ranking can be expected to need.
    """

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[object, Any] = {}

    def measured(self, text: str) -> tuple[str, int]:
        """A text made harmless, and its estimated tokens."""
        found: tuple[str, int] | None = self._made.get(text)
        if found is None:
            clean = neutralise(text[:READ])
            found = self._keep(text, (clean, estimate(clean)))
        return found

    def cut(self, text: str, *, most: int, query: str, spans: tuple[tuple[int, int], ...]) -> tuple[str, int]:
        """What is shown of a text that has more than `most` tokens, and how many are left out."""
        key = (text, most, query, spans)
        found: tuple[str, int] | None = self._made.get(key)
        if found is None:
            clean, _ = self.measured(text)
            if query.strip():
                found = self._keep(key, _shown(clean, text[:READ], most=most, query=query, spans=spans))
            else:
                found = self._keep(key, truncate(clean, most))
        return found

    def field(self, text: str) -> str:
        """A title, an identifier or a metadata value, as `field` makes it."""
        found: str | None = self._made.get((text,))
        return self._keep((text,), field(text)) if found is None else found

    def _keep(self, key: object, made: _Made) -> _Made:
        if len(self._made) >= _MOST_MADE:
            self._made.clear()
        self._made[key] = made
        return made


def level(lengths: Sequence[int], budget: int) -> int:
    """Find the limit at which texts of these lengths, each cut to it, just fit into a budget.

    Never below the budget's mean share; the largest length where everything fits (0 for no texts).
    """
    remaining = len(lengths)
    for length in sorted(lengths):
        share = budget // remaining
        if length > share:
            return share
        budget -= length
        remaining -= 1
    return max(lengths, default=0)


def secret(seed: int) -> str:
    """The key of the nonce: `LLMRERANK_SECRET`, else made of the run's seed."""
    return os.environ.get("LLMRERANK_SECRET") or f"seed:{seed}"


def nonce(secret: str, query: str, texts: Iterable[str]) -> str:
    """Derive the fence of one slate: 16 hexadecimal digits, equal for the same query and texts in order."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (query, *texts)]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:16]


def _shown(
    clean: str, before: str, *, most: int, query: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, int]:
    """An excerpt of a neutralised text that is too long, and the tokens left out."""
    if spans and clean != before:
        # What is removed moves the ranges; that a character more or less is counted loses no sentence.
        spans = [(len(neutralise(before[:start])), len(neutralise(before[:end]))) for start, end in spans]
    text, cut = excerpt(clean, query=query, tokens=most, spans=spans)
    safe = neutralise(text)
    if safe == text:
        return text, cut
    safe, more = truncate(safe, most)
    return safe, cut + more
