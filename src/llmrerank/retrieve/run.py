"""`run`: a first stage that ran elsewhere, read from its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, register
from llmrerank.types import Document, Query, ScoreKind

from .corpus import find_documents
from .irds import irds_name
from .results import check_depth, ranking_of, spelled
from .retriever import Source
from .stored import Row, StoredList, StoredRun, candidate_files, read_run, read_texts

__all__ = ["Run", "RunRetriever"]

_DEFAULT_NAMES = ("candidates.jsonl", "candidates.jsonl.gz")


@register("run", kind=Kind.FIRST_STAGE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stored run: a TREC file or a file of candidates, found by query id, else by the query's exact text.

    Texts come from the corpus, else from the file itself, else from every `candidates*.jsonl[.gz]` of the
    dataset folder. Hits keep the stored score; since a file does not say what its scores mean, their kind is
    `utility`, or `none` where some are missing.

    Attributes:
        path: File, looked up in the dataset folder, then in the working folder, or `irds:NAME`; None: what
            `--candidates` names, else `candidates.jsonl[.gz]` of the dataset folder.
    """

    path: str | None = None

    def open(self, source: Source) -> RunRetriever:
        """Read the file; texts from other files are read only if they are needed.

        Raises:
            ConfigError: There is nothing to read.
            DataError: The file cannot be read, or none of its documents has a text.
        """
        run = read_run(self._file(source))
        return RunRetriever(run, _texts(run, source), spelled("run", self))

    def _file(self, source: Source) -> Path:
        if self.path is not None:
            if irds_name(self.path) is not None:
                return Path(self.path)
            given = Path(self.path).expanduser()
            places = [given] if source.folder is None else [source.folder / given, given]
            for place in places:
                if place.is_file():
                    return place
            where = f"{source.folder} or in the working folder" if source.folder else "the working folder"
            raise DataError(f"there is no run file {self.path} in {where}")
        if source.candidates is not None:
            return source.candidates
        for name in _DEFAULT_NAMES:
            if source.folder is not None and (source.folder / name).is_file():
                return source.folder / name
        raise ConfigError(
            f"'run' has nothing to read: {source.folder or source.name} has no candidates.jsonl[.gz]; "
            "name a file, as run(path='first-stage.trec') or with --candidates"
        )


def _texts(run: StoredRun, source: Source) -> Mapping[str, Document]:
    """The document of every id in the run that has a text somewhere."""
    wanted = {row.docid for stored in run.lists for row in stored.rows}
    found: dict[str, Document] = {}
    if source.corpus is not None:
        found = dict(find_documents(source.corpus, wanted))
    _fill(found, wanted, run.texts)
    files = candidate_files(source.folder) if source.folder is not None else []
    for file in files:
        if len(found) == len(wanted):
            break
        _fill(found, wanted, read_texts(file))
    if wanted and not found:
        raise _textless(run.name, min(wanted), len(wanted), len(wanted))
    return found


def _fill(found: dict[str, Document], wanted: Iterable[str], texts: Mapping[str, Document]) -> None:
    for docid in wanted:
        if docid not in found and docid in texts:
            found[docid] = texts[docid]


def _textless(name: str, docid: str, missing: int, total: int) -> DataError:
    return DataError(
        f"{missing} of the {total} documents that the run {name} names have no text, '{docid}' for one; "
        "give the corpus that it was made from, or candidates.jsonl beside it"
    )


class RunRetriever:
    """Looks lists up; nothing in it changes, so threads may share it.

    Attributes:
        warnings: What is odd about the order of the run, in sentences.
    """

    def __init__(self, run: StoredRun, texts: Mapping[str, Document], strategy: str) -> None:
        self._run = run
        self._texts = texts
        self._strategy = strategy
        self._by_id: dict[str, StoredList] = {}
        self._by_text: dict[str, StoredList] = {}
        for stored in run.lists:
            if stored.query_id:
                self._by_id.setdefault(stored.query_id, stored)
            if stored.query_text:
                self._by_text.setdefault(stored.query_text, stored)
        self.score_kind: ScoreKind = "utility" if run.scored else "none"
        self.warnings = run.warnings

    def knows(self, query: Query) -> bool:
        """Whether the run has a list for this query."""
        return self._list(query) is not None

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`. A query that the run does not have finds nothing.

        Raises:
            DataError: The run has none of several queries, so it belongs to another dataset; or a document
                that would be returned has no text.
        """
        check_depth(k)
        if len(queries) > 1 and not any(self.knows(query) for query in queries):
            raise self.foreign(queries[0])
        return [self._search(query, k) for query in queries]

    def foreign(self, query: Query) -> DataError:
        """Make the error for a run that has none of a dataset's queries, of which one is given."""
        mine = self._run.lists[0]
        return DataError(
            f"the run {self._run.name} has none of the queries, '{query.id or query.text}' for one; "
            f"its own are like '{mine.query_id or mine.query_text}': is it a run of another dataset?"
        )

    def _list(self, query: Query) -> StoredList | None:
        found = self._by_id.get(query.id) if query.id else None
        return found or self._by_text.get(query.text)

    def _search(self, query: Query, k: int) -> Ranking:
        stored = self._list(query)
        rows = stored.rows[:k] if stored is not None else ()
        found = [(self._document(row), row.score if self.score_kind != "none" else None) for row in rows]
        return ranking_of(query, self._strategy, found, self.score_kind)

    def _document(self, row: Row) -> Document:
        document = self._texts.get(row.docid)
        if document is None:
            total = {other.docid for stored in self._run.lists for other in stored.rows}
            raise _textless(self._run.name, row.docid, len(total - self._texts.keys()), len(total))
        return document
