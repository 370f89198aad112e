"""One line of a trace file: a query, its result, and the books of how it came about."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmrerank.ranking import Ranking
from llmrerank.trace import Event, Seen, StageDone, Trace
from llmrerank.types import Query

from .event_values import UnknownEvent, event_from_dict, event_to_dict
from .seen_values import seen_from_dict, seen_to_dict

__all__ = ["SCHEMA", "TracedHit", "TracedQuery"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedHit:
    """One document of the result.

    Attributes:
        rank: From 1.
        id: The document.
        previous_rank: Its place in the input of the whole call, in a search in the first stage's result; None
            where it was not kept.
        score: None where the judge gave none, or it was not kept.
        title: Empty where there is none, or it was not kept.
        places: `places[i]` is the rank that stage i of the pipeline gave it; empty where it was not kept.
    """

    rank: int
    id: str | int
    previous_rank: int | None = None
    score: float | None = None
    title: str = ""
    places: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `places` where there are any."""
        return {
            "rank": self.rank,
            "previous_rank": self.previous_rank,
            "score": self.score,
            "id": self.id,
            "title": self.title,
            **({"places": list(self.places)} if self.places else {}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TracedHit:
        """Read what `to_dict` wrote.

        Raises:
            KeyError, TypeError, ValueError: The values are of another shape.
        """
        previous, score, identifier = values["previous_rank"], values["score"], values["id"]
        return cls(
            rank=int(values["rank"]),
            id=identifier if isinstance(identifier, int) else str(identifier),
            previous_rank=None if previous is None else int(previous),
            score=None if score is None else float(score),
            title=str(values["title"]),
            places=tuple(int(place) for place in values.get("places", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedQuery:
    """One ranked query.

    Attributes:
        query: What was asked, and the id it is known by.
        strategy: The strategy or pipeline, in the one notation.
        hits: Best first; all of the result, or its head.
        events: Everything that happened, in order.
        seconds: Wall-clock seconds from the query to its ranking.
        score_kind: What the scores mean.
        seen: Every call with its texts, in order; empty where nobody asked for texts.
        measures: By name, where the query was measured.
        dataset: Where the query comes from, or None.
        row: Of a comparison, from 1, or None.
    """

    query: Query
    strategy: str
    hits: tuple[TracedHit, ...]
    events: tuple[Event | UnknownEvent, ...]
    seconds: float
    score_kind: str = "none"
    seen: tuple[Seen, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    dataset: str | None = None
    row: int | None = None

    @classmethod
    def of(cls, query: Query, ranking: Ranking, *, seconds: float, seen: Iterable[Seen] = ()) -> TracedQuery:
        """Everything that a ranking knows of itself; arguments as the attributes."""
        stages = len(ranking.trace.of(StageDone))
        return cls(
            query=query,
            strategy=ranking.strategy,
            hits=tuple(
                TracedHit(
                    rank=rank,
                    id=hit.document.id,
                    previous_rank=hit.previous_rank,
                    score=hit.score,
                    title=hit.document.title,
                    # Before the stages' own places may stand those of the parts that a first stage joins.
                    places=tuple(place.rank for place in hit.history)[-stages:] if stages else (),
                )
                for rank, hit in enumerate(ranking, start=1)
            ),
            events=ranking.trace.events,
            seconds=seconds,
            score_kind=ranking.score_kind,
            seen=tuple(seen),
        )

    @staticmethod
    def hits_of(
        documents: Sequence[str],
        *,
        previous: Sequence[int] = (),
        scores: Sequence[float | None] = (),
        titles: Mapping[str, str] | None = None,
    ) -> tuple[TracedHit, ...]:
        """Hits of plain parts, e.g. of `evaluate.kept.Kept`.

        Args:
            documents: Ids, best first.
            previous: `previous[i]` is the earlier place of `documents[i]`; may be shorter.
            scores: The same of scores.
            titles: By id, or None.
        """
        return tuple(
            TracedHit(
                rank=place + 1,
                id=document,
                previous_rank=previous[place] if place < len(previous) else None,
                score=scores[place] if place < len(scores) else None,
                title=(titles or {}).get(document, ""),
            )
            for place, document in enumerate(documents)
        )

    @property
    def trace(self) -> Trace:
        """The books; events of kinds that this version does not know are left out."""
        return Trace(tuple(event for event in self.events if not isinstance(event, UnknownEvent)))

    def to_dict(self) -> dict[str, Any]:
        """JSON values of a line; `dataset`, `row`, `measures` and `seen` where there are any."""
        more: dict[str, Any] = {}
        if self.dataset is not None:
            more["dataset"] = self.dataset
        if self.row is not None:
            more["row"] = self.row
        if self.measures:
            more["measures"] = dict(self.measures)
        values = {
            "schema": SCHEMA,
            "query": {"id": self.query.id, "text": self.query.text},
            "strategy": self.strategy,
            "score_kind": self.score_kind,
            **more,
            "hits": [hit.to_dict() for hit in self.hits],
            "events": [event_to_dict(event) for event in self.events],
            "totals": self.trace.to_dict(),
            "seconds": round(self.seconds, 6),
        }
        if self.seen:
            values["seen"] = [seen_to_dict(seen) for seen in self.seen]
        return values

    def to_line(self) -> bytes:
        """The line as it stands in a file, with its end."""
        text = json.dumps(self.to_dict(), ensure_ascii=False)
        # A lone surrogate, which JSON may carry and UTF-8 may not, becomes its escape.
        return text.encode("utf-8", "backslashreplace") + b"\n"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TracedQuery:
        """Read what `to_dict` wrote. Keys that this version does not know are left out.

        Raises:
            KeyError, TypeError, ValueError: The values are of another shape; the message says where.
        """
        asked, row, dataset = values["query"], values.get("row"), values.get("dataset")
        seconds = float(values["seconds"])
        if not math.isfinite(seconds):
            raise ValueError("'seconds' is no number")
        events = []
        for number, event in enumerate(values["events"], start=1):
            try:
                events.append(event_from_dict(event))
            except KeyError as error:
                raise KeyError(f"event {number}: {error.args[0]}") from None
            except TypeError as error:
                raise TypeError(f"event {number}: {error}") from None
        return cls(
            query=Query(id=str(asked["id"]), text=asked["text"]),
            strategy=str(values["strategy"]),
            hits=tuple(TracedHit.from_dict(hit) for hit in values["hits"]),
            events=tuple(events),
            seconds=seconds,
            score_kind=str(values["score_kind"]),
            seen=tuple(seen_from_dict(seen) for seen in values.get("seen", ())),
            measures={str(name): float(value) for name, value in values.get("measures", {}).items()},
            dataset=None if dataset is None else str(dataset),
            row=None if row is None else int(row),
        )
