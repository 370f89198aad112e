"""A teacher out of judgements that were paid for: a strategy over answers that were kept, and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmrerank.counted import counted
from llmrerank.errors import BudgetExceeded, CallError, ConfigError, DataError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.evaluate.preparation import open_stages, pipelines_of
from llmrerank.settings import Settings
from llmrerank.types import Limits

from .progress import TrainingProgress
from .teachers import Ranked, Teacher

__all__ = ["answered"]


def answered(
    dataset: Dataset,
    strategy: str,
    *,
    settings: Settings,
    cache: Path | None = None,
    record: Path | None = None,
    tell: Callable[[TrainingProgress], None] | None = None,
) -> tuple[Teacher, tuple[str, ...]]:
    """Run a strategy over a dataset's queries with kept answers and no call allowed.

    A query that the answers do not cover in full is left out: half a ranking is no teacher. Local models in
    the strategy run, since they cost nothing.

    Args:
        dataset: Its queries are asked, judged or not.
        strategy: As it ran when the answers were paid for: the same options, seed, model and address, else
            they are not found.
        settings: With that model and address.
        cache: The cache of answers; either this or `record`.
        record: A record of calls.
        tell: Told of every query.

    Returns:
        The teacher, and sentences on what was left out.

    Raises:
        ConfigError: The strategy cannot work, or there is no such file.
        DataError: No query is answered in full.
    """
    place = cache or record
    if place is None or not place.is_file():
        raise ConfigError(f"there is no {'cache' if cache else 'record'} {place}")
    only = replace(settings, cache=cache, replay=record, record=None, limits=Limits(calls=0), on_error="keep")
    if record is not None:
        only = replace(only, limits=Limits())
    [pipeline] = pipelines_of(dataset, [strategy], settings=only)
    rankings: dict[str, list[Ranked]] = {}
    missing = done = 0
    with pipeline:
        open_stages([pipeline], dataset.queries)
        for row in pipeline.search_many(dataset.queries):
            query, ranking = dataset.queries[row.index], row.ranking
            done += 1
            if isinstance(row.error, BudgetExceeded | CallError | DataError) or (
                ranking is not None and (ranking.trace.exhausted is not None or ranking.trace.degraded)
            ):
                missing += 1
            elif row.error is not None:
                raise row.error
            elif ranking is not None:
                scores = [hit.score for hit in ranking if hit.score is not None]
                full = len(scores) == len(ranking) and ranking.score_kind != "none"
                rankings[query.id] = [
                    Ranked(
                        ids=tuple(str(hit.document.id) for hit in ranking),
                        scores=tuple(scores) if full else None,
                    )
                ]
            if tell is not None:
                tell(TrainingProgress(stage="reading", done=done, total=len(dataset.queries)))
    if not rankings:
        raise DataError(
            f"{place} answers none of {counted(len(dataset.queries), 'query')} of {dataset.name} in full; "
            "give the strategy, --model, --base-url and --seed with which its answers were paid for"
        )
    left_out = (
        (f"{missing} of {len(dataset.queries)} queries are not answered in full by {place} and are left out",)
        if missing
        else ()
    )
    return Teacher(name=f"{pipeline.spec} ({settings.model or 'answers kept'})", rankings=rankings), left_out
