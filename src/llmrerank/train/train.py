"""Train a cross-encoder from judgements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmrerank.evaluate.dataset import Dataset
from llmrerank.retrieve.retriever import Retriever
from llmrerank.settings import Settings

from .beginning import find_base
from .cloze import cloze_lessons
from .lesson import Lesson
from .progress import TrainingProgress
from .recipe import Recipe
from .saving import refuse_out
from .session import require_training
from .supervised import supervised
from .trained import Trained

__all__ = ["train", "train_lesson", "training_split"]


def train(
    dataset: Dataset,
    out: str | Path,
    *,
    base: str | None = None,
    recipe: Recipe | None = None,
    first_stage: str | None = None,
    negatives: int = 7,
    draws: int = 1,
    skip: int = 0,
    teacher: str | None = None,
    index: Path | None = None,
    settings: Settings | None = None,
    overwrite: bool = False,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> Trained:
    """Train a cross-encoder from judgements and write it to a folder. Blocks until it is done.

    Part of the training queries is held out; the weights that rank their candidates best are kept. Killed at
    any time, the same call goes on from the last check point, in `.<out>.training` beside the result.

    Args:
        dataset: With judgements; every one of them is trained on, so open the training split, never the test.
        out: Folder of the model: new, empty, or with `overwrite` one that holds a trained model.
        base: What the model is made of: a folder, a name on the hub; None: the packaged MiniLM.
        recipe: How it is trained; None: the defaults.
        first_stage: As `supervised.supervised`, like the next four.
        negatives: Most documents beside a relevant one.
        draws: Samples of negatives for each relevant document.
        skip: Unjudged documents left out at the head of the first stage's list.
        teacher: A strategy that chooses the negatives.
        index: Folder in which indexes of the first stage are kept between runs; None: made anew.
        settings: For pipelines that call an endpoint.
        overwrite: Replace a trained model, and forget a broken-off training with other options.
        progress: Told how far it is.

    Raises:
        MissingExtra: The packages of `[train]` are not installed.
        ConfigError: Whatever cannot work, in one sentence, before anything is trained; the disk is full; the
            loss became no number.
        DataError: Too few queries, or nothing to learn from.

    Cost: an epoch scores every pair once forward and once back.
    """
    lesson = train_lesson(
        dataset,
        out,
        base=base,
        recipe=recipe,
        first_stage=first_stage,
        negatives=negatives,
        draws=draws,
        skip=skip,
        teacher=teacher,
        index=index,
        settings=settings,
        overwrite=overwrite,
        progress=progress,
    )
    return lesson.run(progress)


def training_split(where: str | Path, split: str | None) -> tuple[str | None, str]:
    """Which judgements of a dataset are for training: those named, else `train`, else its only ones.

    Returns:
        The split for `Dataset.open`, and a warning where nothing says that they are meant for training.
    """
    if split is not None or (Path(where) / "qrels" / "train.tsv").is_file():
        return split or "train", ""
    return None, (
        f"{where} has no qrels/train.tsv, so its only judgements are trained on; measure the model on others"
    )


def train_lesson(
    dataset: Dataset,
    out: str | Path,
    *,
    base: str | None = None,
    recipe: Recipe | None = None,
    first_stage: str | None = None,
    negatives: int = 7,
    draws: int = 1,
    skip: int = 0,
    teacher: str | None = None,
    index: Path | None = None,
    settings: Settings | None = None,
    overwrite: bool = False,
    command: str = "",
    progress: Callable[[TrainingProgress], None] | None = None,
) -> Lesson:
    """Everything of `train` but the training; `command` is for the record."""
    require_training()
    refuse_out(Path(out), overwrite=overwrite)
    recipe = recipe or Recipe()
    found = find_base(base)
    opened: dict[str, Retriever] = {}
    material = supervised(
        dataset,
        recipe=recipe,
        first_stage=first_stage,
        negatives=negatives,
        draws=draws,
        skip=skip,
        teacher=teacher,
        settings=settings,
        opened=opened,
        index=index,
        tell=progress,
    )
    if recipe.cloze:
        lessons = cloze_lessons(
            dataset,
            recipe.cloze,
            first_stage=first_stage,
            seed=recipe.seed,
            settings=settings,
            opened=opened,
            index=index,
            tell=progress,
        )
        material = replace(material, lessons=lessons)
    return Lesson(
        kind="train",
        dataset=dataset,
        material=material,
        base=found,
        recipe=recipe,
        out=Path(out),
        overwrite=overwrite,
        command=command,
    )
