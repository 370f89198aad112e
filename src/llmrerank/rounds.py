"""The nouns of reranking: pools, slates, verdicts, rounds, plans. Positions and numbers only.

**Theory of operation.** An algorithm sees a pool of `size` candidates as positions `0..size-1` in first-stage
order. It yields rounds; a round is a set of slates (groups of positions that must be judged together) which
do not depend on each other, and the order of the whole pool as far as it is known. It is sent one verdict for
each slate, in the same order, and finally returns an order. A verdict is a *weak* order: the best tier
first, ties share a tier. "The best of four" is `((2,), (0, 1, 3))`, a pairwise tie is `((0, 1),)`, a listwise
answer is a row of singletons, documents that an answer did not name share the last tier. One type serves
every form of question.

Because each round carries the order so far, every algorithm is anytime: whoever runs the plan may stop after
any round and return that order.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, overload

from .errors import ConfigError
from .types import Detail

__all__ = [
    "Algorithm",
    "Cost",
    "Done",
    "Plan",
    "Pool",
    "Round",
    "ScoredOrder",
    "Slate",
    "Span",
    "Step",
    "Verdict",
    "advance",
]

Slate = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What an algorithm is asked to order.

    Attributes:
        size: Number of candidates, 0 or more.
        top: How many leading places must be right, 1 to size (more is taken as size).
        prior: First-stage scores by position, or empty. `prior[i]` belongs to position i.
        earlier: By position, the best rank from 1 that any stage before gave the candidate, never behind the
            place at which it stands here; or empty: those places.
        suspects: Positions of candidates that may try to influence whoever judges them.
    """

    size: int
    top: int
    prior: tuple[float, ...] = ()
    earlier: tuple[int, ...] = ()
    suspects: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ConfigError(f"a pool cannot have {self.size} documents")
        if self.top < 1:
            raise ConfigError(f"top must be 1 or more, got {self.top}")
        if self.prior and len(self.prior) != self.size:
            raise ConfigError(f"{len(self.prior)} first-stage scores for {self.size} documents")
        if not all(map(math.isfinite, self.prior)):
            raise ConfigError("first-stage scores must be finite numbers")
        if self.earlier and len(self.earlier) != self.size:
            raise ConfigError(f"{len(self.earlier)} earlier ranks for {self.size} documents")
        object.__setattr__(self, "top", min(self.top, self.size) if self.size else self.top)

    @property
    def ranks(self) -> Sequence[int]:
        """By position, the rank from 1 that the candidate comes with: `earlier`, else its place."""
        return self.earlier or range(1, self.size + 1)

    def part(self, positions: Sequence[int]) -> Pool:
        """The pool of some of its candidates: `positions[i]` stands at i there. Earlier ranks close up."""
        ranks, leading = self.ranks, range(1, len(positions) + 1)
        earlier: Sequence[int] = leading
        if self.earlier or positions != range(len(positions)):
            gone = sorted(ranks[position] for position in set(range(self.size)).difference(positions))
            # Two stages may both have had a first, so more may be gone than there is room for.
            earlier = [max(1, rank - bisect_left(gone, rank)) for rank in map(ranks.__getitem__, positions)]
        return Pool(
            size=len(positions),
            top=self.top,
            prior=tuple(self.prior[position] for position in positions) if self.prior else (),
            earlier=() if list(earlier) == list(leading) else tuple(earlier),
            suspects=frozenset(i for i, position in enumerate(positions) if position in self.suspects),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge said about one slate: an ordered partition of it.

    Attributes:
        slate: The positions in the order in which they were judged.
        tiers: Best tier first; within a tier the members are tied and stand in slate order.
        scores: By place in the slate (`scores[i]` belongs to `slate[i]`), or None where the judge gives none;
            a score may be None where only that document could not be read.
        strengths: By place in the slate, what to sort by across slates: the scores, or something finer where
            scores saturate (the log-odds of a probability).
        repaired: Flags of the answer that had to be mended (`missing`, `duplicate`, ...).
        degraded: No evidence: the judge failed and the slate keeps its order as one tie.
    """

    slate: Slate
    tiers: tuple[Slate, ...]
    scores: tuple[float | None, ...] | None = None
    strengths: tuple[float | None, ...] | None = None
    repaired: frozenset[str] = frozenset()
    degraded: bool = False

    def __post_init__(self) -> None:
        members = [position for tier in self.tiers for position in tier]
        if not all(self.tiers) or len(members) != len(self.slate) or set(members) != set(self.slate):
            raise ValueError(f"tiers {self.tiers} are no ordered partition of the slate {self.slate}")
        for values in (self.scores, self.strengths):
            if values is not None and len(values) != len(self.slate):
                raise ValueError(f"{len(values)} scores for a slate of {len(self.slate)}")
        if self.strengths is None:
            object.__setattr__(self, "strengths", self.scores)

    @property
    def order(self) -> Slate:
        """The slate best first, ties in slate order."""
        return tuple(position for tier in self.tiers for position in tier)

    @property
    def tells(self) -> bool:
        """Whether it puts any document before another, or gives one a strength to be compared elsewhere."""
        return len(self.tiers) > 1 or any(value is not None for value in self.strengths or ())

    @classmethod
    def tie(cls, slate: Slate, *, degraded: bool = False) -> Verdict:
        """The verdict that says nothing."""
        return cls(slate=slate, tiers=(slate,), degraded=degraded)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredOrder(Sequence[int]):
    """An order with the numbers that an algorithm sorted by: utilities, fitted to all verdicts together.

    It stands wherever an order stands, and is a sequence of positions like any other; whoever reports scores
    looks for it.

    Attributes:
        positions: A permutation of the pool, best first.
        scores: By position, higher is better; None for a document that the algorithm has none for.
        deviations: By position, the standard deviation of the score, or None.
    """

    positions: tuple[int, ...]
    scores: tuple[float | None, ...]
    deviations: tuple[float | None, ...]

    @classmethod
    def by(cls, scores: Sequence[float], deviations: Sequence[float]) -> ScoredOrder:
        """Sort by scores, higher first; equal ones keep the first-stage order."""
        return cls(
            positions=tuple(sorted(range(len(scores)), key=lambda position: (-scores[position], position))),
            scores=tuple(map(float, scores)),
            deviations=tuple(map(float, deviations)),
        )

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        return self.positions[index]

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[int]:
        return iter(self.positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Slates to be judged now, all independent, and the best order of the pool known before they are.

    Attributes:
        slates: What is judged together.
        order: A permutation of the pool.
        again: The like was asked before, and an independent answer is wanted: no cache may repeat the first.
    """

    slates: tuple[Slate, ...]
    order: Sequence[int]
    again: bool = False

    def __post_init__(self) -> None:
        if not self.slates:
            raise ValueError("a round needs at least one slate")
        size = len(self.order)
        if set(self.order) != set(range(size)):
            raise ValueError("the order of a round must be a permutation of the pool")
        for slate in self.slates:
            if not slate:
                raise ValueError("a slate cannot be empty")
            if len(set(slate)) != len(slate) or not all(0 <= position < size for position in slate):
                raise ValueError(f"the slate {slate} repeats a position or leaves the pool of {size}")


Plan = Generator[Round, Sequence[Verdict], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Span:
    """Least and most of a count; equal for fixed schedules."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least}-{self.most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an algorithm asks for: slates judged, documents shown (once per slate), sequential rounds."""

    calls: Span
    documents: Span
    rounds: Span

    @classmethod
    def exactly(cls, *, calls: int, documents: int, rounds: int) -> Cost:
        """The cost of a fixed schedule."""
        return cls(
            calls=Span(calls, calls), documents=Span(documents, documents), rounds=Span(rounds, rounds)
        )


class Algorithm(Protocol):
    """Which documents to compare, and what to conclude. Pure: no text, no model, no clock."""

    @property
    def needs(self) -> Detail:
        """How much a verdict must say."""

    def plan(self, pool: Pool) -> Plan:
        """Yield rounds, take verdicts, return the final order: a permutation of the pool, maybe scored."""

    def cost(self, n: int, top: int) -> Cost:
        """Predict the cost for n candidates of which the first `top` places must be right."""

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """What this schedule cannot promise for such a pool, one sentence each."""


_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Step(Generic[_Asked]):
    """A generator paused: what it asks for."""

    asked: _Asked


@dataclass(frozen=True, slots=True)
class Done(Generic[_Result]):
    """A generator that returned: its result."""

    result: _Result


def advance(
    generator: Generator[_Asked, _Answer, _Result], answer: _Answer | None = None
) -> Step[_Asked] | Done[_Result]:
    """Pump a generator once: send the answer (None to start it) and say where it stands."""
    try:
        if answer is None:
            return Step(next(generator))
        return Step(generator.send(answer))
    except StopIteration as stop:
        return Done(stop.value)
