"""What arms made of the same queries: features, scores and costs, to fit a router to and judge it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmrerank.errors import ConfigError

from .features import FeatureSet

__all__ = ["Outcomes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Arms over the same queries.

    Attributes:
        dataset: Its name.
        measure: What scores are in.
        unit: What costs count: `USD`, `calls`, `pairs` or `seconds` for a query, or `steps`, one for each arm
            dearer, where stored runs do not say what they took.
        arms: As a route writes them, ordered by cost, the cheap one first; two or more.
        costs: Of a query, by arm; never falling.
        queries: Ids.
        features: `features[i]` of `queries[i]`, as the cheap arm left them.
        scores: `scores[i][j]` is what `arms[j]` scores on `queries[i]`.

    Raises:
        ConfigError: The parts do not belong together, or costs fall.
    """

    dataset: str
    measure: str
    unit: str
    arms: tuple[str, ...]
    costs: tuple[float, ...]
    queries: tuple[str, ...]
    features: tuple[FeatureSet, ...]
    scores: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        sizes = {len(self.queries), len(self.features), len(self.scores)}
        if len(sizes) > 1 or {len(self.costs), *map(len, self.scores)} != {len(self.arms)}:
            raise ConfigError("every query needs features and a score of every arm, and every arm a cost")
        if len(self.arms) < 2:
            raise ConfigError("a router chooses between two arms or more")
        if list(self.costs) != sorted(self.costs) or self.costs[0] == self.costs[-1]:
            told = ", ".join(f"{arm} {cost:g}" for arm, cost in zip(self.arms, self.costs, strict=True))
            raise ConfigError(
                f"arms must be in the order of their cost, the cheapest first; {self.unit} a query: {told}"
            )

    @property
    def shares(self) -> tuple[float, ...]:
        """Costs from 0, the cheap arm, to 1, the dearest one."""
        low, high = self.costs[0], self.costs[-1]
        return tuple((cost - low) / (high - low) for cost in self.costs)

    def of(self, places: Sequence[int]) -> Outcomes:
        """Those of some queries only."""
        return replace(
            self,
            queries=tuple(self.queries[place] for place in places),
            features=tuple(self.features[place] for place in places),
            scores=tuple(self.scores[place] for place in places),
        )
