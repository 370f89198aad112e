"""What the first stage made of a document: its rank, also beyond the cut, and the words that it went by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmrerank.ranking import Hit, Ranking
from llmrerank.registry import Bound, bind
from llmrerank.retrieve.analysis import Analyzer, words
from llmrerank.spec import Call
from llmrerank.types import Document

from .account import Rival, Stand, Terms

__all__ = ["first_stands", "terms_of"]


def first_stands(
    identifier: str, stage: str, shallow: Ranking, deep: Ranking, *, cut: int | None
) -> tuple[Stand, ...]:
    """Where the first stage, and the stages that it joins if it joins any, put a document.

    Args:
        identifier: Of the document.
        stage: The first stage, as it is written.
        shallow: What it passed on.
        deep: All that it finds, in the same order.
        cut: Documents that it passes on at most, as it is written; None: it does not say.
    """
    passed = _hit(shallow, identifier)
    found = passed or _hit(deep, identifier)
    last = shallow.hits[-1] if shallow.hits and passed is None else None
    parts = tuple(
        Stand(
            stage=place.stage,
            role="part",
            entered=len(deep),
            before=None,
            rank=place.rank,
            score=place.score,
            kind="none",
            cut=None,
            passed=True,
        )
        for place in (found.history if found else ())
        if place.stage != stage
    )
    own = Stand(
        stage=stage,
        role="first",
        entered=len(deep),
        before=None,
        rank=found.rank if found else None,
        score=found.score if found else None,
        kind=shallow.score_kind,
        # One without a cut-off still ends somewhere.
        cut=cut if cut is not None or passed else len(shallow),
        passed=passed is not None,
        last=Rival(id=last.document.id, rank=last.rank, score=last.score) if last else None,
    )
    return (*parts, own)


def _hit(ranking: Ranking, identifier: str) -> Hit | None:
    return next((hit for hit in ranking.hits if str(hit.document.id) == identifier), None)


def terms_of(first: Bound | None, query: str, document: Document) -> Terms | None:
    """Which words of the query a document has; None where the first stage does not go by words.

    A stage goes by words where it has a `language`, or joins a stage that has one.
    """
    for stage in _stages(first):
        if hasattr(stage, "language"):
            return _terms(Analyzer(stage.language), query, document)
    return None


def _stages(first: Bound | None) -> Iterator[object]:
    if first is None:
        return
    built = first.build()
    yield built
    joined: Sequence[Call] = getattr(built, "stages", ())
    for call in joined:
        yield from _stages(bind(call))


def _terms(analyzer: Analyzer, query: str, document: Document) -> Terms:
    there = set(analyzer.terms(document.full_text))
    has: dict[str, None] = {}
    lacks: dict[str, None] = {}
    for word in words(query):
        terms = analyzer.terms(word)
        if terms:
            (has if there.intersection(terms) else lacks)[word] = None
    return Terms(has=tuple(has), lacks=tuple(lacks))
