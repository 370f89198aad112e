"""The whole list in one call."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.rounds import Cost, Plan, Pool, Round
from llmrerank.types import Detail

__all__ = ["Full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """Show all documents at once and take the order that comes back.

    For models that were trained for it or rank well in long contexts: a small general model orders a hundred
    worse at once than in windows. Where the endpoint says how much the model reads, a list that is longer is
    refused before it is sent. What an answer does not name, because it was cut off, say, stands behind
    what it names, in first-stage order.

    Cost: 1 call of n documents; none where n < 2.

    Source: Liu et al. 2024, arXiv 2412.14574.
    """

    @property
    def needs(self) -> Detail:
        """An order of everything."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield one round of one slate."""
        order = tuple(range(pool.size))
        if pool.size < 2:
            return order
        [verdict] = yield Round(slates=(order,), order=order)
        return verdict.order

    def cost(self, n: int, top: int) -> Cost:
        """Exact: one call."""
        calls = int(n > 1)
        return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: every place is as good as the judge."""
        return ()
