"""Random blocks of the pool, all judged at once, and one score from the pairs in them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, Slate
from llmrerank.types import Detail

from .dealing import consecutive
from .pair_scores import bradley_terry, page_rank, pair_wins, win_rates

__all__ = ["Blocks"]

_SCORES = {"wins": win_rates, "bradley-terry": bradley_terry, "pagerank": page_rank}
_DIGITS = 9  # scores that differ behind them are equal but for rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Cut shuffled copies of the pool into blocks, judge all of them in one round, and sort by pairs won.

    Where `n = window ** 2` the copies are the rows, the columns and the diagonals of a square of documents,
    so that no two meet twice, as long as there are such diagonals; further copies are shuffled. Equal scores
    keep the first-stage order. Nothing is exact, even with a perfect judge: of 100 documents the ten best
    are seldom found complete. A block that is lost costs little.

    Cost: `replicas * ceil(n / window)` calls in 1 round; one call where n <= window.

    Source: JointRank 2025, arXiv 2506.22262.

    Attributes:
        window: Documents of a block at most, 2 or more.
        replicas: Copies of the pool, 1 or more.
        method: Score by `wins` (the share of pairs won), `bradley-terry` or `pagerank`.
        seed: Of the shuffles.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    window: int = 20
    replicas: int = 2
    method: Literal["wins", "bradley-terry", "pagerank"] = "wins"
    seed: int = 0

    def __post_init__(self) -> None:
        faults = []
        if self.window < 2:
            faults.append(f"window must be 2 or more, got {self.window}")
        if self.replicas < 1:
            faults.append(f"replicas must be 1 or more, got {self.replicas}")
        if self.method not in _SCORES:
            faults.append(f"method must be one of {', '.join(map(repr, _SCORES))}, got {self.method!r}")
        if faults:
            raise ConfigError("blocks: " + "; ".join(faults))

    @property
    def needs(self) -> Detail:
        """An order of each block."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield one round of blocks."""
        order = tuple(range(pool.size))
        if pool.size <= self.window:
            if pool.size > 1:
                [verdict] = yield Round(slates=(order,), order=order)
                return verdict.order
            return order
        blocks = tuple(block for block in self._blocks(pool.size) if len(block) > 1)
        verdicts = yield Round(slates=blocks, order=order)
        scores = _SCORES[self.method](pair_wins(pool.size, verdicts)).round(_DIGITS)
        return sorted(order, key=lambda position: -scores[position])

    def _blocks(self, n: int) -> list[Slate]:
        shuffles = random.Random(self.seed)
        blocks: list[Slate] = []
        if n == self.window**2:
            blocks = _square(shuffles.sample(range(n), n), self.window)[: self.replicas * self.window]
        groups = -(-n // self.window)
        while len(blocks) < self.replicas * groups:
            blocks += consecutive(shuffles.sample(range(n), n), groups)
        return blocks

    def cost(self, n: int, top: int) -> Cost:
        """Exact: the blocks depend on n alone."""
        if n <= self.window:
            calls = int(n > 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        sizes = [len(block) for block in consecutive(range(n), -(-n // self.window)) if len(block) > 1]
        return Cost.exactly(calls=self.replicas * len(sizes), documents=self.replicas * sum(sizes), rounds=1)

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing beyond what holds for every pool: see the class."""
        return ()


def _square(documents: list[int], side: int) -> list[Slate]:
    """Blocks of a square of documents that share no pair: rows, columns, then Latin squares of diagonals.

    The diagonals `row + slope * column` of two slopes meet once where the difference of the slopes has no
    divisor in common with the side; slopes below the least divisor of the side will do.
    """
    divisor = next(number for number in range(2, side + 1) if side % number == 0)
    cells = [(row, column) for row in range(side) for column in range(side)]
    lines = [[row for row, _ in cells], [column for _, column in cells]]
    lines += [[(row + slope * column) % side for row, column in cells] for slope in range(1, divisor)]
    return [
        tuple(document for document, number in zip(documents, line, strict=True) if number == wanted)
        for line in lines
        for wanted in range(side)
    ]
