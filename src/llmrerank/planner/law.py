"""How seconds grow with the size of a collection: a law fitted to several sizes, and what lies beyond them.

The law is `seconds = fixed + slope * size ** exponent`. A search has a part that no size changes (reading
the query, making the hits), and a part that grows: in proportion where every posting is scored, more slowly
where an engine skips. Three sizes determine it; with two the exponent is taken as 1, with one the fixed part
as 0 too, which errs high.

Whole distributions are carried over, not means: the r-th fastest query of one size stands for the r-th
fastest of the next, so each rank has its own fixed part and slope. The exponent is one for all ranks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmrerank.errors import ConfigError

__all__ = ["EXPONENTS", "Law", "Projection", "fit_law", "projected"]

EXPONENTS = tuple(step / 20 for step in range(4, 25))
"""Exponents that are tried: 0.2 to 1.2. Above 1, because large arrays fall out of the processor's caches."""
_PARTS = 20
"""A law is fitted to means over a twentieth of the ranks, because single queries are noisy."""
_SLOWEST = 0.6
"""Least exponent that is thought possible where two sizes cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """Seconds by size: `fixed + slope * size ** exponent`, none of them negative."""

    fixed: float
    slope: float
    exponent: float

    def at(self, size: float) -> float:
        """Seconds at a size."""
        return self.fixed + self.slope * math.pow(size, self.exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Seconds at a size that may not have been measured.

    Attributes:
        seconds: `seconds[i]` is that of the i-th sample.
        low: The same by the smallest of the exponents that fit about as well.
        high: The same by the largest of them.
        exponent: That of the law; None where the size lies within those measured.
        factor: How far the size lies beyond the largest measured one, 1 or more.
    """

    seconds: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    exponent: float | None
    factor: float


def fit_law(seconds: Mapping[int, float], *, exponent: float | None = None) -> Law:
    """Fit the law to one figure (a median, a p95) at each of several sizes, by relative least squares.

    Args:
        seconds: By size, at least one; above 0.
        exponent: Given, or found among `EXPONENTS`; the largest of those that fit alike.
    """
    sizes = sorted(seconds)
    return _laws([[seconds[size] for size in sizes]], sizes, exponent)[0]


def projected(measured: Mapping[int, Sequence[float]], size: int) -> Projection:
    """Seconds of every sample at a size: interpolated between measured sizes, by the law beyond them.

    Args:
        measured: By size, the seconds of the same samples in the same order; at least one size.
        size: Wanted. Below the smallest measured size the smallest is taken, which errs high.

    Raises:
        ConfigError: No samples, or not as many at every size.
    """
    if len({len(samples) for samples in measured.values()}) != 1 or not all(measured.values()):
        raise ConfigError("a projection needs samples of the same queries at every size, one or more")
    sizes = sorted(measured)
    largest = sizes[-1]
    ranks = sorted(range(len(measured[largest])), key=lambda place: measured[largest][place])
    rising = [sorted(measured[one]) for one in sizes]
    if size <= largest:
        found = _between(rising, sizes, size)
        seconds = _placed(found, ranks)
        return Projection(seconds=seconds, low=seconds, high=seconds, exponent=None, factor=1.0)
    smooth = [_smoothed(values) for values in rising]
    table = [[values[rank] for values in smooth] for rank in range(len(ranks))]
    candidates = _alike(table, sizes)
    best = _best(table, sizes) if len(sizes) > 2 else 1.0

    def at(exponent: float) -> tuple[float, ...]:
        laws = _laws(table, sizes, exponent)
        # What single queries differ by from their part at the largest size stays as it is.
        found = [
            max(0.0, law.at(size) * rising[-1][rank] / max(smooth[-1][rank], 1e-12))
            for rank, law in enumerate(laws)
        ]
        return _placed(sorted(found), ranks)

    return Projection(
        seconds=at(best),
        low=at(candidates[0]),
        high=at(candidates[-1]),
        exponent=best,
        factor=size / largest,
    )


