"""What of a dataset is read only when it is wanted: the corpus, and the order of judged documents."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path
from typing import overload

from llmrerank.retrieve.corpus import find_documents, read_documents, refuse_duplicates
from llmrerank.retrieve.irds import documents_of, irds_name
from llmrerank.retrieve.irds import find_documents as find_in_collection
from llmrerank.retrieve.tables import Columns
from llmrerank.types import Document

__all__ = ["Corpus", "Pools"]


class Corpus(Sequence[Document]):
    """Documents of a file, a folder or a collection, read when the first of them is wanted.

    A collection of ir_datasets can have millions: those that `find` looks for and the first ones, as `[:k]`,
    come without the others; anything else reads them all.

    Attributes:
        collection: Its name, or None where this is a file or a folder.
    """

    def __init__(self, source: str | Path, columns: Columns = None) -> None:
        self._source = source
        self._columns = columns
        self.collection = irds_name(source)
        self._lock = threading.Lock()
        self._documents: Sequence[Document] | None = None

    @property
    def documents(self) -> Sequence[Document]:
        """The documents, read now if they were not."""
        with self._lock:
            if self._documents is None:
                documents = read_documents(self._source, self._columns)
                if self.collection is None:
                    refuse_duplicates(documents, str(self._source))
                self._documents = documents
            return self._documents

    def find(self, wanted: AbstractSet[str]) -> Mapping[str, Document]:
        """The documents of these ids that are there, by id."""
        if self.collection is None or self._documents is not None:
            return find_documents(self.documents, wanted)
        return find_in_collection(self.collection, wanted, self._columns)

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | Sequence[Document]:
        if isinstance(index, slice) and self.collection is not None and self._documents is None:
            start, stop, step = index.start or 0, index.stop, index.step or 1
            if stop is not None and min(start, stop, step) >= 0:
                return tuple(islice(documents_of(self.collection, self._columns), start, stop, step))
        return self.documents[index]

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)


class Pools(Mapping[str, Sequence[str]]):
    """Judged documents by query, in corpus order, else by id: neither file order nor grade shows."""

    def __init__(self, qrels: Mapping[str, Mapping[str, int]], corpus: Sequence[Document] | None) -> None:
        self._qrels = qrels
        self._corpus = corpus
        self._places: Mapping[str, int] | None = None

    def __getitem__(self, query: str) -> Sequence[str]:
        judged = self._qrels[query]
        if self._corpus is None:
            return tuple(sorted(judged))
        if self._places is None:
            self._places = {str(document.id): place for place, document in enumerate(self._corpus)}
        places = self._places
        return tuple(sorted((document for document in judged if document in places), key=places.__getitem__))

    def __iter__(self) -> Iterator[str]:
        return iter(self._qrels)

    def __len__(self) -> int:
        return len(self._qrels)
