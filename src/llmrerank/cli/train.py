"""`llmrerank train`: a cross-encoder of one's own, from judgements."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from .exits import Exit
from .options import Calling, default_cache
from .talk import Talk
from .training import Training, carried_out, learning

__all__ = ["train"]


def train(
    *,
    dataset: Annotated[str, Option("--dataset", metavar="DIR", help="Dataset folder with judgements")],
    out: Annotated[Path, Option("--out", metavar="DIR", help="Folder of the model")],
    split: Annotated[
        str | None,
        Option("--split", metavar="NAME", help="Judgements qrels/NAME.tsv  [default: train]"),
    ] = None,
    candidates: Annotated[
        str | None, Option("--candidates", metavar="FILE", help="What a bare 'run' reads")
    ] = None,
    first_stage: Annotated[
        str | None,
        Option("--first-stage", metavar="SPEC", help="Where negatives come from  [default: bm25 % 100]"),
    ] = None,
    negatives: Annotated[
        int, Option("--negatives", metavar="N", min=1, help="Beside each relevant document  [default: 7]")
    ] = 7,
    draws: Annotated[
        int, Option("--draws", metavar="N", min=1, help="Samples of them for each  [default: 1]")
    ] = 1,
    skip: Annotated[
        int, Option("--skip", metavar="N", min=0, help="Leave out the first N unjudged ones  [default: 0]")
    ] = 0,
    teacher: Annotated[
        str | None,
        Option("--teacher", metavar="SPEC", help="Negatives are what it puts below the relevant one"),
    ] = None,
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes of the first stage here")
    ] = None,
    training: Training,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Train a cross-encoder from judgements; unjudged documents count as not relevant.

    \b
      llmrerank train --dataset scifact --base all-MiniLM-L6-v2 --out my-reranker
    Killed at any time, the same command goes on from its last check point.
    """
    settings = calling.settings(cache=default_cache())
    from llmrerank.evaluate import Dataset
    from llmrerank.train import Recipe
    from llmrerank.train.train import train_lesson, training_split

    recipe = training.recipe(Recipe(), seed=settings.seed)
    chosen, warning = training_split(dataset, split)
    opened = Dataset.open(dataset, split=chosen, candidates=candidates)
    if warning:
        talk.warn(warning)
    with learning(talk) as progress:
        lesson = train_lesson(
            opened,
            out,
            base=training.base,
            recipe=recipe,
            first_stage=first_stage,
            negatives=negatives,
            draws=draws,
            index=index,
            skip=skip,
            # What it would take is not worth asking a teacher.
            teacher=None if calling.dry_run else teacher,
            settings=settings,
            overwrite=training.overwrite,
            command=shlex.join(["llmrerank", *sys.argv[1:]]),
            progress=progress,
        )
        tell = carried_out(lesson, dry_run=calling.dry_run, talk=talk, progress=progress)
    return tell()
