"""The books: what happened, as frozen events, and every total as a fold over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .events import (
    Called,
    Degraded,
    Event,
    Exhausted,
    Features,
    Guarded,
    Recalled,
    Repaired,
    Retried,
    RoundDone,
    Routed,
    Scored,
    Seen,
    StageDone,
    Truncated,
    Warned,
)
from .types import Usage

__all__ = [
    "Called",
    "Degraded",
    "Event",
    "Exhausted",
    "Features",
    "Guarded",
    "Recalled",
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
        """Wall-clock seconds of all stages, or of looking their result up."""
        return math.fsum(event.seconds for event in self.events if isinstance(event, StageDone | Recalled))

    @property
    def recalled(self) -> int:
        """Rankings that were looked up whole."""
        return len(self.of(Recalled))

    @property
    def repaired(self) -> int:
        """Answers that had to be mended."""
        return len(self.of(Repaired))

    @property
    def degraded(self) -> int:
        """Slates that got no evidence."""
        return len(self.of(Degraded))

    @property
    def set_back(self) -> int:
        """Documents that a guard gave a worse rank than they would have had."""
        return sum(event.rank > event.would for event in self.of(Guarded))

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
            "recalled": self.recalled,
            "pairs": self.pairs,
            "rounds": self.rounds,
            "tokens_in": self.paid.input,
            "tokens_out": self.paid.output,
            "seconds": round(self.seconds, 6),
            "cost": self.cost,
            "repaired": self.repaired,
            "degraded": self.degraded,
            "set_back": self.set_back,
            "exhausted": self.exhausted.limit if self.exhausted else None,
            "warnings": list(self.warnings),
        }

    @classmethod
    def joined(cls, traces: Iterable[Trace]) -> Trace:
        """One trace of many, in order."""
        return cls(tuple(event for trace in traces for event in trace.events))
