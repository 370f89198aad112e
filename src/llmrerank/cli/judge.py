"""`llmrerank judge`: a person grades what strategies found, one document after another."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from .collection import Collection
from .dry_run import print_forecast
from .exits import Exit
from .judge_screen import Screen
from .label import judged_in_words, print_labelled, told_where
from .options import Calling, default_cache
from .pooling import Pooling, only_dataset
from .progress import line
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate.labels import Sitting

__all__ = ["judge"]


def judge(
    *,
    pooling: Pooling,
    binary: Annotated[
        bool, Option("--binary", help="Only y (relevant) and n (not), in place of 0 to 3")
    ] = False,
    collection: Collection,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Judge, blind, what strategies find. Stop at any time (q); the same command goes on where you were.

    \b
      llmrerank judge --docs notes/ --queries questions.csv --strategies bm25 dense --depth 10
    """
    settings = calling.settings(cache=default_cache())
    specs = pooling.specs(calling)
    from llmrerank.evaluate import forecast, labels

    dataset = only_dataset(collection, all_queries=pooling.all_queries)
    if calling.dry_run:
        rows = forecast(dataset, specs, settings=settings, limit=pooling.limit)
        found = [(row.strategy, row.pipeline, row.estimate) for row in rows]
        print_forecast(dataset.name, rows[0].queries, found, settings, talk)
        return Exit.DONE
    labels.refuse_foreign(pooling.out)
    with line(talk) as show:
        pooled = labels.pool(
            dataset,
            specs,
            settings=settings,
            depth=pooling.depth,
            limit=pooling.limit,
            index=pooling.index,
            tell=None if show is None else lambda doing, done, of: show(f"{doing}: {done} of {of}"),
        )
    for warning in pooled.warnings:
        talk.warn(warning)
    instruction = settings.instruction or dataset.instruction
    grades = labels.BINARY if binary else labels.GRADES
    keys = {"y": 1, "n": 0} if binary else {str(grade): grade for grade in grades}
    # With --json standard output is for the document alone.
    screen = Screen(sys.stderr if talk.json else sys.stdout, instruction=instruction, binary=binary)
    interrupted = False
    with labels.sitting_at(
        dataset,
        pooled,
        out=pooling.out,
        grades=grades,
        instruction=instruction,
        seed=settings.seed,
        again=pooling.again,
    ) as sitting:
        try:
            _sit(sitting, screen, keys)
        except KeyboardInterrupt:
            interrupted = True
        labelled = sitting.labelled(grades=grades, seed=settings.seed)
    if talk.json:
        talk.print_json({**labelled.to_dict(), "file": str(pooling.out) if labelled.qrels else None})
    elif not interrupted:
        print()
        print_labelled(labelled, judge="person")
    if labelled.ungraded:
        talk.say(f"skipped: {labelled.ungraded}; --again shows them once more")
    talk.say(
        judged_in_words(labelled)
        + (f", {labelled.left} left; run it again to go on" if labelled.left else ", none left")
    )
    told_where(labelled, pooling, talk)
    return Exit.INTERRUPTED if interrupted else Exit.DONE


def _sit(sitting: Sitting, screen: Screen, keys: dict[str, int]) -> None:
    """Show, read a key, until there is nothing left or nobody who answers."""
    shown: Any = None
    begun = time.perf_counter()
    while (pair := sitting.current) is not None:
        if pair is not shown:
            screen.show(sitting, pair)
            shown, begun = pair, time.perf_counter()
        key = screen.ask()
        if key is None or key == "q":
            return
        if key in keys:
            sitting.grade(keys[key], seconds=time.perf_counter() - begun)
        elif key == "s":
            sitting.grade(None, seconds=time.perf_counter() - begun)
        elif key == "u":
            if not sitting.undo():
                screen.say("nothing to undo")
            shown = None
        elif key == "m":
            screen.more()
        else:
            screen.say(
                f"{', '.join(keys)} grade it; s skips, u takes the last answer back, m shows more, q stops"
            )
