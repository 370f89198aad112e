"""A whole ranking as it is kept: positions, scores and books, and none of the texts.

What it says of a candidate is said by its position, so the caller's own documents come back, and a cache that
others can read holds no document.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args

from llmrerank.limits import NO_FURTHER, Prices
from llmrerank.ranking import Place, Ranking
from llmrerank.trace import (
    Called,
    Degraded,
    Event,
    Exhausted,
    Recalled,
    Retried,
    RoundDone,
    Scored,
    StageDone,
    Trace,
)
from llmrerank.trace_file import UnknownEvent, event_from_dict, event_to_dict
from llmrerank.types import ScoreKind, Usage

from .candidates import Candidates, KeptHit

__all__ = ["Kept", "Tier", "is_whole"]

SCHEMA = 2

Tier = str
"""Where a ranking came from: `memory`, `file`, `redis`, or `flight`, the same question that was under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One ranking.

    Attributes:
        score_kind: What the scores mean.
        hits: Best first.
        events: The books of the stages, as if the cache had answered every call; costs are left out, since
            prices change.
        idf: As `Ranking.idf`.
        moment: When it was made, in seconds since 1970.
    """

    score_kind: ScoreKind
    hits: tuple[KeptHit, ...]
    events: tuple[Event, ...]
    idf: tuple[float, ...] | None
    moment: float

    @classmethod
    def of(cls, ranking: Ranking, candidates: Candidates) -> Kept | None:
        """What is kept of a ranking of these candidates; None where it cannot be put so."""
        places = candidates.places
        if places is None or any(hit.previous_rank not in places for hit in ranking.hits):
            return None
        hits = []
        for hit in ranking.hits:
            position = places[hit.previous_rank]
            before = len(candidates.hits[position].history) if candidates.hits else 0
            made = hit.history[before:]
            hits.append(KeptHit(position, hit.score, hit.deviation, hit.spans, made, hit.suspicious))
        return cls(
            score_kind=ranking.score_kind,
            hits=tuple(hits),
            events=tuple(_as_cached(ranking.trace.events[len(candidates.events) :])),
            idf=ranking.idf,
            moment=time.time(),
        )

    def restored(
        self,
        candidates: Candidates,
        *,
        query: str,
        strategy: str,
        tier: Tier,
        seconds: float,
        prices: Prices,
    ) -> Ranking:
        """The ranking of these candidates.

        Args:
            candidates: Those of the key that it was found by.
            query: What is asked.
            strategy: As the ranking calls it.
            tier: Where it was found.
            seconds: What finding it took.
            prices: To say what was saved.
        """
        events = self.events
        if prices.by_model:
            events = tuple(
                replace(event, cost=prices.cost(event.model, event.usage))
                if isinstance(event, Called)
                else event
                for event in events
            )
        recalled = Recalled(stage=strategy, tier=tier, kept=self.moment, seconds=seconds)
        return Ranking(
            query=query,
            strategy=strategy,
            hits=candidates.ranked(self.hits),
            score_kind=self.score_kind,
            trace=Trace((*candidates.events, recalled, *events)),
            idf=self.idf,
        )

    @property
    def answers(self) -> int:
        """Judgements that it saves: calls, and pairs scored."""
        return Trace(self.events).cached

    @property
    def saved(self) -> Usage:
        """Tokens that it saves."""
        return Trace(self.events).saved

    def to_json(self) -> str:
        """A JSON text that `from_json` reads; plain ASCII.

        Raises:
            TypeError: A score is no number of Python's.
        """
        stages = list(dict.fromkeys(place.stage for hit in self.hits for place in hit.places))
        number = {stage: place for place, stage in enumerate(stages)}
        values = {
            "schema": SCHEMA,
            "moment": self.moment,
            "score_kind": self.score_kind,
            "idf": self.idf,
            "stages": stages,
            "hits": [
                [
                    hit.position,
                    hit.score,
                    hit.deviation,
                    hit.spans,
                    [[number[place.stage], place.rank, place.score] for place in hit.places],
                    hit.suspicious,
                ]
                for hit in self.hits
            ],
            "events": [event_to_dict(event) for event in self.events],
        }
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes, *, candidates: int) -> Kept | None:
        """Read what `to_json` wrote; None where it is anything else, so that it is made anew.

        Args:
            text: As it was found.
            candidates: How many there are.
        """
        try:
            return cls._read(json.loads(text), candidates)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None

    @classmethod
    def _read(cls, values: Any, candidates: int) -> Kept | None:
        if values["schema"] != SCHEMA or values["score_kind"] not in get_args(ScoreKind):
            return None
        stages = [str(stage) for stage in values["stages"]]
        hits = tuple(
            KeptHit(
                _whole(position),
                _number(score),
                _number(deviation),
                tuple((_whole(start), _whole(end)) for start, end in spans),
                tuple(
                    Place(stage=stages[_whole(stage)], rank=_whole(rank), score=_number(given))
                    for stage, rank, given in places
                ),
                _truth(suspicious),
            )
            for position, score, deviation, spans, places, suspicious in values["hits"]
        )
        positions = {hit.position for hit in hits}
        if len(positions) != len(hits) or any(position >= candidates for position in positions):
            return None
        events = []
        for event in map(event_from_dict, values["events"]):
            if isinstance(event, UnknownEvent):
                return None
            events.append(event)
        return cls(
            score_kind=values["score_kind"],
            hits=hits,
            events=tuple(events),
            idf=None if values["idf"] is None else tuple(map(float, values["idf"])),
            moment=float(values["moment"]),
        )


def is_whole(events: Iterable[Event]) -> bool:
    """Whether a ranking with these books is what it would always be.

    Not where a slate got no evidence; not where a limit ended the work, or kept an endpoint from being asked
    again: another day, or a larger limit, would give a better one.
    """
    return not any(
        isinstance(event, Degraded | Exhausted)
        or (isinstance(event, Called) and any(NO_FURTHER in note for note in event.notes))
        for event in events
    )


def _as_cached(events: Iterable[Event]) -> Iterator[Event]:
    """The books as they would be, had the cache answered every call."""
    resent = False
    for event in events:
        match event:
            case Called():
                resent = event.attempts > 1 and not event.cached
                yield replace(event, seconds=0.0, attempts=1, answered=1, cached=True, cost=None, notes=())
            case Retried() if resent:
                resent = False  # what the transport repeated; questions that were put again stay
            case Scored():
                yield replace(event, cached=event.pairs, seconds=0.0)
            case RoundDone() | StageDone():
                yield replace(event, seconds=0.0)
            case Recalled():
                pass
            case _:
                yield event


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> float | None:
    if value is not None and type(value) not in (int, float):
        raise TypeError
    number: float | None = value
    return number
