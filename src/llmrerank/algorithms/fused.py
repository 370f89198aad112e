"""An algorithm's order joined with the order that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmrerank.errors import ConfigError
from llmrerank.moves import moved, moves_of
from llmrerank.rounds import Algorithm, Cost, Done, Plan, Pool, advance

from .around import Around

__all__ = ["Fused"]

DAMPING = 60
"""Added to every rank, as reciprocal rank fusion does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused(Around):
    """The order of another algorithm and the first-stage order, fused by weighted reciprocal ranks.

    A document's strength is `(1 - weight) / (60 + rank by the judge) + weight / (60 + rank before)`; equal
    strengths stand as the judge has them. Every provisional order is fused too.

    Cost: that of the algorithm within.

    Source: reciprocal rank fusion is Cormack, Clarke and Buettcher's (SIGIR 2009); the weights are this
    project's.

    Attributes:
        inner: Whose order is fused.
        weight: Share of the order before, 0 (the judge alone) to 1.

    Raises:
        ConfigError: A weight outside of that.
    """

    inner: Algorithm
    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise ConfigError(f"fuse: weight must be from 0 to 1, got {self.weight:g}")

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds of the algorithm within, their orders fused."""
        plan = self.inner.plan(pool)
        step = advance(plan)
        begun = False
        while not isinstance(step, Done):
            order = self._fused(step.asked.order) if begun else step.asked.order
            verdicts = yield replace(step.asked, order=order)
            begun = True
            step = advance(plan, verdicts)
        return self._fused(step.result) if begun else step.result

    def _fused(self, order: Sequence[int]) -> Sequence[int]:
        strength = {
            position: (1 - self.weight) / (DAMPING + rank) + self.weight / (DAMPING + position + 1)
            for rank, position in enumerate(order, start=1)
        }
        return moved(tuple(sorted(order, key=lambda position: -strength[position])), moves_of(order))

    def cost(self, n: int, top: int) -> Cost:
        """That of the algorithm within."""
        return self.inner.cost(n, top)

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Those of the algorithm within."""
        return self.inner.cautions(pool)
