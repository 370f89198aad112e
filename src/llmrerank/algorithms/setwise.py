"""Sorting by the best of a few: heapsort or insertion with sets instead of pairs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Slate, Span, Verdict
from llmrerank.types import Detail

from .heap import Heap, effort
from .lockstep import Part, rounds

__all__ = ["Setwise"]

_MOST_CHILDREN = 25  # with their parent as many as there are letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Setwise:
    """Sort the leading places by asking for the best of a parent and its children.

    `heapsort` builds a heap, the nodes of each level at once, and takes its root away `top` times.
    `insertion` sorts the first `top` so and shows the last of them with the next `children` of the rest;
    whoever is better moves up, and the last drops out. A judge that gives whole orders is heard out: the best
    of a set is who won most of its pairs in all answers so far, the latest answer deciding between equals.
    Where nothing is said between documents, the one that the first stage has in front stays in front. What is
    not settled keeps the first-stage order. A pool that fits one set is settled by one whole order of it.

    With a perfect judge the first `top` places are exact.

    Cost: heapsort about `1.3 n / children + top log_children(n)` calls of `children + 1` documents at most.

    Source: Zhuang et al. 2023, arXiv 2310.09497; insertion: arXiv 2504.10509. What is done with whole
    orders is this project's addition: it costs nothing and evens out noise.

    Attributes:
        children: Documents beside the parent, 2 to 25.
        method: `heapsort` or `insertion`.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    children: int = 3
    method: Literal["heapsort", "insertion"] = "heapsort"

    def __post_init__(self) -> None:
        faults = []
        if not 2 <= self.children <= _MOST_CHILDREN:
            faults.append(f"children must be from 2 to {_MOST_CHILDREN}, got {self.children}")
        if self.method not in ("heapsort", "insertion"):
            faults.append(f"method must be 'heapsort' or 'insertion', got {self.method!r}")
        if faults:
            raise ConfigError("setwise: " + "; ".join(faults))

    @property
    def needs(self) -> Detail:
        """The best of a set."""
        return Detail.BEST

    @property
    def window(self) -> int:
        """Documents shown at once, at most."""
        return self.children + 1

    def plan(self, pool: Pool) -> Plan:
        """Yield the questions; the order so far is what is settled, then the heap or what waits."""
        sort = _Sorting(self.children, pool)
        if pool.size > 1:
            whole = self.method == "heapsort" or pool.size <= self.window
            part = sort.heap(pool.size) if whole else sort.insertion()
            yield from rounds(part, sort.known)
        return sort.ended()

    def cost(self, n: int, top: int) -> Cost:
        """Bounds: how far documents move depends on the answers."""
        top = min(top, n)
        if n < 2:
            return Cost.exactly(calls=0, documents=0, rounds=0)
        first = n if self.method == "heapsort" or n <= self.window else top
        taken = effort(first, top, self.children, lambda kids: 1)
        left = [] if n <= self.window else [size for size in range(first - top + 1, first) if size > 1]
        newcomers = n - first
        groups = -(-newcomers // self.children)
        # A newcomer is asked about once and then meets the settled ones, one less each time.
        later = newcomers * top
        least = taken.building.least + groups
        calls = Span(least + len(left), taken.building.most + taken.settling.most + later)
        # The first contest of a parent, of a sinking item and of a group is always held.
        shown = least + n - 1 + sum(min(self.window, size) for size in left)
        return Cost(
            calls=calls,
            documents=Span(shown, calls.most * min(self.window, n)),
            rounds=Span(
                taken.levels.least + groups + len(left), taken.levels.most + taken.settling.most + later
            ),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: all leading places that are wanted are settled."""
        return ()


class _Sorting:
    """The state of one pool."""

    def __init__(self, children: int, pool: Pool) -> None:
        self.children = children
        self.pool = pool
        self.settled: list[int] = []
        self.items: list[int] = []
        self.waiting = list(range(pool.size))
        self.pairs = Counter[tuple[int, int]]()  # how often the first of a pair stood before the second
        self.whole: Slate = ()

    def known(self) -> tuple[int, ...]:
        """Settled ones, the heap as it stands, the others."""
        return (*self.settled, *self.items, *self.waiting)

    def ended(self) -> tuple[int, ...]:
        """The order of everything, where there was one; else settled ones, and all others as they stood."""
        return self.whole or (*self.settled, *sorted((*self.items, *self.waiting)))

    def heap(self, size: int) -> Part[None]:
        """Settle the best of the first `size`."""
        self.items[:], self.waiting = self.waiting[:size], self.waiting[size:]
        heap = Heap(items=self.items, children=self.children, best=self._best, settled=self.settled)
        yield from heap.sort(min(self.pool.top, size))

    def insertion(self) -> Part[None]:
        """Settle the best of the first, then let the others challenge the last of them."""
        yield from self.heap(self.pool.top)
        challengers: list[int] = []
        ahead = list(self.waiting)
        while challengers or ahead:
            if not challengers:
                challengers, ahead = ahead[: self.children], ahead[self.children :]
            last = self.settled[-1]
            best = yield from self._best((last, *challengers), stays=last)
            if best == last:
                challengers = []
                continue
            place = yield from self._place(best)
            self.waiting.remove(best)
            self.waiting.append(self.settled.pop())
            self.settled.insert(place, best)
            # Whoever stood behind the one that dropped out stands behind the new last one as well.
            challengers = [one for one in challengers if one != best and self._share(last, one) <= 0.5]

    def _best(self, contest: Slate, stays: int = -1) -> Part[int]:
        """Ask for the best of a set; of equal ones `stays`, else whom the first stage has in front."""
        if self.whole:
            return next(position for position in self.whole if position in contest)
        [verdict] = yield [contest]
        self._learn(verdict)
        if len(verdict.tiers) == len(contest) == self.pool.size:
            self.whole = verdict.order
        tier = {position: number for number, members in enumerate(verdict.tiers) for position in members}

        def standing(position: int) -> tuple[float, int, bool, int]:
            won = sum(self._share(position, other) for other in contest if other != position)
            return -won, tier[position], position != stays, position

        return min(contest, key=standing)

    def _learn(self, verdict: Verdict) -> None:
        behind = set(verdict.slate)
        for tier in verdict.tiers:
            behind.difference_update(tier)
            self.pairs.update((winner, loser) for winner in tier for loser in behind)

    def _share(self, one: int, other: int) -> float:
        """Share of their meetings that one won; a half where they never met, or tied."""
        won, lost = self.pairs[one, other], self.pairs[other, one]
        return won / (won + lost) if won + lost else 0.5

    def _place(self, newcomer: int) -> Part[int]:
        """Find a newcomer's place above the last, from below; whoever ties with it was there before it."""
        low, high = 0, len(self.settled) - 1
        size = self.children
        while low < high:
            start = max(low, high - size)
            group = range(start, high)
            [verdict] = yield [(newcomer, *self.settled[start:high])]
            self._learn(verdict)
            tier = {position: number for number, members in enumerate(verdict.tiers) for position in members}
            own, tiers = tier[newcomer], {place: tier[self.settled[place]] for place in group}
            while high > start and tiers[high - 1] > own:
                high -= 1
            better = [place for place in group if tiers[place] < own]
            better = better or [place for place in group if tiers[place] == own]
            if better:
                low = max(better) + 1
                size = max(1, (high - low + 1) // 2)  # the best of the group may be far from the newcomer
        return high
