"""Windows as evidence: every verdict is kept, all are fitted together, and the next calls go to the head."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, ScoredOrder, Slate, Span, Verdict
from llmrerank.types import Detail

from .dealing import strided
from .plackett_luce import means, mode

__all__ = ["Adaptive"]

_UNSURE, _FEW = 0.2, 6  # stop where so few have a chance between 0.2 and 0.8 to be among the wanted
_ROUNDS = 7  # at most, where the answers decide when to stop
_HOPE = 0.5  # standard deviations added to a utility: what is uncertain may yet belong to the head


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Read everything once in windows that run at once, then the leaders again, and fit all answers together.

    Round 1 deals the whole pool into strided groups; each later round deals the leaders of the utilities
    fitted so far into its number of windows, in a shuffled order. The result is by utility; utilities and
    their deviations are reported as scores. No exactness is promised: with a perfect judge the ten best of
    100 are the right set in most lists, not in all.

    With `stop` the last entry of `rounds` is repeated, up to seven rounds in all, until at most six documents
    may as well stand on the other side of the last wanted place; two rounds are the least. A heuristic.

    Cost: `g + sum(later)` calls with `g = max(first, ceil(n / window))`, in `1 + len(later)` rounds; one call
    where n <= window.

    Source: the model is Plackett's (1975) and Luce's (1959), see `plackett_luce`; the schedule is this
    project's.

    Attributes:
        window: Documents shown at once, 2 or more.
        rounds: Windows of round 1 at least, then the windows of each later round, all 1 or more.
        seed: Of the shuffles.
        stop: Go on until more windows would gain little, instead of for a fixed number of rounds.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    window: int = 20
    rounds: tuple[int, ...] = (5, 1, 1)
    seed: int = 0
    stop: bool = False

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
        first = tuple(range(pool.size))
        if pool.size < 2:
            return first
        if pool.size <= self.window:
            (verdict,) = yield Round(slates=(first,), order=first)
            return verdict.order
        shuffles = random.Random(self.seed)
        mean = means(pool)
        utilities, deviations = mean, mean
        order: Sequence[int] = first
        seen: list[Verdict] = []
        shown: set[Slate] = set()
        for number, (groups, count) in enumerate(self._schedule(pool.size, pool.top)):
            if number:
                hopes = utilities + _HOPE * deviations
                leaders = sorted(order, key=lambda position: (-hopes[position], position))[:count]
                slates = [_fresh(slate, shown, shuffles) for slate in strided(leaders, groups)]
            else:
                slates = strided(order, groups)
            shown.update(slates)
            seen += yield Round(slates=tuple(slates), order=order)
            utilities, deviations = mode(mean, seen, start=utilities)
            fitted = utilities.tolist(), deviations.tolist()
            order = ScoredOrder.by(*fitted)
            if self.stop and number and _settled(*fitted, pool.top):
                break
        return order

    def _schedule(self, n: int, top: int) -> list[tuple[int, int]]:
        """Windows of each round and the documents dealt into them."""
        first, *later = self.rounds
        if self.stop:
            later = later or [1]
            later += later[-1:] * (_ROUNDS - 1 - len(later))
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
        """Exact, since the schedule does not depend on the answers; with `stop` from two rounds to all."""
        if n <= self.window:
            calls = min(max(n - 1, 0), 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        schedule = self._schedule(n, min(top, n))
        least = schedule[:2] if self.stop else schedule
        return Cost(
            calls=Span(sum(windows for windows, _ in least), sum(windows for windows, _ in schedule)),
            documents=Span(sum(count for _, count in least), sum(count for _, count in schedule)),
            rounds=Span(len(least), len(schedule)),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: later rounds are widened to hold all leading places that must be right."""
        return ()


def _settled(utilities: Sequence[float], deviations: Sequence[float], top: int) -> bool:
    """Whether few documents may as well stand on the other side of the last wanted place.

    The deviations are rather too small, so the chances are no probabilities to be relied on.
    """
    if top >= len(utilities):
        return True
    inside, outside = sorted(utilities, reverse=True)[top - 1 : top + 1]
    border, below = (inside + outside) / 2, NormalDist().cdf
    chances = [below((u - border) / d) for u, d in zip(utilities, deviations, strict=True)]
    return sum(_UNSURE < chance < 1 - _UNSURE for chance in chances) <= _FEW


def _fresh(slate: Slate, shown: set[Slate], shuffles: random.Random) -> Slate:
    """The slate in a shuffled order that was not shown before: the same question again is no new evidence."""
    for _ in range(20):
        shuffled = tuple(shuffles.sample(slate, len(slate)))
        if shuffled not in shown:
            return shuffled
    return slate
