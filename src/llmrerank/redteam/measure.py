"""The doors: measure what attacks gain, asynchronously and not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from llmrerank import portal
from llmrerank.settings import Settings

from .defences import DEFENCES
from .measurement import Measurement
from .plan import DEPTH, QUERIES, STRATEGIES, TRIALS, Plan, plan_of
from .report import Report, report_of

if TYPE_CHECKING:
    from llmrerank.evaluate.dataset import Dataset

__all__ = ["ameasure", "measure", "run_plan"]


async def ameasure(
    dataset: Dataset,
    *,
    settings: Settings,
    strategies: Sequence[str] = STRATEGIES,
    attacks: Sequence[str] = (),
    places: Sequence[str] = (),
    defences: Sequence[str] = tuple(DEFENCES),
    queries: int = QUERIES,
    trials: int = TRIALS,
    depth: int = DEPTH,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Plant attacks in documents that are not relevant, rank, and tell how many places they gain.

    In the list of each query the last document that is not relevant is made hostile. A trial ranks the list
    with the attack and with neutral filler of the same length; what differs between the two is what the
    attack gained. Every strategy is measured as it was given, and without and with each defence.

    Args:
        dataset: With judgements and a corpus.
        settings: Endpoint, model, cache and limits. Limits on calls, tokens and cost hold for the whole
            measurement, that on seconds for every ranking.
        strategies: In the one notation, no pipelines.
        attacks: Names, families or splits (`dev`, `test`) of the suite; empty: all.
        places: Of `PLACES`; empty: everywhere that some strategy shows.
        defences: Names of `DEFENCES`, or wrappers written with `{strategy}`.
        queries: How many, evenly spread over the dataset's.
        trials: Attacks planted, spread evenly over queries, families and places.
        depth: Documents of a list.
        progress: Told the trials that have an end, and how many there are; must be quick.

    Returns:
        What was measured, also where a limit cut it short: figures are then those of fewer trials.

    Raises:
        ConfigError: Unknown names, an endpoint that cannot work, a dataset that does not fit together.
        CallError: The provider failed and nothing was answered.
        AnswerError: An answer says nothing and `settings.on_error` is `raise`.

    Cost: as `forecast_of`; what the cache knows is free.
    """
    import asyncio

    plan = await asyncio.to_thread(
        lambda: plan_of(
            dataset,
            settings=settings,
            strategies=strategies,
            attacks=attacks,
            places=places,
            defences=defences,
            queries=queries,
            trials=trials,
            depth=depth,
        )
    )
    measurement = Measurement(plan=plan)
    await run_plan(measurement, progress)
    return report_of(measurement)


measure = portal.door(ameasure, name="measure")


async def run_plan(measurement: Measurement, progress: Callable[[int, int], None] | None = None) -> None:
    """Run a measurement. Without a cache one is kept while it lasts, since lists share most answers.

    Raises:
        As `ameasure`.
    """
    plan: Plan = measurement.plan
    if plan.settings.cache is not None:
        await measurement.run(progress)
        return
    with TemporaryDirectory(prefix="llmrerank-") as folder:
        kept = replace(plan.settings, cache=Path(folder) / "calls.sqlite")
        measurement.plan = replace(plan, settings=kept)
        try:
            await measurement.run(progress)
        finally:
            measurement.plan = plan
