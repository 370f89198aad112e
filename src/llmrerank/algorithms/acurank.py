"""Windows over the documents of whom it is uncertain whether they belong to the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, ScoredOrder, Slate, Span
from llmrerank.types import Detail

from .dealing import consecutive
from .skills import Belief, chance_above, updated

__all__ = ["AcuRank"]

_MEAN = 25.0
_LOWEST, _HIGHEST = 12.5, 37.5  # of means that are made of first-stage scores
_STEPS = 60  # of the bisection: more than a double has bits


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuRank:
    """Believe, judge, and judge again those whose place among the best is uncertain.

    A document's skill is a normal belief that starts from its first-stage score, or at 25 +- 25/3 without
    scores. Consecutive windows of the whole list are judged at once, each verdict being a match. Then, until
    fewer than `top` are uncertain: find the border above which `top` are expected, and judge those in
    consecutive windows, by their chance, whose chance to be above it is neither below `tolerance` nor above
    `1 - tolerance`. A last round covers all who have a chance. A window is not shown twice in the same order.
    The result is by mean; means and deviations are reported as scores.

    Cost: `ceil(n / window)` calls in the first round, `calls` in all at most, unless the first round takes
    more; one call where n <= window.

    Source: Yoon et al. 2025, arXiv 2505.18512; the update: see `skills`. First-stage scores are mapped to
    12.5 ... 37.5, which is this project's choice.

    Attributes:
        window: Documents judged together at most, 2 or more.
        calls: Calls at most, 1 or more; the first round is always whole.
        tolerance: Chances nearer to 0 or 1 than this count as certain; above 0, below 0.5.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    window: int = 20
    calls: int = 20
    tolerance: float = 0.01

    def __post_init__(self) -> None:
        faults = []
        if self.window < 2:
            faults.append(f"window must be 2 or more, got {self.window}")
        if self.calls < 1:
            faults.append(f"calls must be 1 or more, got {self.calls}")
        if not 0 < self.tolerance < 0.5:
            faults.append(f"tolerance must be above 0 and below 0.5, got {self.tolerance:g}")
        if faults:
            raise ConfigError("acurank: " + "; ".join(faults))

    @property
    def needs(self) -> Detail:
        """An order of each window."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds; after each the order is by the means believed so far."""
        first = tuple(range(pool.size))
        if pool.size <= self.window:
            if pool.size > 1:
                [verdict] = yield Round(slates=(first,), order=first)
                return verdict.order
            return first
        beliefs = _start(pool)
        order: ScoredOrder | Slate = first
        shown: set[Slate] = set()
        windows, last = self._windows(first), False
        room = max(self.calls, len(windows))
        while windows:
            verdicts = yield Round(slates=tuple(windows), order=order)
            room -= len(windows)
            shown.update(windows)
            for verdict in verdicts:
                beliefs.update(updated(beliefs, verdict))
            everyone = [beliefs[position] for position in first]
            order = ScoredOrder.by(
                [belief.mean for belief in everyone], [belief.deviation for belief in everyone]
            )
            if last or all(len(verdict.tiers) == 1 for verdict in verdicts):
                break
            uncertain, last = self._uncertain(beliefs, pool.top)
            windows = [window for window in self._windows(uncertain) if window not in shown][:room]
        return order

    def _windows(self, positions: Slate) -> list[Slate]:
        """Consecutive windows of two documents or more."""
        if not positions:
            return []
        groups = consecutive(positions, -(-len(positions) // self.window))
        return [group for group in groups if len(group) > 1]

    def _uncertain(self, beliefs: Mapping[int, Belief], top: int) -> tuple[Slate, bool]:
        """Whom to judge next, by chance, and whether that is the last time."""
        border = _border(list(beliefs.values()), top)
        chances = {position: chance_above(belief, border) for position, belief in beliefs.items()}
        ordered = sorted(chances, key=lambda p: (-chances[p], -beliefs[p].mean, p))
        hopeful = tuple(p for p in ordered if chances[p] > self.tolerance)
        uncertain = tuple(p for p in hopeful if chances[p] < 1 - self.tolerance)
        return (hopeful, True) if len(uncertain) < top else (uncertain, False)

    def cost(self, n: int, top: int) -> Cost:
        """Bounds: how many rounds of refinement follow the first depends on the answers."""
        if n <= self.window:
            calls = int(n > 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        sizes = [len(window) for window in self._windows(tuple(range(n)))]
        further = max(self.calls - len(sizes), 0)
        return Cost(
            calls=Span(len(sizes), len(sizes) + further),
            documents=Span(sum(sizes), sum(sizes) + further * self.window),
            rounds=Span(1, 1 + further),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: rounds go on until the wanted places are settled, or `calls` are spent."""
        return ()


def _start(pool: Pool) -> dict[int, Belief]:
    """What is believed before any judgement: scores made positive, each with a third as its deviation."""
    low, high = min(pool.prior, default=0.0), max(pool.prior, default=0.0)
    means = [_MEAN] * pool.size
    if high > low:
        share = (_HIGHEST - _LOWEST) / (high - low)
        means = [_LOWEST + share * (score - low) for score in pool.prior]
    return {position: Belief(mean, mean / 3) for position, mean in enumerate(means)}


def _border(beliefs: list[Belief], top: int) -> float:
    """The skill above which `top` are expected to be."""
    low = min(belief.mean - 10 * belief.deviation for belief in beliefs)
    high = max(belief.mean + 10 * belief.deviation for belief in beliefs)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if sum(chance_above(belief, middle) for belief in beliefs) > top:
            low = middle
        else:
            high = middle
    return (low + high) / 2
