"""`llmrerank batch`: many queries from a file, their rankings to a file; run again, it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.counted import at_cost, counted

from .choosing import Choosing
from .exits import Exit
from .options import Calling, default_cache
from .presets import tell_preset
from .progress import line
from .search import source_of
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.batch import Asked, Counts
    from llmrerank.many import Row
    from llmrerank.pipeline import Pipeline
    from llmrerank.reranker import Reranker

__all__ = ["batch"]

SCHEMA = 1


def batch(
    *,
    input: Annotated[str, Option("--input", metavar="FILE", help="JSONL: query and documents a line; - too")],
    output: Annotated[Path, Option("--output", metavar="FILE", help="JSONL: a ranking for each line")],
    choosing: Choosing,
    calling: Calling,
    talk: Talk,
    strategy: Annotated[
        str | None, Option("--strategy", metavar="SPEC", help="Such as 'bm25 % 50 >> listwise'")
    ] = None,
    corpus: Annotated[
        str | None, Option("--corpus", metavar="PATH", help="Search there; lines need a query only")
    ] = None,
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None,
) -> Exit:
    r"""Rank for many queries; the same command again does only what is missing and pays for nothing twice.

    \b
      llmrerank batch --input queries.jsonl --output ranked.jsonl --strategy fast --top 10
    """
    settings = calling.settings(cache=default_cache())
    strategy = calling.strategy(strategy)
    from llmrerank import portal
    from llmrerank.batch import Batch, read_questions
    from llmrerank.batch.results import Results
    from llmrerank.pipeline import DEPTH, Pipeline
    from llmrerank.reranker import Reranker

    door: Pipeline | Reranker
    if corpus is None:
        door = Reranker(strategy, settings=settings, calibration=choosing.calibration)
    else:
        source = source_of(corpus, index)
        door = Pipeline(strategy, source=source, settings=settings, calibration=choosing.calibration)
    asked = read_questions(input, searching=corpus is not None)
    if calling.dry_run:
        return _dry_run(door, asked, choosing, talk)

    def work(missing: Iterator[Asked]) -> AsyncGenerator[Row, None]:
        if isinstance(door, Pipeline):
            return door.asearch_many(
                (one.query for one in missing if one.query), ordered=False, **choosing.wanted
            )
        pairs = ((one.query, one.documents or ()) for one in missing if one.query)
        return door.arank_many(pairs, ordered=False, **choosing.wanted)

    tell_preset(strategy, door.course, talk, size=DEPTH, top=choosing.top)
    with door, Results(output, run=_run(door, choosing, corpus)) as results, line(talk) as show:

        def tell(counts: Counts) -> None:
            if show is not None:
                show(f"{counts.done} done, {counts.kept} from before, {counts.failed} failed")

        job = Batch(results, work, tell)
        counts = portal.run(lambda: job.run(asked))
    _report(counts, output, talk)
    return _exit_of(counts)


def _run(door: Pipeline | Reranker, choosing: Choosing, corpus: str | None) -> str:
    """A digest of all that results depend on beside the input line."""
    settings = door.settings
    values = {
        "spec": str(door.spec),
        "model": settings.model,
        "base_url": settings.base_url,
        "instruction": settings.instruction,
        "examples": [[one.query, one.document, one.label] for one in settings.examples],
        "seed": settings.seed,
        "answer_tokens": settings.answer_tokens,
        "effort": settings.effort,
        "extra_body": dict(settings.extra_body),
        "corpus": corpus,
        "calibration": door.calibration.to_dict() if door.calibration else None,
        **choosing.wanted,
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _dry_run(door: Pipeline | Reranker, asked: Iterator[Asked], choosing: Choosing, talk: Talk) -> Exit:
    """Totals over all lines, whatever is done already."""
    from llmrerank.pipeline import Pipeline
    from llmrerank.rounds import Span

    lines = faults = 0
    totals = {name: Span(0, 0) for name in ("calls", "pairs", "tokens_in", "tokens_out")}
    cost: tuple[float, float] | None = (0.0, 0.0)
    for one in asked:
        lines += 1
        if one.query is None:
            faults += 1
            continue
        if isinstance(door, Pipeline):
            estimate = door.estimate(one.query, top=choosing.top)
        else:
            estimate = door.estimate(one.query, one.documents or (), top=choosing.top)
        for name, span in totals.items():
            more: Span = getattr(estimate, name)
            totals[name] = Span(span.least + more.least, span.most + more.most)
        known = cost is not None and estimate.cost is not None
        cost = (cost[0] + estimate.cost[0], cost[1] + estimate.cost[1]) if known else None  # type: ignore[index]  # both are known
    found: dict[str, Any] = {name: [span.least, span.most] for name, span in totals.items()}
    if talk.json:
        talk.print_json(
            {
                "schema": SCHEMA,
                "dry_run": True,
                "pipeline": str(door.spec),
                "lines": lines,
                "faults": faults,
                **found,
                "cost": list(cost) if cost else None,
            }
        )
    else:
        print(f"pipeline: {door.spec}\n  lines: {lines}, of which {faults} cannot be read")
        for name, span in totals.items():
            print(f"  {name.replace('_', ' ')}: {span}")
        print("  cost: unknown" if cost is None else f"  cost: {cost[0]:.4f} to {cost[1]:.4f} USD")
    talk.say("dry run: nothing was sent; repairs and retries come on top")
    return Exit.DONE


def _report(counts: Counts, output: Path, talk: Talk) -> None:
    if counts.fault is not None:
        talk.warn(
            f"{counts.failed} {'line' if counts.failed == 1 else 'lines'} failed, such as {counts.fault}"
        )
    if counts.degraded:
        talk.warn(f"degraded: {counted(counts.degraded, 'ranking')}; run it again to try anew")
    if counts.exhausted is not None:
        talk.warn(
            f"stopped early: {counts.exhausted}; run it again to go on" if counts.left else counts.exhausted
        )
    if talk.json:
        talk.print_json(
            {
                "schema": SCHEMA,
                "output": str(output),
                **{
                    name: getattr(counts, name)
                    for name in ("done", "kept", "degraded", "failed", "left", "calls", "cached")
                },
                "tokens_in": counts.tokens_in,
                "tokens_out": counts.tokens_out,
                "cost": counts.cost,
            }
        )
    cost = at_cost(counts.cost)
    talk.say(
        f"{output}: {counts.done} done now, {counts.kept} from before, {counts.failed} failed | "
        f"{counts.calls} calls, {counts.cached} cached, {counts.tokens_in} + {counts.tokens_out} tokens"
        + (f", {cost}" if counts.calls else "")
    )


def _exit_of(counts: Counts) -> Exit:
    if counts.exhausted is not None:
        return Exit.BUDGET
    if counts.failed and not counts.done and not counts.kept:
        return Exit.PROVIDER if counts.failure is not None else Exit.USAGE
    return Exit.DEGRADED if counts.failed or counts.degraded else Exit.DONE
