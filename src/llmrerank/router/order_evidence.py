"""What the cheap arm's own result tells: how sure it is, with whom it agrees, and what stands twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from llmrerank.overlap import rbo
from llmrerank.retrieve.analysis import words

from .evidence import HEAD, KEEP, Evidence
from .feature import Feature

__all__ = ["entropy", "margin", "near_duplicates", "order_features"]

SHINGLE = 4
"""Words of a shingle."""
ALIKE = 0.5
"""Shared shingles from which on two texts are near-duplicates."""
READ_WORDS = 200
"""Words of a text that are looked at."""


def margin(scores: Sequence[float]) -> float:
    """How far the best score stands above the second, in standard deviations of all scores."""
    return (scores[0] - scores[1]) / _deviation(scores)


def entropy(scores: Sequence[float], *, head: int = HEAD) -> float:
    """How evenly belief spreads over the head, from 0 (one document has it all) to 1 (all are equal).

    Scores of any kind are standardised over the list, so that neither unit nor zero matters; the entropy of
    their softmax over the first `head` is divided by its largest value.
    """
    deviation = _deviation(scores)
    best = [score / deviation for score in scores[:head]]
    weights = [math.exp(score - best[0]) for score in best]
    total = math.fsum(weights)
    shares = [weight / total for weight in weights]
    spread = -math.fsum(share * math.log(share) for share in shares if share > 0.0)
    return min(1.0, max(0.0, spread / math.log(len(best))))


def near_duplicates(texts: Sequence[str]) -> float:
    """Share of texts that repeat an earlier one: half of the shingles of both are in both, or more.

    Source: Broder, "On the resemblance and containment of documents", 1997; shingles of four words, of the
    first 200 words of each text.
    """
    seen: list[frozenset[tuple[str, ...]]] = []
    repeated = 0
    for text in texts:
        own = _shingles(text)
        repeated += any(2 * len(own & other) >= ALIKE * (len(own) + len(other)) for other in seen if other)
        seen.append(own)
    return repeated / len(texts)


def order_features(evidence: Evidence) -> Iterator[Feature]:
    """The features of the order after the cheap arm, always the same names in the same order."""
    yield Feature(name="candidates", value=float(len(evidence.after)))
    if len(evidence.parts) == 2:
        yield Feature(name="first_agreement", value=rbo(*evidence.parts))
    else:
        why = "the first stage fuses no two rankings"
        yield Feature(name="first_agreement", value=None, why=why)
    if evidence.cheap == KEEP:
        yield Feature(name="agreement", value=None, why="the cheap arm keeps the order")
    elif len(evidence.after) < 2:
        yield Feature(name="agreement", value=None, why="there are not two candidates")
    else:
        yield Feature(name="agreement", value=rbo(evidence.before, evidence.after))
    yield from _certainty(evidence)
    if evidence.texts is None:
        yield Feature(name="near_duplicates", value=None, why="the texts are not at hand")
    elif not evidence.texts:
        yield Feature(name="near_duplicates", value=None, why="there are no candidates")
    else:
        yield Feature(name="near_duplicates", value=near_duplicates(evidence.texts))


def _certainty(evidence: Evidence) -> Iterator[Feature]:
    # Fused orders need not fall with their scores.
    scores = sorted(evidence.scores, reverse=True)
    why = ""
    if not scores or evidence.score_kind == "none":
        why = f"'{evidence.cheap}' gives an order without scores"
        if evidence.cheap == KEEP:
            why = "the order that is kept has no scores"
    elif evidence.score_kind == "rrf":
        why = "sums of reciprocal ranks say nothing about how sure they are"
    elif len(scores) < 3:
        why = f"{len(scores)} candidates are too few"
    elif not _deviation(scores) > 0.0:
        why = "all candidates have one score"
    if why:
        yield Feature(name="margin", value=None, why=why)
        yield Feature(name="entropy", value=None, why=why)
        return
    yield Feature(name="margin", value=margin(scores))
    yield Feature(name="entropy", value=entropy(scores))


def _deviation(scores: Sequence[float]) -> float:
    mean = math.fsum(scores) / len(scores)
    return math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    # Words are shorter than so many characters, all but a few.
    found = words(text[: 12 * READ_WORDS])[:READ_WORDS]
    if len(found) < SHINGLE:
        return frozenset([tuple(found)] if found else [])
    return frozenset(zip(*(found[start:] for start in range(SHINGLE)), strict=False))
