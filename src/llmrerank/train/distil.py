"""Teach a cross-encoder what a costlier ranker said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from llmrerank.errors import ConfigError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.settings import Settings

from .answered import answered
from .beginning import find_base
from .cloze import cloze_lessons
from .distilled import distilled
from .lesson import Lesson
from .progress import TrainingProgress
from .recipe import Recipe
from .saving import refuse_out
from .session import require_training
from .teachers import Teacher, is_record, read_teacher
from .trained import Trained

__all__ = ["distil", "distil_lesson"]

DISTIL = Recipe(loss="ranknet")
"""How a teacher's order is learned where nothing is said."""


def distil(
    dataset: Dataset,
    out: str | Path,
    *,
    teachers: Sequence[str | Path | Teacher] = (),
    cache: str | Path | None = None,
    strategy: str | None = None,
    base: str | None = None,
    recipe: Recipe | None = None,
    depth: int = 100,
    size: int = 20,
    shuffles: int = 1,
    settings: Settings | None = None,
    overwrite: bool = False,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> Trained:
    """Train a cross-encoder on a teacher's rankings and write it to a folder. Blocks until it is done.

    Everything else is as in `train`.

    Args:
        dataset: Texts of queries and documents; open it with `all_queries=True`: no judgement is needed.
        out: Folder of the model.
        teachers: Files of TREC runs, candidates or traces, and records of calls where `strategy` is given; or
            `Teacher` values. Several rankings of one query are joined.
        cache: Cache of answers that were paid for; needs `strategy`.
        strategy: What the answers in cache or records were paid for. No call is made: queries that are not
            answered in full are left out.
        base: As in `train`, like `recipe` (here with the loss `ranknet`), `overwrite` and `progress`.
        recipe: How it is trained.
        depth: As `distilled.distilled`, like the next two.
        size: Documents of a list.
        shuffles: Times that a ranking is dealt into lists.
        settings: With the model and address whose answers are kept.
        overwrite: Replace a trained model, and forget a broken-off training with other options.
        progress: Told how far it is.

    Raises:
        MissingExtra: The packages of `[train]` are not installed.
        ConfigError: Whatever cannot work, in one sentence.
        DataError: Rankings that do not belong to the dataset; too few queries.
    """
    lesson = distil_lesson(
        dataset,
        out,
        teachers=teachers,
        cache=cache,
        strategy=strategy,
        base=base,
        recipe=recipe,
        depth=depth,
        size=size,
        shuffles=shuffles,
        settings=settings,
        overwrite=overwrite,
        progress=progress,
    )
    return lesson.run(progress)


def distil_lesson(
    dataset: Dataset,
    out: str | Path,
    *,
    teachers: Sequence[str | Path | Teacher] = (),
    cache: str | Path | None = None,
    strategy: str | None = None,
    base: str | None = None,
    recipe: Recipe | None = None,
    depth: int = 100,
    size: int = 20,
    shuffles: int = 1,
    settings: Settings | None = None,
    overwrite: bool = False,
    command: str = "",
    progress: Callable[[TrainingProgress], None] | None = None,
) -> Lesson:
    """Everything of `distil` but the training; `command` is for the record."""
    require_training()
    refuse_out(Path(out), overwrite=overwrite)
    if not teachers and cache is None:
        raise ConfigError(
            "there is no teacher; give runs or traces with --from, or a cache with --from-cache"
        )
    if cache is not None and strategy is None:
        raise ConfigError("a cache holds answers and no ranking; say with --strategy what they were paid for")
    recipe = recipe or DISTIL
    found = find_base(base)
    read: list[Teacher] = []
    warnings: list[str] = []
    kept = [] if cache is None else [(Path(cache).expanduser(), None)]
    records: list[tuple[Path | None, Path | None]] = [*kept]
    for teacher in teachers:
        if isinstance(teacher, Teacher):
            read.append(teacher)
            continue
        path = Path(teacher).expanduser()
        if strategy is not None and path.is_file() and is_record(path):
            records.append((None, path))
        else:
            read.append(read_teacher(path))
    if strategy is not None and not records:
        raise ConfigError(
            "--strategy says what the answers of a cache or a record were paid for; there is none"
        )
    for in_cache, record in records:
        own, left_out = answered(
            dataset,
            strategy or "",
            settings=settings or Settings(seed=recipe.seed),
            cache=in_cache,
            record=record,
            tell=progress,
        )
        read.append(own)
        warnings += left_out
    material = distilled(dataset, read, recipe=recipe, depth=depth, size=size, shuffles=shuffles)
    material = material.warned(warnings)
    if recipe.cloze:
        lessons = cloze_lessons(dataset, recipe.cloze, seed=recipe.seed, settings=settings, tell=progress)
        material = replace(material, lessons=lessons)
    return Lesson(
        kind="distil",
        dataset=dataset,
        material=material,
        base=found,
        recipe=recipe,
        out=Path(out),
        overwrite=overwrite,
        command=command,
    )
