"""`llmrerank label`: an LLM judges what strategies found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.counted import at_cost, counted, dollars

from .collection import Collection
from .dry_run import print_forecast
from .exits import Exit
from .options import Calling, default_cache
from .pooling import Pooling, only_dataset
from .progress import line
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate.labels import Labelled, LabelProgress

__all__ = ["judged_in_words", "label", "print_labelled", "told_where"]

FEW = 30
"""Pairs below which an agreement says little."""
WEAK = 0.4
"""Kappa below which two judges agree fairly at best."""
_SPENT = ("calls", "cached", "tokens_in", "tokens_out", "cost")


def label(
    *,
    pooling: Pooling,
    prompt: Annotated[
        str,
        Option("--prompt", metavar="NAME", help="Prompt that asks for a grade  [default: graded]"),
    ] = "graded",
    check: Annotated[
        int, Option("--check", metavar="N", min=0, help="Judge N judged pairs too: how far does it agree?")
    ] = 0,
    collection: Collection,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Have an LLM judge, blind, what strategies find. The same command again goes on and pays nothing twice.

    \b
      llmrerank label --docs notes/ --queries questions.csv --strategies bm25 dense --model MODEL
      llmrerank compare --docs notes/ --queries questions.csv --qrels qrels.tsv --strategies bm25
    """
    settings = calling.settings(cache=default_cache())
    specs = pooling.specs(calling)
    from llmrerank.evaluate import labels

    dataset = only_dataset(collection, all_queries=pooling.all_queries)
    asked: dict[str, Any] = {
        "settings": settings,
        "prompt": prompt,
        "depth": pooling.depth,
        "check": check,
        "again": pooling.again,
        "limit": pooling.limit,
        "index": pooling.index,
    }
    if calling.dry_run:
        for warning in dataset.warnings:
            talk.warn(warning)
        forecast = labels.forecast_labels(dataset, specs, **asked)
        print_forecast(dataset.name, forecast.queries, forecast.rows, settings, talk)
        return Exit.DONE
    with line(talk) as show:

        def watch(progress: LabelProgress) -> None:
            if show is not None:
                show(_progress(progress))

        try:
            labelled = labels.label(dataset, specs, out=pooling.out, progress=watch, **asked)
        except KeyboardInterrupt as interrupt:
            kept = (
                f"the same command goes on from here; judgements are kept in {labels.journal_of(pooling.out)}"
            )
            raise KeyboardInterrupt(kept) from interrupt
    if talk.json:
        talk.print_json({**labelled.to_dict(), "file": str(pooling.out) if labelled.qrels else None})
    else:
        print_labelled(labelled, judge="model")
    _talk_about(labelled, pooling, talk)
    if labelled.exhausted is not None:
        return Exit.BUDGET
    return Exit.DEGRADED if labelled.ungraded or labelled.failed or labelled.left else Exit.DONE


def _progress(progress: LabelProgress) -> str:
    told = f"{progress.doing}: {progress.done} of {progress.of}"
    if not progress.calls and not progress.cached:
        return told
    cost = "" if progress.cost is None else f", {dollars(progress.cost)}"
    return f"{told} | {counted(progress.calls, 'call')}, {progress.cached} cached{cost}"


def print_labelled(labelled: Labelled, *, judge: str) -> None:
    """Write to standard output how many pairs have which grade, and how far judges agree.

    Args:
        labelled: What became of the pool.
        judge: What to call whoever judged, in a heading.
    """
    from .grid import print_grid

    grades = [grade for by in labelled.qrels.values() for grade in by.values()]
    scale = sorted({*labelled.provenance.grades, *grades}, reverse=True)
    print_grid(("grade", "pairs"), [(str(grade), str(grades.count(grade))) for grade in scale])
    agreement = labelled.agreement
    if agreement is None:
        return
    given, made = agreement.levels
    kappa = "-" if agreement.kappa is None else f"{agreement.kappa:.3f}"
    print()
    print_grid(
        ("agreement", "pairs", "exact", "mean absolute error", "kappa"),
        [
            (
                f"given, {judge}",
                str(agreement.pairs),
                f"{agreement.exact:.3f}",
                f"{agreement.error:.3f}",
                kappa,
            )
        ],
    )
    print()
    print_grid(
        (f"given \\ {judge}", *map(str, made)),
        [(str(one), *(str(agreement.table.get((one, other), 0)) for other in made)) for one in given],
    )


def _talk_about(labelled: Labelled, pooling: Pooling, talk: Talk) -> None:
    for warning in labelled.warnings:
        talk.warn(warning)
    doubt = _doubt(labelled)
    if doubt:
        talk.warn(doubt)
    if labelled.ungraded:
        talk.warn(
            f"without a grade: {counted(labelled.ungraded, 'pair')}; the model gave none, or none that could "
            "be read (--again asks anew)"
        )
    if labelled.failed:
        talk.warn(f"the provider failed for {counted(labelled.failed, 'pair')}: {labelled.failure}")
    if labelled.exhausted is not None:
        talk.warn(f"stopped early: {labelled.exhausted}")
    if labelled.failed or labelled.left:
        talk.say(f"{counted(labelled.failed + labelled.left, 'pair')} left; run it again to go on")
    pooling_took = labelled.pooling
    if pooling_took["calls"] or pooling_took["cached"]:
        talk.say(f"finding documents: {_took(pooling_took)}")
    spent = {name: getattr(labelled.spent, name) for name in _SPENT}
    queries = counted(labelled.queries, "query")
    talk.say(f"{labelled.dataset}, {queries}, {judged_in_words(labelled)} | {_took(spent)}")
    told_where(labelled, pooling, talk)


def judged_in_words(labelled: Labelled) -> str:
    """How many pairs there are, and when they were judged."""
    parts = ((labelled.given, "judged elsewhere"), (labelled.before, "judged before"))
    told = [f"{number} {when}" for number, when in parts if number]
    return f"{counted(labelled.pairs, 'pair')}: {', '.join([*told, f'{labelled.now} judged now'])}"


def _took(spent: Mapping[str, Any]) -> str:
    """Calls, tokens and cost, by their names in a trace."""
    cost = at_cost(spent["cost"])
    told = f"{counted(spent['calls'], 'call')}, {spent['cached']} cached"
    return f"{told}, {spent['tokens_in']} + {spent['tokens_out']} tokens" + (
        f", {cost}" if spent["calls"] else ""
    )


def _doubt(labelled: Labelled) -> str:
    """Why the model's judgements should not be relied on; empty where nothing speaks against them.

    Source: Landis and Koch 1977, doi 10.2307/2529310, for the words of kappa: to 0.2 slight, to 0.4 fair.
    """
    agreement = labelled.agreement
    if agreement is None:
        return ""
    if agreement.pairs < FEW:
        return (
            f"too few to tell whether to trust the model: {counted(agreement.pairs, 'pair')}; "
            f"--check {FEW} or more"
        )
    if agreement.kappa is not None and agreement.kappa < WEAK:
        return (
            f"the model hardly agrees with the judgements that were given (kappa {agreement.kappa:.2f}): "
            "read some of both before you rely on its own, or have a larger model judge"
        )
    return ""


def told_where(labelled: Labelled, pooling: Pooling, talk: Talk) -> None:
    """Say where the judgements are and what to do with them."""
    if not labelled.qrels:
        talk.warn("there is no judgement to write")
        return
    talk.say(
        f"wrote {pooling.out}, and who judged to {pooling.out.name}.toml; "
        f"llmrerank compare --qrels {shlex.quote(str(pooling.out))} takes it"
    )
