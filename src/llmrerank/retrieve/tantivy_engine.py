"""tantivy as first stages use it: what is kept of a document, and how a list of terms is asked.

Terms come from `analysis` and are handed over separated by blanks, so documents and queries are read exactly
as `bm25` reads them, and no text of a user is ever parsed as the syntax of a query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import log
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, DataError, MissingExtra

from .conditions import Condition, key_of
from .tantivy_files import Mapped
from .tantivy_manifest import spoilt

__all__ = ["DOCUMENT", "FACTS", "ID", "PLACE", "TERMS", "Snapshot", "reading", "require", "schema", "writing"]

TERMS, FACTS, ID, PLACE, DOCUMENT = "terms", "facts", "id", "place", "document"

_K1_PLUS_1 = 2.2
"""tantivy multiplies by k1 + 1 and its k1 is 1.2; `bm25`, as Lucene does, leaves that factor out."""

_DIGITS = 5
_SLACK = 16
_TIES = 65_536
"""Documents looked at, at most, to put those of equal scores at the cut into corpus order."""

_RANGE = 1_000_000
"""Different values of a key, at most, that a range looks through."""
_SHOWN = 10_000
"""Facts of which the keys are told to one who names none of them."""


def require() -> Any:
    """The package.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import tantivy
    except ImportError as error:
        raise MissingExtra("'tantivy'", "tantivy") from error
    return tantivy


