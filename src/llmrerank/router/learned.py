"""`by='model.json'`: the arm whose predicted gain is worth its cost, by a fitted router."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from llmrerank.errors import ConfigError

from .choice import Choice, Part
from .features import FeatureSet
from .model import RouterModel
from .rules import Rules

__all__ = ["Learned"]

ABSENT = 1 / 3
"""Share of a model's inputs that may have no value before it abstains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Predicts each arm's gain over the cheap one; abstains where a query is unlike those it was fitted to.

    Attributes:
        name: The file, as written.
        model: What it holds.
        otherwise: Decides where the model abstains.
    """

    name: str
    model: RouterModel
    otherwise: Rules = field(default_factory=Rules)

    @classmethod
    def load(cls, path: str) -> Self:
        """Read the file.

        Raises:
            ConfigError: As `RouterModel.load`.
        """
        return cls(name=path, model=RouterModel.load(Path(path)))

    def check(self, arms: Sequence[str]) -> None:
        """Refuse arms that the model was not fitted to."""
        known = self.model.arms
        foreign = [arm for arm in arms if arm not in known]
        told = f"the router {self.name} was fitted to the arms {', '.join(known)}"
        if foreign:
            raise ConfigError(
                f"{told}, and {', '.join(foreign)} is none of them; fit one with `llmrerank router fit`"
            )
        if arms[0] != known[0]:
            raise ConfigError(f"{told}, of which {known[0]} is the cheap one, not {arms[0]}")

    def decide(self, features: FeatureSet, arms: Sequence[str]) -> Choice:
        """The arm with most gain above its toll; the cheaper one where two are equal."""
        strange = self._strange(features)
        if strange:
            choice = self.otherwise.decide(features, arms)
            reason = f"the fitted router abstains ({strange}), so the rules decide: {choice.reason}"
            return replace(choice, reason=reason, abstained=strange)
        model = self.model
        standing = model.standardised(features)
        gains = model.predicted(standing)
        places = [model.arms.index(arm) for arm in arms]
        net = [gains[place] - model.toll(place) for place in places]
        best = max(range(len(arms)), key=lambda one: (net[one], -one))
        told = ", ".join(
            f"{arm} {gains[place]:+.3f} where {model.toll(place):.3f} is worth it"
            for arm, place in zip(arms[1:], places[1:], strict=True)
        )
        reason = f"predicted gain in {model.measure} over {arms[0]}: {told}"
        return Choice(arm=best, reason=reason, parts=tuple(self._parts(features, standing, arms)))

    def _strange(self, features: FeatureSet) -> str:
        """Why the query is unlike those that were fitted to; empty where it is not."""
        values = [(one, features[one.name]) for one in self.model.inputs]
        absent = [one.name for one, value in values if value is None]
        if len(absent) > ABSENT * len(values):
            return f"{len(absent)} of {len(values)} inputs have no value"
        for one, value in values:
            if value is not None and not one.low <= value <= one.high:
                return f"{one.name} is {value:.3g}, outside {one.low:.3g} to {one.high:.3g}"
        return ""

    def _parts(self, features: FeatureSet, standing: Sequence[float], arms: Sequence[str]) -> list[Part]:
        found = []
        for arm in arms[1:]:
            gain = self.model.gains[self.model.arms.index(arm) - 1]
            if gain.flat:
                says = "the mean gain; no feature foretold gains better"
                found.append(Part(name="intercept", weight=gain.intercept, says=says, arm=arm))
                continue
            found.append(Part(name="intercept", weight=gain.intercept, says="the mean gain", arm=arm))
            shares = [
                Part(
                    name=one.name,
                    weight=weight * value,
                    says=f"{value:+.2f} scales from the mean of {one.mean:.3g}"
                    if features[one.name] is not None
                    else "no value: taken for the mean",
                    arm=arm,
                )
                for one, weight, value in zip(self.model.inputs, gain.weights, standing, strict=True)
            ]
            found += sorted(shares, key=lambda part: -abs(part.weight))
        return found
