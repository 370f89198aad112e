"""Axes: where a value stands between two ends, and which values are written beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Axis", "axis_of", "linear_axis"]

_ZERO_ROOM = 0.14
"""Share of a logarithmic axis that is left to 0, which has no logarithm."""
_STRETCH = 20.0
"""An axis is logarithmic where its greatest value is so many times its least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A line from `low` to `high`.

    Attributes:
        low: The value at its beginning; on a logarithmic axis above 0.
        high: The value at its end.
        logarithmic: Equal steps are equal ratios.
        zero: 0 stands at the beginning of a logarithmic axis, with a gap behind it.
        ticks: Values to be written beside it.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False
    zero: bool = False

    def place(self, value: float) -> float:
        """Where a value stands: 0 is the beginning of the line, 1 its end."""
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        begin = _ZERO_ROOM if self.zero else 0.0
        if value <= 0:
            return 0.0
        along = math.log(value / self.low) / math.log(self.high / self.low)
        return begin + (1.0 - begin) * along


def axis_of(values: Sequence[float]) -> Axis:
    """The axis for amounts of 0 or more: from 0, or logarithmic where they are far apart."""
    positive = [value for value in values if value > 0]
    if not positive:
        return Axis(low=0.0, high=1.0, ticks=(0.0,))
    least, most = min(positive), max(positive)
    if most / least < _STRETCH:
        step = _step(most, 5)
        high = step * math.ceil(most * 1.02 / step)
        return Axis(low=0.0, high=high, ticks=_multiples(0.0, high, step))
    low, high = least / 1.3, most * 1.3
    zero = len(positive) < len(values)
    ticks = _powers(low, high)
    return Axis(low=low, high=high, ticks=((0.0, *ticks) if zero else ticks), logarithmic=True, zero=zero)


def linear_axis(low: float, high: float, *, ticks: int = 5) -> Axis:
    """An axis with about so many round ticks and ends that are among them."""
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    step = _step(high - low, ticks)
    low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    return Axis(low=low, high=high, ticks=_multiples(low, high, step))


def _step(length: float, ticks: int) -> float:
    """The least of 1, 2, 2.5 and 5 times a power of ten that divides a length into at most so many parts."""
    power = 10.0 ** math.floor(math.log10(length / ticks))
    return next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if length / (m * power) <= ticks + 1e-9)


def _multiples(low: float, high: float, step: float) -> tuple[float, ...]:
    first, last = round(low / step), round(high / step)
    # Rounded, since 3 * 0.1 is not 0.3 and would be written so.
    return tuple(float(f"{step * k:.10g}") for k in range(first, last + 1))


def _powers(low: float, high: float) -> tuple[float, ...]:
    """1, 2 and 5 times powers of ten, or only powers where that would be many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [float(f"{m * 10.0**d:.10g}") for d in decades for m in steps]
        inside = tuple(value for value in found if low <= value <= high)
        if len(inside) <= 6:
            return inside
    return inside[:: math.ceil(len(inside) / 6)]
