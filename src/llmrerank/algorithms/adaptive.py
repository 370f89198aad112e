"""Windows as evidence: every verdict is kept, all are fitted together, and the next calls go to the head."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, Slate, Verdict
from llmrerank.types import Detail

from .plackett_luce import means, mode

__all__ = ["Adaptive"]

_HOPE = 0.5  # standard deviations added to a utility: what is uncertain may yet belong to the head


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Read everything once in windows that run at once, then the leaders again, and fit all answers together.

    Round 1 deals the whole pool into strided groups; each later round deals the leaders of the utilities
    fitted so far into its number of windows, in a shuffled order. The result is by utility. No exactness is
    promised: with a perfect judge the ten best of 100 are the right set in most lists, not in all.

    Cost: `g + sum(later)` calls with `g = max(first, ceil(n / window))`, in `1 + len(later)` rounds; one call
    where n <= window.

    Source: the model is Plackett's (1975) and Luce's (1959), see `plackett_luce`; the schedule is this
    project's.

    Attributes:
        window: Documents shown at once, 2 or more.
        rounds: Windows of round 1 at least, then the windows of each later round, all 1 or more.
        seed: Of the shuffles.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    window: int = 20
    rounds: tuple[int, ...] = (5, 1, 1)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.window < 2:
            raise ConfigError(f"window must be 2 or more, got {self.window}")
        if not self.rounds or min(self.rounds) < 1:
            raise ConfigError(f"rounds must be numbers of windows, 1 or more each, got {self.rounds}")

    @property
    def needs(self) -> Detail:
        """An order of each window."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds; after each the order is by the utilities fitted so far."""
        order: tuple[int, ...] = tuple(range(pool.size))
        if pool.size < 2:
            return order
        if pool.size <= self.window:
            (verdict,) = yield Round(slates=(order,), order=order)
            return verdict.order
        shuffles = random.Random(self.seed)
        mean = means(pool)
        utilities, deviations = mean, mean
        seen: list[Verdict] = []
        shown: set[Slate] = set()
        for number, (groups, count) in enumerate(self._schedule(pool.size, pool.top)):
            if number:
                hopes = utilities + _HOPE * deviations
                leaders = sorted(order, key=lambda position: (-hopes[position], position))[:count]
                slates = [_fresh(slate, shown, shuffles) for slate in _dealt(leaders, groups)]
            else:
                slates = _dealt(order, groups)
            shown.update(slates)
            seen += yield Round(slates=tuple(slates), order=order)
            utilities, deviations = mode(mean, seen, start=utilities)
            order = tuple(sorted(range(pool.size), key=lambda position: (-utilities[position], position)))
        return order

    def _schedule(self, n: int, top: int) -> list[tuple[int, int]]:
        """Windows of each round and the documents dealt into them."""
        first, *later = self.rounds
        schedule = [(self._groups(first, n), n)]
        for wanted in later:
            windows = max(wanted, -(-top // self.window))
            count = min(n, windows * self.window)
            schedule.append((self._groups(windows, count), count))
        return schedule

    def _groups(self, wanted: int, count: int) -> int:
        """Windows for so many documents: as wanted, but of two documents or more, and never too large."""
        return max(min(wanted, count // 2), -(-count // self.window))

    def cost(self, n: int, top: int) -> Cost:
        """Exact: the schedule does not depend on the answers."""
        if n <= self.window:
            calls = min(max(n - 1, 0), 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        schedule = self._schedule(n, min(top, n))
        return Cost.exactly(
            calls=sum(windows for windows, _ in schedule),
            documents=sum(count for _, count in schedule),
            rounds=len(schedule),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: later rounds are widened to hold all leading places that must be right."""
        return ()


def _dealt(positions: Sequence[int], groups: int) -> list[Slate]:
    """Group i gets places i, i + groups, ...: every group has its share of the best."""
    return [tuple(positions[start::groups]) for start in range(groups)]


def _fresh(slate: Slate, shown: set[Slate], shuffles: random.Random) -> Slate:
    """The slate in a shuffled order that was not shown before: the same question again is no new evidence."""
    for _ in range(20):
        shuffled = tuple(shuffles.sample(slate, len(slate)))
        if shuffled not in shown:
            return shuffled
    return slate
