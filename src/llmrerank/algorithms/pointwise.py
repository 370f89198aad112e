"""Every document by itself, all at once."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.rounds import Cost, Plan, Pool, Round
from llmrerank.types import Detail

__all__ = ["Pointwise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise:
    """Score every document on its own in one round and sort; ties keep the first-stage order.

    A document whose judgement failed stands after all scored ones, in first-stage order among its like.

    Cost: n calls, 1 round.

    Source: Zhuang et al. 2023, arXiv 2310.14122, for the prompting; plain sorting otherwise.
    """

    @property
    def needs(self) -> Detail:
        """Documents that never meet can only be compared by scores."""
        return Detail.SCORES

    def plan(self, pool: Pool) -> Plan:
        """Yield one round of single documents."""
        order = tuple(range(pool.size))
        if not order:
            return order
        verdicts = yield Round(slates=tuple((position,) for position in order), order=order)
        strength = {
            verdict.slate[0]: verdict.strengths[0]
            for verdict in verdicts
            if not verdict.degraded and verdict.strengths is not None
        }
        keyed = [(position, strength.get(position)) for position in order]
        scored = sorted(((p, s) for p, s in keyed if s is not None), key=lambda pair: -pair[1])
        return [position for position, _ in scored] + [p for p, s in keyed if s is None]

    def cost(self, n: int, top: int) -> Cost:
        """Exact: one slate a document."""
        return Cost.exactly(calls=n, documents=n, rounds=min(n, 1))

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: every place is as good as the judge."""
        return ()
