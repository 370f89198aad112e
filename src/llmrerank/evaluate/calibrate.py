"""Run a strategy over judged queries and fit a map from its scores to probabilities of relevance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from llmrerank import portal
from llmrerank.calibration import Calibration, models_of
from llmrerank.calibration_contents import SCHEMA, Unjudged
from llmrerank.errors import ConfigError
from llmrerank.purse import Purse
from llmrerank.settings import Settings
from llmrerank.trace import Trace

from .contest import at_once
from .dataset import Dataset
from .isotonic import FEWEST, Fit, fit, require_sklearn
from .judged_scores import JudgedScores
from .preparation import open_stages, pipelines_of, warm_models
from .progress import Progress
from .scoring import kind_of, refuse_scoreless
from .strategy_run import StrategyRun

__all__ = ["Calibrated", "acalibrate", "calibrate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A calibration, and what it was fitted to.

    Attributes:
        calibration: To be saved and used.
        judged: The scored and judged documents.
        fit: Held-out probabilities and their reliability; `fit.held_out[i]` belongs to `judged.scores[i]`.
        trace: Everything that happened, query after query.
        failures: Sentences by query id, of the queries that failed.
        warnings: What in the dataset changes results, in sentences.
    """

    calibration: Calibration
    judged: JudgedScores
    fit: Fit
    trace: Trace
    failures: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the shape of the command line's `--json`."""
        return {
            "schema": SCHEMA,
            "calibration": self.calibration.to_dict(),
            "bins": [
                {"predicted": one.predicted, "observed": one.observed, "count": one.count}
                for one in self.fit.bins
            ],
            "relevant": sum(self.judged.relevant),
            "left_out": self.judged.left_out,
            "failures": dict(self.failures),
            "warnings": list(self.warnings),
            "trace": self.trace.to_dict(),
        }


def calibrate(
    dataset: Dataset,
    strategy: str,
    *,
    settings: Settings | None = None,
    relevance: int | None = None,
    unjudged: Unjudged = "leave",
    limit: int | None = None,
    index: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Calibrated:
    """Fit a calibration; see `acalibrate`. Works in scripts, notebooks and servers."""
    return portal.run(
        lambda: acalibrate(
            dataset,
            strategy,
            settings=settings,
            relevance=relevance,
            unjudged=unjudged,
            limit=limit,
            index=index,
            progress=progress,
        )
    )


async def acalibrate(
    dataset: Dataset,
    strategy: str,
    *,
    settings: Settings | None = None,
    relevance: int | None = None,
    unjudged: Unjudged = "leave",
    limit: int | None = None,
    index: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Calibrated:
    """Run a strategy over the judged queries and fit an isotonic map from its scores to probabilities.

    The documents are those that the strategy returns, so the map holds for what a user of it would see.

    Args:
        dataset: With judgements; queries that are not those on which the strategy is judged later.
        strategy: In the one notation; one that starts with a reranker gets the dataset's default first stage
            in front.
        settings: As for `compare`; its seed also parts the queries.
        relevance: The lowest grade that counts as relevant, 1 or more; None: the dataset's.
        unjudged: `leave` documents without a judgement out, or count them as `irrelevant`: right where the
            judgements name the relevant documents only, too pessimistic where few were looked at.
        limit: Only the first so many judged queries.
        index: Folder in which indexes are kept between runs.
        progress: Called after every query.

    Raises:
        ConfigError: The strategy gives no scores that mean anything, or there is too little to fit to.
        MissingExtra: scikit-learn is not installed; before anything is sent.
        CallError: The provider failed every query.
        BudgetExceeded: A limit was reached before there was enough to fit to.

    Cost: that of the strategy, times the number of queries.
    """
    for name, value in (("relevance", relevance), ("limit", limit)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, got {value}")
    if unjudged not in get_args(Unjudged):
        raise ConfigError(f"unjudged must be {' or '.join(get_args(Unjudged))}, got {unjudged!r}")
    settings = settings or Settings()
    level = relevance or dataset.relevance
    [pipeline] = pipelines_of(dataset, [strategy], settings=settings, index=index)
    refuse_scoreless(pipeline)
    await asyncio.to_thread(require_sklearn)
    warnings = list(await asyncio.to_thread(dataset.check))
    queries = dataset.measurable[:limit]
    if len(queries) < FEWEST:
        raise ConfigError(
            f"{len(queries)} judged queries are too few to calibrate on; at least {FEWEST} are needed"
        )
    run = StrategyRun(
        pipeline=pipeline,
        purse=Purse(settings.limits, settings.prices),
        keep=lambda query, ranking, seconds: ranking,
        tell=_teller(progress, strategy, len(queries)),
        at_once=at_once(pipeline),
    )
    async with pipeline:
        warnings += await asyncio.to_thread(open_stages, [pipeline], queries)
        if not pipeline.course.steps:
            refuse_scoreless(pipeline, pipeline.retriever().score_kind)
        warm = await warm_models([pipeline], settings)
        await run.over(queries)
        del warm  # held until here: models unload when nobody holds a client
    if run.lost:
        raise run.lost
    rankings = {query: run.kept[query.id] for query in queries if query.id in run.kept}
    trace = Trace.joined(ranking.trace for ranking in rankings.values())
    kind = kind_of(pipeline, rankings.values())
    judged = JudgedScores.of(rankings, dataset.qrels, relevance=level, unjudged=unjudged)
    judged.refuse_too_little(str(pipeline.spec), trace, failed=len(run.errors))
    fitted = await asyncio.to_thread(
        fit,
        judged.scores,
        judged.relevant,
        judged.queries,
        probabilities=kind == "probability",
        seed=settings.seed,
    )
    calibration = Calibration(
        strategy=str(pipeline.spec),
        score_kind=kind,
        x=fitted.x,
        y=fitted.y,
        models=models_of(str(pipeline.spec), trace),
        dataset=dataset.name,
        queries=len(set(judged.queries)),
        pairs=len(judged.scores),
        relevance_level=level,
        unjudged=unjudged,
        quality=fitted.quality,
    )
    return Calibrated(
        calibration=calibration,
        fit=fitted,
        judged=judged,
        trace=trace,
        failures=run.failures(),
        warnings=tuple(warnings),
    )


def _teller(
    progress: Callable[[Progress], None] | None, strategy: str, queries: int
) -> Callable[[Trace], None]:
    told = Progress(row=1, strategy=strategy, done=0, queries=queries)

    def tell(trace: Trace) -> None:
        nonlocal told
        told = told.after(trace)
        if progress is not None:
            progress(told)

    return tell
