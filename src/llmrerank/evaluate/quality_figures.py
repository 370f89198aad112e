"""What readings of the same documents say about a model: agreement, the pull of places, nDCG. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

__all__ = ["Places", "Reading", "agreement", "ndcg", "places", "tau"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where one answer, or the answers of one pass, put some documents.

    Attributes:
        shown: Documents, known by their positions in the pool, in the order in which they were shown.
        ranks: `ranks[i]` is the rank given to `shown[i]`, from 1; tied documents share their mean rank.
    """

    shown: tuple[int, ...]
    ranks: tuple[float, ...]

    @classmethod
    def of_tiers(cls, shown: Sequence[int], tiers: Sequence[Sequence[int]]) -> Reading:
        """From an ordered partition of the places shown, best first."""
        ranks = [0.0] * len(shown)
        ahead = 0
        for tier in tiers:
            for place in tier:
                ranks[place] = ahead + (len(tier) + 1) / 2
            ahead += len(tier)
        return cls(shown=tuple(shown), ranks=tuple(ranks))

    @classmethod
    def of_strengths(cls, strengths: Mapping[int, float]) -> Reading:
        """From strengths by document, more being better; equal ones are tied."""
        shown = tuple(strengths)
        levels = sorted(set(strengths.values()), reverse=True)
        tiers = [[i for i, document in enumerate(shown) if strengths[document] == one] for one in levels]
        return cls.of_tiers(shown, tiers)

    @property
    def tied(self) -> float:
        """Share of the documents that the largest tie holds, 0 to 1; 0 where nothing is tied."""
        most = max(Counter(self.ranks).values(), default=0)
        return most / len(self.ranks) if most > 1 else 0.0


def tau(one: Reading, other: Reading) -> float | None:
    """Kendall's tau-b of two readings over the documents that both have: 1 the same order, -1 the reverse.

    Returns:
        None where either ties all of them, or they share fewer than two: there is no order to compare.

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 1945.
    """
    theirs = dict(zip(other.shown, other.ranks, strict=True))
    pairs = [(rank, theirs[d]) for d, rank in zip(one.shown, one.ranks, strict=True) if d in theirs]
    balance = ordered = ordered_there = 0
    for (a, x), (b, y) in combinations(pairs, 2):
        here, there = _sign(b - a), _sign(y - x)
        balance += here * there
        ordered += abs(here)
        ordered_there += abs(there)
    return balance / math.sqrt(ordered * ordered_there) if ordered and ordered_there else None


def agreement(groups: Sequence[Sequence[Reading]]) -> float | None:
    """Mean over groups of the mean tau of all pairs of readings in a group; None where no pair has one."""
    means = []
    for group in groups:
        known = [value for pair in combinations(group, 2) if (value := tau(*pair)) is not None]
        if known:
            means.append(fmean(known))
    return fmean(means) if means else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How the place in which a document is shown moves the rank that it is given.

    Over shuffled readings every document stands anywhere, so a judge that reads documents gives every place
    the same mean rank.

    Attributes:
        means: Mean rank given, by place shown; `means[0]` belongs to the first.
        correlation: Mean over readings of the correlation of place shown and rank given, -1 to 1: 1 where the
            order shown is the order returned.
        share: Share of the variance of the ranks given that places explain, 0 to 1, corrected for chance. It
            sees pulls that a correlation does not, such as that of both ends.
        readings: Shuffled readings that this is told from.
    """

    means: tuple[float, ...]
    correlation: float
    share: float
    readings: int


def places(readings: Sequence[Reading]) -> Places | None:
    """The pull of places; None for fewer than two readings that order anything.

    Where readings are of different sizes only those of the largest are used.
    """
    size = max((len(reading.shown) for reading in readings), default=0)
    used = [one for one in readings if len(one.shown) == size and len(set(one.ranks)) > 1]
    if len(used) < 2:
        return None
    columns = list(zip(*(reading.ranks for reading in used), strict=True))
    means = [fmean(column) for column in columns]
    middle = (size + 1) / 2
    within = sum((rank - mean) ** 2 for column, mean in zip(columns, means, strict=True) for rank in column)
    whole = sum((rank - middle) ** 2 for column in columns for rank in column)
    count = size * len(used)
    share = 1 - (within / (count - size)) / (whole / (count - 1))
    return Places(
        means=tuple(means),
        correlation=fmean(_correlation(reading.ranks) for reading in used),
        share=max(0.0, share),
        readings=len(used),
    )


def ndcg(order: Sequence[str], grades: Mapping[str, int], *, depth: int = 10) -> float:
    """The nDCG of one query as trec_eval has it: the grade is the gain; 0 where nothing is relevant.

    It is told here without the packages of `[eval]`, so that a light install can measure an endpoint.

    Args:
        order: Document ids, best first, each once.
        grades: Of all judged documents.
        depth: Ranks that count.
    """
    ideal = _gain(sorted(grades.values(), reverse=True)[:depth])
    return _gain([grades.get(document, 0) for document in order[:depth]]) / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return math.fsum(max(grade, 0) / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def _correlation(ranks: Sequence[float]) -> float:
    """Of the places 1, 2, ... with these ranks, not all equal."""
    middle = (len(ranks) + 1) / 2
    places = [place - middle for place in range(1, len(ranks) + 1)]
    given = [rank - middle for rank in ranks]
    product = sum(place * rank for place, rank in zip(places, given, strict=True))
    return product / math.sqrt(sum(p * p for p in places) * sum(r * r for r in given))


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
