"""`bm25`: the default lexical first stage, on the bm25s engine."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, register
from llmrerank.types import Document, Query, ScoreKind

from .analysis import VERSION, Analyzer
from .bm25s_engine import bm25s_engine
from .index_folder import Setting, damaged, fingerprint, open_index
from .languages import check_language
from .results import best, check_depth, ranking_of, spelled, version_of
from .retriever import Source
from .tantivy_manifest import is_index

__all__ = ["Bm25", "check_options", "corpus_of"]


def check_options(k1: float, b: float, language: str | None) -> None:
    """Raise ConfigError for options of BM25 outside their ranges, all of them in one sentence."""
    faults = []
    if not 0 <= k1 < float("inf"):
        faults.append(f"k1 must be 0 or more, got {k1}")
    if not 0 <= b <= 1:
        faults.append(f"b must lie between 0 and 1, got {b}")
    if faults:
        raise ConfigError("BM25: " + "; ".join(faults))
    check_language(language)


def corpus_of(source: Source, stage: str) -> Sequence[Document]:
    """The corpus of a source, or a ConfigError that says which stage wanted it."""
    if source.corpus is None:
        indexed = source.folder is not None and is_index(source.folder)
        raise ConfigError(
            f"'{stage}' searches a corpus and {source.name} has none; "
            + (
                "start with 'tantivy', which searches such an index"
                if indexed
                else "give one (corpus.jsonl in the dataset folder), or start with 'run' or 'pool'"
            )
        )
    return source.corpus


@register("bm25", kind=Kind.FIRST_STAGE, source="https://arxiv.org/abs/2407.03618")
@dataclass(frozen=True, slots=True, kw_only=True)
class Bm25:
    """BM25 in Lucene's variant: terms shared with the query, rare ones weighing more.

    A document's score is the sum over the query's terms t, repeated ones counted as often, of
    `ln(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 * (1 - b + b * length / mean length))`, in single
    precision. Title and text are read as one. Only documents that share a term are found.

    Source: Lucene's formula as in Kamphuis et al., "Which BM25 do you mean?", ECIR 2020; engine: bm25s, Lù
    2024. Unlike Lucene, lengths are exact, not rounded to a byte.

    Attributes:
        k1: How soon repeating a term stops to help, 0 or more; 0: at once.
        b: How much length counts against a document, from 0 (not) to 1 (fully).
        language: ISO 639-1 code of stop words and Snowball stemmer; None turns both off.
    """

    k1: float = 1.2
    b: float = 0.75
    language: str | None = "en"

    def __post_init__(self) -> None:
        check_options(self.k1, self.b, self.language)

    def decided_by(self) -> str:
        """The version of the engine, and of how texts become terms."""
        return f"{version_of('bm25s')} {VERSION}"

    def open(self, source: Source) -> _Bm25Retriever:
        """Build the index, or load it memory-mapped from `source.index`; cost: one pass over the corpus.

        Raises:
            ConfigError: There is no corpus.
            DataError: The index folder holds another corpus, is damaged or cannot be written.
        """
        corpus = corpus_of(source, "bm25")
        analyzer = Analyzer(self.language)
        if source.index is None:
            engine, vocabulary = self._build(corpus, analyzer)
        else:
            folder = open_index(
                source.index,
                "bm25",
                corpus=fingerprint(corpus),
                settings=self._settings(),
                build=lambda target: self._save(corpus, analyzer, target),
                name=source.name,
            )
            engine, vocabulary = _load(folder, len(corpus))
        return _Bm25Retriever(corpus, analyzer, engine, vocabulary, spelled("bm25", self))

    def _settings(self) -> dict[str, Setting]:
        import Stemmer

        return {
            "k1": float(self.k1),
            "b": float(self.b),
            "language": self.language,
            "analysis": VERSION,
            "unicode": unicodedata.unidata_version,
            "bm25s": bm25s_engine().__version__,
            "stemmer": Stemmer.version() if self.language else None,
        }

    def _build(self, corpus: Sequence[Document], analyzer: Analyzer) -> tuple[Any, dict[str, int]]:
        """Make the engine, None where no document has any term."""
        vocabulary: dict[str, int] = {}
        ids = [
            [vocabulary.setdefault(term, len(vocabulary)) for term in analyzer.terms(document.full_text)]
            for document in corpus
        ]
        if not vocabulary:
            return None, vocabulary
        engine = bm25s_engine().BM25(method="lucene", k1=float(self.k1), b=float(self.b), backend="numpy")
        engine.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        return engine, vocabulary

    def _save(self, corpus: Sequence[Document], analyzer: Analyzer, folder: Path) -> None:
        engine, _ = self._build(corpus, analyzer)
        if engine is None:
            (folder / _EMPTY).touch()
        else:
            engine.save(folder, show_progress=False)


_EMPTY = "no_terms"


def _load(folder: Path, size: int) -> tuple[Any, dict[str, int]]:
    if (folder / _EMPTY).exists():
        return None, {}
    try:
        engine = bm25s_engine().BM25.load(folder, mmap=True, show_progress=False, backend="numpy")
        vocabulary: dict[str, int] = engine.vocab_dict
        fits = engine.scores["num_docs"] == size and len(engine.scores["indptr"]) > len(vocabulary)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise damaged(folder, f"bm25s cannot read it: {error}") from error
    if not fits:
        raise damaged(folder, "its files do not belong together")
    return engine, vocabulary


class _Bm25Retriever:
    """Scores the whole corpus for each query; nothing in it changes, so threads may share it."""

    score_kind: ScoreKind = "bm25"

    def __init__(
        self,
        corpus: Sequence[Document],
        analyzer: Analyzer,
        engine: Any,
        vocabulary: dict[str, int],
        strategy: str,
    ) -> None:
        self._corpus = corpus
        self._analyzer = analyzer
        self._engine = engine
        self._vocabulary = vocabulary
        self._strategy = strategy

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`; a query without any term of the corpus finds nothing."""
        check_depth(k)
        return [self._search(query, k) for query in queries]

    def _search(self, query: Query, k: int) -> Ranking:
        terms = self._analyzer.terms(query.text)
        known = [self._vocabulary[term] for term in terms if term in self._vocabulary]
        found = []
        if known:
            scores = self._engine.get_scores_from_ids(known)
            # bm25s's own selection leaves the order of equal scores to chance.
            places = best(scores, k, above=0.0)
            found = [(self._corpus[place], float(scores[place])) for place in places]
        ranking = ranking_of(query, self._strategy, found, self.score_kind)
        return replace(ranking, idf=tuple(map(self._idf, terms)))

    def _idf(self, term: str) -> float:
        """How rare a term is, as scores weigh it; one that no document has is the rarest."""
        place = self._vocabulary.get(term)
        having = 0
        if place is not None:
            starts = self._engine.scores["indptr"]
            having = int(starts[place + 1] - starts[place])
        return log(1.0 + (len(self._corpus) - having + 0.5) / (having + 0.5))
