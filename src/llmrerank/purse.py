"""What many queries may spend together: one wallet for all of them, one clock for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmrerank.limits import Ledger, Prices
from llmrerank.types import Limits, Usage

__all__ = ["Purse", "QueryLedger"]


@dataclass(slots=True, kw_only=True)
class QueryLedger(Ledger):
    """The ledger of one query: its own deadline, and the calls, tokens and cost of all."""

    shared: Ledger

    def refuse(self, *, calls: int, expected: Usage, model: str) -> tuple[str, str] | None:
        """Say which limit these calls would break: the query's deadline, or what all queries may spend."""
        if self.limits.seconds is not None and self.seconds_left == 0.0:
            return "seconds", f"the deadline of {self.limits.seconds:g} s has passed"
        return self.shared.refuse(calls=calls, expected=expected, model=model)

    def reserve(self, *, calls: int, expected: Usage, model: str) -> None:
        """Count calls as spent before they are sent."""
        self.shared.reserve(calls=calls, expected=expected, model=model)

    def settle(self, *, expected: Usage, actual: Usage | None, model: str, answered: int = 1) -> None:
        """Replace what was expected of one call by what it used."""
        self.shared.settle(expected=expected, actual=actual, model=model, answered=answered)


class Purse:
    """Limits of many queries: calls, tokens and cost hold for all of them, seconds for every one."""

    def __init__(self, limits: Limits, prices: Prices) -> None:
        """Nothing is spent yet."""
        self._limits = limits
        self._shared = Ledger(limits=replace(limits, seconds=None), prices=prices)

    def query(self) -> QueryLedger:
        """The ledger of a query that starts now."""
        return QueryLedger(limits=self._limits, prices=self._shared.prices, shared=self._shared)
