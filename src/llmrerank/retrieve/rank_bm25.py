"""`rank-bm25`: the simple lexical first stage, on the rank_bm25 package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, register
from llmrerank.types import Document, Query, ScoreKind

from .analysis import VERSION, Analyzer
from .bm25 import check_options, corpus_of
from .results import best, check_depth, ranking_of, spelled, version_of
from .retriever import Source

__all__ = ["RankBm25"]


@register("rank-bm25", kind=Kind.FIRST_STAGE, source="https://github.com/dorianbrown/rank_bm25")
@dataclass(frozen=True, slots=True, kw_only=True)
class RankBm25:
    """BM25 by plain loops, in double precision, without an index: small corpora, and a check on `bm25`.

    Of the variants there this is `BM25Plus` with delta 0, divided by k1 + 1, the nearest to Lucene's: only
    the rarity of a term is `ln((N + 1) / df)` where `bm25` has `ln((N + 1) / (df + 0.5))`. `BM25Okapi` goes
    wrong on small corpora, where a term in half of the documents weighs nothing and one in more of them less
    than nothing. Cost: one step for each document and query term, whether the term is there or not.

    Attributes:
        k1: As in `bm25`.
        b: As in `bm25`.
        language: As in `bm25`.
    """

    k1: float = 1.2
    b: float = 0.75
    language: str | None = "en"

    def __post_init__(self) -> None:
        check_options(self.k1, self.b, self.language)

    def decided_by(self) -> str:
        """The version of the engine, and of how texts become terms."""
        return f"{version_of('rank-bm25')} {VERSION}"

    def open(self, source: Source) -> _RankBm25Retriever:
        """Count the terms of the corpus, in memory; `source.index` is not used.

        Raises:
            ConfigError: There is no corpus.
        """
        from rank_bm25 import BM25Plus

        corpus = corpus_of(source, "rank-bm25")
        analyzer = Analyzer(self.language)
        terms = [analyzer.terms(document.full_text) for document in corpus]
        # The package divides by the mean length.
        engine = BM25Plus(terms, k1=self.k1, b=self.b, delta=0) if any(terms) else None
        return _RankBm25Retriever(corpus, analyzer, engine, spelled("rank-bm25", self))


class _RankBm25Retriever:
    """Scores the whole corpus for each query; nothing in it changes, so threads may share it."""

    score_kind: ScoreKind = "bm25"

    def __init__(self, corpus: Sequence[Document], analyzer: Analyzer, engine: Any, strategy: str) -> None:
        self._corpus = corpus
        self._analyzer = analyzer
        self._engine = engine
        self._strategy = strategy

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`; a query without any term of the corpus finds nothing."""
        check_depth(k)
        return [self._search(query, k) for query in queries]

    def _search(self, query: Query, k: int) -> Ranking:
        import numpy

        found = []
        terms = self._analyzer.terms(query.text)
        if self._engine is not None and terms:
            # With k1 = 0 a document without the term scores 0/0, and with b = 1 one without any term.
            with numpy.errstate(invalid="ignore"):
                weights = [numpy.nan_to_num(self._engine.get_scores([term])) for term in terms]
            scores = sum(weights) / (self._engine.k1 + 1)
            found = [(self._corpus[at], float(scores[at])) for at in best(scores, k, above=0.0)]
        return ranking_of(query, self._strategy, found, self.score_kind)
