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

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["SHARPNESS", "means", "mode"]

SHARPNESS = 2.0
"""How much a difference of one in utility says: odds of e^2 in a pair."""
_CLOSE = 1e-6
_STEPS = 100


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
        shape (n,). The largest gradient at the result is below 1e-6. Cost: some O(n^3) steps, less than ten
        as a rule.
    """
    import numpy

    stages = [
        (winner, numpy.asarray((winner, *later)))
        for verdict in verdicts
        if not verdict.degraded
        for winner, later in _stages(verdict)
    ]

    def value(theta: NDArray[float64]) -> float:
        gained = sum(SHARPNESS * theta[winner] - _log_sum(SHARPNESS * theta[met]) for winner, met in stages)
        return float(gained - 0.5 * numpy.square(theta - mean).sum())

    theta = (mean if start is None else start).astype(float)
    height = value(theta)
    curvature = numpy.eye(len(mean))
    for _ in range(_STEPS):
        gradient = mean - theta
        curvature = numpy.eye(len(mean))
        for winner, met in stages:
            share = SHARPNESS * theta[met]
            share = numpy.exp(share - _log_sum(share))
            gradient[winner] += SHARPNESS
            gradient[met] -= SHARPNESS * share
            curvature[numpy.ix_(met, met)] += SHARPNESS**2 * (numpy.diag(share) - numpy.outer(share, share))
        if numpy.abs(gradient).max(initial=0.0) < _CLOSE:
            break
        step = numpy.linalg.solve(curvature, gradient)
        while (higher := value(theta + step)) < height and numpy.abs(step).max() > _CLOSE**2:
            step = step / 2
        theta, height = theta + step, higher
    return theta, 1 / numpy.sqrt(numpy.diag(curvature))


def _stages(verdict: Verdict) -> list[tuple[int, tuple[int, ...]]]:
    """Each document of a tier but the last, with all that it has beaten."""
    stages = []
    later: tuple[int, ...] = ()
    for tier in reversed(verdict.tiers):
        if later:
            stages += [(winner, later) for winner in tier]
        later = (*tier, *later)
    return stages


def _log_sum(values: NDArray[float64]) -> float:
    import numpy

    highest = values.max()
    return float(highest + numpy.log(numpy.exp(values - highest).sum()))
