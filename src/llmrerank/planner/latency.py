"""Seconds of a pipeline: drawn query by query, stage by stage, and added up before any quantile is taken.

The 95th percentile of a sum is not the sum of the 95th percentiles: the slow queries of one stage are not
the slow queries of the next, unless a long text makes them so. So what is added are the seconds of the same
query in every stage, as they were measured, with what chance there is in a stage drawn anew.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmrerank.pipeline import DEPTH
from llmrerank.settings import Settings

from .asking import Asking, asking
from .basis import Basis, Figure, at_rank, joined
from .course import Part
from .gains import Gains
from .law import Projection, projected
from .measurements import FirstStage, Measurements, Scorer
from .work import Pace, fit_pace

__all__ = ["Latency", "StageSeconds"]

_DRAWS = 600
"""Draws for each pipeline, at least: as many for each query."""
_RESAMPLES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSeconds:
    """Draws of one stage: `seconds[q * times + d]` is the d-th draw of the q-th query.

    Attributes:
        part: The stage.
        documents: How many it gets; of a first stage, how many there are.
        seconds: As expected.
        low: As the law that grows least would have it.
        high: As the law that grows most would have it.
        basis: Where they come from.
        asking: Calls and cost, where a model elsewhere is asked.
    """

    part: Part
    documents: int
    seconds: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    basis: Basis
    asking: Asking | None = None


class Latency:
    """Answers for one set of measurements and one size of the collection.

    Args:
        measurements: What was timed.
        gains: Knows what each stage is given.
        docs: Size of the collection that is planned for.
        settings: How many calls may be under way at once, and prices.
        seed: Of all draws.
    """

    def __init__(
        self, measurements: Measurements, gains: Gains, *, docs: int, settings: Settings, seed: int = 0
    ) -> None:
        self._measured = measurements
        self._gains = gains
        self._docs = docs
        self._settings = settings
        self._seed = seed
        self._queries = len(measurements.queries)
        self._times = math.ceil(_DRAWS / self._queries)
        self._first = {one.stage: one for one in measurements.first}
        self._scorers = {one.strategy: one for one in measurements.scorers}
        self._asked = {one.strategy: one for one in measurements.asked}
        self._paces: dict[str, Pace] = {}
        self._grown: dict[str, tuple[Projection, tuple[float, ...]]] = {}
        self._known: dict[tuple[Part, ...], StageSeconds] = {}

    def stages(self, parts: tuple[Part, ...]) -> list[StageSeconds]:
        """Every stage of a pipeline."""
        return [self._stage(parts[: place + 1]) for place in range(len(parts))]

    def figures(self, stages: Sequence[StageSeconds], shares: Sequence[float]) -> list[Figure]:
        """Quantiles of the sum of some stages, with intervals: of the queries drawn, and of the laws."""
        basis = joined(stage.basis for stage in stages)
        middle, low, high = (_added([getattr(stage, kind) for stage in stages]) for kind in _KINDS)
        lowest = self._resampled(low, shares)
        highest = lowest if high == low else self._resampled(high, shares)
        rising = sorted(middle)
        found = []
        for place, share in enumerate(shares):
            value = at_rank(rising, share)
            ends = [sorted(row[place] for row in rows) for rows in (lowest, highest)]
            found.append(
                Figure(
                    value=value,
                    low=min(value, ends[0][_RESAMPLES // 40]),
                    high=max(value, ends[1][-1 - _RESAMPLES // 40]),
                    basis=basis,
                )
            )
        return found

    def _resampled(self, values: Sequence[float], shares: Sequence[float]) -> list[list[float]]:
        """Quantiles of the draws of queries that are drawn anew, with replacement."""
        chance = random.Random(self._seed)
        rows = []
        for _ in range(_RESAMPLES):
            again: list[float] = []
            for query in chance.choices(range(self._queries), k=self._queries):
                again += values[query * self._times : (query + 1) * self._times]
            again.sort()
            rows.append([at_rank(again, share) for share in shares])
        return rows

    def quantile(self, parts: tuple[Part, ...], share: float) -> float:
        """A quantile of a whole pipeline, without its interval."""
        return at_rank(sorted(_added([stage.seconds for stage in self.stages(parts)])), share)

    def _stage(self, parts: tuple[Part, ...]) -> StageSeconds:
        if parts not in self._known:
            last = parts[-1]
            if len(parts) == 1:
                self._known[parts] = self._searching(last)
            elif last.local:
                self._known[parts] = self._scoring(parts)
            else:
                self._known[parts] = self._calling(parts)
        return self._known[parts]

    def _searching(self, part: Part) -> StageSeconds:
        first = self._first[part.name]
        wanted, reach = _by_depth(first, part.cut or DEPTH)
        if part.name not in self._grown:
            here = projected(first.sizes, first.size).seconds
            self._grown[part.name] = (projected(first.sizes, self._docs), here)
        there, here = self._grown[part.name]

        def at(seconds: Sequence[float]) -> tuple[float, ...]:
            return tuple(
                max(0.0, depth + grown - base)
                for depth, grown, base in zip(wanted, seconds, here, strict=True)
                for _ in range(self._times)
            )

        return StageSeconds(
            part=part,
            documents=self._docs,
            seconds=at(there.seconds),
            low=at(there.low),
            high=at(there.high),
            basis=joined([Basis.beyond(there.factor), Basis.beyond(reach)]),
        )

    def _scoring(self, parts: tuple[Part, ...]) -> StageSeconds:
        part = parts[-1]
        scorer = self._scorers[part.name]
        if part.name not in self._paces:
            self._paces[part.name] = fit_pace(scorer.lists)
        pace = self._paces[part.name]
        chance = random.Random(f"{self._seed} {part.name}")
        lists = [standing.order for standing in self._gains.after(parts[:-1])]
        seconds: list[float] = []
        for documents, tokens in self._work(lists, scorer):
            bare = pace.seconds(documents, tokens)
            seconds += [bare * chance.choice(pace.noise) for _ in range(self._times)]
        most = max(map(len, lists), default=0)
        timed = max(one.documents for one in scorer.lists)
        drawn = tuple(seconds)
        alike = (
            [Basis.of_assumption(f"your documents are as long as those of {self._measured.dataset}")]
            if self._measured.stand_in
            else []
        )
        return StageSeconds(
            part=part,
            documents=most,
            seconds=drawn,
            low=drawn,
            high=drawn,
            basis=joined([Basis.beyond(most / timed), *alike]),
        )

    def _work(self, lists: Sequence[Sequence[int]], scorer: Scorer) -> list[tuple[int, float]]:
        """Documents and tokens of each query's list; of what is remembered only what is likely forgotten.

        Queries come one after another. A document that came before comes again, in a larger collection, with
        the odds that the sizes of both say.
        """
        again = min(1.0, self._measured.documents / self._docs) if scorer.remembers else 0.0
        seen: set[int] = set()
        found = []
        for own in lists:
            found.append(
                (
                    len(own),
                    math.fsum(
                        min(self._measured.lengths[document], scorer.room)
                        * (1.0 - again if document in seen else 1.0)
                        for document in own
                    ),
                )
            )
            seen.update(own)
        return found

    def _calling(self, parts: tuple[Part, ...]) -> StageSeconds:
        part = parts[-1]
        given = max((len(standing.order) for standing in self._gains.after(parts[:-1])), default=0)
        taken = asking(
            part,
            self._asked[part.name],
            given,
            parallel=self._settings.parallel,
            prices=self._settings.prices,
            seed=self._seed,
        )
        chance = random.Random(f"{self._seed} {part.name} {given}")
        drawn = tuple(chance.choices(taken.seconds, k=self._queries * self._times))
        return StageSeconds(
            part=part,
            documents=given,
            seconds=drawn,
            low=drawn,
            high=drawn,
            basis=taken.basis,
            asking=taken,
        )


_KINDS = ("seconds", "low", "high")


def _added(columns: Sequence[Sequence[float]]) -> list[float]:
    return [math.fsum(row) for row in zip(*columns, strict=True)]


def _by_depth(first: FirstStage, depth: int) -> tuple[list[float], float]:
    """Seconds of each query at a depth, on straight lines between those measured, and how far beyond them."""
    depths: Mapping[int, Sequence[float]] = first.depths
    known = sorted(depths)
    if depth <= known[0] or len(known) == 1:
        return list(depths[known[0]]), max(1.0, depth / known[0])
    after = next((place for place, one in enumerate(known) if one >= depth), len(known) - 1)
    low, high = known[after - 1], known[after]
    share = (depth - low) / (high - low)
    found = [a + share * (b - a) for a, b in zip(depths[low], depths[high], strict=True)]
    return [max(0.0, value) for value in found], max(1.0, depth / known[-1])
