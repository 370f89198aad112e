"""The training itself: steps by the trainer of sentence-transformers, measured, bounded and kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from llmrerank.clients.loading import best_device, quiet, rows_at_once
from llmrerank.clients.models import LocalModel
from llmrerank.errors import ConfigError, MissingExtra

from .dev import DevQueries
from .lists import Material
from .order import sampler_of
from .progress import TrainingProgress
from .recipe import Recipe
from .scratch import Scratch
from .trainer import trainer_of
from .watch import DEV_KEY, watcher_of

__all__ = ["DevFigure", "Fitted", "Session", "Stopped", "require_training"]

Stopped = Literal["finished", "patience", "minutes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevFigure:
    """One measurement on the way: epochs done, steps done, and nDCG@10 on the dev queries."""

    epoch: float
    step: int
    ndcg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a training gave.

    Attributes:
        network: With the best weights that were measured, the last where nothing was measured; on the
            processor.
        tokenizer: What belongs to it.
        dev: Every measurement, in order.
        step: Step of the weights that are kept.
        steps: Steps done.
        stopped: Why it ended: all epochs, no improvement, or no time.
        seconds: Of training, measurements included, over all its parts.
        resumed: The step from which a broken-off training went on, or None.
    """

    network: Any
    tokenizer: Any
    dev: tuple[DevFigure, ...]
    step: int
    steps: int
    stopped: Stopped
    seconds: float
    resumed: int | None


