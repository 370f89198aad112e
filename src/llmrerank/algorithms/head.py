"""Another algorithm on the leading documents alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmrerank.errors import ConfigError
from llmrerank.moves import MovedOrder
from llmrerank.rounds import Algorithm, Cost, Done, Plan, Pool, ScoredOrder, advance

from .around import Around

__all__ = ["Head"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head(Around):
    """The first `depth` documents are ordered by the algorithm within; the others follow as they stood.

    Cost: that of the algorithm within for `min(n, depth)` documents.

    Attributes:
        inner: What orders them.
        depth: How many, 1 or more.

    Raises:
        ConfigError: A depth below 1.
    """

    inner: Algorithm
    depth: int = 50

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ConfigError(f"head: depth must be 1 or more, got {self.depth}")

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds of the algorithm within, their orders followed by the rest."""
        plan = self.inner.plan(self._leading(pool))
        step = advance(plan)
        while not isinstance(step, Done):
            verdicts = yield replace(step.asked, order=_followed(step.asked.order, pool.size))
            step = advance(plan, verdicts)
        return _followed(step.result, pool.size)

    def _leading(self, pool: Pool) -> Pool:
        return pool.part(range(min(pool.size, self.depth)))

    def cost(self, n: int, top: int) -> Cost:
        """That of the algorithm within, for the head."""
        leading = min(n, self.depth)
        return self.inner.cost(leading, min(top, leading) or top)

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Those of the algorithm within; and where more places are wanted than the head has."""
        said = self.inner.cautions(self._leading(pool))
        if pool.size <= self.depth or pool.top <= self.depth:
            return said
        return (
            *said,
            f"only the first {self.depth} documents are judged, and {pool.top} places are wanted: "
            "make the depth larger",
        )


def _followed(order: Sequence[int], size: int) -> Sequence[int]:
    """An order of the head made one of the pool; scores end where the head does."""
    if isinstance(order, MovedOrder):
        return replace(order, order=_followed(order.order, size))
    positions = (*order, *range(len(order), size))
    if not isinstance(order, ScoredOrder):
        return positions
    none = (None,) * (size - len(order))
    return ScoredOrder(
        positions=positions, scores=(*order.scores, *none), deviations=(*order.deviations, *none)
    )
