"""Utilities of documents from many partial orders of them: the mode of a Plackett-Luce posterior.

A verdict over a slate is evidence about hidden utilities, `theta ~ Normal(mean, 1)` before any was seen. Of
each tier but the last every member has beaten all that stand in later tiers, with probability
`exp(SHARPNESS * theta)` over the sum of these for itself and them; members of one tier say nothing about each
other. The log-posterior is strictly concave, so the mode is unique; damped Newton steps find it.

Source: Plackett 1975; Luce 1959. What ties mean is this project's choice; a row of singletons is the model as
published.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from llmrerank.rounds import Pool, Verdict

from .ascent import View, climbed

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["SHARPNESS", "means", "mode"]

SHARPNESS = 2.0
"""How much a difference of one in utility says: odds of e^2 in a pair."""


def means(pool: Pool) -> NDArray[float64]:
    """Prior means by position: half the standardised first-stage scores, or normal quantiles of the rank."""
    import numpy

    if pool.prior:
        scores = numpy.asarray(pool.prior, dtype=float)
    else:
        quantile = NormalDist().inv_cdf
        scores = numpy.asarray([quantile(1 - (i + 0.5) / pool.size) for i in range(pool.size)])
    spread = scores.std()
    standard = (scores - scores.mean()) / spread if spread > 0 else numpy.zeros(pool.size)
    halved: NDArray[float64] = 0.5 * standard
    return halved


def mode(
    mean: NDArray[float64], verdicts: Sequence[Verdict], start: NDArray[float64] | None = None
) -> tuple[NDArray[float64], NDArray[float64]]:
    """Find the most probable utilities.

    Args:
        mean: Prior means by position, shape (n,).
        verdicts: Evidence; degraded ones are none and are passed over.
        start: Where to begin, e.g. an earlier mode; None: at the means.

    Returns:
        Utilities and their standard deviations (of the curvature's diagonal, so rather too small), both of
        shape (n,). The largest gradient at the result is below 1e-6. Cost: mostly less than ten steps, each
        of some passes over an array of places in verdicts by n.
    """
    import numpy

    size = len(mean)
    stages = [stage for verdict in verdicts if not verdict.degraded for stage in _stages(verdict)]
    met = numpy.zeros((len(stages), size), dtype=bool)  # who stood in a stage: its winner and all behind
    for row, (winner, later) in zip(met, stages, strict=True):
        row[winner] = True
        row[list(later)] = True
    winners = numpy.asarray([winner for winner, _ in stages], dtype=int)
    won = numpy.bincount(winners, minlength=size)

    def look(theta: NDArray[float64]) -> View:
        sharp = numpy.where(met, SHARPNESS * theta, -numpy.inf)
        highest = sharp.max(axis=1, initial=-numpy.inf, keepdims=True)
        share = numpy.exp(sharp - highest)  # by stage and document: the chance to win
        total = share.sum(axis=1, keepdims=True)
        share /= total
        expected = share.sum(axis=0)
        gained = SHARPNESS * theta[winners].sum() - (highest + numpy.log(total)).sum()

        def curved(vector: NDArray[float64]) -> NDArray[float64]:
            mixed = numpy.einsum("sn,s->n", share, numpy.einsum("sn,n->s", share, vector))
            product: NDArray[float64] = vector + SHARPNESS**2 * (expected * vector - mixed)
            return product

        return View(
            height=float(gained - 0.5 * numpy.square(theta - mean).sum()),
            gradient=mean - theta + SHARPNESS * (won - expected),
            diagonal=1 + SHARPNESS**2 * (expected - numpy.square(share).sum(axis=0)),
            curved=curved,
        )

    theta, view = climbed(look, mean if start is None else start)
    return theta, 1 / numpy.sqrt(view.diagonal)


def _stages(verdict: Verdict) -> list[tuple[int, tuple[int, ...]]]:
    """Each document of a tier but the last, with all that it has beaten."""
    stages = []
    later: tuple[int, ...] = ()
    for tier in reversed(verdict.tiers):
        if later:
            stages += [(winner, later) for winner in tier]
        later = (*tier, *later)
    return stages
