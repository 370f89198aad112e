"""What a judge is, what it is asked, and what it concludes."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from llmrerank.calls import Call, Reply
from llmrerank.passages import Prepared
from llmrerank.types import Detail, Document, Example, ScoreKind

Carrier = Literal["chat", "cross-encoder", "bi-encoder", "decide", "rerank"]

__all__ = ["Carrier", "Inquiry", "Judge", "Opinion", "Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a slate is judged by: the same for every slate of one ranking.

    Attributes:
        query: The user's query.
        instruction: What makes a document relevant here; empty where none was given.
        examples: Worked judgements to show the model.
        seed: Seed of the run.
        spans: Character ranges of a document's text that an earlier stage found best, best first.
        prepared: What prompts have made of the documents' texts so far.
    """

    query: str
    instruction: str = ""
    examples: tuple[Example, ...] = ()
    seed: int = 0
    spans: Mapping[Document, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    prepared: Prepared = field(default_factory=Prepared, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a judge concluded about the documents it was shown, by their place (0-based).

    Attributes:
        tiers: Ordered partition of the places, best first; documents that were not named share the last tier.
        scores: By place, None for a document that could not be read; or None where the judge gives no scores.
        strengths: By place, what to sort by across slates where scores saturate (the log-odds of a
            probability); None: the scores themselves.
        flags: What had to be mended: `missing duplicate out_of_range unparsed truncated refused`; and what
            the reader of scores must know: `bounded in_words`.
        usable: False where the answer carries no evidence; the engine then asks once more or degrades.
        kind: What these scores mean, where it differs from the judge's `score_kind` (a grade read where
            log-probabilities were wanted, say).
        raw: The raw answer, where there was one.
        cut: Tokens of document text that the judge left out to fit its room.
        spans: By place, character ranges of the document's text that were found best, best first; or None.

    Raises:
        ValueError: The tiers leave a place out, repeat or invent one, or something else is of another length.
    """

    tiers: tuple[tuple[int, ...], ...]
    scores: tuple[float | None, ...] | None = None
    strengths: tuple[float | None, ...] | None = None
    flags: frozenset[str] = frozenset()
    usable: bool = True
    kind: ScoreKind | None = None
    raw: str | None = None
    cut: int = 0
    spans: tuple[tuple[tuple[int, int], ...], ...] | None = None

    def __post_init__(self) -> None:
        """A judge that loses, repeats or invents a place is found out here, not in somebody's ranking."""
        places = [place for tier in self.tiers for place in tier]
        if not all(self.tiers) or sorted(places) != list(range(len(places))):
            raise ValueError(f"tiers {self.tiers} are no ordered partition of the places shown")
        for values in (self.scores, self.strengths, self.spans):
            if values is not None and len(values) != len(places):
                raise ValueError(f"{len(values)} scores, strengths or spans for {len(places)} in tiers")

    @classmethod
    def of_named(
        cls,
        order: Sequence[int],
        named: int,
        *,
        flags: frozenset[str] = frozenset(),
        usable: bool = True,
        raw: str | None = None,
        cut: int = 0,
    ) -> Opinion:
        """Tiers from an order whose first `named` places an answer named: the rest shares the last tier."""
        rest = tuple(sorted(order[named:]))
        tiers = tuple((place,) for place in order[:named])
        return cls(tiers=(*tiers, rest) if rest else tiers, flags=flags, usable=usable, raw=raw, cut=cut)

    @classmethod
    def of_scores(
        cls,
        scores: Sequence[float | None],
        *,
        flags: frozenset[str] = frozenset(),
        usable: bool = True,
        kind: ScoreKind | None = None,
        raw: str | None = None,
        cut: int = 0,
    ) -> Opinion:
        """Tiers from scores: higher first, equal scores tied, unread documents last."""
        levels = sorted({s for s in scores if s is not None}, reverse=True)
        tiers = [tuple(i for i, s in enumerate(scores) if s == level) for level in levels]
        unread = tuple(i for i, s in enumerate(scores) if s is None)
        return cls(
            tiers=(*tiers, unread) if unread else tuple(tiers),
            scores=tuple(scores),
            flags=flags,
            usable=usable,
            kind=kind,
            raw=raw,
            cut=cut,
        )


Inquiry = Generator[Sequence[Call], Sequence[Reply], Opinion]
"""Yields calls that do not depend on each other, is sent their replies in order, returns an opinion."""


class Judge(Protocol):
    """How a slate of documents is put to a model, and how its answer is read. Pure: no socket, no clock."""

    @property
    def carrier(self) -> Carrier:
        """What carries its calls."""

    @property
    def gives(self) -> Detail:
        """How much its opinion says."""

    @property
    def capacity(self) -> int | None:
        """Most documents it can be shown at once; None where there is no limit."""

    @property
    def score_kind(self) -> ScoreKind:
        """What its scores mean; `none` where it gives none."""

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Start an inquiry about a slate. `attempt` counts the times this slate was asked about before."""
