"""A judge around a judge: a long document is judged chunk by chunk, and its chunks speak for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from llmrerank.chunking import LEAST, chunk
from llmrerank.errors import ConfigError, IncompatibleJudge
from llmrerank.sentences import Range
from llmrerank.tokens import estimate
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Judge, Opinion, Question

__all__ = ["Chunked", "Pooling", "check_chunks"]

Pooling = Literal["max", "mean", "first"]

_SPANS = 3
"""Chunks of a document that are told of, the best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunked:
    """Splits every document into chunks, asks another judge about all of them, and pools their scores.

    `max` takes the best chunk's score, `mean` the mean of all, `first` reads no further than the first chunk.
    A chunk without a score is left out; a document of which no chunk has one is unread. A document that is
    one chunk is asked about as it is. Titles are shown with every chunk and come on top of its tokens.
    Cost: the inner judge's for as many documents as there are chunks, about (t - overlap) / (tokens -
    overlap) for a document of t tokens; with `first` one for each document.
    Source: Dai and Callan 2019, arXiv 1905.09217 (MaxP, FirstP; their SumP is the mean but for its scale).

    Attributes:
        inner: A judge that gives scores.
        tokens: Most tokens of a chunk (`tokens.estimate`), 16 or more.
        overlap: Most tokens that two neighbouring chunks share, in whole sentences; less than `tokens`.
        pool: How a document's score is made of its chunks'.
        answer_tokens: Room for an answer of the inner judge, where it has such an option; None: as it says.

    Raises:
        IncompatibleJudge: The inner judge gives no scores.
        ConfigError: The chunks are chunked again, an option is out of its range, or a chunk has more tokens
            than the inner judge shows of a document.
    """

    inner: Judge
    tokens: int = 200
    overlap: int = 40
    pool: Pooling = "max"
    answer_tokens: int | None = None

    def __post_init__(self) -> None:
        inner: Any = self.inner
        name = type(inner).__name__.lower()
        if isinstance(inner, Chunked):
            raise ConfigError("chunks cannot be split into chunks again; write one chunks(...)")
        if inner.gives < Detail.SCORES:
            raise IncompatibleJudge(
                f"chunks are pooled by their scores, and the judge '{name}' gives only "
                f"{inner.gives.name.lower()}; wrap one that scores, such as cross-encoder or pointwise"
            )
        if self.pool not in ("max", "mean", "first"):
            raise ConfigError(f"chunks: pool must be 'max', 'mean' or 'first', got {self.pool!r}")
        if self.tokens < LEAST:
            raise ConfigError(f"chunks: tokens must be {LEAST} or more, got tokens={self.tokens}")
        if not 0 <= self.overlap < self.tokens:
            raise ConfigError(
                f"chunks: overlap must be 0 or more and less than tokens={self.tokens}, "
                f"got overlap={self.overlap}"
            )
        shown = getattr(inner, "passage_tokens", None)
        if shown is not None and self.tokens > shown:
            raise ConfigError(
                f"chunks: tokens={self.tokens} is more than '{name}' shows of a document; write "
                f"tokens={shown} or less, or passage_tokens={self.tokens} inside"
            )
        if self.answer_tokens is not None and hasattr(inner, "answer_tokens"):
            object.__setattr__(self, "inner", replace(inner, answer_tokens=self.answer_tokens))

    @property
    def gives(self) -> Detail:
        """Scores."""
        return self.inner.gives

    @property
    def capacity(self) -> int | None:
        """The inner judge's."""
        return self.inner.capacity

    @property
    def score_kind(self) -> ScoreKind:
        """The inner judge's: a pooled score is on the scale of a chunk's."""
        return self.inner.score_kind

    @property
    def carrier(self) -> Carrier:
        """What carries the inner judge's calls."""
        return self.inner.carrier

    @property
    def read(self) -> str | None:
        """How the inner judge reads answers, where that can be chosen."""
        found: str | None = getattr(self.inner, "read", None)
        return found

    @property
    def dialect(self) -> str:
        """What the inner judge's endpoint speaks; `auto` where that is not said."""
        found: str = getattr(self.inner, "dialect", "auto")
        return found

    @property
    def key_env(self) -> str | None:
        """The environment variable that holds the key of the inner judge's endpoint, where it names one."""
        found: str | None = getattr(self.inner, "key_env", None)
        return found

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask the inner judge about all chunks of the slate at once."""
        ranges = [chunk(one.text, tokens=self.tokens, overlap=self.overlap) for one in documents]
        unseen = 0
        if self.pool == "first":
            unseen = sum(
                estimate(one.text) - estimate(one.text[slice(*found[0])])
                for one, found in zip(documents, ranges, strict=True)
                if len(found) > 1
            )
        asked = [found[:1] if self.pool == "first" else found for found in ranges]
        chunks = [
            replace(one, text=one.text[start:end]) if len(whole) > 1 else one
            for one, found, whole in zip(documents, asked, ranges, strict=True)
            for start, end in found
        ]
        opinion = yield from self.inner.ask(question, chunks, attempt=attempt)
        return self._pooled(opinion, asked, unseen)

    def _pooled(self, opinion: Opinion, ranges: Sequence[Sequence[Range]], unseen: int) -> Opinion:
        """The opinion about the documents that an opinion about their chunks is."""
        count = sum(map(len, ranges))
        read = opinion.scores or (None,) * count
        order = opinion.strengths or read
        scores, strengths, spans = [], [], []
        start = 0
        for found in ranges:
            own = slice(start, start + len(found))
            start += len(found)
            scores.append(self._pool(read[own]))
            strengths.append(self._pool(order[own]))
            spans.append(_best(found, order[own]))
        pooled = Opinion.of_scores(strengths)
        return replace(
            opinion,
            tiers=pooled.tiers,
            scores=tuple(scores),
            strengths=tuple(strengths) if opinion.strengths is not None else None,
            usable=opinion.usable and any(score is not None for score in scores),
            cut=opinion.cut + unseen,
            spans=tuple(spans),
        )

    def _pool(self, values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        if not known:
            return None
        return sum(known) / len(known) if self.pool == "mean" else max(known)


def _best(ranges: Sequence[Range], strengths: Sequence[float | None]) -> tuple[Range, ...]:
    """The best of the chunks that were read and hold something, earlier ones first among equals."""
    pairs = [
        (-strength, one)
        for one, strength in zip(ranges, strengths, strict=True)
        if strength is not None and one[0] < one[1]
    ]
    return tuple(one for _, one in sorted(pairs)[:_SPANS])


def check_chunks(judge: Judge, *, model: str, context: int | None) -> None:
    """Make sure that the chunks of a judge fit into its model, where it is known what the model can read.

    Args:
        judge: Any judge; one that does not chunk passes.
        model: The model's name, for the sentence.
        context: Tokens that it can read at once, special ones and the query included; None: not known.

    Raises:
        ConfigError: A chunk has as many tokens as the model can read, or more.
    """
    if not isinstance(judge, Chunked) or context is None or judge.tokens < context:
        return
    # What local weights are known by ends in their fingerprint.
    name = model.rpartition("#")[0] or model
    fitting = context * 4 // 50 * 10
    if fitting < LEAST:
        raise ConfigError(f"chunks: the model '{name}' reads only {context} tokens at once; use another")
    overlap = "" if judge.overlap < fitting else f", overlap={fitting // 5}"
    raise ConfigError(
        f"chunks: tokens={judge.tokens}, and the model '{name}' reads at most {context} tokens at once, "
        f"of which title and query take some; write tokens={fitting}{overlap}"
    )
