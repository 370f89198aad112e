"""Outcomes read from what `compare --out DIR` left there: `compare.json` and the queries of every row."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from llmrerank.errors import ConfigError, DataError, UnknownName
from llmrerank.evaluate.dataset import Dataset
from llmrerank.evaluate.preparation import pipelines_of
from llmrerank.events import Called, Scored
from llmrerank.expansion import expand
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, canonical, find
from llmrerank.retrieve.corpus import find_documents
from llmrerank.settings import Settings
from llmrerank.spec import PipelineSpec, parse
from llmrerank.strategies.routes import Route
from llmrerank.trace_file import StoredTraces, TracedQuery
from llmrerank.types import Query, ScoreKind

from .evidence import HEAD, KEEP, Evidence, parts_of
from .features import features_of
from .outcomes import Outcomes

__all__ = ["MEASURE", "read_outcomes"]

MEASURE = "nDCG@10"

_Row = dict[str, TracedQuery]


def read_outcomes(
    folder: Path,
    *,
    arms: Sequence[str] = (),
    route: str | None = None,
    dataset: Dataset | None = None,
    measure: str = MEASURE,
) -> Outcomes:
    """Read the outcomes of a comparison.

    Scores of the first stage come from the row that is the first stage alone, where there is one; texts, how
    rare words are and the rankings that a first stage fuses come from the dataset, where it is given.

    Args:
        folder: Where `compare --out` wrote.
        arms: Rows, as typed or in their one spelling, the cheapest first; none: all of them in their order.
        route: The stage that will use it, such as `route(keep, bi-encoder)`; its arms are those rows in their
            order. None: what each row adds to the cheap one.
        dataset: What was compared on.
        measure: The one to gain in.

    Raises:
        ConfigError: Rows that are not there, have no such measure or do not fit the route.
        DataError: The folder holds no comparison, or rows of other queries.
    """
    summary = _summary(folder)
    rows = _chosen(summary, arms, folder)
    names = _names(rows, route)
    found = [_queries(folder, row) for row in rows]
    ids = [query for query in found[0] if all(query in row for row in found)]
    lost = max(len(row) for row in found) - len(ids)
    if not ids or lost:
        raise DataError(
            f"{folder}: the rows answer different queries ({len(ids)} of {len(ids) + lost} in all of them); "
            "compare again until none fails"
        )
    _check_measure(found[0][ids[0]], measure, folder)
    unit, costs = _costs(found, ids, stored=[_is_stored(row) for row in rows])
    first = _first_stage(summary, rows[0], folder)
    evidence = _Evidence(rows[0], found[0], first, dataset)
    return Outcomes(
        dataset=str(summary.get("dataset", folder.name)),
        measure=measure,
        unit=unit,
        arms=names,
        costs=costs,
        queries=tuple(ids),
        features=tuple(features_of(evidence.of(query)) for query in ids),
        scores=tuple(tuple(row[query].measures[measure] for row in found) for query in ids),
    )


def _summary(folder: Path) -> dict[str, Any]:
    path = folder / "compare.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        rows = [(row["strategy"], row["pipeline"], row["run"]) for row in values["rows"]]
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror or error}; `llmrerank compare ... --out {folder}` makes it"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path} is not what `llmrerank compare --out` writes ({error})") from error
    names = [run for _, _, run in rows]
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise DataError(f"{path} names runs that are not in its folder")
    found: dict[str, Any] = values
    return found


def _chosen(summary: Mapping[str, Any], arms: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = list(summary["rows"])
    if not arms:
        chosen = rows
    else:
        by_name = {name: row for row in rows for name in (row["strategy"], row["pipeline"])}
        for arm in arms:
            if arm not in by_name:
                raise UnknownName("row", arm, [row["strategy"] for row in rows], where=str(folder))
        chosen = [by_name[arm] for arm in arms]
    if len(chosen) < 2:
        raise ConfigError(f"a router chooses between two arms or more, and {len(chosen)} is given")
    return chosen


def _names(rows: Sequence[Mapping[str, Any]], route: str | None) -> tuple[str, ...]:
    """What a route calls the arms."""
    if route is not None:
        [stage] = canonical(PipelineSpec(parse(route).stages)).stages[-1:]
        find(stage.call.name, Kind.ROUTE)
        arms = tuple(str(arm) for arm in Route.of(stage.call).arms)
        if len(arms) != len(rows):
            raise ConfigError(f"'{route}' has {len(arms)} arms and {len(rows)} rows are given for them")
        return arms
    specs = [_spec(row) for row in rows]
    cheap = specs[0].stages
    names = [KEEP if len(cheap) == 1 else str(cheap[-1].call)]
    for spec in specs[1:]:
        more = spec.stages[len(cheap) :]
        goes_on = spec.stages[: len(cheap)] == cheap and len(more) == 1
        names.append(str(more[0].call) if goes_on else str(spec))
    return tuple(names)


def _spec(row: Mapping[str, Any]) -> PipelineSpec:
    return canonical(expand(parse(row["pipeline"])))


def _queries(folder: Path, row: Mapping[str, Any]) -> _Row:
    path = (folder / row["run"]).with_suffix(".jsonl")
    return {line.traced.query.id: line.traced for line in StoredTraces(path)}


def _check_measure(query: TracedQuery, measure: str, folder: Path) -> None:
    if measure not in query.measures:
        known = ", ".join(query.measures) or "none: it has no judgements"
        raise ConfigError(
            f"the comparison in {folder} did not measure {measure} (it has {known}); compare again with "
            f"--metrics {measure}, or name one with --metrics"
        )


def _is_stored(row: Mapping[str, Any]) -> bool:
    stages = parse(row["pipeline"]).stages
    return len(stages) == 1 and stages[0].call.name == "run"


def _costs(
    rows: Sequence[_Row], ids: Sequence[str], *, stored: Sequence[bool]
) -> tuple[str, tuple[float, ...]]:
    """What a query costs by each arm, in the first unit that parts them; what a cache saved counts."""
    steps = tuple(float(place) for place in range(len(rows)))
    if any(stored[1:]):
        return "steps", steps
    counted: dict[str, list[float]] = {"USD": [], "calls": [], "pairs": []}
    for row in rows:
        calls = [call for query in ids for call in row[query].trace.of(Called)]
        prices = [math.nan if call.cost is None else call.cost for call in calls]
        pairs = sum(one.pairs for query in ids for one in row[query].trace.of(Scored))
        for unit, total in (("USD", math.fsum(prices)), ("calls", len(calls)), ("pairs", pairs)):
            counted[unit].append(total / len(ids))
    for unit, costs in counted.items():
        rises = [after - before for before, after in pairwise(costs)]
        # Where the first unit that parts the arms falls, their order is wrong, and that is said elsewhere.
        if all(rise > 0 for rise in rises) or any(rise < 0 for rise in rises):
            return unit, tuple(costs)
    return "steps", steps


def _first_stage(summary: Mapping[str, Any], cheap: Mapping[str, Any], folder: Path) -> _Row:
    """The queries of the row that is the cheap arm's first stage alone; empty where there is none."""
    wanted = _spec(cheap).stages[0]
    for row in summary["rows"]:
        stages = _spec(row).stages
        if len(stages) == 1 and stages[0].call == wanted.call and _reaches(stages[0].cut, wanted.cut):
            return _queries(folder, row)
    return {}


