"""Several datasets at once: the mean of their means, where all of them have one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Average", "Averages", "averages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """One strategy over all datasets.

    Attributes:
        strategy: As it was typed.
        measures: By measure, the mean of the datasets' means, each dataset counting alike; empty where some
            dataset lacks the strategy.
        missing: Datasets that lack it.
    """

    strategy: str
    measures: Mapping[str, float]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Averages:
    """All strategies over all datasets.

    Attributes:
        datasets: Their names.
        measures: The measures that every dataset has, in the order of the first.
        left_out: Each other measure, with the datasets that lack it: a relevance level changes a measure's
            name, and two levels have no mean.
        rows: By strategy, in the order of their first appearance.
    """

    datasets: tuple[str, ...]
    measures: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]
    rows: tuple[Average, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "datasets": list(self.datasets),
            "measures": list(self.measures),
            "left_out": {name: list(datasets) for name, datasets in self.left_out.items()},
            "rows": [
                {
                    "strategy": row.strategy,
                    "measures": {name: round(value, 6) for name, value in row.measures.items()},
                    "missing": list(row.missing),
                }
                for row in self.rows
            ],
        }


def averages(means: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Averages:
    """Macro averages: every dataset counts alike, however many queries it has.

    Args:
        means: By dataset, then by strategy, then by measure; the rows of one dataset have the same measures.
    """
    names = {
        dataset: dict.fromkeys(name for row in rows.values() for name in row)
        for dataset, rows in means.items()
    }
    every = dict.fromkeys(name for own in names.values() for name in own)
    lacking = {name: tuple(dataset for dataset, own in names.items() if name not in own) for name in every}
    shared = tuple(name for name, datasets in lacking.items() if not datasets)
    rows = []
    for strategy in dict.fromkeys(strategy for table in means.values() for strategy in table):
        missing = tuple(dataset for dataset, table in means.items() if strategy not in table)
        rows.append(
            Average(
                strategy=strategy,
                measures={}
                if missing
                else {
                    name: statistics.fmean(table[strategy][name] for table in means.values())
                    for name in shared
                },
                missing=missing,
            )
        )
    return Averages(
        datasets=tuple(means),
        measures=shared,
        left_out={name: datasets for name, datasets in lacking.items() if datasets},
        rows=tuple(rows),
    )
