"""What labelling will take, predicted before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmrerank.estimate import Estimate, estimate
from llmrerank.evaluate.dataset import Dataset
from llmrerank.evaluate.forecast import forecast, total
from llmrerank.evaluate.preparation import pipelines_of
from llmrerank.pipeline import Pipeline
from llmrerank.rounds import Span
from llmrerank.settings import Settings
from llmrerank.stages import Course
from llmrerank.types import Document, Query

from .grader import Grader, to_find
from .judgement import Pair
from .pool import DEPTH, pairs_to_check, pool

__all__ = ["LabelForecast", "forecast_labels"]

_PAIRS, _QUERIES = 200, 10
"""Pairs whose prompts are rendered at most, and queries that stand for all where the pool is not made."""
_FREE = ("bm25", "rank-bm25", "tantivy", "run", "pool")
"""First stages that need no model, so that a dry run may ask them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelForecast:
    """What labelling will take.

    Attributes:
        queries: Queries that would be pooled.
        rows: Each strategy that is pooled, and last the judge: as typed, as it would run, and totals over all
            queries. What a journal holds already is not taken off.
    """

    queries: int
    rows: tuple[tuple[str, str, Estimate], ...]


def forecast_labels(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings | None = None,
    prompt: str = "graded",
    depth: int = DEPTH,
    check: int = 0,
    again: bool = False,
    limit: int | None = None,
    index: Path | None = None,
) -> LabelForecast:
    """Predict the calls, tokens and cost of `alabel`, whose arguments these are. Nothing is sent.

    Where no strategy needs a model the pool is made and counted; else it has one strategy's documents at
    least, all strategies' at most. Prompts are rendered for at most 200 pairs and the counts scaled.

    Raises:
        ConfigError: What cannot work.
        DataError: There is nothing to check a judge against.
    """
    settings = settings or Settings()
    grader = Grader.of(
        prompt,
        instruction=settings.instruction or dataset.instruction,
        examples=settings.examples or dataset.examples,
        settings=settings,
    )
    finding = to_find(settings)
    pipelines = pipelines_of(dataset, strategies, settings=finding, index=index)
    queries = dataset.queries[:limit]
    free = [str(one.spec.stages[0].call) for one in pipelines if _first(one) in _FREE]
    whole = len(free) == len(pipelines) and not any(one.course.steps for one in pipelines)
    checked = pairs_to_check(dataset, check, seed=settings.seed) if check else ()
    if whole:
        found = pool(dataset, strategies, settings=finding, depth=depth, limit=limit, index=index).pairs
        wanted = [pair for pair in found if again or pair.given is None]
        pairs: Sequence[Pair] = tuple({pair.key: pair for pair in (*checked, *wanted)}.values())
        number = Span(len(pairs), len(pairs))
    else:
        like = _like(dataset, free, queries, depth=depth, settings=settings, index=index)
        pairs = (*checked, *like)
        judged = 0 if again else sum(len(dataset.qrels.get(query.id, ())) for query in queries)
        fewest = len(queries) * depth
        number = Span(max(0, fewest - judged) + len(checked), fewest * len(pipelines) + len(checked))
    rows = forecast(dataset, strategies, settings=finding, limit=limit)
    return LabelForecast(
        queries=len(queries),
        rows=(
            *((row.strategy, row.pipeline, row.estimate) for row in rows),
            ("label", str(grader.strategy.spec), _labels(pairs, number, grader)),
        ),
    )


def _first(pipeline: Pipeline) -> str:
    first = pipeline.course.first
    return first.entry.name if first is not None else ""


def _like(
    dataset: Dataset,
    free: Sequence[str],
    queries: Sequence[Query],
    *,
    depth: int,
    settings: Settings,
    index: Path | None,
) -> Sequence[Pair]:
    """Pairs like those that would be judged: what first stages find, else the beginning of the corpus."""
    if free:
        return pool(dataset, free, settings=settings, depth=depth, limit=_QUERIES, index=index).pairs
    documents: Sequence[Document] = dataset.corpus[:depth] if dataset.corpus is not None else ()
    return [Pair(query=query, document=document) for query in queries[:_QUERIES] for document in documents]


def _labels(pairs: Sequence[Pair], number: Span, grader: Grader) -> Estimate:
    """The totals of so many calls like those about some pairs."""
    settings = grader.settings
    course = Course.of(str(grader.strategy.spec), model=settings.model)
    shown = replace(settings, instruction=grader.instruction, examples=grader.examples)
    sample = pairs[:: -(-len(pairs) // _PAIRS) or 1]
    each = [estimate(course, pair.query.text, [pair.document], settings=shown, top=None) for pair in sample]
    if not each:
        return estimate(course, "nothing", [], settings=shown, top=None)
    return total(each, number, settings.limits)
