"""`pool`: the judged documents of each query, for measuring rerankers apart from retrieval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmrerank.errors import ConfigError, DataError
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, register
from llmrerank.types import Document, Query, ScoreKind

from .bm25 import corpus_of
from .results import check_depth, ranking_of
from .retriever import Source

__all__ = ["Judged"]


@register("pool", kind=Kind.FIRST_STAGE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The documents that the judgements list for the query, grade 0 included, in corpus order.

    Corpus order, so that neither the order of the file nor the grade can leak; without scores. Judged
    documents that the corpus does not hold are left out, as no first stage could find them.
    """

    def open(self, source: Source) -> _JudgedRetriever:
        """Find the judged documents in the corpus.

        Raises:
            ConfigError: There is no corpus, or there are no judgements.
            DataError: None of the judged documents is in the corpus.
        """
        corpus = corpus_of(source, "pool")
        if not source.pools:
            raise ConfigError(
                f"'pool' hands out judged documents and {source.name} has no judgements; "
                "give a dataset folder with qrels/test.tsv or qrels.txt"
            )
        judged = {str(docid) for pool in source.pools.values() for docid in pool}
        places = {str(doc.id): place for place, doc in enumerate(corpus) if str(doc.id) in judged}
        if judged and not places:
            raise DataError(
                f"none of the {len(judged)} judged documents is in {source.name}, '{min(judged)}' for one"
            )
        return _JudgedRetriever(corpus, source.pools, places)


class _JudgedRetriever:
    """Hands out pools; nothing in it changes, so threads may share it."""

    score_kind: ScoreKind = "none"

    def __init__(
        self, corpus: Sequence[Document], pools: Mapping[str, Sequence[str]], places: Mapping[str, int]
    ) -> None:
        self._corpus = corpus
        self._pools = pools
        self._places = places

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`; k cuts the pool in corpus order.

        Raises:
            ConfigError: A query has no judgements.
        """
        check_depth(k)
        return [self._search(query, k) for query in queries]

    def _search(self, query: Query, k: int) -> Ranking:
        pool = self._pools.get(query.id)
        if pool is None:
            raise ConfigError(f"'pool' has no judgements for the query '{query.id or query.text}'")
        places = {self._places[str(docid)] for docid in pool if str(docid) in self._places}
        found = [(self._corpus[place], None) for place in sorted(places)[:k]]
        return ranking_of(query, "pool", found, self.score_kind)
