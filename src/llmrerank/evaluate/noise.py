"""Whether a difference between two systems is more than noise, told from their scores query by query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .resampling import chances

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one system differs from another in a measure.

    Attributes:
        mean: Mean over the queries of its score less the other's.
        p: Chance, from 0 to 1, of a mean at least as far from 0 if the two were equal; above 0.05 it is
            usually taken for noise. It is not corrected for looking at many rows.
    """

    mean: float
    p: float


def difference(scores: Sequence[float], others: Sequence[float], *, seed: int = 0) -> Difference:
    """Compare two systems by a paired randomisation test, two-sided; see `resampling.chances`.

    Args:
        scores: `scores[i]` and `others[i]` belong to the same query; at least one.
        others: Of the system compared with.
        seed: Of the flips.
    """
    import numpy as np

    gaps = np.asarray(scores, dtype=float) - np.asarray(others, dtype=float)
    return Difference(mean=float(gaps.mean()), p=float(chances(gaps[:, None], seed=seed)[0]))
