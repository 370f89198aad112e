"""Randomisation test and bootstrap over paired differences, for many systems at once.

`gaps[i, j]` is what system j scores on query i less what the baseline scores on it. All systems share the
same flips and the same resamples, so one matrix product serves them all, and what comes out for a system does
not depend on which others stand beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EXACT", "FLIPS", "RESAMPLES", "bounds", "chances"]

FLIPS = 10_000
RESAMPLES = 10_000
EXACT = 12
"""Up to so many queries that differ, every one of the 2 ** n flips is looked at in place of a sample."""

_CELLS = 500_000
"""Numbers in one array: 4 MB in double precision, whatever the number of queries."""
_SLACK = 1e-10
"""Sums that differ by less than this share of their terms differ by rounding only."""


def chances(gaps: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Chance of a mean at least as far from 0, two-sided, if each gap could as well have the other sign.

    Args:
        gaps: Of shape (queries, systems), at least one of each; 0 where two scores are equal.
        seed: Of the flips.

    Returns:
        One for each system, above 0 and at most 1; exact where at most `EXACT` queries differ, else from
        `FLIPS` random flips and the arrangement observed, which is one of those possible.

    Source: Smucker, Allan and Carterette, "A comparison of statistical significance tests for information
    retrieval evaluation", CIKM 2007.
    """
    import numpy as np

    queries, systems = gaps.shape
    totals = gaps.sum(axis=0)
    reach = np.abs(totals) - _SLACK * np.abs(gaps).sum(axis=0)
    as_far = np.zeros(systems)
    generator = np.random.default_rng(seed)
    for size in _blocks(FLIPS, queries):
        flipped = generator.integers(0, 2, size=(size, queries), dtype=bool)
        sums = totals - 2.0 * (flipped.astype(float) @ gaps)
        as_far += (np.abs(sums) >= reach).sum(axis=0)
    chance = (as_far + 1.0) / (FLIPS + 1.0)
    for system in np.flatnonzero((gaps != 0.0).sum(axis=0) <= EXACT):
        moved = gaps[gaps[:, system] != 0.0, system]
        every = np.arange(2**moved.size)[:, None] >> np.arange(moved.size) & 1
        sums = totals[system] - 2.0 * (every @ moved)
        chance[system] = (np.abs(sums) >= reach[system]).mean()
    return chance


def bounds(gaps: NDArray[np.float64], *, seed: int, level: float = 0.95) -> NDArray[np.float64]:
    """Percentile bootstrap interval of each system's mean gap.

    Args:
        gaps: Of shape (queries, systems), at least one of each.
        seed: Of the `RESAMPLES` resamples, each of as many queries as there are, drawn with repetition.
        level: Share of the resampled means inside, between 0 and 1.

    Returns:
        Of shape (2, systems): lower and upper ends.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13. With few queries the
    interval is somewhat too narrow.
    """
    import numpy as np

    queries = len(gaps)
    generator = np.random.default_rng(seed)
    means = []
    for size in _blocks(RESAMPLES, queries):
        drawn = generator.integers(0, queries, size=(size, queries))
        drawn += np.arange(0, size * queries, queries)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * queries).reshape(size, queries)
        means.append(times.astype(float) @ gaps / queries)
    outside = (1.0 - level) / 2.0
    ends: NDArray[np.float64] = np.quantile(np.concatenate(means), (outside, 1.0 - outside), axis=0)
    return ends


def _blocks(rows: int, width: int) -> list[int]:
    """Parts of `rows` that hold at most `_CELLS` numbers each, or one row where that is wider."""
    size = max(1, min(rows, _CELLS // width))
    whole, rest = divmod(rows, size)
    return [size] * whole + [rest] * (rest > 0)
