"""A tournament graph: every verdict adds edges, and windows go where an edge is missing."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, Slate, Span
from llmrerank.types import Detail

from .closure import Closure
from .dealing import strided

__all__ = ["Graph"]

_FRUITLESS = 2  # windows in a row that add nothing, before the order stands as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Ask nothing that follows from answers already given.

    Strided groups of the whole pool are judged at once. From then on the documents are sorted by how many are
    known to beat them, and a window is made of the first whose relation to some other is unknown, until the
    leading places are resolved. Documents that have beaten each other in a circle are one tier, as are those
    that a judge ties; of each tier one is shown.

    With a perfect judge the first `top` places are exact. Each pair is asked about once, so noise is never
    averaged out: for reliable judges.

    Cost: `ceil(n / window)` calls at once, then about `(top - 1) / (window - 1)` and some, one after another:
    for 100 documents by windows of 20 mostly 6 calls in 2 rounds.

    Source: BlitzRank 2026, arXiv 2602.05448, where the first groups are asked about one by one.

    Attributes:
        window: Documents judged together, 2 or more.

    Raises:
        ConfigError: A window below 2.
    """

    window: int = 20

    def __post_init__(self) -> None:
        if self.window < 2:
            raise ConfigError(f"graph: window must be 2 or more, got {self.window}")

    @property
    def needs(self) -> Detail:
        """An order: an edge for every pair of a window."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield the groups, then one window a round; the order so far is by known losses."""
        order = list(range(pool.size))
        if pool.size <= self.window:
            if pool.size > 1:
                [verdict] = yield Round(slates=(tuple(order),), order=order)
                return verdict.order
            return order
        closure = Closure(pool.size)
        groups = tuple(group for group in self._groups(pool.size) if len(group) > 1)
        for verdict in (yield Round(slates=groups, order=tuple(order))):
            closure.learn(verdict, ties=True)
        fruitless = 0
        for _ in range(self._windows(pool.size, pool.top)):
            order.sort(key=lambda p: (closure.losses(p), -closure.wins(p), p))
            window = self._unresolved(order, closure)
            if all(map(closure.resolved, order[: pool.top])) or fruitless == _FRUITLESS:
                return order
            # The same question in the same order would bring the same answer.
            slate = window[::-1] if fruitless else window
            [verdict] = yield Round(slates=(slate,), order=tuple(order))
            fruitless = 0 if closure.learn(verdict, ties=True) else fruitless + 1
        return sorted(order, key=lambda p: (closure.losses(p), -closure.wins(p), p))

    def _groups(self, n: int) -> list[Slate]:
        return strided(range(n), -(-n // self.window))

    def _unresolved(self, order: list[int], closure: Closure) -> Slate:
        """The first of each tier that stands in no known relation to some other."""
        window: list[int] = []
        seen = 0
        for position in order:
            if not seen >> position & 1 and not closure.resolved(position):
                window.append(position)
                seen |= closure.tier(position)
                if len(window) == self.window:
                    break
        return tuple(window)

    def _windows(self, n: int, top: int) -> int:
        """Most windows after the first groups.

        Documents that no unresolved one is known to beat are at most as many as there were verdicts, since
        each verdict has one first among those left. A window makes one of up to `window` of them, and the
        last one left is resolved. As many windows as there are groups come on top, for verdicts that fail;
        and no more are needed than there are pairs.
        """
        verdicts = len(self._groups(n))
        pairs = n * (n - 1) // 2
        for _ in range(top):
            verdicts += -(-(verdicts - 1) // (self.window - 1))
            if verdicts > pairs:
                return pairs
        return verdicts

    def cost(self, n: int, top: int) -> Cost:
        """Bounds: how many windows are needed depends on the answers."""
        if n <= self.window:
            calls = int(n > 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        groups = [len(group) for group in self._groups(n) if len(group) > 1]
        windows = self._windows(n, min(top, n))
        return Cost(
            calls=Span(len(groups) + 1, len(groups) + windows),
            documents=Span(sum(groups) + 2, sum(groups) + windows * min(self.window, n)),
            rounds=Span(2, 1 + windows),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: all leading places that are wanted are resolved."""
        return ()
