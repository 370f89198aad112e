"""Numbers that somebody else sent: JSON has some that Python, or a database, cannot hold."""

from __future__ import annotations

import math

__all__ = ["MOST", "count", "finite"]

MOST = 10**12
"""The largest count that is believed: what is larger counts as so many."""


def finite(value: object) -> float | None:
    """The value as a finite number, or None where it is none.

    >>> finite(10**400), finite(True), finite("1"), finite(2)
    (None, None, None, 2.0)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def count(value: object) -> int | None:
    """The value as a number of things, `MOST` at most, or None where it is none.

    >>> count(10**400), count(-1), count(3.0), count(None)
    (1000000000000, None, 3, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(min(value, MOST)) if value >= 0 else None
