"""`llmrerank doctor --quality`: whether the model at the endpoint is worth its calls, measured here."""

from __future__ import annotations

import platform
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from llmrerank.counted import at_cost, dollars
from llmrerank.errors import ConfigError

from .dry_run import print_forecast
from .exits import Exit
from .options import default_cache
from .progress import line
from .quality_print import lines
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.estimate import Estimate
    from llmrerank.evaluate.quality import Quality
    from llmrerank.settings import Settings

__all__ = ["QUERIES", "measure"]

SCHEMA = 1
QUERIES = 20
"""Queries that are asked where nobody says how many."""


def measure(settings: Settings, queries: int, talk: Talk, *, dry_run: bool = False) -> Exit:
    """Measure the model over queries of the stdlib collection and write what is to be thought of it.

    Args:
        settings: Endpoint, model, cache and limits.
        queries: How many.
        talk: How to speak.
        dry_run: Only say what it would take.

    Raises:
        ConfigError: No endpoint, too many queries, a collection that cannot be made.
        CallError: The endpoint failed and nothing was answered.
    """
    from llmrerank import portal
    from llmrerank.evaluate.quality import aquality
    from llmrerank.evaluate.quality_asks import DEPTH, FIRST
    from llmrerank.evaluate.quality_forecast import quality_forecast
    from llmrerank.evaluate.stdlib import stdlib_collection

    from .doctor_endpoint import where

    if not dry_run and settings.replay is None and where(settings) is None:
        raise ConfigError(
            "--quality needs a model to measure: give --base-url (and --model), set OPENAI_BASE_URL, "
            "or run: llmrerank endpoint"
        )
    dataset = stdlib_collection(collection_folder())
    forecast = quality_forecast(dataset, settings=settings, queries=queries)
    if dry_run:
        rows = [(name, f"{FIRST} % {DEPTH} >> {name}", one) for name, one in forecast.items()]
        print_forecast(dataset.name, queries, rows, settings, talk)
        return Exit.DONE
    talk.say(_announcement(queries, DEPTH, forecast, settings))
    with line(talk) as show:

        def watch(done: int, of: int) -> None:
            if show is not None:
                show(f"quality: {done} of {of} queries")

        quality = portal.run(lambda: aquality(dataset, settings=settings, queries=queries, progress=watch))
    _talk_about(quality, talk)
    if talk.json:
        talk.print_json({"schema": SCHEMA, "python": platform.python_version(), **quality.to_dict()})
    else:
        print("\n".join(lines(quality)))
    if quality.trace.exhausted is not None:
        return Exit.BUDGET
    return Exit.DEGRADED if quality.failures else Exit.DONE


def collection_folder() -> Path:
    """Where the documents of this Python are kept, beside the cache of answers."""
    return default_cache().parent / f"stdlib-{platform.python_version()}"


def _announcement(queries: int, depth: int, forecast: dict[str, Estimate], settings: Settings) -> str:
    """What the work takes at most, in one line; what the cache knows is free."""
    from llmrerank import tokens

    parts = [f"{estimate.calls} {name} calls" for name, estimate in forecast.items()]
    rounds = sum(estimate.rounds.most for estimate in forecast.values())
    total = sum(estimate.tokens_in.most for estimate in forecast.values())
    costs = [estimate.cost for estimate in forecast.values()]
    known = [cost[1] for cost in costs if cost is not None]
    cost = dollars(sum(known)) if len(known) == len(costs) else "unknown"
    return (
        f"quality: {queries} queries, {depth} documents each: {' and '.join(parts)}, {rounds} rounds a query "
        f"at most, about {total} prompt tokens (by {tokens.source(settings.model)}), cost {cost}; "
        "answers that are kept are not asked again"
    )


def _talk_about(quality: Quality, talk: Talk) -> None:
    from llmrerank.trace import Degraded

    trace = quality.trace
    for reason, count in Counter(event.reason for event in trace.of(Degraded)).most_common():
        talk.warn(f"{count} {'slate got' if count == 1 else 'slates got'} no evidence: {reason}")
    if trace.exhausted is not None:
        talk.warn(f"stopped early: {trace.exhausted.reason}")
    if quality.failures:
        query, sentence = next(iter(quality.failures.items()))
        talk.warn(f"{len(quality.failures)} queries failed, such as '{query}': {sentence}")
    finished = min(one.queries for one in quality.measured)
    if finished < quality.queries:
        talk.warn(f"only {finished} of {quality.queries} queries were finished; the figures are of those")
    paid = trace.paid
    cost = at_cost(trace.cost)
    talk.say(
        f"{trace.calls} calls, {trace.cached} cached, {paid.input} + {paid.output} tokens"
        + (f", {cost}" if trace.calls else "")
    )
