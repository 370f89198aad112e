"""Sorting by pairs, each shown in both orders."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Slate, Span, Verdict
from llmrerank.types import Detail

from .heap import Heap, effort
from .lockstep import Part, lockstep, rounds

__all__ = ["MOST_FOR_ALL", "Pairwise"]

MOST_FOR_ALL = 100
"""Documents at most where every pair is compared: 9,900 calls."""
_TIE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise:
    """Compare two documents at a time, each pair in both orders at once.

    Where both verdicts of a pair carry strengths, the log-odds are averaged, which cancels a judge's liking
    for a place; else a document wins if both say so, and anything else is a tie. A verdict without evidence
    makes a tie.

    `heapsort` builds a binary heap, the nodes of each level at once, and takes its root away `top` times; of
    a tie the one that the first stage has in front stays in front, and what is not settled keeps the
    first-stage order. `sliding` carries the best to the front
    `top` times; each pass follows two steps behind the one before it. `all` compares every pair in one round
    and sorts by wins, or by the sum of the probabilities of winning.

    With a perfect judge the first `top` places are exact.

    Cost: two calls a comparison; heapsort about `2 n + 2 top log2(n)` comparisons, sliding the sum of
    `n - 1 - p` for p below `top` in `n - 1 + 2 (top - 1)` rounds, all `n (n - 1) / 2` in one.

    Source: Qin et al. 2023 (PRP), arXiv 2306.17563.

    Attributes:
        method: `heapsort`, `sliding` or `all`.

    Raises:
        ConfigError: An unknown method; more than 100 documents for `all`, when a pool is planned.
    """

    method: Literal["heapsort", "sliding", "all"] = "heapsort"

    def __post_init__(self) -> None:
        if self.method not in ("heapsort", "sliding", "all"):
            raise ConfigError(f"pairwise: method must be 'heapsort', 'sliding' or 'all', got {self.method!r}")

    @property
    def needs(self) -> Detail:
        """Which of two is the better; strengths are used where there are any."""
        return Detail.ORDER

    @property
    def window(self) -> int:
        """Two documents."""
        return 2

    def plan(self, pool: Pool) -> Plan:
        """Yield the comparisons.

        Raises:
            ConfigError: Too many documents for every pair.
        """
        self._check(pool.size)
        order = list(range(pool.size))
        if pool.size < 2:
            return order
        if self.method == "all":
            return (yield from rounds(_all(pool.size), lambda: order))
        if self.method == "sliding":
            yield from rounds(_sliding(order, pool.top), lambda: tuple(order))
            return order
        heap = Heap(items=order, children=2, best=_best, settled=[])
        yield from rounds(heap.sort(pool.top), lambda: (*heap.settled, *heap.items))
        return heap.settled + sorted(heap.items)

    def _check(self, n: int) -> None:
        if self.method == "all" and n > MOST_FOR_ALL:
            raise ConfigError(
                f"pairwise(method='all') compares every pair, and {n} documents are more than the "
                f"{MOST_FOR_ALL} it takes; put a cut-off such as '% {MOST_FOR_ALL}' before it, or "
                "use method='heapsort'"
            )

    def cost(self, n: int, top: int) -> Cost:
        """Exact for `sliding` and `all`; bounds for `heapsort`, where the answers say how far items sink.

        Raises:
            ConfigError: Too many documents for every pair.
        """
        self._check(n)
        top = min(top, n)
        if n < 2:
            return Cost.exactly(calls=0, documents=0, rounds=0)
        if self.method == "heapsort":
            taken = effort(n, top, 2, lambda kids: kids)
            least = taken.building.least + taken.settling.least
            most = taken.building.most + taken.settling.most
            return Cost(
                calls=Span(2 * least, 2 * most),
                documents=Span(4 * least, 4 * most),
                rounds=Span(
                    taken.levels.least + taken.settling.least, taken.levels.most + taken.settling.most
                ),
            )
        steps = [len(pairs) for pairs in _steps(n, top)] if self.method == "sliding" else [n * (n - 1) // 2]
        return Cost.exactly(calls=2 * sum(steps), documents=4 * sum(steps), rounds=len(steps))

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: all leading places that are wanted are settled."""
        return ()


def _all(size: int) -> Part[list[int]]:
    """Compare every pair and sort by wins."""
    pairs = [(one, other) for one in range(size) for other in range(one + 1, size)]
    chances = yield from lockstep([_chance(one, other) for one, other in pairs])
    won: list[list[float]] = [[] for _ in range(size)]
    for (one, other), chance in zip(pairs, chances, strict=True):
        won[one].append(chance)
        won[other].append(1 - chance)
    return sorted(range(size), key=lambda position: -math.fsum(won[position]))


def _steps(size: int, top: int) -> Iterator[list[int]]:
    """The places whose documents meet their left neighbours, step by step, in all passes at once.

    Two steps lie between a pass and the next, so no two pairs of a step share a place, and a pass finds what
    the one before it has left.
    """
    passes = min(top, size - 1)
    for step in range(size - 1 + 2 * (passes - 1)):
        starts = ((number, size - 1 - step + 3 * number) for number in range(passes))
        if places := [place for number, place in starts if number < place < size]:
            yield places


def _sliding(order: list[int], top: int) -> Part[None]:
    """Carry the best to the front, in place."""
    for places in _steps(len(order), top):
        chances = yield from lockstep([_chance(order[place - 1], order[place]) for place in places])
        for place, chance in zip(places, chances, strict=True):
            if chance < _TIE:
                order[place - 1], order[place] = order[place], order[place - 1]


def _best(contest: Slate) -> Part[int]:
    """The better child, then the better of it and the parent."""
    parent, *kids = contest
    best = kids[0]
    for challenger in (*kids[1:], parent):
        chance = yield from _chance(challenger, best)
        if chance > _TIE or (chance == _TIE and challenger < best):
            best = challenger
    return best


def _chance(one: int, other: int) -> Part[float]:
    """Ask both ways how probably one document is better than another: 1, 0 or a half where words say it."""
    verdicts = yield [(one, other), (other, one)]
    if any(verdict.degraded for verdict in verdicts):
        return _TIE
    odds = [_log_odds(verdict, one) for verdict in verdicts]
    if None not in odds:
        mean = math.fsum(value for value in odds if value is not None) / 2
        return 1 / (1 + math.exp(-mean)) if mean > -_LARGE else 0.0
    firsts = [verdict.tiers[0] for verdict in verdicts]
    return 1.0 if firsts == [(one,)] * 2 else 0.0 if firsts == [(other,)] * 2 else _TIE


_LARGE = 700.0  # beyond it exp overflows


def _log_odds(verdict: Verdict, one: int) -> float | None:
    """By how much the strength of one is above the other's, or None where a verdict does not say."""
    if verdict.strengths is None:
        return None
    first, second = verdict.strengths
    if first is None or second is None:
        return None
    return first - second if verdict.slate[0] == one else second - first
