"""How much of the best expected quality is luck: the best of many figures is best by its error, too.

The mean gain over a few queries errs, and of several settings the one that errs upwards most is likely taken.
How much that brings is told by choosing again from queries drawn anew: the choice looks better on the queries
that it was made from than on all of them. Source: Efron, "Estimating the error rate of a prediction rule",
JASA 78, 1983; for a choice of settings, Tibshirani and Tibshirani, Annals of Applied Statistics 3(2), 2009.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .gains import Gains
from .outlook import Glance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["optimism"]

_RESAMPLES = 200


def optimism(
    fitting: Sequence[Glance], gains: Gains, choose: Callable[[Sequence[float]], int], *, seed: int = 0
) -> float:
    """Expected nDCG@10 of the chosen setting less what it is worth, 0 or more.

    Args:
        fitting: The settings that were chosen from; one: there is no choice, and 0.0.
        gains: Of the measurements.
        choose: The place of the best, by the quality of each.
        seed: Of the resamples.

    Cost: some milliseconds for a hundred settings.
    """
    if len(fitting) < 2:
        return 0.0
    import numpy as np

    rows = [gains.by_query(one.parts) for one in fitting]
    first = np.array([row[0] for row in rows])
    gained = np.array([[0.0 if gain is None else gain for gain in row[1]] for row in rows])
    known = np.array([[gain is not None for gain in row[1]] for row in rows], dtype=float)
    queries = first.shape[1]
    chance = random.Random(seed)

    def means(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        counted = known @ weights
        found: NDArray[np.float64] = first @ weights / queries + gained @ weights / np.maximum(counted, 1.0)
        return found

    settled = means(np.ones(queries))
    over = []
    for _ in range(_RESAMPLES):
        drawn = Counter(chance.choices(range(queries), k=queries))
        seen = means(np.array([float(drawn[query]) for query in range(queries)]))
        place = choose(seen.tolist())
        over.append(float(seen[place] - settled[place]))
    return max(0.0, sum(over) / len(over))