def _reaches(depth: int | None, wanted: int | None) -> bool:
    """Whether a row that passes on so many (None: all) holds what the cheap arm was given."""
    return depth is None or (wanted is not None and depth >= wanted)


class _Evidence:
    """Makes evidence of stored results, and of the dataset where it is given."""

    def __init__(self, row: Mapping[str, Any], cheap: _Row, first: _Row, dataset: Dataset | None) -> None:
        self._spec = _spec(row)
        self._cheap = cheap
        self._first = first
        self._texts: dict[str, str] | None = None
        self._found: dict[str, Ranking] = {}
        if dataset is not None:
            self._look_up(dataset)

    def _look_up(self, dataset: Dataset) -> None:
        shown = {str(hit.id) for one in self._cheap.values() for hit in one.hits[:HEAD]}
        stage = self._spec.stages[0]
        [pipeline] = pipelines_of(dataset, [str(PipelineSpec((stage,)))], settings=Settings())
        queries = [Query(id=one.query.id, text=one.query.text) for one in self._cheap.values()]
        rankings = pipeline.retriever().search(queries, k=pipeline.depth)
        self._found = {query.id: ranking for query, ranking in zip(queries, rankings, strict=True)}
        held = {str(hit.document.id): hit.document for ranking in rankings for hit in ranking}
        if dataset.corpus is not None:
            held |= find_documents(dataset.corpus, shown - held.keys())
        self._texts = {name: document.full_text for name, document in held.items()}

    def of(self, query: str) -> Evidence:
        """Of one query."""
        cheap = self._cheap[query]
        ids = [str(hit.id) for hit in cheap.hits]
        scores = [hit.score for hit in cheap.hits]
        before = sorted(cheap.hits, key=lambda hit: (hit.previous_rank or hit.rank, hit.rank))
        first = self._first.get(query)
        found = self._found.get(query)
        keeps = len(self._spec.stages) == 1
        told = (
            [hit.score for hit in found.hits] if found else [hit.score for hit in first.hits] if first else []
        )
        # The shape of scores is that of so many as a search would hand on.
        told = told[: self._spec.stages[0].cut]
        kind = found.score_kind if found is not None else first.score_kind if first is not None else "none"
        complete = [score for score in told if score is not None]
        texts = self._texts
        return Evidence(
            query=cheap.query.text,
            cheap=KEEP if keeps else str(self._spec.stages[-1].call),
            first=complete if len(complete) == len(told) else (),
            first_kind=cast(ScoreKind, kind),
            parts=() if found is None else parts_of(found, [hit.history for hit in found.hits]),
            before=[str(hit.id) for hit in before],
            after=ids,
            scores=[score for score in scores if score is not None] if None not in scores else (),
            score_kind=cast(ScoreKind, cheap.score_kind),
            texts=None if texts is None else [texts.get(name, "") for name in ids[:HEAD]],
            idf=None if found is None else found.idf,
        )
