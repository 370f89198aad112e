"""Fits a map from scores to probabilities that never falls, and says what it is worth on other queries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrerank.calibration_contents import Quality
from llmrerank.errors import ConfigError, MissingExtra

from .reliability import Bin, figures, reliability

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FEWEST", "FOLDS", "Fit", "fit", "require_sklearn"]

FEWEST = 10
"""Queries below which held-out figures say nothing."""

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted map, with what it predicts of queries that it did not see.

    Attributes:
        x: Scores of its breakpoints, rising.
        y: Probabilities at them, never falling.
        held_out: `held_out[i]` is the probability of document i from a map fitted to other queries only.
        quality: Figures of `held_out`, beside those of the baseline.
        bins: Its reliability, in bins of equal doubt.
        baseline_bins: That of the scores as they are; empty where they claim to be no probabilities.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    held_out: tuple[float, ...]
    quality: Quality
    bins: tuple[Bin, ...]
    baseline_bins: tuple[Bin, ...] = ()


def require_sklearn() -> Any:
    """The module that fits.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    try:
        from sklearn import isotonic
    except ImportError as error:
        raise MissingExtra("fitting a calibration", "calibrate") from error
    return isotonic


def fit(
    scores: Sequence[float],
    relevant: Sequence[bool],
    queries: Sequence[str],
    *,
    probabilities: bool = False,
    seed: int = 0,
) -> Fit:
    """Fit a map that never falls to scores and judgements, by least squares.

    One irrelevant document is imagined at the highest score and one relevant document at the lowest, so that
    an end which few documents support claims no certainty: three relevant ones at the top make 3/4, not 1.
    The figures come from cross-validation in `FOLDS` parts by query: the documents of a query share its
    difficulty, and a map that has seen some of them would look better on the rest than on a new query.

    Args:
        scores: One for each judged document, finite.
        relevant: `relevant[i]` belongs to `scores[i]`.
        queries: `queries[i]` is what it was judged for; documents of one query are held out together.
        probabilities: Whether the scores claim to be probabilities, 0 to 1; else the base rate is compared.
        seed: Of the parts.

    Raises:
        ConfigError: Fewer than `FEWEST` queries, or only relevant or only irrelevant documents.
        MissingExtra: scikit-learn is not installed.

    Source: Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates", KDD 2002.
    """
    isotonic = require_sklearn()
    import numpy as np

    names = list(dict.fromkeys(queries))
    if len(names) < FEWEST:
        raise ConfigError(
            f"{len(names)} queries with judged documents are too few to calibrate on; {FEWEST} are needed"
        )
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(relevant, dtype=np.float64)
    if y.min() == y.max():
        kind = "relevant" if y[0] else "irrelevant"
        raise ConfigError(f"all {len(y)} documents are {kind}; a calibration needs documents of both kinds")

    def fitted(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        model = isotonic.IsotonicRegression()
        ends = (x[mask].min(), x[mask].max())
        model.fit(np.append(x[mask], ends), np.append(y[mask], (1.0, 0.0)))
        return model.X_thresholds_, model.y_thresholds_

    random.Random(seed).shuffle(names)
    fold_of = {name: place % FOLDS for place, name in enumerate(names)}
    folds = np.asarray([fold_of[query] for query in queries])
    held_out, base = np.empty_like(y), np.empty_like(y)
    for fold in range(FOLDS):
        mine = folds == fold
        held_out[mine] = np.interp(x[mine], *fitted(~mine))
        base[mine] = y[~mine].mean()
    predicted = held_out.tolist()
    least = 1 / (len(y) + 2)
    breakpoints, heights = fitted(np.ones(len(y), dtype=bool))
    return Fit(
        x=tuple(map(float, breakpoints)),
        y=tuple(map(float, heights)),
        held_out=tuple(predicted),
        quality=Quality(
            folds=FOLDS,
            baseline="score" if probabilities else "base rate",
            before=figures(scores if probabilities else base.tolist(), relevant, least=least),
            after=figures(predicted, relevant, least=least),
        ),
        bins=reliability(predicted, relevant, mass="doubt"),
        baseline_bins=reliability(scores, relevant, mass="doubt") if probabilities else (),
    )
