"""What a local model takes for a list: a fixed part, one for each document, one for each token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

__all__ = ["Pace", "TimedList", "fit_pace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedList:
    """One list that a local model was timed on.

    Attributes:
        documents: How many it held.
        tokens: Of those that the model had to read, as far as it reads: estimated, see `tokens.estimate`.
        seconds: Wall clock.
    """

    documents: int
    tokens: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds of a list, `fixed + each * documents + token * tokens`, times one of `noise`.

    Attributes:
        fixed: Seconds of any list.
        each: Seconds of a document.
        token: Seconds of a token.
        noise: What the timed lists took, as shares of what the formula says for them.
    """

    fixed: float
    each: float
    token: float
    noise: tuple[float, ...]

    def seconds(self, documents: int, tokens: float) -> float:
        """Seconds without noise."""
        return self.fixed + self.each * documents + self.token * tokens


def fit_pace(lists: Sequence[TimedList]) -> Pace:
    """Fit the pace to timed lists, by relative least squares with no part negative.

    Args:
        lists: At least one. Of fewer than three different ones the fixed part is taken as 0.
    """
    rows = [(1.0, float(one.documents), one.tokens) for one in lists]
    best, least = (0.0, 0.0, 0.0), math.inf
    for size in (1, 2, 3):
        for chosen in combinations((2, 1, 0), size):
            solved = _solved(rows, [one.seconds for one in lists], chosen)
            if solved is None or min(solved) < 0:
                continue
            parts = [0.0, 0.0, 0.0]
            for part, value in zip(chosen, solved, strict=True):
                parts[part] = value
            loss = math.fsum(
                (sum(p * x for p, x in zip(parts, row, strict=True)) / max(one.seconds, 1e-9) - 1.0) ** 2
                for row, one in zip(rows, lists, strict=True)
            )
            if loss < least - 1e-12:
                best, least = (parts[0], parts[1], parts[2]), loss
    fixed, each, token = best
    bare = Pace(fixed=fixed, each=each, token=token, noise=(1.0,))
    noise = [one.seconds / max(bare.seconds(one.documents, one.tokens), 1e-9) for one in lists]
    return Pace(fixed=fixed, each=each, token=token, noise=tuple(sorted(noise)))


def _solved(
    rows: Sequence[tuple[float, ...]], seconds: Sequence[float], chosen: Sequence[int]
) -> list[float] | None:
    """The weighted least squares of some columns by elimination; None where they do not tell them apart."""
    weights = [1.0 / max(value, 1e-9) ** 2 for value in seconds]
    matrix = [
        [math.fsum(w * row[a] * row[b] for w, row in zip(weights, rows, strict=True)) for b in chosen]
        + [math.fsum(w * row[a] * v for w, row, v in zip(weights, rows, seconds, strict=True))]
        for a in chosen
    ]
    scales = [matrix[place][place] or 1.0 for place in range(len(chosen))]
    for place in range(len(chosen)):
        pivot = matrix[place][place]
        if pivot <= 1e-9 * scales[place]:
            return None
        matrix[place] = [value / pivot for value in matrix[place]]
        for other in range(len(chosen)):
            if other != place:
                share = matrix[other][place]
                matrix[other] = [a - share * b for a, b in zip(matrix[other], matrix[place], strict=True)]
    return [row[-1] for row in matrix]
