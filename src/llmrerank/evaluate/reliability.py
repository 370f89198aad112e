"""Whether probabilities are kept: what was predicted beside what was observed, and figures that sum it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from llmrerank.calibration_contents import Figures

__all__ = ["BINS", "Bin", "figures", "reliability"]

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Documents with similar probabilities.

    Attributes:
        predicted: Mean probability, 0 to 1.
        observed: Share of the relevant among them, 0 to 1.
        count: How many they are, 1 or more.
    """

    predicted: float
    observed: float
    count: int


def reliability(
    predicted: Sequence[float],
    relevant: Sequence[bool],
    *,
    bins: int = BINS,
    mass: Literal["documents", "doubt"] = "documents",
) -> tuple[Bin, ...]:
    """Put documents into bins of equal mass by their probability, lowest first.

    Documents with one probability stay in one bin, so the bins do not depend on the order of the documents;
    where many share one, there are fewer bins and they are less equal.

    Args:
        predicted: Probabilities, 0 to 1.
        relevant: `relevant[i]` says whether the document of `predicted[i]` was relevant.
        bins: Most bins, 1 or more.
        mass: What the bins hold alike: `documents`; or `doubt`, the sum of p (1 - p), which spreads the bins
            over probabilities of which few documents have the high ones.
    """
    import numpy as np

    if not len(predicted):
        return ()
    values, place, counts = np.unique(
        np.asarray(predicted, dtype=float), return_inverse=True, return_counts=True
    )
    hits = np.bincount(place, weights=np.asarray(relevant, dtype=float))
    # The floor keeps certainties in their row where all of them are certain.
    weight = counts if mass == "documents" else counts * np.maximum(values * (1 - values), 1e-6)
    # A value belongs where the middle of its mass falls when all stand in a row.
    middle = np.cumsum(weight) - weight / 2
    bin_of = np.minimum(middle * bins / weight.sum(), bins - 1).astype(int)
    made = []
    for number in np.unique(bin_of):
        mine = bin_of == number
        count = int(counts[mine].sum())
        made.append(
            Bin(
                predicted=float((values[mine] * counts[mine]).sum() / count),
                observed=float(hits[mine].sum() / count),
                count=count,
            )
        )
    return tuple(made)


def figures(predicted: Sequence[float], relevant: Sequence[bool], *, least: float) -> Figures:
    """Brier score, expected calibration error over `BINS` bins, and logarithmic loss.

    With few documents the expected calibration error is too high by chance: a bin of 20 misses a probability
    of one half by some 0.1 even where that is right.

    Args:
        predicted: Probabilities, 0 to 1; at least one.
        relevant: `relevant[i]` belongs to `predicted[i]`.
        least: For the logarithm, probabilities below it, or above 1 less it, are taken to be there: one
            certainty that fails would make the loss endless.

    Source: Brier 1950; Naeini et al. 2015 for the error, here over bins of equal mass as Nixon et al. 2019,
    arXiv 1904.01685.
    """
    import numpy as np

    chances, outcomes = np.asarray(predicted, dtype=float), np.asarray(relevant, dtype=float)
    made = reliability(predicted, relevant)
    held = np.clip(chances, least, 1 - least)
    return Figures(
        brier=float(np.mean((chances - outcomes) ** 2)),
        ece=sum(abs(one.predicted - one.observed) * one.count for one in made) / len(chances),
        log_loss=float(-np.mean(np.where(outcomes > 0, np.log(held), np.log1p(-held)))),
    )
