"""`llmrerank redteam`: what do hostile documents gain, and what is each defence worth?"""

from __future__ import annotations

import platform
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from llmrerank.counted import at_cost, counted
from llmrerank.errors import ConfigError

from .dry_run import print_forecast
from .exits import Exit
from .options import Calling, default_cache
from .progress import line
from .redteam_print import print_report
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.estimate import Estimate
    from llmrerank.evaluate import Dataset
    from llmrerank.redteam import Plan, Report

__all__ = ["redteam"]

SCHEMA = 1
_PANEL = "Attacks"


def redteam(
    *,
    strategies: Annotated[
        list[str] | None,
        Option("--strategies", metavar="SPEC...", help="[default: one for each form of judge]"),
    ] = None,
    attacks: Annotated[
        list[str] | None,
        Option(
            "--attacks", rich_help_panel=_PANEL, metavar="NAME...", help="Names, families, dev, test  [all]"
        ),
    ] = None,
    places: Annotated[
        list[str] | None,
        Option(
            "--places",
            rich_help_panel=_PANEL,
            metavar="NAME...",
            help="front middle end title id metadata instruction  [all]",
        ),
    ] = None,
    defences: Annotated[
        list[str] | None,
        Option(
            "--defences",
            rich_help_panel=_PANEL,
            metavar="NAME...",
            help="Names, none, or 'wrapper({strategy})'  [all]",
        ),
    ] = None,
    queries: Annotated[
        int | None, Option("--queries", rich_help_panel=_PANEL, metavar="N", min=1, help="[default: 8]")
    ] = None,
    trials: Annotated[
        int | None,
        Option("--trials", rich_help_panel=_PANEL, metavar="N", min=1, help="Attacks planted  [default: 24]"),
    ] = None,
    depth: Annotated[
        int | None,
        Option("--depth", rich_help_panel=_PANEL, metavar="N", min=2, help="Documents in a list  [10]"),
    ] = None,
    dataset: Annotated[
        str | None,
        Option("--dataset", metavar="DIR", help="[default: the documentation of this Python]"),
    ] = None,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Plant attacks in documents that are not relevant: how many places do they gain over neutral filler?

    \b
      llmrerank redteam --model NAME --base-url URL --dry-run
      llmrerank redteam --model NAME --base-url URL --strategies listwise --max-calls 200
    """
    from llmrerank.redteam import DEFENCES, forecast_of, plan_of
    from llmrerank.redteam import plan as planning

    settings = calling.settings(cache=default_cache())
    plan = plan_of(
        _dataset(dataset, talk),
        settings=settings,
        strategies=strategies or planning.STRATEGIES,
        attacks=attacks or (),
        places=places or (),
        defences=() if defences == ["none"] else defences or tuple(DEFENCES),
        queries=queries or planning.QUERIES,
        trials=trials or planning.TRIALS,
        depth=depth or planning.DEPTH,
    )
    if not calling.dry_run:
        _require_endpoint(plan)
    short = (queries or planning.QUERIES) - len(plan.targets)
    if short:
        talk.warn(f"{counted(short, 'query')} left out: BM25 finds no document there that is not relevant")
    forecast = forecast_of(plan)
    if calling.dry_run:
        rows = [(name, name, one) for name, one in forecast.items()]
        print_forecast(plan.dataset, len(plan.targets), rows, settings, talk)
        return Exit.DONE
    talk.say(_announcement(plan, forecast))
    return _measured(plan, talk)


def _dataset(given: str | None, talk: Talk) -> Dataset:
    if given is None:
        from llmrerank.evaluate.stdlib import stdlib_collection

        from .doctor_quality import collection_folder

        return stdlib_collection(collection_folder())
    from llmrerank.evaluate import Dataset

    dataset = Dataset.open(Path(given))
    for warning in dataset.warnings:
        talk.warn(warning)
    return dataset


def _require_endpoint(plan: Plan) -> None:
    """Refuse to start where a strategy chats and nobody says with whom.

    Raises:
        ConfigError: There is no endpoint.
    """
    from llmrerank.carriers import SHARED

    from .doctor_endpoint import where

    chats = any(arm.strategy.carrier in SHARED and arm.strategy.base_url is None for _, arm in plan.arms())
    if chats and plan.settings.replay is None and where(plan.settings) is None:
        raise ConfigError(
            "redteam needs a model to attack: give --base-url (and --model), set OPENAI_BASE_URL, "
            "or run: llmrerank endpoint"
        )


def _measured(plan: Plan, talk: Talk) -> Exit:
    """Measure, and write what there is at the end, however it ends."""
    from llmrerank import portal
    from llmrerank.redteam import Measurement, report_of, run_plan

    measurement = Measurement(plan=plan)
    interrupted: KeyboardInterrupt | None = None
    with line(talk) as show:

        def watch(done: int, of: int) -> None:
            if show is not None:
                show(f"redteam: {done} of {of} trials")

        try:
            portal.run(lambda: run_plan(measurement, watch))
        except KeyboardInterrupt as interrupt:
            if not measurement.outcomes:
                raise
            interrupted = interrupt
    report = report_of(measurement)
    _talk_about(report, talk)
    if talk.json:
        talk.print_json({"schema": SCHEMA, "python": platform.python_version(), **report.to_dict()})
    else:
        print_report(report)
    if interrupted is not None:
        kept = plan.settings.cache
        raise KeyboardInterrupt(
            f"the same command goes on from here; what was answered is kept in {kept}"
            if kept
            else "without a cache nothing is kept: the same command begins anew"
        ) from interrupted
    if report.stopped or report.trace.exhausted is not None:
        return Exit.BUDGET
    return Exit.DEGRADED if report.failed or report.trace.degraded else Exit.DONE


def _announcement(plan: Plan, forecast: dict[str, Estimate]) -> str:
    """What the work takes at most, in one line."""
    from llmrerank import tokens

    settings = plan.settings
    parts = [f"{one.calls if one.calls.most else one.pairs} for {name}" for name, one in forecast.items()]
    total = sum(one.tokens_in.most for one in forecast.values())
    costs = [one.cost for one in forecast.values()]
    known = [cost[1] for cost in costs if cost is not None]
    cost = f"at most {sum(known):.4f} USD" if len(known) == len(costs) else "cost unknown"
    arms = sum(len(setup.arms) for setup in plan.setups)
    return (
        f"redteam: {counted(len(plan.trials), 'trial')} over {counted(len(plan.targets), 'query')}, lists of "
        f"{plan.depth}, {counted(arms, 'way')} of asking; calls: {', '.join(parts)}; at most {total} prompt "
        f"tokens (by {tokens.source(settings.model)}), {cost}; answers that are kept are not asked again"
    )


def _talk_about(report: Report, talk: Talk) -> None:
    from llmrerank.trace import Degraded

    trace = report.trace
    for reason, count in Counter(event.reason for event in trace.of(Degraded)).most_common():
        talk.warn(f"{count} {'slate got' if count == 1 else 'slates got'} no evidence: {reason}")
    exhausted = trace.exhausted
    if exhausted is not None:
        talk.warn(f"stopped early: {report.stopped or exhausted.reason}")
    for one in report.strategies:
        if one.failures:
            talk.warn(f"{one.strategy}: the provider failed: {one.failures[0]}")
    if report.finished < report.trials:
        talk.warn(
            f"only {report.finished} of {report.trials} trials were finished everywhere; "
            "the figures are of those that each way of asking finished"
        )
    cost = at_cost(trace.cost)
    talk.say(
        f"{counted(trace.calls, 'call')}, {trace.cached} cached, "
        f"{trace.paid.input} + {trace.paid.output} tokens" + (f", {cost}" if trace.calls else "")
    )
