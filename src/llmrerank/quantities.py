"""Times and sizes as people write them: `300ms`, `30d`, `500MB`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["bytes_of", "seconds_of"]

_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_SECONDS = {"": 1, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {
    **{"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12},
    **{"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40},
}


def seconds_of(value: Any) -> float:
    """Seconds of a number, or of a text such as `900`, `300ms`, `20min`, `12h`, `30d` or `2w`.

    >>> seconds_of("12h")
    43200.0

    Raises:
        ValueError: It is neither.
    """
    return _of(value, _SECONDS)


def bytes_of(value: Any) -> int:
    """Bytes of a number, or of a text such as `200000`, `500MB` or `1GiB`.

    >>> bytes_of("1.5kB")
    1500

    Raises:
        ValueError: It is neither.
    """
    return round(_of(value, _BYTES))


def _of(value: Any, units: Mapping[str, float]) -> float:
    if isinstance(value, str):
        written = _WRITTEN.fullmatch(value)
        unit = None if written is None else units.get(written[2].lower())
        if written is None or unit is None:
            raise ValueError(value)
        return float(written[1]) * unit
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(value)
    return float(value)
