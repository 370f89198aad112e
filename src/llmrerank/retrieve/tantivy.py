"""`tantivy`: the lexical first stage for corpora that no list holds, on the tantivy engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, register
from llmrerank.trace import Trace, Warned
from llmrerank.types import Document, Query, ScoreKind

from .analysis import VERSION, Analyzer
from .bm25 import corpus_of
from .conditions import facts_of, parse_conditions
from .index_folder import fingerprint, open_index
from .languages import check_language
from .results import check_depth, ranking_of, spelled, version_of
from .retriever import Source
from .tantivy_engine import Snapshot, reading, require, schema, writing
from .tantivy_index import TantivyIndex, documents_at, entry_of
from .tantivy_manifest import FORMAT, is_index

__all__ = ["Tantivy"]

_HEAP = 64_000_000


@register("tantivy", kind=Kind.FIRST_STAGE, source="https://github.com/quickwit-oss/tantivy")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tantivy:
    """BM25 over an index on disk that grows and shrinks, and by metadata.

    Terms and scores are those of `bm25` with k1 = 1.2 and b = 0.75, but that lengths above 40 terms are
    rounded to one byte, as Lucene rounds them, scores to five digits, and that deleted documents count in the
    rarity of a term until the engine merges their segment.

    Over a corpus it is used as `bm25` is. Over an index of its own (`llmrerank index add`, or `TantivyIndex`)
    it needs no corpus, keeps the documents themselves and takes the memory of what a query touches.

    Cost: grows with the documents that have the query's terms, less the ones that cannot be among the best.

    Attributes:
        path: Folder of an index, looked up in the dataset folder, then in the working folder; None: the
            corpus is indexed.
        where: What the metadata must be, as `"year >= 2019 and lang in ('en', 'de')"`; see `conditions`.
        language: As in `bm25`; over an index of its own, the one that it was made with.
    """

    path: str | None = None
    where: str | None = None
    language: str | None = "en"

    def __post_init__(self) -> None:
        check_language(self.language)
        if self.where is not None:
            parse_conditions(self.where)

    def decided_by(self) -> str | None:
        """The version of the engine, and of how texts become terms; None for an index, which changes.

        Raises:
            MissingExtra: tantivy is not installed.
        """
        require()
        return None if self.path is not None else f"{version_of('tantivy')} {VERSION}"

    def open(self, source: Source) -> _TantivyRetriever:
        """Open the index, or index the corpus: in memory, or once below `source.index`.

        Raises:
            ConfigError: There is no corpus, the index has another language, or a range too many values.
            DataError: There is no such index, it is another corpus's, damaged or cannot be written.
            MissingExtra: tantivy is not installed.
        """
        require()
        folder = self._folder(source)
        if folder is None:
            return self._over_corpus(source)
        index = TantivyIndex.open(folder)
        if index.language != self.language:
            raise ConfigError(
                f"the index in {folder} has another language; write tantivy(language={index.language!r})"
            )
        return self._retriever(
            index.snapshot, lambda snapshot, found: documents_at(snapshot, found, index.folder)
        )

    def _folder(self, source: Source) -> Path | None:
        """The folder of the index, or None where the corpus is to be indexed."""
        if self.path is not None:
            given = Path(self.path).expanduser()
            places = [given] if source.folder is None else [source.folder / given, given]
            return next((place for place in places if place.exists()), given)
        if source.corpus is None and source.folder is not None and is_index(source.folder):
            return source.folder
        return None

    def _over_corpus(self, source: Source) -> _TantivyRetriever:
        corpus = corpus_of(source, "tantivy")
        tantivy, analyzer = require(), Analyzer(self.language)
        if source.index is None:
            place = None
            index = tantivy.Index(schema())
            _fill(index, corpus, analyzer, None)
        else:
            place = open_index(
                source.index,
                "tantivy",
                corpus=fingerprint(corpus, also=lambda document: facts_of(document.metadata)),
                settings=self._settings(),
                build=lambda target: _fill(tantivy.Index(schema(), str(target)), corpus, analyzer, target),
                name=source.name,
            )
            with reading(place):
                index = tantivy.Index.open(str(place))
        snapshot = Snapshot(index, place)
        return self._retriever(snapshot, lambda taken, found: [corpus[at] for at in taken.places(found)])

    def _settings(self) -> dict[str, str | int | None]:
        import unicodedata

        import Stemmer

        return {
            "language": self.language,
            "analysis": VERSION,
            "layout": FORMAT,
            "unicode": unicodedata.unidata_version,
            "tantivy": version_of("tantivy"),
            "stemmer": Stemmer.version() if self.language else None,
        }

    def _retriever(
        self, snapshot: Snapshot, documents: Callable[[Snapshot, Sequence[Any]], list[Document]]
    ) -> _TantivyRetriever:
        conditions = parse_conditions(self.where) if self.where is not None else ()
        name = spelled("tantivy", self)
        return _TantivyRetriever(
            snapshot,
            snapshot.filters(conditions),
            Analyzer(self.language),
            documents,
            name,
            Trace(tuple(Warned(stage=name, message=said) for said in snapshot.unknown(conditions))),
        )


def _fill(index: Any, corpus: Sequence[Document], analyzer: Analyzer, folder: Path | None) -> None:
    with writing(folder):
        writer = index.writer(_HEAP, 1)
        for place, document in enumerate(corpus):
            writer.add_document(entry_of(document, analyzer, place))
        writer.commit()
        writer.wait_merging_threads()


class _TantivyRetriever:
    """Asks a snapshot; nothing in it changes, so threads may share it."""

    score_kind: ScoreKind = "bm25"

    def __init__(
        self,
        snapshot: Snapshot,
        filters: Sequence[Any],
        analyzer: Analyzer,
        documents: Callable[[Snapshot, Sequence[Any]], list[Document]],
        strategy: str,
        said: Trace,
    ) -> None:
        self._snapshot = snapshot
        self._filters = filters
        self._analyzer = analyzer
        self._documents = documents
        self._strategy = strategy
        self._said = said

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`; a query without any term of the index finds nothing.

        Raises:
            ConfigError: k is below 1.
            DataError: The index is damaged.
        """
        check_depth(k)
        return [self._search(query, k) for query in queries]

    def _search(self, query: Query, k: int) -> Ranking:
        terms = self._analyzer.terms(query.text)
        found = self._snapshot.best(terms, k, self._filters)
        documents = self._documents(self._snapshot, [address for address, _ in found])
        scored = zip(documents, (score for _, score in found), strict=True)
        ranking = ranking_of(query, self._strategy, scored, self.score_kind)
        return replace(ranking, idf=tuple(map(self._snapshot.idf, terms)), trace=self._said)
