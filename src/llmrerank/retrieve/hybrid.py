"""`hybrid`: several first stages fused by the ranks they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum
from typing import ClassVar

from llmrerank.errors import ConfigError
from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.registry import Kind, bind, find, register
from llmrerank.spec import Call
from llmrerank.trace import Trace, Warned
from llmrerank.types import Document, Query, ScoreKind

from .results import check_depth, spelled
from .retriever import Retriever, Source

__all__ = ["Hybrid", "fused"]

DEPTH = 1000
"""Documents asked of each stage at least, so that a shallow result is the beginning of a deep one."""

_LEXICAL, _DENSE = Call("bm25"), Call("dense")
_Key = tuple[str | None, int]
"""None and the place in the corpus, or an id and which of its bearers."""


@register("hybrid", kind=Kind.FIRST_STAGE, source="https://doi.org/10.1145/1571941.1572114")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hybrid:
    """Reciprocal rank fusion of first stages: what several of them rank high stands first.

    The score of a document is the sum of `1 / (k + rank)` over the stages that found it; equal sums stand in
    the order of the first stage, then of the next. Sums order one list and mean nothing beyond it. A stage
    that finds nothing leaves the order to the others, with a word in the trace.

    Documents are told apart by their place in the corpus, never by text. What a stage brings from elsewhere
    (an index of its own, a stored run without a corpus) is known by its id.

    Cost: that of its stages, which search side by side.

    Source: Cormack, Clarke and Buettcher, SIGIR 2009.

    Attributes:
        a: A first stage.
        b: Another one.
        c: A third one, or None.
        d: A fourth one, or None.
        k: Damps the weight of the first ranks, 1 or more.

    Raises:
        ConfigError: A name that is no first stage, or k below 1.
    """

    score_kind: ClassVar[ScoreKind] = "rrf"

    a: Call = _LEXICAL
    b: Call = _DENSE
    c: Call | None = None
    d: Call | None = None
    k: int = 60

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ConfigError(f"'hybrid': k must be 1 or more, got {self.k}")
        for call in self.stages:
            find(call.name, Kind.FIRST_STAGE)

    @property
    def stages(self) -> tuple[Call, ...]:
        """The first stages, in order."""
        return tuple(call for call in (self.a, self.b, self.c, self.d) if call is not None)

    def decided_by(self) -> str | None:
        """What its stages say, in order; None where one of them does not."""
        said = []
        for call in self.stages:
            says = getattr(bind(call).build(), "decided_by", None)
            said.append(None if says is None else says())
        return None if None in said else " ".join(map(str, said))

    def open(self, source: Source) -> HybridRetriever:
        """Open every stage over the source.

        Raises:
            ConfigError, DataError, MissingExtra: As its stages.
        """
        source = _distinct(source)
        opened = [(str(call), bind(call).build().open(source)) for call in self.stages]
        return HybridRetriever(opened, source.corpus or (), self.k, spelled("hybrid", self))


class HybridRetriever:
    """Asks every stage and fuses; nothing in it changes, so threads may share it."""

    score_kind = Hybrid.score_kind

    def __init__(
        self,
        stages: Sequence[tuple[str, Retriever]],
        corpus: Sequence[Document],
        k: int,
        strategy: str,
    ) -> None:
        self._stages = stages
        self._places = _Places(corpus)
        self._k = k
        self._strategy = strategy

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`. The history of a hit holds its place in every stage that found it."""
        check_depth(k)
        with ThreadPoolExecutor(len(self._stages)) as threads:
            searches = [threads.submit(stage.search, queries, k=max(k, DEPTH)) for _, stage in self._stages]
            found = [search.result() for search in searches]
        names = [name for name, _ in self._stages]
        return [
            self._fused(query, names, [rankings[at] for rankings in found], k)
            for at, query in enumerate(queries)
        ]

    def _fused(self, query: Query, names: Sequence[str], found: Sequence[Ranking], k: int) -> Ranking:
        keyed = [self._places.keyed(ranking.hits) for ranking in found]
        hits: dict[_Key, Hit] = {}
        history: dict[_Key, list[Place]] = {}
        for name, own in zip(names, keyed, strict=True):
            for key, hit in own.items():
                hits.setdefault(key, hit)
                place = Place(stage=name, rank=hit.rank, score=hit.score)
                history.setdefault(key, []).extend((*hit.history, place))
        ordered = fused([list(own) for own in keyed], k=self._k)[:k]
        return Ranking(
            query=query.text,
            strategy=self._strategy,
            score_kind=self.score_kind,
            idf=next((ranking.idf for ranking in found if ranking.idf is not None), None),
            hits=tuple(
                replace(hits[key], rank=rank, previous_rank=rank, score=score, history=tuple(history[key]))
                for rank, (key, score) in enumerate(ordered, start=1)
            ),
            trace=Trace.joined(
                (*(ranking.trace for ranking in found), Trace(tuple(self._silent(names, found))))
            ),
        )

    def _silent(self, names: Sequence[str], found: Sequence[Ranking]) -> Iterator[Warned]:
        """A word about each stage that found nothing where another one did."""
        if any(found):
            for name, ranking in zip(names, found, strict=True):
                if not ranking:
                    said = f"'{name}' found nothing for this query: the order is that of the other stages"
                    yield Warned(stage=self._strategy, message=said)


def fused(rankings: Sequence[Sequence[_Key]], *, k: int) -> list[tuple[_Key, float]]:
    """Fuse rankings of keys, each best first and without repetition: keys with their sums, best first."""
    shares: dict[_Key, list[float]] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            shares.setdefault(key, []).append(1 / (k + rank))
    # The sort is stable, and keys entered in the order of the first ranking, then of the next. The sums are
    # exact, so that no order of adding tells documents of equal ranks apart.
    return sorted(((key, fsum(share)) for key, share in shares.items()), key=lambda item: -item[1])


def _distinct(source: Source) -> Source:
    """The source with a document object of its own for each place: one given twice is two documents."""
    corpus = source.corpus
    if corpus is None or len({id(document) for document in corpus}) == len(corpus):
        return source
    return replace(source, corpus=tuple(replace(document) for document in corpus))


class _Places:
    """Tells documents apart: by their place in the corpus, else by id and which of its bearers they are."""

    def __init__(self, corpus: Sequence[Document]) -> None:
        # Held, because the identity of an object says nothing once the object is gone.
        self._corpus = corpus
        self._of_object = {id(document): place for place, document in enumerate(corpus)}

    @cached_property
    def _of_id(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, document in enumerate(self._corpus):
            found.setdefault(str(document.id), []).append(place)
        return found

    def keyed(self, hits: Sequence[Hit]) -> dict[_Key, Hit]:
        """The hits of one stage by document, best first; a document that it lists twice counts once.

        Documents that are not the corpus's own objects are matched to it by id. Where several bear one id,
        the first that a stage finds is taken for the first of them, and so on.
        """
        seen: dict[str, int] = {}
        found: dict[_Key, Hit] = {}
        objects: set[int] = set()
        for hit in hits:
            if id(hit.document) in objects:
                continue
            objects.add(id(hit.document))
            place = self._of_object.get(id(hit.document))
            if place is None:
                identifier = str(hit.document.id)
                nth = seen[identifier] = seen.get(identifier, -1) + 1
                bearers = self._of_id.get(identifier, [])
                key: _Key = (identifier, nth) if nth >= len(bearers) else (None, bearers[nth])
            else:
                key = (None, place)
            found.setdefault(key, hit)
        return found
