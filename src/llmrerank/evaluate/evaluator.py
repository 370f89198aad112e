"""Judgements made ready once, and any number of runs measured against them."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmrerank.errors import ConfigError

from .runs import Run

__all__ = ["Evaluation", "Evaluator", "Qrels"]

Qrels = Mapping[str, Mapping[str, int]]
"""Grades by query id and document id; bigger is better, 0 and less is not relevant."""

_CUT = frozenset({"AP", "ERR", "Judged", "P", "R", "RR", "Success", "nDCG"})
"""Measures whose cut-off k lets them see the first k documents and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the measures say about one run.

    Attributes:
        means: By measure, over all queries evaluated; most measures lie from 0 to 1.
        per_query: By measure, then by query id.
    """

    means: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """Measures computed together: what computes them, and how many documents of each ranking they look at."""

    names: tuple[str, ...]
    library: Any
    depth: int | None


class Evaluator:
    """Measures over one set of judgements. Made by `Measures.over`."""

    def __init__(self, measures: Mapping[str, Any], qrels: Qrels) -> None:
        """Hand the judgements to the providers of the measures.

        Args:
            measures: Of ir-measures, by the names under which results are shown.
            qrels: At least one query.

        Raises:
            ConfigError: There are no judgements, or a provider refuses them; the sentence says which measure.
        """
        if not qrels:
            raise ConfigError("there are no judgements to measure against")
        self._measures = measures
        self._queries = tuple(qrels)
        # By number: one provider takes only numbers for queries, and no other minds.
        judged = {str(number): dict(grades) for number, grades in enumerate(qrels.values())}
        self._passes = [self._prepare(names, judged) for names in _together(measures)]

    def _prepare(self, names: tuple[str, ...], judged: dict[str, dict[str, int]]) -> _Pass:
        from ir_measures import DefaultPipeline

        depths = [_depth(self._measures[name]) for name in names]
        try:
            library = DefaultPipeline.evaluator([self._measures[name] for name in names], judged)
        except _FAULTS as error:
            raise _failed(names, error) from error
        deepest = None if None in depths else max(depth for depth in depths if depth is not None)
        return _Pass(names=names, library=library, depth=deepest)

    def evaluate(self, run: Run) -> Evaluation:
        """Measure a run over every query of the judgements.

        A query that the run leaves out or has nothing for counts, with the measure's value for an empty
        ranking (0), as with `trec_eval -c`. Queries that nobody judged are left out.

        Args:
            run: Document ids by query id, best first; the order decides, there are no ties. Of a document
                that stands twice the better place counts.

        Raises:
            ConfigError: A measure fails; the sentence says which.

        Cost: some 0.1 s for 200 queries with 1000 documents each, where a measure looks at all of them.
        """
        per_query = {
            name: dict.fromkeys(self._queries, float(measure.DEFAULT))
            for name, measure in self._measures.items()
        }
        for one in self._passes:
            scores = self._scores(run, one.depth)
            try:
                for metric in one.library.iter_calc(scores) if scores else ():
                    value = float(metric.value)
                    query = self._queries[int(metric.query_id)]
                    per_query[str(metric.measure)][query] = 0.0 if math.isnan(value) else value
            except _FAULTS as error:
                raise _failed(one.names, error) from error
        return Evaluation(
            means={name: self._mean(name, values) for name, values in per_query.items()}, per_query=per_query
        )

    def _scores(self, run: Run, depth: int | None) -> dict[str, dict[str, float]]:
        """Scores that fall by one from place to place, by number of the query, of queries with documents."""
        lists = {
            str(number): run[query][:depth] for number, query in enumerate(self._queries) if run.get(query)
        }
        longest = max(map(len, lists.values()), default=0)
        falling = [float(left) for left in range(longest, 0, -1)]
        scores = {}
        for number, documents in lists.items():
            own = falling[longest - len(documents) :]
            found = dict(zip(documents, own, strict=True))
            if len(found) < len(documents):
                found = dict(zip(reversed(documents), reversed(own), strict=True))
            scores[number] = found
        return scores

    def _mean(self, name: str, values: Mapping[str, float]) -> float:
        total = self._measures[name].aggregator()  # counts are summed
        for value in values.values():
            total.add(value)
        return float(total.result())


def _together(measures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Names of the measures that may share a pass: all plain ones of trec_eval, and every other one alone.

    What the library computes through trec_eval shares one pass of the run, which takes most of the time. But
    a measure for which the relevance level does not matter is put beside any other, and takes over the
    other's `gains` and `judged_only` with it: nDCG beside nDCG(gains=...) comes out wrong. Those are kept
    apart. The rest is cheap when it gets the documents that it looks at and no others, which sharing would
    spoil.
    """
    from ir_measures import DefaultPipeline

    def plain(measure: Any) -> bool:
        serving = (one for one in DefaultPipeline.providers if one.is_available() and one.supports(measure))
        params = measure.params
        return next(serving).NAME == "pytrec_eval" and not (params.get("gains") or params.get("judged_only"))

    shared = tuple(name for name, measure in measures.items() if plain(measure))
    return [*([shared] if shared else []), *((name,) for name in measures if name not in shared)]


def _depth(measure: Any) -> int | None:
    """Documents of each ranking that a measure looks at; None for all."""
    if measure.NAME not in _CUT or measure.params.get("judged_only"):
        return None
    depth: int | None = measure.params.get("cutoff")
    return depth


_FAULTS = (
    ValueError,
    KeyError,
    RuntimeError,
    AssertionError,
    ArithmeticError,
    OSError,
    subprocess.SubprocessError,
)


def _failed(names: tuple[str, ...], error: Exception) -> ConfigError:
    what = f"the measure '{names[0]}'" if len(names) == 1 else f"one of the measures {', '.join(names)}"
    if isinstance(error, subprocess.SubprocessError):
        return ConfigError(
            f"{what} failed: its program takes grades up to 4, and document ids without white space; "
            "leave the measure out"
        )
    return ConfigError(f"{what} failed: {error}")
