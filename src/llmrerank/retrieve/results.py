"""What first stages share: the best places of scores, the ranking made of them, an engine's version."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from llmrerank.errors import ConfigError
from llmrerank.ranking import Hit, Ranking
from llmrerank.spec import Call
from llmrerank.types import Document, Query, ScoreKind

if TYPE_CHECKING:
    import numpy

__all__ = ["best", "check_depth", "ranking_of", "spelled", "version_of"]


def best(scores: numpy.ndarray[Any, Any], k: int, *, above: float | None = None) -> list[int]:
    """Positions of the k highest scores, best first; equal scores in the order of their positions.

    Also at the cut: of equal scores there, the earlier positions are taken.

    Args:
        scores: One score for each document.
        k: How many at most, 1 or more.
        above: Only scores greater than this, if given.

    Raises:
        ConfigError: k is below 1.
    """
    import numpy

    check_depth(k)
    positions = numpy.arange(len(scores)) if above is None else numpy.flatnonzero(scores > above)
    if len(positions) > k:
        cut = numpy.partition(scores[positions], len(positions) - k)[len(positions) - k]
        positions = positions[scores[positions] >= cut]
    order = numpy.argsort(-scores[positions], kind="stable")[:k]
    return [int(position) for position in positions[order]]


def check_depth(k: int) -> None:
    """Raise ConfigError unless k is 1 or more."""
    if k < 1:
        raise ConfigError(f"a first stage must be asked for 1 document or more, got {k}")


def spelled(name: str, stage: Any) -> str:
    """A stage in the one notation, without the options that have their default: `bm25(k1=0.9)`."""
    given = ((option, getattr(stage, option.name)) for option in dataclasses.fields(stage))
    return str(Call(name, tuple((option.name, value) for option, value in given if value != option.default)))


def ranking_of(
    query: Query,
    strategy: str,
    found: Iterable[tuple[Document, float | None]],
    score_kind: ScoreKind,
) -> Ranking:
    """Make a first stage's ranking of documents with their scores, best first."""
    hits = tuple(
        Hit(rank=rank, previous_rank=rank, score=score, document=document)
        for rank, (document, score) in enumerate(found, start=1)
    )
    return Ranking(query=query.text, strategy=strategy, hits=hits, score_kind=score_kind)


@cache
def version_of(package: str) -> str:
    """The version of an installed package; looked for once, since that takes milliseconds."""
    from importlib.metadata import version

    return version(package)
