"""Consecutive batches of documents, all at once, for judges that score many documents in one call."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.registry import Kind, register
from llmrerank.rounds import Cost, Plan, Pool, Round
from llmrerank.types import Detail

__all__ = ["Batches"]


@register("batches", kind=Kind.ALGORITHM, use="'api' or 'decide'")
@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Score the pool in consecutive batches in one round and sort; ties keep the first-stage order.

    Documents without a score stand after all scored ones, in first-stage order.

    Cost: ceil(n / batch) calls, 1 round.

    Attributes:
        batch: Documents judged together at most, 1 or more.
    """

    batch: int = 400

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ConfigError(f"batch must be 1 or more, got {self.batch}")

    @property
    def needs(self) -> Detail:
        """Documents of different batches never meet: they can only be compared by scores."""
        return Detail.SCORES

    def plan(self, pool: Pool) -> Plan:
        """Yield one round of batches."""
        order = tuple(range(pool.size))
        if not order:
            return order
        slates = tuple(order[start : start + self.batch] for start in range(0, pool.size, self.batch))
        verdicts = yield Round(slates=slates, order=order)
        strength = {
            position: value
            for verdict in verdicts
            if not verdict.degraded and verdict.strengths is not None
            for position, value in zip(verdict.slate, verdict.strengths, strict=True)
            if value is not None
        }
        return sorted(order, key=lambda position: (position not in strength, -strength.get(position, 0.0)))

    def cost(self, n: int, top: int) -> Cost:
        """Exact: one slate a batch."""
        return Cost.exactly(calls=-(-n // self.batch), documents=n, rounds=min(n, 1))

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: every place is as good as the judge."""
        return ()
