"""One training from its material to the folder of its result, whatever it learns from."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from llmrerank import __version__
from llmrerank.clients.loading import best_device, quiet
from llmrerank.clients.models import LocalModel
from llmrerank.errors import ConfigError
from llmrerank.evaluate.dataset import Dataset

from .beginning import Beginning, write_beginning
from .dev import DevQueries
from .licences import base_licence, data_licence, is_non_commercial
from .lists import Material
from .model_card import model_card
from .progress import TrainingProgress
from .recipe import Recipe
from .saving import RECORD, refuse_out, save_model, writing
from .scratch import Scratch
from .session import Fitted, Session
from .trained import SCHEMA, Forecast, Trained

__all__ = ["Lesson"]

_LESSON_LOSS = "listnet"  # one document of a list is right
_LIBRARIES = ("torch", "transformers", "sentence-transformers", "accelerate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Everything that a training needs.

    Attributes:
        kind: `train` or `distil`.
        dataset: Where the queries and documents come from.
        material: What is learned from.
        base: What the model is made of.
        recipe: How it is trained.
        out: The folder of the result.
        overwrite: Whether a trained model there may be replaced, and a broken-off training with other options
            be forgotten.
        command: How it was asked for, for the record; may be empty.
    """

    kind: Literal["train", "distil"]
    dataset: Dataset
    material: Material
    base: LocalModel
    recipe: Recipe
    out: Path
    overwrite: bool = False
    command: str = ""

    def forecast(self, *, measured: bool = True) -> Forecast:
        """Say what it would take. Writes into a temporary folder alone, and trains nothing that is kept.

        Args:
            measured: Whether a few steps are done to predict the time.

        Raises:
            ConfigError: As `run`.
        """
        refuse_out(self.out, overwrite=self.overwrite)
        seconds = None
        with tempfile.TemporaryDirectory() as folder, writing(Path(folder)):
            session = self._session(Scratch(folder=Path(folder)))
            steps = session.epoch_steps * self.recipe.epochs
            if measured:
                self._begin(session.scratch)
                a_step = session.step_seconds()
                # A step goes forward and back, a measurement forward alone: a third of it.
                checks = max(1, self.recipe.checks * self.recipe.epochs)
                a_pair = a_step * session.epoch_steps / self.material.pairs
                lessons = self.material.lesson_pairs * a_pair
                seconds = steps * a_step + lessons + checks * self.material.dev_pairs * a_pair / 3
        return Forecast(
            queries=self.material.queries,
            lists=len(self.material.lists),
            pairs=self.material.pairs,
            steps=steps,
            dev_queries=len(self.material.dev),
            dev_pairs=self.material.dev_pairs,
            seconds=seconds,
            warnings=self._warnings(),
        )

    def run(self, tell: Callable[[TrainingProgress], None] | None = None) -> Trained:
        """Train, or go on with what was broken off; write the folder whole at the end.

        Raises:
            ConfigError: Something stands where the result belongs, a training with other options was broken
                off, the disk is full, or the loss became no number.
            OSError: The folder cannot be written.
        """
        refuse_out(self.out, overwrite=self.overwrite)
        scratch = Scratch.beside(self.out)
        begun = scratch.folder.exists()
        with writing(self.out):
            scratch.open(self._plan(), anew=self.overwrite)
            try:
                beginning = self._begin(scratch)
                spent = self._warm_up(scratch, tell)
                fitted = self._session(scratch, spent=spent).run(tell)
            except ConfigError:
                # What cannot work leaves nothing that the next try, with other options, would stumble over.
                if not begun and not self.material.lessons and scratch.last() is None:
                    scratch.remove()
                raise
            trained = self._trained(fitted, beginning)
            with quiet():
                save_model(self.out, fitted.network, fitted.tokenizer, self._texts(trained))
        scratch.remove()
        return trained

    def _session(self, scratch: Scratch, *, spent: float = 0.0) -> Session:
        return Session(
            material=self.material, recipe=self.recipe, base=self.base, scratch=scratch, spent=spent
        )

    def _warm_up(self, scratch: Scratch, tell: Callable[[TrainingProgress], None] | None) -> float:
        """Learn the lessons that come first: the beginning is then what they made of it. Their seconds.

        A lesson that is done is kept whole beside its check points, and what follows begins with it.
        """
        spent = 0.0
        for number, lists in enumerate(self.material.lessons, start=1):
            own = Scratch(folder=scratch.folder / f"lesson-{number}")
            if own.learned() is None:
                shutil.copytree(scratch.beginning, own.beginning, dirs_exist_ok=True)
                session = Session(
                    material=Material(lists=lists, dev=(), queries=len(lists)),
                    recipe=replace(self.recipe, epochs=1, checks=1, loss=_LESSON_LOSS),
                    base=self.base,
                    scratch=own,
                    spent=spent,
                    lesson=True,
                )
                fitted = session.run(tell)
                with quiet():
                    save_model(own.result, fitted.network, fitted.tokenizer, {})
                own.conclude(fitted.seconds)
            spent = own.learned() or spent
            shutil.rmtree(scratch.beginning)
            shutil.copytree(own.result, scratch.beginning)
        return spent

    def _plan(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "base": self.base.identity,
            "dataset": self.dataset.name,
            **self.recipe.to_dict(),
            **self.material.origin,
            "data": self.material.digest(),
        }

    def _begin(self, scratch: Scratch) -> Beginning:
        """Write the model that training starts from; again where it was, since that takes a second."""
        shutil.rmtree(scratch.beginning, ignore_errors=True)
        scratch.beginning.mkdir(parents=True)
        return write_beginning(
            self.base,
            scratch.beginning,
            layers=self.recipe.layers,
            max_length=self.recipe.max_length,
            seed=self.recipe.seed,
        )

    def _warnings(self) -> tuple[str, ...]:
        said = data_licence(self.dataset)
        if not is_non_commercial(said):
            return self.material.warnings
        return (
            *self.material.warnings,
            f"the terms of {self.dataset.name} limit what the model may be used for: {said}",
        )

    def _trained(self, fitted: Fitted, beginning: Beginning) -> Trained:
        as_found = None
        if self.material.dev and self.kind == "train":
            as_found = DevQueries(self.material.dev, self.base).as_found()
        warnings = self._warnings()
        best = max((one.ndcg for one in fitted.dev), default=None)
        if as_found is not None and best is not None and best < as_found:
            warnings = (
                *warnings,
                f"it ranks the held-out queries worse than their candidates came ({best:.4f} and "
                f"{as_found:.4f}); train longer, on more queries, or from another base",
            )
        if fitted.stopped == "minutes":
            minutes = f"{self.recipe.minutes:g}"
            warnings = (
                *warnings,
                f"the {minutes} minutes ended at step {fitted.steps}; the best until then is kept",
            )
        return Trained(
            folder=self.out,
            kind=self.kind,
            base=self.base.name,
            dataset=self.dataset.name,
            queries=self.material.queries,
            lists=len(self.material.lists),
            pairs=self.material.pairs,
            dev_queries=len(self.material.dev),
            dev=fitted.dev,
            as_found=as_found,
            step=fitted.step,
            steps=fitted.steps,
            stopped=fitted.stopped,
            seconds=round(fitted.seconds, 1),
            resumed=fitted.resumed,
            layers=beginning.layers,
            parameters=beginning.parameters,
            max_length=beginning.max_length,
            warnings=warnings,
        )

    def _texts(self, trained: Trained) -> dict[str, str]:
        """The card and the record. The record says nothing of the place where the model lies."""
        licences = {"base_licence": base_licence(self.base), "data_licence": data_licence(self.dataset)}
        named = replace(trained, folder=Path(trained.folder.absolute().name))
        record = {
            "schema": SCHEMA,
            "command": self.command,
            **{name: value for name, value in named.to_dict().items() if name not in ("schema", "folder")},
            "recipe": self.recipe.to_dict(),
            "origin": dict(self.material.origin),
            "base_fingerprint": self.base.fingerprint,
            **licences,
            "data_digest": self.material.digest(),
            "device": best_device(),
            "versions": {
                "llmrerank": __version__,
                "python": platform.python_version(),
                **{name: version(name) for name in _LIBRARIES},
            },
        }
        return {
            "README.md": model_card(named, self.recipe, self.material.origin, **licences),
            RECORD: json.dumps(record, indent=2, ensure_ascii=False) + "\n",
        }
