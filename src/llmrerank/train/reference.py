"""The reference: one cross-encoder, trained from what lies at hand, for measurements where no hub is.

It is no shipped model. `make train-reference` builds it from the packaged MiniLM and the training split of
SciFact, and it is kept in the user's cache folder under a key of everything that decides it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmrerank.evaluate.dataset import Dataset

from .beginning import DEFAULT_BASE
from .progress import TrainingProgress
from .recipe import Recipe
from .saving import RECORD
from .train import train
from .trained import Trained

__all__ = ["DATASET", "MINING", "RECIPE", "SPLIT", "at_hand", "build", "folder"]

DATASET, SPLIT = "scifact", "train"
"""A folder below the data folder, and the judgements that are trained on."""

RECIPE = Recipe(
    cloze=1200,
    freeze_embeddings=True,
    precision="bf16",
    learning_rate=1e-4,
    epochs=2,
    max_length=128,
    dev_depth=20,
)
"""How it is trained: what ranked best of a few trials, on queries held out of the training split alone."""

MINING: dict[str, Any] = {
    "first_stage": "hybrid % 30",
    "negatives": 5,
    "draws": 2,
    "skip": 0,
    "teacher": None,
}
"""Where its negatives come from; see `supervised.supervised`."""


def folder(*, layers: int | None = None) -> Path:
    """Where it is kept, whether it is there or not.

    Args:
        layers: Of a student by the same recipe; None: all layers of the base.
    """
    decides = [DEFAULT_BASE, DATASET, SPLIT, replace(RECIPE, layers=layers).to_dict(), MINING]
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "llmrerank" / "reference" / key


def at_hand(*, layers: int | None = None) -> Path | None:
    """Its folder where it was built, else None."""
    place = folder(layers=layers)
    return place if (place / RECORD).is_file() else None


def build(
    data: Path,
    *,
    layers: int | None = None,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> Trained:
    """Train it; a training that was broken off goes on.

    Args:
        data: Folder with the folder of SciFact.
        layers: As `folder`.
        progress: As `train`.

    Raises:
        ConfigError: As `train`; it is there already, too.
    """
    return train(
        Dataset.open(data / DATASET, split=SPLIT),
        folder(layers=layers),
        base=DEFAULT_BASE,
        recipe=replace(RECIPE, layers=layers),
        index=folder().parent / "index" / DATASET,
        progress=progress,
        **MINING,
    )
