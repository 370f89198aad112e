"""The books: what happened, as frozen events, and every total as a fold over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .calls import Call, Reply
from .rounds import Slate
from .types import Usage

__all__ = [
    "Called",
    "Degraded",
    "Event",
    "Exhausted",
    "Repaired",
    "Retried",
    "RoundDone",
    "Routed",
    "Scored",
    "Seen",
    "StageDone",
    "Trace",
    "Truncated",
    "Warned",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One model call was answered, by the endpoint or from the cache.

    Attributes:
        stage: The strategy that asked, as written.
        round: Counted from 1 within the stage.
        slate: Pool positions shown.
        model: Name of the model.
        usage: Tokens; kept on cache hits, where they were saved and not paid.
        counted: Whether the provider counted them (else they are estimated).
        seconds: Wall-clock seconds of the successful attempt; 0 from the cache.
        attempts: Times it was sent.
        answered: Times the endpoint answered, and billed, before the answer would do.
        cached: Nothing was sent or paid.
        cost: US dollars, or None where the price is unknown. For a cached call: what was saved.
        notes: What had to be changed for the endpoint.
    """

    stage: str
    round: int
    slate: Slate
    model: str
    usage: Usage
    counted: bool
    seconds: float
    attempts: int
    cached: bool
    cost: float | None
    answered: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A local model scored pairs in one round; `cached` of the `pairs` came from the cache."""

    stage: str
    round: int
    model: str
    pairs: int
    cached: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A call was sent more than once, or a slate was asked about again."""

    stage: str
    round: int
    slate: Slate
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """An answer had to be mended; it was used."""

    stage: str
    round: int
    slate: Slate
    flags: tuple[str, ...]
    raw: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """A slate got no evidence and keeps its order."""

    stage: str
    round: int
    slate: Slate
    reason: str
    raw: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """Tokens of document text were left out of a slate's prompt."""

    stage: str
    round: int
    slate: Slate
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDone:
    """A round ended: how many slates it had and how long it took."""

    stage: str
    round: int
    slates: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDone:
    """A stage ended: documents in and out, wall-clock seconds."""

    stage: str
    documents_in: int
    documents_out: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """A limit ended the work early; the order is the best known until then."""

    stage: str
    limit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A router chose a strategy, for a reason."""

    strategy: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something the caller should know that changed no order."""

    stage: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One call with its texts, told to a witness and kept by nobody else.

    Attributes:
        stage: The strategy that asked, as written.
        round: Counted from 1 within the stage.
        slate: Positions in the stage's input, in the order in which they were shown.
        call: What was asked.
        reply: What came back, from the endpoint, a local model or the cache.
    """

    stage: str
    round: int
    slate: Slate
    call: Call
    reply: Reply


Event = (
    Called
    | Scored
    | Retried
    | Repaired
    | Degraded
    | Truncated
    | RoundDone
    | StageDone
    | Exhausted
    | Routed
    | Warned
)

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that happened while one ranking was made, in order."""

    events: tuple[Event, ...] = ()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __add__(self, other: Trace) -> Trace:
        return Trace(self.events + other.events)

    def of(self, kind: type[_Kind]) -> tuple[_Kind, ...]:
        """The events of one kind."""
        return tuple(event for event in self.events if isinstance(event, kind))

    @property
    def calls(self) -> int:
        """Model calls that an endpoint answered (not the cached ones, not pairs scored by a local model)."""
        return sum(call.answered for call in self.of(Called) if not call.cached)

    @property
    def cached(self) -> int:
        """Judgements that the cache answered: model calls, and pairs that were scored before."""
        scored = sum(event.cached for event in self.of(Scored))
        return scored + sum(1 for call in self.of(Called) if call.cached)

    @property
    def pairs(self) -> int:
        """Query-document pairs scored by local models, cached ones left out."""
        return sum(event.pairs - event.cached for event in self.of(Scored))

    @property
    def rounds(self) -> int:
        """Rounds, one after another, over all stages."""
        return len(self.of(RoundDone))

    @property
    def paid(self) -> Usage:
        """Tokens that were sent and received."""
        return sum((c.usage for c in self.of(Called) if not c.cached), Usage())

    @property
    def saved(self) -> Usage:
        """Tokens that the cache saved."""
        return sum((c.usage for c in self.of(Called) if c.cached), Usage())

    @property
    def cost(self) -> float | None:
        """US dollars paid; None as soon as one paid call has no known price; 0.0 where nothing was sent."""
        costs = [c.cost for c in self.of(Called) if not c.cached]
        return None if any(cost is None for cost in costs) else math.fsum(c for c in costs if c is not None)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all stages."""
        return math.fsum(event.seconds for event in self.of(StageDone))

    @property
    def repaired(self) -> int:
        """Answers that had to be mended."""
        return len(self.of(Repaired))

    @property
    def degraded(self) -> int:
        """Slates that got no evidence."""
        return len(self.of(Degraded))

    @property
    def exhausted(self) -> Exhausted | None:
        """The limit that ended the work early, or None."""
        return next(iter(self.of(Exhausted)), None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the caller should know, each once."""
        return tuple(dict.fromkeys(event.message for event in self.of(Warned)))

    def to_dict(self) -> dict[str, Any]:
        """The totals, under the keys of the command line's JSON."""
        return {
            "calls": self.calls,
            "cached": self.cached,
            "pairs": self.pairs,
            "rounds": self.rounds,
            "tokens_in": self.paid.input,
            "tokens_out": self.paid.output,
            "seconds": round(self.seconds, 6),
            "cost": self.cost,
            "repaired": self.repaired,
            "degraded": self.degraded,
            "exhausted": self.exhausted.limit if self.exhausted else None,
            "warnings": list(self.warnings),
        }

    @classmethod
    def joined(cls, traces: Iterable[Trace]) -> Trace:
        """One trace of many, in order."""
        return cls(tuple(event for trace in traces for event in trace.events))
