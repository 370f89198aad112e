"""Wall-clock seconds of many queries as three numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Seconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Wall-clock seconds of one query: the median, and what 95 and 99 of 100 queries stay within."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Seconds:
        """Percentiles by nearest rank: every one is a time that was measured. At least one time."""
        ordered = sorted(seconds)

        def percentile(share: float) -> float:
            return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

        return cls(p50=percentile(0.5), p95=percentile(0.95), p99=percentile(0.99))

    def to_dict(self) -> dict[str, float]:
        """JSON values."""
        return {"p50": round(self.p50, 6), "p95": round(self.p95, 6), "p99": round(self.p99, 6)}
