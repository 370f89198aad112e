"""How a model is trained: everything but the data and the base, checked where it is born."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from llmrerank.errors import ConfigError, UnknownName

from .losses import LOSSES, Loss

__all__ = ["Recipe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What decides how the weights change. The defaults suit a small model and a few hundred queries.

    Attributes:
        loss: Name of the loss; see `losses.LOSSES`.
        epochs: Times that every list is seen, 1 or more.
        batch: Lists in one step, 1 or more; losses over single pairs take as many pairs as those lists hold.
        learning_rate: The highest, after the warm-up; it then falls linearly to 0.
        warmup: Share of the steps in which the rate rises to it, from 0 to 1.
        weight_decay: Of all weights but biases and normalisations, 0 or more.
        patience: Measurements without improvement after which training ends, 1 or more.
        checks: Measurements on the dev queries, and check points, in one epoch, 1 or more.
        minutes: Bound on the time of training, measurements included; None: none.
        cloze: Lists of a first lesson that is made of the documents alone, for a base that never read two
            texts side by side; 0: none. See `cloze.cloze_lessons`.
        freeze_embeddings: Whether the weights of the words stay as they are: few queries name few words.
        precision: What is computed in: `fp32`, or `bf16`, less exact and faster on processors that have it.
            Weights are kept in fp32 in any case.
        max_length: Tokens of query and document together that the model reads, in training and after it.
        layers: Layers of the base that are kept; None: all. See `layers.kept_layers`.
        dev: Share of the training queries that are held out and measured on, from 0 (none, and then nothing
            stops early) to 0.5.
        dev_depth: Candidates of a dev query that are ranked in a measurement, 2 or more.
        seed: Of the split, the negatives, a new head, the order of lists and dropout.
    """

    loss: str = "listnet"
    epochs: int = 3
    batch: int = 4
    learning_rate: float = 3e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    patience: int = 2
    checks: int = 1
    minutes: float | None = None
    cloze: int = 0
    freeze_embeddings: bool = False
    precision: Literal["fp32", "bf16"] = "fp32"
    max_length: int = 256
    layers: int | None = None
    dev: float = 0.1
    dev_depth: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise UnknownName("loss", self.loss, LOSSES)
        faults = [
            f"{_flag(name)} must be a whole number of {least} or more, got {value!r}"
            for name, least in _WHOLE.items()
            if (value := getattr(self, name)) is not None and (type(value) is not int or value < least)
        ]
        if self.precision not in ("fp32", "bf16"):
            faults.append(f"precision must be fp32 or bf16, got {self.precision!r}")
        for name, (low, high, says) in _SPANS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
                faults.append(f"{_flag(name)} must be {says}, got {value!r}")
        if faults:
            raise ConfigError("; ".join(faults))

    @property
    def loss_entry(self) -> Loss:
        """The loss itself."""
        return LOSSES[self.loss]

    def to_dict(self) -> dict[str, Any]:
        """JSON values by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


_WHOLE = {
    "epochs": 1,
    "batch": 1,
    "patience": 1,
    "checks": 1,
    "cloze": 0,
    "max_length": 16,
    "layers": 1,
    "dev_depth": 2,
    "seed": 0,
}
_SPANS = {
    "learning_rate": (1e-12, 1.0, "above 0 and at most 1"),
    "warmup": (0.0, 1.0, "a share from 0 to 1"),
    "weight_decay": (0.0, 1.0, "from 0 to 1"),
    "minutes": (1e-9, 1e9, "above 0"),
    "dev": (0.0, 0.5, "a share from 0 to 0.5"),
}


def _flag(name: str) -> str:
    return name.replace("_", " ")