def schema() -> Any:
    """What is kept: terms with their counts, facts of the metadata, id, place, and the document itself."""
    builder = require().SchemaBuilder()
    builder.add_text_field(TERMS, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(FACTS, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(ID, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(PLACE, fast=True)
    builder.add_bytes_field(DOCUMENT, stored=True)
    return builder.build()


class Snapshot:
    """An index as it stood when it was taken; nothing in it changes, so threads may share it."""

    def __init__(self, index: Any, folder: Path | None) -> None:
        self._tantivy = require()
        self._schema = index.schema
        self._folder = folder
        with reading(folder):
            index.reload()
            self._searcher = index.searcher()
            self._mapped = None if folder is None else Mapped.of(folder)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Read what is mapped, if it is still there."""
        if self._mapped is not None:
            self._mapped.check()
        with reading(self._folder):
            yield

    def filters(self, conditions: Iterable[Condition]) -> list[Any]:
        """Queries that let through what meets each condition; they weigh nothing.

        Cost: for a range, one look at every different value of its key.

        Raises:
            ConfigError: The key of a range has more than a million different values.
        """
        query = self._tantivy.Query
        found = []
        for condition in conditions:
            facts = condition.facts if condition.facts is not None else self._in_range(condition)
            allowed = query.term_set_query(self._schema, FACTS, list(facts)) if facts else query.empty_query()
            found.append(query.const_score_query(allowed, 0.0))
        return found

    def unknown(self, conditions: Iterable[Condition]) -> Iterator[str]:
        """A sentence about each key that no document has: a slip of the pen finds nothing, for ever."""
        for key in dict.fromkeys(one.key for one in conditions if not self._facts(one.prefix, 1)):
            known = sorted({key_of(fact) for fact in self._facts('"', _SHOWN)})
            there = f"there are {', '.join(known[:10])}" if known else "they have none that can be compared"
            yield f"no document has '{key}' in its metadata, so none meets the condition; {there}"

    def _facts(self, prefix: str, limit: int) -> list[str]:
        with self._reading():
            return [fact for fact, _ in self._searcher.terms_with_prefix(FACTS, prefix, limit=limit)]

    def _in_range(self, condition: Condition) -> list[str]:
        there = self._facts(condition.prefix, _RANGE + 1)
        if len(there) > _RANGE:
            raise ConfigError(
                f"'{condition.key}' has more than {_RANGE:,} different values, too many for a range; "
                "keep a coarser one beside it, such as the day of a moment"
            )
        return [fact for fact in there if condition.met_by(fact)]

    def best(self, terms: Sequence[str], k: int, filters: Sequence[Any] = ()) -> list[tuple[Any, float]]:
        """Addresses and scores of the k best documents, best first; equal scores in the order of places.

        Scores are rounded to five digits, since the engine adds the shares of terms in an order that differs
        between documents. Of more than 65,536 documents with the score of the last, any may be the last.
        """
        tantivy, size = self._tantivy, len(self)
        if not terms or not size:
            return []
        asked = self._asked(terms)
        if filters:
            must = tantivy.Occur.Must
            asked = tantivy.Query.boolean_query([(must, asked), *((must, one) for one in filters)])
        limit, most = min(size, k + _SLACK), min(size, k + _TIES)
        with self._reading():
            while True:
                hits = self._searcher.search(asked, limit, count=False).hits
                scores = [float(f"{score / _K1_PLUS_1:.{_DIGITS}g}") for score, _ in hits]
                if len(hits) < limit or limit >= most or scores[-1] < scores[k - 1]:
                    break
                limit = min(limit * 8, most)
            places = self._searcher.fast_field_values(PLACE, [address for _, address in hits])
        order = sorted(range(len(hits)), key=lambda at: (-scores[at], places[at]))[:k]
        return [(hits[at][1], scores[at]) for at in order]

    def _asked(self, terms: Sequence[str]) -> Any:
        query = self._tantivy.Query
        parts = []
        for term, times in Counter(terms).items():
            one = query.term_query(self._schema, TERMS, term, index_option="freq")
            parts.append(one if times == 1 else query.boost_query(one, float(times)))
        if len(parts) == 1:
            return parts[0]
        return query.boolean_query([(self._tantivy.Occur.Should, part) for part in parts])

    def places(self, addresses: Sequence[Any]) -> list[int]:
        """The place of each document."""
        with self._reading():
            return list(self._searcher.fast_field_values(PLACE, list(addresses)))

    def kept(self, addresses: Iterable[Any]) -> list[bytes]:
        """What was kept of each document under DOCUMENT."""
        with self._reading():
            return [bytes(self._searcher.doc(address).get_first(DOCUMENT)) for address in addresses]

    def with_ids(self, identifiers: Iterable[str]) -> list[Any]:
        """Addresses of the documents that have one of these ids, in no order."""
        wanted = list(identifiers)
        if not wanted or not len(self):
            return []
        asked = self._tantivy.Query.term_set_query(self._schema, ID, wanted)
        with self._reading():
            return [address for _, address in self._searcher.search(asked, len(wanted), count=False).hits]

    def may_hold(self, identifier: str) -> bool:
        """Whether a document of this id was added, be it deleted since or not."""
        with reading(self._folder):
            return bool(self._searcher.doc_freq(ID, identifier))

    def idf(self, term: str) -> float:
        """How rare a term is, as scores weigh it; deleted documents count until their segment is merged."""
        with reading(self._folder):
            having = self._searcher.doc_freq(TERMS, term)
        return log(1.0 + (max(0, len(self) - having) + 0.5) / (having + 0.5))

    def next_place(self) -> int:
        """The first place after all documents."""
        if not len(self):
            return 0
        wanted = {"last": {"max": {"field": PLACE}}}
        with self._reading():
            found = self._searcher.aggregate(self._tantivy.Query.all_query(), wanted)
        return int(found["last"]["value"]) + 1


@contextmanager
def reading(folder: Path | None) -> Iterator[None]:
    """Turn what the engine says of files that it cannot use into one sentence; None: it is in memory."""
    try:
        yield
    except BaseException as error:
        # A panic of the engine is a BaseException of a type that it does not export.
        if folder is None or not (_panicked(error) or isinstance(error, ValueError | OSError)):
            raise
        reason = _reason(error)
        if "PermissionDenied" in reason or isinstance(error, PermissionError):
            raise DataError(f"cannot read the index in {folder}: permission denied") from error
        raise spoilt(folder, f"tantivy cannot read it: {reason}") from error


@contextmanager
def writing(folder: Path | None) -> Iterator[None]:
    """Turn what the engine says of files that it cannot write into one sentence.

    Raises:
        DataError: The disk is full, the folder cannot be written, or another process writes to it.
    """
    try:
        yield
    except BaseException as error:
        if not (_panicked(error) or isinstance(error, ValueError | OSError | RuntimeError)):
            raise
        where = "in memory" if folder is None else f"in {folder}"
        reason = _reason(error)
        if "LockBusy" in reason:
            raise DataError(
                f"another process is writing to the index {where}; wait until it is done"
            ) from error
        raise DataError(
            f"cannot write the index {where}: {reason}; is there room on the disk? "
            "what was committed before is kept"
        ) from error


def _panicked(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
