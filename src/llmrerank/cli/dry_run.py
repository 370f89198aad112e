"""`--dry-run`: what the work would take. Nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmrerank.counted import counted, dollars
from llmrerank.harmless import harmless

from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.estimate import Estimate
    from llmrerank.settings import Settings

__all__ = ["print_estimate", "print_forecast"]

SCHEMA = 1


def print_estimate(pipeline: str, estimate: Estimate, settings: Settings, talk: Talk) -> None:
    """Write what one ranking would take."""
    if talk.json:
        talk.print_json({"schema": SCHEMA, "dry_run": True, **_row(pipeline, estimate, settings)})
    else:
        print("\n".join(_lines(pipeline, estimate, settings, talk)))
    _farewell(talk)


def print_forecast(
    dataset: str, queries: int, rows: Sequence[tuple[str, str, Estimate]], settings: Settings, talk: Talk
) -> None:
    """Write what a comparison would take; a row is a strategy as typed, its pipeline and its totals."""
    if talk.json:
        found = [{"strategy": typed, **_row(spec, estimate, settings)} for typed, spec, estimate in rows]
        talk.print_json(
            {"schema": SCHEMA, "dry_run": True, "dataset": dataset, "queries": queries, "rows": found}
        )
    else:
        print(f"dataset: {harmless(dataset)}, {counted(queries, 'query')}; totals over them, rounds for one")
        for _, spec, estimate in rows:
            print("\n".join(["", *_lines(spec, estimate, settings, talk)]))
    _farewell(talk)


def _farewell(talk: Talk) -> None:
    talk.say("dry run: nothing was sent; repairs and retries come on top")


def _row(pipeline: str, estimate: Estimate, settings: Settings) -> dict[str, Any]:
    from llmrerank import tokens

    return {
        "pipeline": pipeline,
        **estimate.to_dict(),
        "counted_by": tokens.source(settings.model),
        "model": settings.model,
    }


def _lines(pipeline: str, estimate: Estimate, settings: Settings, talk: Talk) -> list[str]:
    from llmrerank import tokens

    chats = estimate.calls.most != 0
    lines = [
        f"pipeline: {harmless(pipeline)}",
        f"  LLM calls:     {estimate.calls}",
        f"  rounds:        {estimate.rounds}",
    ]
    if estimate.pairs.most != 0:
        lines.append(f"  pairs scored:  {estimate.pairs}, by a local model")
    if chats:
        lines.append(f"  prompt tokens: {estimate.tokens_in}, counted by {tokens.source(settings.model)}")
        lines.append(f"  answer tokens: {estimate.tokens_out}")
    lines.append(f"  cost:          {_cost(estimate.cost)}")
    lines.append(f"  budget:        {_budget(estimate, settings)}")
    if talk.verbose and estimate.prompt is not None:
        lines += ["  first prompt:", *(f"    {line}" for line in estimate.prompt.splitlines())]
    return lines


def _cost(cost: tuple[float, float] | None) -> str:
    """Unknown is never 0."""
    if cost is None:
        return "unknown; --prices FILE says what the model costs"
    return dollars(*cost)


def _budget(estimate: Estimate, settings: Settings) -> str:
    limits = settings.limits
    if estimate.stopped_by:
        return f"would stop it early, by the limit on {estimate.stopped_by}"
    given = any(value is not None for value in (limits.calls, limits.tokens, limits.cost, limits.seconds))
    return "is enough" if given else "no limit"
