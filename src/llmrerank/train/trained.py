"""What a training gave, and what it would take."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .session import DevFigure, Stopped

__all__ = ["SCHEMA", "Forecast", "Trained"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a training will take.

    Attributes:
        queries: Queries trained on.
        lists: Training lists.
        pairs: Pairs of query and document in one epoch.
        steps: Steps in all epochs; early stopping may need fewer.
        dev_queries: Queries held out.
        dev_pairs: Pairs that one measurement scores.
        seconds: Predicted from a few measured steps, measurements included; None: not measured.
        warnings: In sentences.
    """

    queries: int
    lists: int
    pairs: int
    steps: int
    dev_queries: int
    dev_pairs: int
    seconds: float | None
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"schema": SCHEMA, **asdict(self), "warnings": list(self.warnings)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained model, and how it came about.

    Attributes:
        folder: Where it lies: `cross-encoder(model='...')` takes it.
        kind: `train` (judgements) or `distil` (a teacher).
        base: The model that it was made of.
        dataset: The collection.
        queries: Queries trained on.
        lists: Training lists.
        pairs: Pairs of query and document in one epoch.
        dev_queries: Queries held out.
        dev: Measurements on them, in order.
        as_found: nDCG@10 of their candidates in the order in which they came; None without dev queries, or
            where the order means nothing.
        step: Step of the weights that were kept.
        steps: Steps done.
        stopped: Why it ended: `finished`, `patience` or `minutes`.
        seconds: Of training, measurements included.
        resumed: The step from which it went on, or None.
        layers: Layers of the base that were kept, from 0.
        parameters: Weights in all.
        max_length: Tokens that it reads.
        warnings: In sentences.
    """

    folder: Path
    kind: str
    base: str
    dataset: str
    queries: int
    lists: int
    pairs: int
    dev_queries: int
    dev: tuple[DevFigure, ...]
    as_found: float | None
    step: int
    steps: int
    stopped: Stopped
    seconds: float
    resumed: int | None
    layers: tuple[int, ...]
    parameters: int
    max_length: int
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> float | None:
        """nDCG@10 on the dev queries of the weights that were kept; None where nothing was measured."""
        return max((figure.ndcg for figure in self.dev), default=None)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "schema": SCHEMA,
            **asdict(self),
            "folder": str(self.folder),
            "dev": [asdict(figure) for figure in self.dev],
            "best": self.best,
            "layers": list(self.layers),
            "warnings": list(self.warnings),
        }
