"""One score for each document from pairs that were won and lost: win rate, Bradley-Terry, PageRank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmrerank.rounds import Verdict

from .ascent import View, climbed

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["bradley_terry", "page_rank", "pair_wins", "win_rates"]

_DAMPING = 0.85
_CLOSE = 1e-10
_STEPS = 200


def pair_wins(size: int, verdicts: Sequence[Verdict]) -> NDArray[float64]:
    """Count pairs: `wins[i, j]` is how often i stood before j, and half where they tied; shape (size, size).

    A degraded verdict counts nothing.
    """
    import numpy

    wins = numpy.zeros((size, size))
    for verdict in verdicts:
        if verdict.degraded:
            continue
        order = numpy.asarray(verdict.order, dtype=int)
        level = numpy.repeat(numpy.arange(len(verdict.tiers)), [len(tier) for tier in verdict.tiers])
        gap = numpy.sign(level[None, :] - level[:, None])  # 1: stood before, 0: tied
        wins[order[:, None], order] += (1 + gap) / 2
    numpy.fill_diagonal(wins, 0)
    return wins


def win_rates(wins: NDArray[float64]) -> NDArray[float64]:
    """Share of its pairs that each won, a tie counting half; one half where it was in none. Shape (n,)."""
    import numpy

    met = (wins + wins.T).sum(axis=1)
    rates: NDArray[float64] = numpy.where(met > 0, wins.sum(axis=1) / numpy.maximum(met, 1), 0.5)
    return rates


def bradley_terry(wins: NDArray[float64]) -> NDArray[float64]:
    """Log-strengths: i beats j with odds `exp(s_i - s_j)`; the prior is Normal(0, 1). Shape (n,).

    The mode of a strictly concave log-posterior. Source: Bradley and Terry 1952.
    """
    import numpy

    met, won = wins + wins.T, wins.sum(axis=1)

    def look(strength: NDArray[float64]) -> View:
        gaps = strength[:, None] - strength[None, :]
        chance = 1 / (1 + numpy.exp(-gaps))
        weight = met * chance * (1 - chance)
        weights = weight.sum(axis=1)

        def curved(vector: NDArray[float64]) -> NDArray[float64]:
            product: NDArray[float64] = (1 + weights) * vector - numpy.einsum("ij,j->i", weight, vector)
            return product

        return View(
            height=float((wins * numpy.log(chance)).sum() - 0.5 * numpy.square(strength).sum()),
            gradient=won - (met * chance).sum(axis=1) - strength,
            diagonal=1 + weights,
            curved=curved,
        )

    return climbed(look, numpy.zeros(len(wins)))[0]


def page_rank(wins: NDArray[float64]) -> NDArray[float64]:
    """How often a walk from loser to winner, damped by 0.85, visits each document. Shape (n,).

    Ties, and wins that cancel, are no steps; whoever never lost passes its weight on to all alike.
    Source: Brin and Page 1998.
    """
    import numpy

    size = len(wins)
    ahead = wins - numpy.minimum(wins, wins.T)
    lost = ahead.sum(axis=0)
    steps = numpy.where(lost > 0, ahead / numpy.where(lost > 0, lost, 1), 1 / size)
    rank = numpy.full(size, 1 / size)
    for _ in range(_STEPS):
        walked = numpy.einsum("ij,j->i", steps, rank)
        after: NDArray[float64] = (1 - _DAMPING) / size + _DAMPING * walked
        if numpy.abs(after - rank).max(initial=0.0) < _CLOSE:
            return after
        rank = after
    return rank
