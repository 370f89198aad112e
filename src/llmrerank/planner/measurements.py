"""What a plan is made from, as a value: what was timed on a machine, and what judgements say of the orders.

It can be saved as JSON and loaded again, so that a plan can be made elsewhere, later, or in a test: the same
measurements give the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from llmrerank.errors import ConfigError
from llmrerank.json_file import read_learned, write_learned

from .measurement_contents import KIND, SCHEMA, faults_of
from .work import TimedList

__all__ = ["Asked", "FirstStage", "JudgedQuery", "Measurements", "Scorer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuery:
    """One judged query.

    Attributes:
        id: As the dataset has it.
        grades: By number of the document, those above 0 among what some first stage found.
        ideal: The ten highest grades above 0 of all judged documents, falling.
        relevant: How many judged documents are relevant: of the least grade for that, or above.
    """

    id: str
    grades: Mapping[int, int]
    ideal: tuple[int, ...]
    relevant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStage:
    """What a first stage took and found; the i-th sample, and list, is that of the i-th query.

    Attributes:
        stage: As written, without a cut-off.
        sizes: By size of the collection, the seconds of searches for `shallow` documents, the least of some
            passes.
        shallow: How many those were.
        depths: By number of documents asked for, the seconds of searches in a collection of `size`.
        size: Documents in that collection.
        found: Numbers of the documents found in the dataset, best first, as many as plans can pass on.
    """

    stage: str
    sizes: Mapping[int, tuple[float, ...]]
    shallow: int
    depths: Mapping[int, tuple[float, ...]]
    size: int
    found: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """What a local model took, and how it scored what first stages found.

    Attributes:
        strategy: As written.
        remembers: Whether a document that was read for an earlier query costs nothing.
        room: Tokens that it reads of a text at most.
        lists: What it was timed on.
        scores: By query, in their order: scores by number of the document; empty where it was not asked.
    """

    strategy: str
    remembers: bool
    room: int
    lists: tuple[TimedList, ...]
    scores: tuple[Mapping[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a strategy that asks a model elsewhere takes; how many calls, its algorithm says.

    Attributes:
        strategy: As written.
        model: Whom it asks, for the price; empty where nobody is named.
        call_tokens: Input tokens of a call besides its documents.
        document_tokens: Input tokens of a document shown.
        answer_tokens: Output tokens of a call, at most.
        seconds: Of calls that were timed; empty: none was.
    """

    strategy: str
    model: str
    call_tokens: float
    document_tokens: float
    answer_tokens: float
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """All that was measured.

    Attributes:
        dataset: Where queries, documents and judgements are from.
        stand_in: Whether that is a collection of ours, in place of one of the user's own.
        documents: How many it has.
        relevance: The least grade of a relevant document, 1 or more.
        machine: Where it was timed, in words.
        lengths: Estimated tokens of each numbered document.
        queries: The queries asked.
        first: First stages.
        scorers: Local models.
        asked: Strategies that ask a model elsewhere.
        seconds: What measuring took.
        notes: What was left out, and why, in sentences.

    Raises:
        ConfigError: The values contradict each other; all faults at once.
    """

    dataset: str
    stand_in: bool
    documents: int
    relevance: int
    machine: str
    lengths: tuple[int, ...]
    queries: tuple[JudgedQuery, ...]
    first: tuple[FirstStage, ...]
    scorers: tuple[Scorer, ...] = ()
    asked: tuple[Asked, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if faults := faults_of(self.to_dict()):
            raise ConfigError("no measurements can be like this: " + "; ".join(faults))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises:
            ConfigError: It cannot be read, is something else, or holds impossible values; all at once.
        """
        return cls.of(read_learned(path, what="measurements", faults_of=faults_of))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The value of `to_dict`, whose numbers of documents and sizes JSON has made texts."""
        own = {name: value for name, value in values.items() if name not in ("kind", "schema")}
        own["lengths"] = tuple(own["lengths"])
        own["notes"] = tuple(own["notes"])
        own["queries"] = tuple(
            JudgedQuery(
                id=one["id"],
                grades={int(number): grade for number, grade in one["grades"].items()},
                ideal=tuple(one["ideal"]),
                relevant=one["relevant"],
            )
            for one in own["queries"]
        )
        own["first"] = tuple(
            FirstStage(
                stage=one["stage"],
                sizes=_timed(one["sizes"]),
                shallow=one["shallow"],
                depths=_timed(one["depths"]),
                size=one["size"],
                found=tuple(map(tuple, one["found"])),
            )
            for one in own["first"]
        )
        own["scorers"] = tuple(
            Scorer(
                strategy=one["strategy"],
                remembers=one["remembers"],
                room=one["room"],
                lists=tuple(
                    TimedList(documents=documents, tokens=tokens, seconds=seconds)
                    for documents, tokens, seconds in one["lists"]
                ),
                scores=tuple(
                    {int(number): score for number, score in scores.items()} for scores in one["scores"]
                ),
            )
            for one in own["scorers"]
        )
        own["asked"] = tuple(Asked(**{**one, "seconds": tuple(one["seconds"])}) for one in own["asked"])
        return cls(**own)

    def save(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all.

        Raises:
            ConfigError: The file cannot be written.
        """
        write_learned(path, self.to_dict(), what="measurements", indent=None)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as the file holds them."""
        return {
            "kind": KIND,
            "schema": SCHEMA,
            "dataset": self.dataset,
            "stand_in": self.stand_in,
            "documents": self.documents,
            "relevance": self.relevance,
            "machine": self.machine,
            "lengths": list(self.lengths),
            "queries": [
                {
                    "id": one.id,
                    "grades": {str(number): grade for number, grade in one.grades.items()},
                    "ideal": list(one.ideal),
                    "relevant": one.relevant,
                }
                for one in self.queries
            ],
            "first": [
                {
                    "stage": one.stage,
                    "sizes": {str(size): list(seconds) for size, seconds in one.sizes.items()},
                    "shallow": one.shallow,
                    "depths": {str(depth): list(seconds) for depth, seconds in one.depths.items()},
                    "size": one.size,
                    "found": [list(found) for found in one.found],
                }
                for one in self.first
            ],
            "scorers": [
                {
                    "strategy": one.strategy,
                    "remembers": one.remembers,
                    "room": one.room,
                    "lists": [[timed.documents, timed.tokens, timed.seconds] for timed in one.lists],
                    "scores": [
                        {str(number): score for number, score in scores.items()} for scores in one.scores
                    ],
                }
                for one in self.scorers
            ],
            "asked": [
                {
                    "strategy": one.strategy,
                    "model": one.model,
                    "call_tokens": one.call_tokens,
                    "document_tokens": one.document_tokens,
                    "answer_tokens": one.answer_tokens,
                    "seconds": list(one.seconds),
                }
                for one in self.asked
            ],
            "seconds": self.seconds,
            "notes": list(self.notes),
        }


def _timed(values: Mapping[str, Any]) -> dict[int, tuple[float, ...]]:
    """Seconds by a number, rising."""
    return {number: tuple(values[str(number)]) for number in sorted(map(int, values))}
