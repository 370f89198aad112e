"""How alike two rankings are, told from the rankings alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import fsum

from .errors import ConfigError

__all__ = ["DEPTH", "PERSISTENCE", "RBO_DEPTH", "overlap", "rbo"]

DEPTH = 10
"""Leading documents that people look at."""
RBO_DEPTH = 100
"""Leading documents that rank-biased overlap looks at; with persistence 0.9 all others weigh 0.00003."""
PERSISTENCE = 0.9


def overlap(a: Sequence[str], b: Sequence[str], *, depth: int = DEPTH) -> float:
    """Share of the first documents of two rankings that are in both, whatever their order.

    Args:
        a: Document ids, best first, each once.
        b: The other ranking.
        depth: Documents looked at, 1 or more; where both lists are shorter, those of the longer one.

    Returns:
        From 0.0, no document in common, to 1.0, the same documents; 1.0 for two empty rankings.
    """
    _check(depth)
    first, second = a[:depth], b[:depth]
    if not first and not second:
        return 1.0
    return len(set(first) & set(second)) / max(len(first), len(second))


def rbo(a: Sequence[str], b: Sequence[str], *, p: float = PERSISTENCE, depth: int = RBO_DEPTH) -> float:
    """Rank-biased overlap of two rankings, extrapolated: the share in common, the first places counting most.

    It is the mean of the overlap at every depth d, weighted by (1 - p) p ** (d - 1): what a reader sees in
    common who goes on from one document to the next with chance p. What lies beyond the lists is taken to
    agree as far as what was seen (RBO_EXT, equation 32 of the source, for lists of unequal length without
    ties). With p = 0.9 the first ten places weigh 86 %.

    Args:
        a: Document ids, best first, each once.
        b: The other ranking; it may be shorter or longer.
        p: Above 0 and below 1.
        depth: Both lists are cut to so many documents first.

    Returns:
        From 0.0, nothing in common, to 1.0, the same order; also 1.0 where one list only ends earlier, and
        for two empty rankings.

    Raises:
        ConfigError: p or depth is outside its range.

    Source: Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010.
    """
    _check(depth)
    if not 0.0 < p < 1.0:
        raise ConfigError(f"the persistence of rank-biased overlap must lie between 0 and 1, got {p}")
    short, long = sorted((a[:depth], b[:depth]), key=len)
    if not short:
        return 0.0 if long else 1.0
    shorter, longer = len(short), len(long)
    powers, shares = _weights(p, depth)
    places = {document: place for place, document in enumerate(short, start=1)}
    # A document is in common from the depth on at which both lists have shown it.
    met = [max(place, places[document]) for place, document in enumerate(long, start=1) if document in places]
    agreed = sum(place <= shorter for place in met) / shorter
    # Summed exactly, so that it does not matter which list comes first.
    weight = fsum(shares[longer] - shares[place - 1] for place in met)
    # Where the shorter list has ended, it is taken to agree on as it did.
    weight += agreed * (powers[longer] - powers[shorter] - shorter * (shares[longer] - shares[shorter]))
    tail = (len(met) - agreed * shorter) / longer + agreed
    return min(1.0, (1.0 - p) / p * weight + tail * p**longer)


@lru_cache(maxsize=16)
def _weights(p: float, depth: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Sums up to every depth d, 0 included, of p ** d and of p ** d / d."""
    depths = range(1, depth + 1)
    return (
        tuple(accumulate((p**d for d in depths), initial=0.0)),
        tuple(accumulate((p**d / d for d in depths), initial=0.0)),
    )


def _check(depth: int) -> None:
    if depth < 1:
        raise ConfigError(f"the depth to which rankings are compared must be 1 or more, got {depth}")
