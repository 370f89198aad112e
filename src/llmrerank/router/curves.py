"""Quality against cost: what a router gives at every price, beside mixtures of fixed arms and an oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum

__all__ = ["Curve", "area", "curve_of", "line_at", "mixture"]

MOST_PRICES = 200
"""Prices of cost at which a curve is drawn, at most."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points by rising cost: a share, 0 for the cheap arm and 1 for the dearest, and the mean score there."""

    points: tuple[tuple[float, float], ...]


def curve_of(
    worths: Sequence[Sequence[float]], scores: Sequence[Sequence[float]], costs: Sequence[float]
) -> Curve:
    """Where a router stands as the price of cost falls from forbidding to nothing and below.

    At every price each query takes the arm with most worth after its cost is paid; queries between which
    nothing decides move together, and the curve between two points is that of a mixture.

    Args:
        worths: `worths[i][j]` is what arm j is thought to bring for query i; the true scores make the oracle.
        scores: What it does bring.
        costs: Of the arms, from 0 to 1, rising.
    """
    prices = sorted(
        {
            (one[b] - one[a]) / (costs[b] - costs[a])
            for one in worths
            for a in range(len(costs))
            for b in range(a + 1, len(costs))
            if costs[b] > costs[a]
        },
        reverse=True,
    )
    if len(prices) > MOST_PRICES:
        step = (len(prices) - 1) / (MOST_PRICES - 1)
        prices = [prices[round(place * step)] for place in range(MOST_PRICES)]
    # Between two prices at which some query changes its arm, none does; the ends are the static arms.
    between = [(high + low) / 2 for high, low in pairwise(prices)]
    points = {0.0: [fsum(one[0] for one in scores) / len(scores)]}
    for price in between:
        taken = [
            max(range(len(costs)), key=lambda arm: (one[arm] - price * costs[arm], -arm)) for one in worths
        ]
        cost = fsum(costs[arm] for arm in taken) / len(taken)
        points.setdefault(cost, []).append(
            fsum(one[arm] for one, arm in zip(scores, taken, strict=True)) / len(taken)
        )
    points.setdefault(1.0, []).append(fsum(one[-1] for one in scores) / len(scores))
    return Curve(tuple((cost, fsum(found) / len(found)) for cost, found in sorted(points.items())))


def mixture(scores: Sequence[Sequence[float]], costs: Sequence[float]) -> Curve:
    """The best that arms chosen by lot give at every cost: the upper hull over the static arms."""
    means = [fsum(one[arm] for one in scores) / len(scores) for arm in range(len(costs))]
    hull: list[tuple[float, float]] = []
    for point in sorted(zip(costs, means, strict=True)):
        if hull and hull[-1][0] == point[0]:
            hull.pop()
        while len(hull) > 1 and _below(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return Curve(tuple(hull))


def line_at(
    scores: Sequence[Sequence[float]], costs: Sequence[float], cost: float
) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two arms, with their shares, whose mixture stands on the line at a cost."""
    hull = mixture(scores, costs).points
    after = next((place for place, point in enumerate(hull) if point[0] >= cost), len(hull) - 1)
    right, left = hull[after][0], hull[max(0, after - 1)][0]
    part = (cost - left) / (right - left) if right > left else 1.0
    means = [fsum(one[arm] for one in scores) / len(scores) for arm in range(len(costs))]

    def arm(share: float) -> int:
        at = [place for place, other in enumerate(costs) if other == share]
        return max(at, key=lambda place: means[place])

    return (arm(left), 1.0 - part), (arm(right), part)


def area(curve: Curve, line: Curve, best: Curve) -> float | None:
    """The area between a curve and the line of mixtures, as a share of that between oracle and line.

    0 is as good as lots, 1 as good as knowing every score before; below 0 is worse than lots. None where not
    even the oracle stands above the line.
    """
    room = _under(best) - _under(line)
    return (_under(curve) - _under(line)) / room if room > 1e-12 else None


def _under(curve: Curve) -> float:
    return fsum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(curve.points))


def _below(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or below the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
