"""What a pipeline's order is worth: nDCG@10 and recall by how many candidates each stage gets.

Local models judge each document by itself, so their scores for the deepest list say what they would have made
of every shorter one: no list is scored twice. What an LLM makes of a list is assumed, not measured: that it
closes a share of the gap between the order it was given and the best possible order of the same candidates.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .basis import Basis, Figure, joined
from .course import Part
from .measurements import JudgedQuery, Measurements

__all__ = ["SHARE", "Gains", "Standing", "ndcg"]

SHARE = 0.4
"""What an LLM is assumed to close of that gap; what logged ones closed says `benchmarks/plan.py`."""
CUT = 10
"""Places that count."""
_RESAMPLES = 400
_LIKE = 2.0
"""Factor between sizes of collections within which an order is taken to be worth the same."""


def ndcg(order: Sequence[int], query: JudgedQuery) -> float:
    """nDCG@10 of documents by number, best first: linear gains, as trec_eval; 0 where nothing is relevant."""
    best = math.fsum(grade / math.log2(place + 2) for place, grade in enumerate(query.ideal[:CUT]))
    if not best:
        return 0.0
    grades = query.grades
    gained = math.fsum(
        grades.get(document, 0) / math.log2(place + 2) for place, document in enumerate(order[:CUT])
    )
    return gained / best


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One query after some stages.

    Attributes:
        order: Numbers of documents, best first.
        value: Expected nDCG@10; None where a local model did not score this query.
    """

    order: tuple[int, ...]
    value: float | None