def _between(rising: Sequence[Sequence[float]], sizes: Sequence[int], size: int) -> list[float]:
    """Rank by rank on the straight line between the measured sizes around a size."""
    after = next(place for place, one in enumerate(sizes) if one >= size)
    if after == 0 or sizes[after] == size:
        return list(rising[after])
    share = (size - sizes[after - 1]) / (sizes[after] - sizes[after - 1])
    return [a + share * (b - a) for a, b in zip(rising[after - 1], rising[after], strict=True)]


def _placed(found: Sequence[float], ranks: Sequence[int]) -> tuple[float, ...]:
    """Rising values given to the samples in the order in which these are fast."""
    seconds = [0.0] * len(found)
    for value, place in zip(found, ranks, strict=True):
        seconds[place] = value
    return tuple(seconds)


def _smoothed(rising: Sequence[float]) -> list[float]:
    """Every value as the mean of those around it."""
    reach = max(0, len(rising) // (2 * _PARTS))
    return [
        math.fsum(part) / len(part)
        for part in (rising[max(0, place - reach) : place + reach + 1] for place in range(len(rising)))
    ]


def _laws(table: Sequence[Sequence[float]], sizes: Sequence[int], exponent: float | None) -> list[Law]:
    chosen = exponent if exponent is not None else _best(table, sizes) if len(sizes) > 2 else 1.0
    return [_law(row, sizes, chosen) for row in table]


def _law(row: Sequence[float], sizes: Sequence[int], exponent: float) -> Law:
    """The best law of an exponent for one figure, with neither part negative."""
    if len(sizes) == 1:
        return Law(fixed=0.0, slope=row[0] / math.pow(sizes[0], exponent), exponent=exponent)
    weights = [1.0 / max(value, 1e-9) ** 2 for value in row]
    grown = [math.pow(size, exponent) for size in sizes]
    total = math.fsum(weights)
    x = math.fsum(w * g for w, g in zip(weights, grown, strict=True)) / total
    y = math.fsum(w * v for w, v in zip(weights, row, strict=True)) / total
    across = math.fsum(w * (g - x) * (v - y) for w, g, v in zip(weights, grown, row, strict=True))
    spread = math.fsum(w * (g - x) ** 2 for w, g in zip(weights, grown, strict=True))
    slope = across / spread
    if slope <= 0:
        return Law(fixed=y, slope=0.0, exponent=exponent)
    if y - slope * x < 0:
        square = math.fsum(w * g * g for w, g in zip(weights, grown, strict=True))
        slope = math.fsum(w * g * v for w, g, v in zip(weights, grown, row, strict=True)) / square
        return Law(fixed=0.0, slope=slope, exponent=exponent)
    return Law(fixed=y - slope * x, slope=slope, exponent=exponent)


def _loss(table: Sequence[Sequence[float]], sizes: Sequence[int], exponent: float) -> float:
    """Root mean square of the relative residuals over all ranks."""
    squares = [
        (law.at(size) / max(value, 1e-9) - 1.0) ** 2
        for row in table
        for law in (_law(row, sizes, exponent),)
        for size, value in zip(sizes, row, strict=True)
    ]
    return math.sqrt(math.fsum(squares) / len(squares))


def _best(table: Sequence[Sequence[float]], sizes: Sequence[int]) -> float:
    """The exponent that fits best; of those that fit equally well the largest, which errs high."""
    losses = {exponent: _loss(table, sizes, exponent) for exponent in EXPONENTS}
    least = min(losses.values())
    return max(exponent for exponent, loss in losses.items() if loss <= least + 1e-6)


def _alike(table: Sequence[Sequence[float]], sizes: Sequence[int]) -> list[float]:
    """The exponents that fit about as well as the best: within two percentage points of its residuals."""
    if len(sizes) < 3:
        return [_SLOWEST, 1.0]
    losses = {exponent: _loss(table, sizes, exponent) for exponent in EXPONENTS}
    least = min(losses.values())
    return [exponent for exponent in EXPONENTS if losses[exponent] <= least + 0.02]