def require_training() -> None:
    """See whether the packages for training are there.

    Raises:
        MissingExtra: One of them is not.
    """
    try:
        import accelerate  # noqa: F401 - only whether it is there
        import datasets  # noqa: F401 - the same
        import ir_measures  # noqa: F401 - the same
        import sentence_transformers  # noqa: F401 - the same
    except ImportError as error:
        raise MissingExtra("training", "train") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One training: of what, how, and where it keeps what it needs until it is done.

    Attributes:
        material: What is learned from.
        recipe: How.
        base: What the beginning was made of, for messages.
        scratch: Holds the beginning and the check points.
        spent: Seconds of lessons before it, which count in its time.
        lesson: Whether it is one of those itself.
    """

    material: Material
    recipe: Recipe
    base: LocalModel
    scratch: Scratch
    spent: float = 0.0
    lesson: bool = False

    @property
    def rows(self) -> int:
        """Rows in one step."""
        if not self.recipe.loss_entry.pairwise:
            return self.recipe.batch
        return self.recipe.batch * max(2, round(self.material.pairs / len(self.material.lists)))

    def run(self, tell: Callable[[TrainingProgress], None] | None = None) -> Fitted:
        """Train from the beginning, or on from the last whole check point.

        Raises:
            ConfigError: The loss is no number any more, or the memory does not suffice.
            OSError: Something cannot be written.
        """
        last = self.scratch.last()
        with quiet(), _own_randomness():
            watch = watcher_of(
                self.recipe,
                self.scratch,
                measured=bool(self.material.dev),
                before=max(self.spent, self.scratch.seconds()),
                stage="warming up" if self.lesson else "training",
                tell=tell,
            )
            trainer = self._trainer(watch, tell)
            try:
                trainer.train(resume_from_checkpoint=None if last is None else str(last))
            except RuntimeError as error:
                raise _out_of_memory(error, self) from error
            model = trainer.model
            state = trainer.state
            figures = tuple(
                DevFigure(
                    epoch=round(float(one["epoch"]), 4), step=int(one["step"]), ndcg=one[f"eval_{DEV_KEY}"]
                )
                for one in state.log_history
                if f"eval_{DEV_KEY}" in one
            )
            best = max(figures, key=lambda figure: (figure.ndcg, -figure.step), default=None)
            return Fitted(
                network=model.model.to("cpu").eval(),
                tokenizer=model.tokenizer,
                dev=figures,
                step=state.global_step if best is None else best.step,
                steps=state.global_step,
                stopped=watch.stopped,
                seconds=watch.seconds,
                resumed=None if last is None else int(last.name.rpartition("-")[2]),
            )

    def step_seconds(self, steps: int = 3) -> float:
        """Measure what one step takes; trains a copy in memory that nobody keeps.

        Raises:
            ConfigError: The memory does not suffice.
        """
        with quiet(), _own_randomness():
            marks: list[float] = []
            watch = watcher_of(self.recipe, self.scratch, measured=False, marks=marks)
            trainer = self._trainer(watch, None, most=steps + 1)
            try:
                trainer.train()
            except RuntimeError as error:
                raise _out_of_memory(error, self) from error
        # The first step is left out: it warms up.
        return (marks[-1] - marks[0]) / max(1, len(marks) - 1)

    @property
    def epoch_steps(self) -> int:
        """Steps of one epoch."""
        columns = self.recipe.loss_entry.columns(self.material.lists, self.material.level)
        return math.ceil(len(columns["query"]) / self.rows)

    def _trainer(
        self, watch: Any, tell: Callable[[TrainingProgress], None] | None, *, most: int | None = None
    ) -> Any:
        from datasets import Dataset
        from sentence_transformers import CrossEncoder
        from sentence_transformers.cross_encoder import CrossEncoderTrainingArguments

        recipe, loss = self.recipe, self.recipe.loss_entry
        device = best_device()
        model = CrossEncoder(
            str(self.scratch.beginning), device=device, local_files_only=True, trust_remote_code=False
        )
        if recipe.freeze_embeddings:
            for weights in model.model.get_input_embeddings().parameters():
                weights.requires_grad_(False)
        columns = loss.columns(self.material.lists, self.material.level)
        lengths = [
            sum(len(text) for value in row for text in ([value] if isinstance(value, str) else value))
            for row in zip(*(column for name, column in columns.items() if name != "label"), strict=True)
        ]
        epoch_steps = math.ceil(len(lengths) / self.rows)
        every = max(1, round(epoch_steps / recipe.checks))
        measured = bool(self.material.dev) and most is None
        arguments = CrossEncoderTrainingArguments(
            output_dir=str(self.scratch.folder),
            num_train_epochs=recipe.epochs,
            max_steps=most or -1,
            per_device_train_batch_size=self.rows,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type="linear",
            warmup_steps=math.ceil(recipe.warmup * epoch_steps * recipe.epochs),
            weight_decay=recipe.weight_decay,
            bf16=recipe.precision == "bf16",
            seed=recipe.seed,
            eval_strategy="steps" if measured else "no",
            eval_steps=every,
            save_strategy="steps" if most is None else "no",
            save_steps=every,
            save_total_limit=2,
            load_best_model_at_end=measured,
            metric_for_best_model=f"eval_{DEV_KEY}",
            greater_is_better=True,
            logging_strategy="no",
            logging_nan_inf_filter=False,
            report_to="none",
            disable_tqdm=True,
            use_cpu=device == "cpu",
            dataloader_pin_memory=device == "cuda",
            batch_sampler=sampler_of(lengths, seed=recipe.seed),
        )
        return trainer_of(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict(columns),
            loss=loss.build(model, rows_at_once(device)),
            dev=DevQueries(self.material.dev, self.base) if measured else None,
            watch=watch,
            tell=tell,
        )


@contextmanager
def _own_randomness() -> Iterator[None]:
    """The trainer sows every generator of the process; what the caller draws afterwards must not change."""
    import random

    import numpy
    import torch

    before = random.getstate(), numpy.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(before[0])
            numpy.random.set_state(before[1])


def _out_of_memory(error: RuntimeError, session: Session) -> BaseException:
    text = str(error).lower()
    if "out of memory" not in text and "not enough memory" not in text and "can't allocate" not in text:
        return error
    return ConfigError(
        f"the memory does not suffice for {session.recipe.batch} lists of "
        f"{round(session.material.pairs / len(session.material.lists))} documents in one step; give a "
        "smaller --batch, or a smaller --max-length"
    )
