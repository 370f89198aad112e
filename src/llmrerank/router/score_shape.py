"""The shape of a first stage's scores: published predictors of how well a query was answered.

They were made to tell, without judgements, how good a ranking is. Each divides by the score of the whole
collection as a document, which no first stage here gives; the mean score of the candidates stands in for it,
so figures of one depth compare between collections and figures of different depths less so. They need scores
with a zero that means something (BM25, a cosine above 0); `gap` and `head_gap` need none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from llmrerank.types import ScoreKind

from .evidence import HEAD
from .feature import Feature

__all__ = ["gap", "head_gap", "nqc", "score_features", "smv", "wig"]

WIG_DEPTH = 5
"""The depth at which its authors found WIG to work best."""
SHAPE_DEPTH = 100
"""The depth that NQC and SMV are usually read at."""

_ZERO = ("bm25", "cosine", "probability", "grade")


def nqc(scores: Sequence[float]) -> float:
    """Normalised query commitment: how far scores spread, over their mean: std(s) / mean(s).

    Source: Shtok et al., "Predicting query performance by query-drift estimation", ACM TOIS 30(2), 2012.
    """
    mean = math.fsum(scores) / len(scores)
    variance = math.fsum((score - mean) ** 2 for score in scores) / len(scores)
    return math.sqrt(variance) / mean


def wig(scores: Sequence[float], *, words: int, depth: int = WIG_DEPTH) -> float:
    """Weighted information gain: how far the best `depth` scores stand above the mean, a word.

    (mean of the best - mean of all) / (mean of all * sqrt(words)).

    Source: Zhou and Croft, "Query performance prediction in web search environments", SIGIR 2007.
    """
    best = scores[:depth]
    mean = math.fsum(scores) / len(scores)
    return (math.fsum(best) / len(best) - mean) / (mean * math.sqrt(max(1, words)))


def smv(scores: Sequence[float]) -> float:
    """Score magnitude and variance: mean of s * |ln(s / mean)|, over the mean.

    Source: Tao and Wu, "Query performance prediction by considering score magnitude and variance together",
    CIKM 2014.
    """
    mean = math.fsum(scores) / len(scores)
    terms = (score * abs(math.log(score / mean)) for score in scores if score > 0.0)
    return math.fsum(terms) / len(scores) / mean


def gap(scores: Sequence[float]) -> float:
    """How far the best stands above the second, as a share of the range of all scores."""
    return (scores[0] - scores[1]) / (scores[0] - scores[-1])


def head_gap(scores: Sequence[float]) -> float:
    """How far the best stands above the tenth, as a share of the range of all scores."""
    return (scores[0] - scores[min(HEAD, len(scores)) - 1]) / (scores[0] - scores[-1])


def score_features(scores: Sequence[float], kind: ScoreKind, *, words: int) -> Iterator[Feature]:
    """The features of a first stage's scores, always the same names in the same order.

    Args:
        scores: Best first; any number.
        kind: What they mean.
        words: Of the query.
    """
    names = ("nqc", "wig", "smv", "gap", "head_gap")
    shown = list(scores[:SHAPE_DEPTH])
    why = ""
    if not shown or kind == "none":
        why = "the first stage gives no scores"
    elif kind == "rrf":
        why = "sums of reciprocal ranks have no shape of their own"
    elif len(shown) < 3:
        why = f"{len(shown)} candidates have no shape"
    elif not shown[0] > shown[-1]:
        why = "all candidates have one score"
    if why:
        yield from (Feature(name=name, value=None, why=why) for name in names)
        return
    if kind in _ZERO and shown[-1] >= 0.0:
        values = nqc(shown), wig(shown, words=words), smv(shown)
        yield from (Feature(name=name, value=value) for name, value in zip(names, values, strict=False))
    else:
        why = f"scores of kind '{kind}' with values below 0 have no zero to measure from"
        if kind not in _ZERO:
            why = f"scores of kind '{kind}' have no zero to measure from"
        yield from (Feature(name=name, value=None, why=why) for name in names[:3])
    yield Feature(name="gap", value=gap(shown))
    yield Feature(name="head_gap", value=head_gap(shown))
