"""What `train` and `distil` share: their options, how far they are, and what they print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.counted import counted, duration

from .exits import Exit
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.train import Forecast, Recipe, Trained, TrainingProgress
    from llmrerank.train.lesson import Lesson

__all__ = ["Training", "carried_out", "learning"]

_PANEL = "Training"


def _option(*names: str, metavar: str | None = None, help: str, **more: Any) -> Any:
    return Option(*names, rich_help_panel=_PANEL, metavar=metavar, help=help, show_default=False, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Options of a training, whatever it learns from. None is the default of the library."""

    base: Annotated[
        str | None, _option("--base", metavar="MODEL", help="Folder or name  [default: all-MiniLM-L6-v2]")
    ] = None
    loss: Annotated[
        str | None,
        _option("--loss", metavar="NAME", help="listnet, ranknet, bce, lambda, mnrl and more"),
    ] = None
    layers: Annotated[
        int | None, _option("--layers", metavar="N", help="Keep N of its layers, evenly spread")
    ] = None
    max_length: Annotated[
        int | None, _option("--max-length", metavar="N", help="Tokens of query and document  [default: 256]")
    ] = None
    epochs: Annotated[
        int | None, _option("--epochs", metavar="N", help="Times that all is seen  [default: 3]")
    ] = None
    batch: Annotated[int | None, _option("--batch", metavar="N", help="Lists in a step  [default: 4]")] = None
    learning_rate: Annotated[
        float | None, _option("--learning-rate", metavar="X", help="At its highest  [default: 3e-5]")
    ] = None
    warmup: Annotated[
        float | None, _option("--warmup", metavar="SHARE", help="Of the steps, until then  [default: 0.1]")
    ] = None
    cloze: Annotated[
        int | None,
        _option("--cloze", metavar="N", help="First lessons: N sentences ask for their documents"),
    ] = None
    freeze_embeddings: Annotated[
        bool | None, _option("--freeze-embeddings", help="Leave the weights of the words as they are")
    ] = None
    precision: Annotated[
        str | None, _option("--precision", metavar="NAME", help="fp32, or bf16  [default: fp32]")
    ] = None
    dev: Annotated[
        float | None, _option("--dev", metavar="SHARE", help="Of the queries, held out  [default: 0.1]")
    ] = None
    dev_depth: Annotated[
        int | None, _option("--dev-depth", metavar="N", help="Candidates of each of them  [default: 50]")
    ] = None
    checks: Annotated[
        int | None, _option("--checks", metavar="N", help="Measurements in an epoch  [default: 1]")
    ] = None
    patience: Annotated[
        int | None,
        _option("--patience", metavar="N", help="Without improvement, and it ends  [default: 2]"),
    ] = None
    minutes: Annotated[
        float | None, _option("--minutes", metavar="X", help="Then the best so far is kept")
    ] = None
    overwrite: Annotated[bool, _option("--overwrite", help="Replace a trained model in --out")] = False

    def recipe(self, default: Recipe, *, seed: int) -> Recipe:
        """The recipe with what was given in place of the default.

        Raises:
            ConfigError: Values that cannot work, all at once.
        """
        from dataclasses import replace

        given = {one.name: getattr(self, one.name) for one in fields(self)}
        of_recipe = {one.name for one in fields(default)}
        chosen = {name: value for name, value in given.items() if name in of_recipe and value is not None}
        return replace(default, seed=seed, **chosen)


@contextmanager
def learning(talk: Talk) -> Iterator[Callable[[TrainingProgress], None] | None]:
    """What to hand a training as `progress`; None where nobody looks."""
    if talk.quiet or talk.verbose or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    shown = progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=16),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[figures]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with shown:
        tasks: dict[str, Any] = {}

        def watch(told: TrainingProgress) -> None:
            task = tasks.get(told.stage)
            if task is None:
                task = tasks[told.stage] = shown.add_task(told.stage, total=told.total, figures="")
            # A measurement is over when its pairs are; the training goes on below it.
            ended = told.stage != "training" and told.done >= told.total
            figures = figures_of(told)
            shown.update(task, completed=told.done, total=told.total, figures=figures, visible=not ended)

        yield watch


def figures_of(told: TrainingProgress) -> str:
    """Loss and quality so far, in one line."""
    parts = [
        f"epoch {told.epoch:.2f}" if told.stage == "training" else "",
        f"loss {told.loss:.4f}" if told.loss is not None else "",
        f"dev nDCG@10 {told.dev:.4f}" if told.dev is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def carried_out(
    lesson: Lesson, *, dry_run: bool, talk: Talk, progress: Callable[[TrainingProgress], None] | None
) -> Callable[[], Exit]:
    """Do what a lesson says, or say what it would take; gives what prints it once the progress is gone."""
    if dry_run:
        forecast = lesson.forecast()
        return lambda: _print_forecast(forecast, talk)
    trained = lesson.run(progress)
    return lambda: _print_trained(trained, talk)


def _print_forecast(forecast: Forecast, talk: Talk) -> Exit:
    for warning in forecast.warnings:
        talk.warn(warning)
    if talk.json:
        talk.print_json({**forecast.to_dict(), "dry_run": True})
    else:
        took = (
            "not measured"
            if forecast.seconds is None
            else f"about {duration(forecast.seconds)} on this machine"
        )
        for name, value in (
            ("queries", f"{forecast.queries}, and {forecast.dev_queries} held out"),
            ("lists", f"{forecast.lists}"),
            ("pairs", f"{forecast.pairs} in an epoch, and {forecast.dev_pairs} in a measurement"),
            ("steps", f"{forecast.steps} at most"),
            ("time", took),
        ):
            print(f"{name + ':':<9} {value}")
    talk.say("dry run: nothing was trained")
    return Exit.DONE


def _print_trained(trained: Trained, talk: Talk) -> Exit:
    for warning in trained.warnings:
        talk.warn(warning)
    if trained.resumed is not None:
        talk.say(f"went on from step {trained.resumed} of a training that was broken off")
    if talk.json:
        talk.print_json(trained.to_dict())
    else:
        from .grid import print_grid

        as_found = [] if trained.as_found is None else [("as found", "", f"{trained.as_found:.4f}", "")]
        rows = [
            (f"{one.epoch:g}", str(one.step), f"{one.ndcg:.4f}", "kept" if one.step == trained.step else "")
            for one in trained.dev
        ]
        if trained.dev:
            print_grid(("epochs", "step", "dev nDCG@10", ""), [*as_found, *rows])
            print()
        print(
            f"{trained.folder}: {counted(len(trained.layers), 'layer')} of {trained.base}, "
            f"{counted(trained.queries, 'query')}, {counted(trained.lists, 'list')}, "
            f"{counted(trained.steps, 'step')} in {duration(trained.seconds)}"
        )
    spec = f"cross-encoder(model={str(trained.folder)!r})"
    talk.say(f'use it: llmrerank compare --dataset DIR --strategies bm25 "bm25 % 100 >> {spec}"')
    return Exit.DONE
