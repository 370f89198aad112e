"""What watches a training: its clock, its patience, its check points and its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from .progress import TrainingProgress
from .recipe import Recipe
from .scratch import Scratch

__all__ = ["DEV_KEY", "watcher_of"]

DEV_KEY = "dev_ndcg"
"""What the trainer calls the measure on the dev queries."""


def watcher_of(
    recipe: Recipe,
    scratch: Scratch,
    *,
    measured: bool,
    before: float = 0.0,
    stage: Literal["training", "warming up"] = "training",
    tell: Callable[[TrainingProgress], None] | None = None,
    marks: list[float] | None = None,
) -> Any:
    """Make it, as a callback of transformers.

    Args:
        recipe: Its `patience` and `minutes` count here.
        scratch: Where check points are marked as whole.
        measured: Whether there are dev queries.
        before: Seconds that it took before: lessons, and parts that were broken off.
        stage: What the progress is called.
        tell: Told after every step.
        marks: Gets the time after every step.
    """
    from transformers import TrainerCallback

    class Watch(TrainerCallback):  # type: ignore[misc]  # the library is not followed by mypy
        """Attributes: `loss` of the last step, `epoch`, `stopped` and `seconds` as in `Fitted`."""

        def __init__(self) -> None:
            self.loss: float | None = None
            self.epoch = 0.0
            self.stopped = "finished"
            self._begun = time.perf_counter()

        @property
        def seconds(self) -> float:
            return before + time.perf_counter() - self._begun

        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            self._begun = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            self.epoch = float(state.epoch or 0.0)
            if marks is not None:
                marks.append(time.perf_counter())
                return
            if tell is not None:
                tell(
                    TrainingProgress(
                        stage=stage,
                        done=state.global_step,
                        total=state.max_steps,
                        epoch=self.epoch,
                        loss=self.loss,
                        dev=_figures(state)[-1] if _figures(state) else None,
                    )
                )
            if measured and _exhausted(state, recipe):
                # Broken off after its last measurement: nothing is to be done any more.
                self.stopped = "patience"
                control.should_training_stop = True
                return
            late = recipe.minutes is not None and self.seconds >= recipe.minutes * 60
            if late and state.global_step < state.max_steps:
                self.stopped = "minutes"
                control.should_training_stop = True
            if control.should_training_stop or state.global_step >= state.max_steps:
                # What was learned since the last check point must be measured to be kept.
                control.should_evaluate = measured
                control.should_save = True

        def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if _exhausted(state, recipe) and state.global_step < state.max_steps:
                self.stopped = "patience"
                control.should_training_stop = True

        def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            scratch.mark(checkpoint, self.seconds)

    return Watch()


def _figures(state: Any) -> list[float]:
    return [one[f"eval_{DEV_KEY}"] for one in state.log_history if f"eval_{DEV_KEY}" in one]


def _exhausted(state: Any, recipe: Recipe) -> bool:
    """Whether so many measurements in a row brought no improvement."""
    figures = _figures(state)
    return bool(figures) and len(figures) - 1 - figures.index(max(figures)) >= recipe.patience
