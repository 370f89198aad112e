"""An index of documents in a folder of its own: made once, added to, deleted from, opened by any process.

```
<folder>/llmrerank.json     which analysis its terms come from
        + the files of tantivy
```
It keeps the documents themselves, so searching needs neither the files they came from nor memory for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from llmrerank.errors import DataError
from llmrerank.types import Document
from llmrerank.whole_file import write_whole

from .analysis import Analyzer
from .conditions import facts_of
from .tantivy_engine import DOCUMENT, FACTS, ID, PLACE, TERMS, Snapshot, reading, require, schema, writing
from .tantivy_manifest import MANIFEST, language_of, settings_of, spoilt

__all__ = ["TantivyIndex", "documents_at", "entry_of"]

_HEAP = 256_000_000
_EVERY = 500_000
_LONGEST_ID = 1_000


class TantivyIndex:
    """Documents in a folder, found by words and by metadata; an id names one document.

    ```python
    index = TantivyIndex.create("passages", language="en")
    index.add(documents)          # any iterable; what has an id that is there replaces it
    index.delete(["17", "18"])
    ```
    One process writes at a time, any number read, each what was committed when it opened the index. In a
    pipeline it is `tantivy(path='passages')`.

    Its files are mapped into memory: never copy over them while a process has them open, which may end it.
    Make or copy an index beside, and rename the folder, or open it by its new name.
    """

    def __init__(self, folder: Path, index: Any, language: str | None) -> None:
        """Use `create` or `open`."""
        self.folder = folder
        self.language = language
        self._index = index
        self._snapshot = Snapshot(index, folder)

    @classmethod
    def create(cls, folder: str | Path, *, language: str | None = "en") -> TantivyIndex:
        """Make an empty index.

        Args:
            folder: Absent or empty; folders above it are made.
            language: ISO 639-1 code of stop words and Snowball stemmer; None turns both off.

        Raises:
            ConfigError: Nobody knows the language.
            DataError: The folder holds something, or cannot be written.
            MissingExtra: tantivy is not installed.
        """
        folder, tantivy = Path(folder), require()
        Analyzer(language)
        try:
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise DataError(
                    f"{folder} holds something already; name an empty or a new folder for the index"
                )
            # First of all: what was broken off right after it is an index that has no documents yet.
            write_whole(folder / MANIFEST, json.dumps(settings_of(language), indent=2).encode() + b"\n")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DataError(
                f"cannot write the index folder {folder}: {reason}; choose another one"
            ) from error
        with writing(folder):
            index = tantivy.Index(schema(), str(folder))
        return cls(folder, index, language)

    @classmethod
    def open(cls, folder: str | Path) -> TantivyIndex:
        """Open an index as it was committed last.

        Raises:
            DataError: There is none, it is damaged, another program's, or an earlier version's.
            MissingExtra: tantivy is not installed.
        """
        folder, tantivy = Path(folder), require()
        language = language_of(folder)
        with reading(folder):
            if tantivy.Index.exists(str(folder)):
                index = tantivy.Index.open(str(folder))
            else:
                index = tantivy.Index(schema(), str(folder))
            opened = cls(folder, index, language)
        return opened

    def __len__(self) -> int:
        return len(self._snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """The index as of opening, or of the last change made here."""
        return self._snapshot

    def add(self, documents: Iterable[Document], *, memory: int = _HEAP, every: int = _EVERY) -> int:
        """Add documents, one after the other; of equal ids the last one stays, also among those before.

        Args:
            documents: Any iterable; read once and never held.
            memory: Bytes for what is not written yet, 15,000,000 or more.
            every: Documents after which the work is committed, so that it survives whatever follows.

        Returns:
            How many were read. Cost: some 150 microseconds for a passage of 56 words, most of it analysis.

        Raises:
            DataError: A document that cannot be kept (what was committed stays), a disk without room, or
                another process that is writing.
        """
        analyzer = Analyzer(self.language)
        count, fresh = 0, set[str]()
        with _Writer(self, memory) as writer:
            place = self._snapshot.next_place()
            for count, document in enumerate(documents, start=1):
                identifier = _id(document.id)
                known = identifier in fresh or self._snapshot.may_hold(identifier)
                writer.put(self._entry(document, identifier, analyzer, place), identifier if known else None)
                fresh.add(identifier)
                place += 1
                if count % every == 0:
                    writer.commit()
                    self._snapshot = Snapshot(self._index, self.folder)
                    fresh.clear()
        self._snapshot = Snapshot(self._index, self.folder)
        return count

    def delete(self, identifiers: Iterable[str | int], *, memory: int = _HEAP) -> int:
        """Delete the documents of these ids.

        Returns:
            How many there were.

        Raises:
            DataError: As `add`.
        """
        wanted = {_id(identifier) for identifier in identifiers}
        with _Writer(self, memory) as writer:
            gone = len(self._snapshot.with_ids(wanted))
            for identifier in wanted:
                writer.remove(identifier)
        self._snapshot = Snapshot(self._index, self.folder)
        return gone

    def find(self, wanted: AbstractSet[str]) -> Mapping[str, Document]:
        """The documents of these ids that are there, by id."""
        addresses = self._snapshot.with_ids(map(_id, wanted))
        return {str(found.id): found for found in documents_at(self._snapshot, addresses, self.folder)}

    def _entry(self, document: Document, identifier: str, analyzer: Analyzer, place: int) -> Any:
        entry = entry_of(document, analyzer, place)
        entry.add_text(ID, identifier)
        try:
            kept = json.dumps(
                [document.id, document.title, document.text, dict(document.metadata)], ensure_ascii=False
            )
        except (TypeError, ValueError, RecursionError) as error:
            raise DataError(f"the metadata of the document '{document.id}' is no JSON: {error}") from None
        entry.add_bytes(DOCUMENT, kept.encode("utf-8", "surrogatepass"))
        return entry


def entry_of(document: Document, analyzer: Analyzer, place: int) -> Any:
    """What any index keeps of a document: terms, facts and place."""
    entry = require().Document()
    entry.add_text(TERMS, " ".join(analyzer.terms(document.full_text)))
    for fact in facts_of(document.metadata):
        entry.add_text(FACTS, fact)
    entry.add_unsigned(PLACE, place)
    return entry


def documents_at(snapshot: Snapshot, addresses: Iterable[Any], folder: Path) -> list[Document]:
    """The documents at these addresses, in their order.

    Raises:
        DataError: The index is damaged.
    """
    found = []
    for kept in snapshot.kept(addresses):
        try:
            identifier, title, text, metadata = json.loads(kept.decode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise spoilt(folder, f"a document cannot be read: {error}") from error
        found.append(Document(id=identifier, title=title, text=text, metadata=MappingProxyType(metadata)))
    return found


class _Writer:
    """Writes to an index while it is entered; left in order, what was written is committed."""

    def __init__(self, index: TantivyIndex, memory: int) -> None:
        self._of = index
        self._memory = memory

    def __enter__(self) -> _Writer:
        with writing(self._of.folder):
            # One thread, so that places follow each other in a segment; analysis keeps another core busy.
            self._writer = self._of._index.writer(self._memory, 1)
        try:
            # Others may have written since the index was opened here, and from now on nobody can: what is
            # there already is asked of what is there now.
            self._of._snapshot = Snapshot(self._of._index, self._of.folder)
        except BaseException:
            del self._writer
            raise
        return self

    def put(self, entry: Any, instead_of: str | None) -> None:
        with writing(self._of.folder):
            if instead_of is not None:
                self._writer.delete_documents_by_term(ID, instead_of)
            self._writer.add_document(entry)

    def remove(self, identifier: str) -> None:
        with writing(self._of.folder):
            self._writer.delete_documents_by_term(ID, identifier)

    def commit(self) -> None:
        with writing(self._of.folder):
            self._writer.commit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
                with writing(self._of.folder):
                    self._writer.wait_merging_threads()
        finally:
            # The lock on the folder goes with the writer; what it had not committed goes too.
            del self._writer


def _id(identifier: str | int) -> str:
    """An id as it is kept: a whole number counts as its digits, in ASCII.

    Raises:
        DataError: It is too long to be kept.
    """
    text = str(identifier)
    if len(text) > _LONGEST_ID:
        raise DataError(f"the id '{text[:40]}...' is longer than {_LONGEST_ID:,} characters")
    return json.dumps(text)