class Gains:
    """Answers for one set of measurements, and remembers what stages have in common.

    Args:
        measurements: Whose judgements and scores are used.
        docs: Size of the collection that is planned for.
        seed: Of the resamples.
    """

    def __init__(self, measurements: Measurements, *, docs: int, seed: int = 0) -> None:
        self._measured = measurements
        self._docs = docs
        self._seed = seed
        self._first = {one.stage: one for one in measurements.first}
        self._scorers = {one.strategy: one for one in measurements.scorers}
        self._known: dict[tuple[Part, ...], tuple[Standing, ...]] = {}

    def covered(self, parts: tuple[Part, ...]) -> bool:
        """Whether every local model has scored all that it is given, for queries it scored at all."""
        return all(
            scores.keys() >= set(standing.order)
            for place, part in enumerate(parts)
            if part.local
            for standing, scores in zip(
                self.after(parts[:place]), self._scorers[part.name].scores, strict=True
            )
            if scores
        )

    def after(self, parts: tuple[Part, ...]) -> tuple[Standing, ...]:
        """Every query after the stages of a pipeline; the first part is the first stage."""
        if parts not in self._known:
            self._known[parts] = self._after(parts)
        return self._known[parts]

    def _after(self, parts: tuple[Part, ...]) -> tuple[Standing, ...]:
        last, queries = parts[-1], self._measured.queries
        if len(parts) == 1:
            found = self._first[last.name].found
            return tuple(
                Standing(order=own[: last.cut], value=ndcg(own[: last.cut], query))
                for own, query in zip(found, queries, strict=True)
            )
        before = self.after(parts[:-1])
        if last.local:
            scores = self._scorers[last.name].scores
            return tuple(map(_scored, before, queries, scores, [last.cut] * len(queries)))
        return tuple(map(_asked, before, queries, [last.cut] * len(queries)))

    def by_query(self, parts: tuple[Part, ...]) -> tuple[list[float], list[float | None]]:
        """For each query nDCG@10 of the first stage, and what the rest gain; None: that is not known."""
        first = [one.value or 0.0 for one in self.after(parts[:1])]
        return first, self._gains(parts, first)

    def mean(self, parts: tuple[Part, ...]) -> float:
        """Expected nDCG@10: that of the first stage over all queries, and the mean gain over those scored."""
        first, gains = self.by_query(parts)
        return math.fsum(first) / len(first) + _mean([gain for gain in gains if gain is not None])

    def figure(self, parts: tuple[Part, ...]) -> Figure:
        """The same with a bootstrap interval over the queries, and what it rests on.

        Of few queries the percentiles of a bootstrap are too narrow, and are widened. Source: Hesterberg,
        "What teachers should know about the bootstrap", The American Statistician 69(4), 2015.
        """
        first, gains = self.by_query(parts)
        chance = random.Random(self._seed)
        size = len(first)
        means = []
        for _ in range(_RESAMPLES):
            drawn = chance.choices(range(size), k=size)
            gained = [gain for place in drawn if (gain := gains[place]) is not None]
            means.append(math.fsum(first[place] for place in drawn) / size + _mean(gained))
        means.sort()
        value, scored = self.mean(parts), sum(gain is not None for gain in gains)
        low, high = 0.0, 1.0  # of one query nothing is known about others
        if scored > 1:
            wider = _widened(scored)
            low = max(0.0, value - wider * (value - means[_RESAMPLES // 40]))
            high = min(1.0, value + wider * (means[-1 - _RESAMPLES // 40] - value))
        return Figure(
            value=value,
            low=low,
            high=high,
            basis=joined([self._alike(), *map(self._assumed, parts), self._uncovered(parts)]),
        )

    def recall(self, parts: tuple[Part, ...]) -> float:
        """Share of the relevant documents that the first stage passes on, over queries that have some."""
        found = zip(self.after(parts[:1]), self._measured.queries, strict=True)
        least = self._measured.relevance
        return _mean(
            [
                sum(query.grades.get(document, 0) >= least for document in standing.order) / query.relevant
                for standing, query in found
                if query.relevant
            ]
        )

    def scored(self, parts: tuple[Part, ...]) -> int:
        """How many queries all local models of a pipeline have scored."""
        return sum(one.value is not None for one in self.after(parts))

    def _gains(self, parts: tuple[Part, ...], first: Sequence[float]) -> list[float | None]:
        return [
            None if one.value is None else one.value - base
            for one, base in zip(self.after(parts), first, strict=True)
        ]

    def _alike(self) -> Basis:
        """What is taken for granted of the queries and documents as a whole."""
        measured = self._measured
        if measured.stand_in:
            return Basis.of_assumption(f"your queries and documents are like those of {measured.dataset}")
        ratio = max(self._docs / measured.documents, measured.documents / self._docs)
        return Basis.beyond(ratio) if ratio > _LIKE else Basis()

    def _assumed(self, part: Part) -> Basis:
        if part.asks:
            return Basis.of_assumption(f"{part.name} closes {SHARE:g} of the gap to the best order")
        return Basis()

    def _uncovered(self, parts: tuple[Part, ...]) -> Basis:
        """A local model that is given more than it has scored leaves the rest behind."""
        if self.covered(parts):
            return Basis()
        return Basis.of_assumption("documents that a local model has not scored stay behind")


def _scored(before: Standing, query: JudgedQuery, scores: Mapping[int, float], cut: int | None) -> Standing:
    """After a local model: by its scores, those without one behind, in their order."""
    if not scores:
        return Standing(order=before.order[:cut], value=None)
    order = tuple(sorted(before.order, key=lambda document: -scores.get(document, -math.inf)))[:cut]
    return Standing(order=order, value=None if before.value is None else ndcg(order, query))


def _asked(before: Standing, query: JudgedQuery, cut: int | None) -> Standing:
    """After an LLM, as it is assumed to be; whom it puts first is not known, so the order stays."""
    if before.value is None:
        return Standing(order=before.order[:cut], value=None)
    best = ndcg(sorted(before.order, key=lambda document: -query.grades.get(document, 0)), query)
    return Standing(order=before.order[:cut], value=before.value + SHARE * max(0.0, best - before.value))


def _widened(queries: int) -> float:
    """Stretches an interval of a bootstrap: Student's quantile for the normal one, n - 1 for n."""
    free = queries - 1
    z = 1.959964
    student = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    return student / z * math.sqrt(queries / free)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
