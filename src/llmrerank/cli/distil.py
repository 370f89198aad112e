"""`llmrerank distil`: a cross-encoder learns what a costlier ranker said."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from .exits import Exit
from .options import Calling
from .talk import Talk
from .training import Training, carried_out, learning

__all__ = ["distil"]


def distil(
    *,
    dataset: Annotated[
        str, Option("--dataset", metavar="DIR", help="Texts of queries and documents; no judgement is read")
    ],
    out: Annotated[Path, Option("--out", metavar="DIR", help="Folder of the model")],
    teachers: Annotated[
        list[str] | None,
        Option("--from", metavar="FILE", help="TREC runs, traces, records, one or more"),
    ] = None,
    from_cache: Annotated[
        Path | None,
        Option("--from-cache", metavar="FILE", help="Answers that were paid for; no call is made"),
    ] = None,
    strategy: Annotated[
        str | None,
        Option("--strategy", metavar="SPEC", help="What answers of a cache or record were paid for"),
    ] = None,
    split: Annotated[
        str | None, Option("--split", metavar="NAME", help="Only queries that qrels/NAME.tsv judges")
    ] = None,
    depth: Annotated[
        int, Option("--depth", metavar="N", min=2, help="Documents of a ranking  [default: 100]")
    ] = 100,
    size: Annotated[
        int, Option("--list", metavar="N", min=2, help="Documents of a list  [default: 20]")
    ] = 20,
    shuffles: Annotated[
        int, Option("--shuffles", metavar="N", min=1, help="Times it is dealt into lists  [default: 1]")
    ] = 1,
    training: Training,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Train a cross-encoder on what a teacher ranked, several rankings joined.

    \b
      llmrerank distil --dataset DIR --from runs/gpt.trec.gz --out student
      llmrerank distil --dataset DIR --from-cache FILE --strategy listwise --model M --out student
    """
    settings = calling.settings()
    from llmrerank.evaluate import Dataset
    from llmrerank.train.distil import DISTIL, distil_lesson
    from llmrerank.train.train import training_split

    recipe = training.recipe(DISTIL, seed=settings.seed)
    named = split if split is not None else training_split(dataset, None)[0]
    opened = Dataset.open(dataset, split=named, all_queries=split is None)
    with learning(talk) as progress:
        lesson = distil_lesson(
            opened,
            out,
            teachers=teachers or (),
            cache=from_cache,
            strategy=strategy,
            base=training.base,
            recipe=recipe,
            depth=depth,
            size=size,
            shuffles=shuffles,
            settings=settings,
            overwrite=training.overwrite,
            command=shlex.join(["llmrerank", *sys.argv[1:]]),
            progress=progress,
        )
        tell = carried_out(lesson, dry_run=calling.dry_run, talk=talk, progress=progress)
    return tell()
