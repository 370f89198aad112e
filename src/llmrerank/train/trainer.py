"""The trainer of sentence-transformers, held to what this house wants: our measure, our files, no silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrerank.errors import ConfigError

from .progress import TrainingProgress
from .watch import DEV_KEY

if TYPE_CHECKING:
    from .dev import DevQueries

__all__ = ["trainer_of"]


def trainer_of(
    *,
    model: Any,
    args: Any,
    train_dataset: Any,
    loss: Any,
    dev: DevQueries | None,
    watch: Any,
    tell: Callable[[TrainingProgress], None] | None,
) -> Any:
    """Make the trainer.

    Args:
        model: A `CrossEncoder`.
        args: Its arguments.
        train_dataset: Rows, as the loss wants them.
        loss: The module.
        dev: What is measured on the way, or None.
        watch: Of `watch.watcher_of`.
        tell: Told of measurements under way.
    """
    from sentence_transformers.base.evaluation import BaseEvaluator
    from sentence_transformers.cross_encoder import CrossEncoderTrainer
    from transformers import PrinterCallback

    class Held(BaseEvaluator):  # type: ignore[misc]  # the library is not followed by mypy
        """Our dev queries as the trainer asks for them."""

        def __call__(self, model: Any, *unused: Any, **more: Any) -> dict[str, float]:
            if dev is None:
                return {}

            def show(done: int, total: int) -> None:
                if tell is not None:
                    tell(TrainingProgress(stage="measuring", done=done, total=total, epoch=watch.epoch))

            return {DEV_KEY: dev.measure(model.tokenizer, model.model, show)}

    class Trainer(CrossEncoderTrainer):  # type: ignore[misc]  # the library is not followed by mypy
        """Writes no card and no pickled arguments, and stops where the loss is no number."""

        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            pass

        def training_step(self, *given: Any, **more: Any) -> Any:
            step = super().training_step(*given, **more)
            value = float(step)
            if value != value or value in (float("inf"), float("-inf")):
                raise ConfigError(
                    f"the loss became {value} at step {self.state.global_step + 1}, so nothing can be "
                    f"learned any more; give a smaller learning rate than {self.args.learning_rate:g}"
                )
            watch.loss = value
            return step

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            folder = output_dir or self.args.output_dir
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.model.save_pretrained(folder, create_model_card=False)
            self.processing_class.save_pretrained(folder)

        def _load_best_model(self) -> None:
            # The library's own logs a failure and goes on with other weights.
            self._load_from_checkpoint(self.state.best_model_checkpoint)

    trainer = Trainer(
        model=model,
        args=args,
        train_dataset=train_dataset,
        loss=loss,
        evaluator=Held() if dev is not None else None,
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
