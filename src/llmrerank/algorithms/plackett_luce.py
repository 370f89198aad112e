"""Utilities of documents from many partial orders of them: the mode of a Plackett-Luce posterior.

A verdict over a slate is evidence about hidden utilities, `theta ~ Normal(mean, 1)` before any was seen. Of
each tier but the last every member has beaten all that stand in later tiers, with probability
`exp(SHARPNESS * theta)` over the sum of these for itself and them; members of one tier say nothing about each
other. The log-posterior is strictly concave, so the mode is unique; damped Newton steps find it.

Source: Plackett 1975; Luce 1959. What ties mean is this project's choice; a row of singletons is the model as
published.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from llmrerank.rounds import Pool, Verdict

from .ascent import View, climbed

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["SHARPNESS", "means", "mode"]

SHARPNESS = 2.0
"""How much a difference of one in utility says: odds of e^2 in a pair."""
_FAR = -300.0


def means(pool: Pool) -> NDArray[float64]:
    """Prior means by position: half the standardised first-stage scores, or normal quantiles of the rank."""
    import numpy

    scores = numpy.asarray(pool.prior or _quantiles(pool.size), dtype=float)
    spread = scores.std()
    standard = (scores - scores.mean()) / spread if spread > 0 else numpy.zeros(pool.size)
    halved: NDArray[float64] = 0.5 * standard
    return halved


@functools.lru_cache(maxsize=64)
def _quantiles(size: int) -> tuple[float, ...]:
    """Normal quantiles of the ranks, highest first."""
    quantile = NormalDist().inv_cdf
    return tuple(quantile(1 - (i + 0.5) / size) for i in range(size))


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
        of some passes over an array of verdicts by places.
    """
    import numpy

    told = [verdict for verdict in verdicts if not verdict.degraded and len(verdict.tiers) > 1]
    if not told:
        return mean.astype(float), numpy.ones(len(mean))
    size, width = len(mean), max(len(verdict.slate) for verdict in told)
    orders = [verdict.order for verdict in told]
    # By verdict and place, the best first; rows are filled up with places that count for nothing.
    who = numpy.asarray([order + order[:1] * (width - len(order)) for order in orders])
    layouts = [_layout(tuple(map(len, verdict.tiers)), width) for verdict in told]
    present, wins, start_at, end_at = map(numpy.asarray, zip(*layouts, strict=True))
    flat = who.ravel()
    first_of_row = numpy.arange(len(told))[:, None] * (width + 1)
    start_at, end_at = start_at + first_of_row, end_at + first_of_row
    ahead = numpy.zeros((len(told), width + 1))  # by place, a sum over the places before it
    behind = numpy.zeros((len(told), width + 1))  # and one over it and those that follow; none for the end
    # What the methods `cumsum`, `sum` and `max` do, without the way there.
    accumulate, summed_up, highest = numpy.add.accumulate, numpy.add.reduce, numpy.maximum.reduce
    from_the_start, from_the_end = ahead[:, 1:], behind[:, -2::-1]

    def below(values: NDArray[float64]) -> NDArray[float64]:
        """By place, the sum over all later tiers."""
        accumulate(values[:, ::-1], axis=1, out=from_the_end)
        return behind.take(end_at)

    def above(values: NDArray[float64]) -> NDArray[float64]:
        """By place, the sum over all earlier tiers."""
        accumulate(values, axis=1, out=from_the_start)
        return ahead.take(start_at)

    def by_document(values: NDArray[float64]) -> NDArray[float64]:
        summed: NDArray[Any] = numpy.bincount(flat, values.ravel(), minlength=size)
        return summed

    won, winning = by_document(wins), wins > 0

    def look(theta: NDArray[float64]) -> View:
        sharp = SHARPNESS * theta.take(who)
        sharp -= highest(sharp, axis=1, keepdims=True)
        # A step that was far too long is seen as such with any bound; sums of squares stay finite with it.
        weight = numpy.exp(numpy.maximum(sharp, _FAR)) * present
        total = numpy.where(winning, weight + below(weight), 1.0)  # of the stage that this place wins
        part = wins / total
        expected = by_document(weight * (above(part) + part))  # stages won, were these the utilities
        squared = part * part

        def curved(vector: NDArray[float64]) -> NDArray[float64]:
            pulled = weight * vector.take(who)
            mixed = (pulled + below(pulled)) * squared
            product: NDArray[float64] = vector + SHARPNESS**2 * (
                expected * vector - by_document(weight * (above(mixed) + mixed))
            )
            return product

        gained = summed_up(wins * sharp, axis=None) - summed_up(numpy.log(total), axis=None)
        shares = by_document(weight * weight * (above(squared) + squared))
        return View(
            height=float(gained - 0.5 * summed_up(numpy.square(theta - mean))),
            gradient=mean - theta + SHARPNESS * (won - expected),
            diagonal=1 + SHARPNESS**2 * (expected - shares),
            curved=curved,
        )

    theta, view = climbed(look, mean if start is None else start)
    return theta, 1 / numpy.sqrt(view.diagonal)


@functools.lru_cache(maxsize=256)
def _layout(sizes: tuple[int, ...], width: int) -> tuple[NDArray[Any], ...]:
    """What a row of places of that width is for tiers of these sizes; mostly they are all of one document.

    Returns:
        By place: 1 where somebody stands; 1 for the winner of a stage, which all are but those of the last
        tier; where its tier starts, and where it ends.
    """
    import numpy

    count = sum(sizes)
    ends = numpy.repeat(numpy.cumsum(sizes), sizes)
    starts = ends - numpy.repeat(sizes, sizes)
    filling = (0, width - count)
    winners = numpy.arange(width) < count - sizes[-1]
    present = numpy.arange(width) < count
    return present.astype(float), winners.astype(float), numpy.pad(starts, filling), numpy.pad(ends, filling)
