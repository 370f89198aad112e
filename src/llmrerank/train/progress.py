"""How far a training is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TrainingProgress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingProgress:
    """Where a training stands.

    Attributes:
        stage: Searching for candidates, mining with a teacher, reading a teacher's judgements, a first
            lesson, training, or measuring on the dev queries.
        done: Queries, or in training steps, or in measuring pairs.
        total: Of those in all.
        epoch: Epochs done, with a fraction.
        loss: Of the last step, or None.
        dev: The last measured nDCG@10 on the dev queries, or None.
    """

    stage: Literal["searching", "mining", "reading", "warming up", "training", "measuring"]
    done: int
    total: int
    epoch: float = 0.0
    loss: float | None = None
    dev: float | None = None
