"""A fitted router as a value: read from JSON and written to it; what it predicts needs plain Python alone."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from llmrerank.errors import ConfigError
from llmrerank.json_file import read_learned, write_learned

from .features import VERSION, FeatureSet
from .model_contents import KIND, SCHEMA, faults_of

__all__ = ["Gain", "Input", "RouterModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One feature of the fitted queries: its mean, its scale, and the range within which it is trusted."""

    name: str
    mean: float
    scale: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """How much one arm is predicted to bring over the cheap one.

    Attributes:
        intercept: The prediction where every input is at its mean.
        weights: `weights[i]` for one `scale` of `inputs[i]`.
        x: Raw predictions, rising.
        y: `y[i]` is the mean gain at `x[i]`; never falls. Between them it is interpolated, beyond them flat.
    """

    intercept: float
    weights: tuple[float, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]

    @property
    def flat(self) -> bool:
        """Whether it is the same for every query: the mean gain is all that was learned."""
        return not any(self.weights)

    def calibrated(self, raw: float) -> float:
        """The gain that a raw prediction stands for."""
        after = bisect_right(self.x, raw)
        if after == 0:
            return self.y[0]
        if after == len(self.x):
            return self.y[-1]
        left, right = self.x[after - 1], self.x[after]
        low, high = self.y[after - 1], self.y[after]
        return min(high, low + (raw - left) / (right - left) * (high - low))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterModel:
    """Predicts each dearer arm's gain over the cheap one.

    Attributes:
        arms: As written in a route, ordered by cost; the first is the cheap one.
        costs: Of a query, by arm, in `unit`; never falling.
        unit: What costs count.
        measure: What gains are measured in.
        worth: Least gain that justifies the dearest arm; one of half its extra cost needs half as much.
        inputs: Features that are used.
        gains: `gains[i]` is that of `arms[i + 1]`.
        dataset: What it was fitted on.
        queries: How many of them.
        figures: What cross-validation found, by name.

    Raises:
        ConfigError: The values contradict each other; all faults at once.
    """

    arms: tuple[str, ...]
    costs: tuple[float, ...]
    unit: str
    measure: str
    worth: float
    inputs: tuple[Input, ...]
    gains: tuple[Gain, ...]
    dataset: str
    queries: int
    figures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if faults := faults_of(self.to_dict()):
            raise ConfigError("no router can be like this: " + "; ".join(faults))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises:
            ConfigError: It cannot be read, is something else, or holds impossible values; all at once.
        """
        values = read_learned(path, what="router", faults_of=faults_of)
        for name in ("kind", "schema", "features_version"):
            del values[name]
        inputs = tuple(Input(**one) for one in values.pop("inputs"))
        gains = tuple(
            Gain(
                intercept=one["intercept"],
                **{name: tuple(one[name]) for name in ("weights", "x", "y")},
            )
            for one in values.pop("gains")
        )
        for name in ("arms", "costs"):
            values[name] = tuple(values[name])
        return cls(inputs=inputs, gains=gains, **values)

    def save(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all.

        Raises:
            ConfigError: The file cannot be written.
        """
        write_learned(path, self.to_dict(), what="router")

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as the file holds them."""
        gains = [
            {
                "intercept": gain.intercept,
                "weights": list(gain.weights),
                "x": list(gain.x),
                "y": list(gain.y),
            }
            for gain in self.gains
        ]
        return {
            "kind": KIND,
            "schema": SCHEMA,
            "features_version": VERSION,
            "arms": list(self.arms),
            "costs": list(self.costs),
            "unit": self.unit,
            "measure": self.measure,
            "worth": self.worth,
            "inputs": [asdict(one) for one in self.inputs],
            "gains": gains,
            "dataset": self.dataset,
            "queries": self.queries,
            "figures": dict(self.figures),
        }

    def standardised(self, features: FeatureSet) -> list[float]:
        """`inputs` in units of their scale, from their mean; one without a value stands at its mean."""
        values = [features[one.name] for one in self.inputs]
        return [
            0.0 if value is None else (value - one.mean) / one.scale
            for one, value in zip(self.inputs, values, strict=True)
        ]

    def predicted(self, standing: Sequence[float]) -> list[float]:
        """The gain of every arm over the cheap one, in `measure`; 0.0 for the cheap one itself."""
        raw = [
            gain.intercept
            + math.fsum(weight * value for weight, value in zip(gain.weights, standing, strict=True))
            for gain in self.gains
        ]
        return [0.0, *(gain.calibrated(value) for gain, value in zip(self.gains, raw, strict=True))]

    def toll(self, arm: int) -> float:
        """Gain that an arm must bring: its share of the dearest arm's extra cost, times `worth`."""
        extra = max(self.costs) - self.costs[0]
        return self.worth * (self.costs[arm] - self.costs[0]) / extra if extra > 0 else 0.0
