"""How far two judges agree: the grades of one against those of another for the same pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

__all__ = ["Agreement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement over pairs that both have graded.

    Attributes:
        pairs: How many.
        exact: Share of pairs with the same grade, 0 to 1.
        error: Mean absolute difference of the grades.
        kappa: Linear-weighted kappa: 1 is agreement, 0 what chance would give with these shares of grades,
            below 0 is less; None where one judge gave but one grade and so did the other.
        table: How often the first gave one grade and the second another, by (first, second).
    """

    pairs: int
    exact: float
    error: float
    kappa: float | None
    table: dict[tuple[int, int], int]

    @classmethod
    def of(cls, grades: Iterable[tuple[int, int]]) -> Agreement | None:
        """Compare grades, each pair (first judge, second judge); None where there are none.

        Kappa is 1 minus the ratio of the observed to the expected mean difference, the latter over all
        combinations of the first judge's grades with the second's.
        Source: Cohen 1968, doi 10.1037/h0026256, with the difference of two grades as its weight.
        """
        known = tuple(grades)
        if not known:
            return None
        first, second = Counter(one for one, _ in known), Counter(other for _, other in known)
        error = fmean(abs(one - other) for one, other in known)
        chance = (
            sum(
                abs(one - other) * count * times
                for one, count in first.items()
                for other, times in second.items()
            )
            / len(known) ** 2
        )
        return cls(
            pairs=len(known),
            exact=fmean(one == other for one, other in known),
            error=error,
            kappa=1 - error / chance if chance else None,
            table=dict(sorted(Counter(known).items())),
        )

    @property
    def levels(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The grades that the first judge gave, and those that the second gave, ascending."""
        return tuple(sorted({one for one, _ in self.table})), tuple(sorted({two for _, two in self.table}))

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `table` is a list of `[first, second, count]`."""
        return {
            "pairs": self.pairs,
            "exact": self.exact,
            "mean_absolute_error": self.error,
            "kappa": self.kappa,
            "table": [[one, other, count] for (one, other), count in self.table.items()],
        }
