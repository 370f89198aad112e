"""Fits a router: one ridge regression of each arm's gain on the features, and a map from it to mean gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmrerank.errors import ConfigError, MissingExtra

from .features import DESCRIPTIONS, FeatureSet
from .model import Gain, Input, RouterModel
from .outcomes import Outcomes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FEWEST", "WORTH", "fit", "require_sklearn"]

FEWEST = 20
"""Queries below which there is nothing to learn from."""
WORTH = 0.01
"""Least gain, by default, that justifies the dearest arm."""
FOLDS = 5

_PRESENT = 0.9
"""Share of the queries that must have a value of a feature for it to be used."""
_BEYOND = 0.5
"""How far a query may lie beyond the fitted ones, as a share of their range."""
_PENALTIES = tuple(10.0**power for power in range(-1, 5))


def require_sklearn() -> Any:
    """The package that fits.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    try:
        import sklearn
    except ImportError as error:
        raise MissingExtra("fitting a router", "router") from error
    return sklearn


def fit(
    outcomes: Outcomes,
    *,
    worth: float = WORTH,
    seed: int = 0,
    figures: Mapping[str, float] | None = None,
) -> RouterModel:
    """Fit a router to what arms made of some queries.

    Inputs are the features that nearly all queries have and that vary, standardised. For each dearer arm, its
    gain over the cheap one is regressed on them; leave-one-out chooses the penalty. What the regression
    predicts of queries held out in `FOLDS` parts is mapped to mean gains by isotonic regression. Where these
    predictions are not better than the mean gain by more than one standard error, that mean is all that is
    kept, and the router becomes the better fixed arm.

    Args:
        outcomes: Of `FEWEST` queries or more.
        worth: Least gain that justifies the dearest arm, 0 or more.
        seed: Of the parts.
        figures: To be kept with the model.

    Raises:
        ConfigError: Too few queries, or no feature varies.
        MissingExtra: scikit-learn is not installed.

    Source: Hoerl and Kennard, "Ridge regression", Technometrics 12(1), 1970; Zadrozny and Elkan, KDD 2002;
    the rule of one standard error: Breiman et al., "Classification and regression trees", 1984.
    """
    require_sklearn()
    import numpy as np

    if len(outcomes.queries) < FEWEST:
        raise ConfigError(
            f"{len(outcomes.queries)} queries are too few to fit a router to; {FEWEST} are needed"
        )
    inputs = _inputs(outcomes.features)
    if not inputs:
        raise ConfigError("no feature varies over these queries, so there is nothing to route by")
    standing = np.array(
        [
            [
                0.0 if (value := one[name.name]) is None else (value - name.mean) / name.scale
                for name in inputs
            ]
            for one in outcomes.features
        ]
    )
    scores = np.array(outcomes.scores)
    return RouterModel(
        arms=outcomes.arms,
        costs=outcomes.costs,
        unit=outcomes.unit,
        measure=outcomes.measure,
        worth=worth,
        inputs=inputs,
        gains=tuple(
            _gain(standing, scores[:, arm] - scores[:, 0], seed) for arm in range(1, len(outcomes.arms))
        ),
        dataset=outcomes.dataset,
        queries=len(outcomes.queries),
        figures=figures or {},
    )


def _inputs(features: Sequence[FeatureSet]) -> tuple[Input, ...]:
    import numpy as np

    found = []
    for name in DESCRIPTIONS:
        values = np.array([value for one in features if (value := one[name]) is not None])
        if len(values) < _PRESENT * len(features) or not values.std() > 1e-9:
            continue
        low, high = float(values.min()), float(values.max())
        beyond = _BEYOND * (high - low)
        found.append(
            Input(
                name=name,
                mean=float(values.mean()),
                scale=float(values.std()),
                low=low - beyond,
                high=high + beyond,
            )
        )
    return tuple(found)


def _gain(standing: NDArray[np.float64], gains: NDArray[np.float64], seed: int) -> Gain:
    import numpy as np
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import Ridge, RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict

    chosen = RidgeCV(alphas=_PENALTIES).fit(standing, gains)
    parts = KFold(FOLDS, shuffle=True, random_state=seed)
    unseen = cross_val_predict(Ridge(alpha=float(chosen.alpha_)), standing, gains, cv=parts)
    if not _predicts(unseen, gains, parts):
        weights, flat = (0.0,) * standing.shape[1], (float(gains.mean()),)
        return Gain(intercept=flat[0], weights=weights, x=(0.0,), y=flat)
    mapped = IsotonicRegression(increasing=True).fit(unseen, gains)
    # Breakpoints that rounding made equal would part nothing.
    x, first = np.unique(mapped.X_thresholds_, return_index=True)
    y = np.maximum.accumulate(mapped.y_thresholds_[first])
    return Gain(
        intercept=float(chosen.intercept_),
        weights=tuple(map(float, chosen.coef_)),
        x=tuple(map(float, x)),
        y=tuple(map(float, y)),
    )


def _predicts(unseen: NDArray[np.float64], gains: NDArray[np.float64], parts: Any) -> bool:
    """Whether held-out predictions err less than the mean of the others, by more than one standard error."""
    import numpy as np

    means = np.empty_like(gains)
    for rest, held in parts.split(gains):
        means[held] = gains[rest].mean()
    less = (gains - means) ** 2 - (gains - unseen) ** 2
    return bool(less.mean() > less.std(ddof=1) / np.sqrt(len(less)))
