"""What of a dataset is read only when it is wanted: the corpus, and the order of judged documents."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

from llmrerank.retrieve.corpus import read_documents, refuse_duplicates
from llmrerank.types import Document

__all__ = ["Corpus", "Pools"]


class Corpus(Sequence[Document]):
    """Documents of a file, read when the first of them is wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._documents: Sequence[Document] | None = None

    @property
    def documents(self) -> Sequence[Document]:
        """The documents, read now if they were not."""
        with self._lock:
            if self._documents is None:
                documents = read_documents(self._path)
                refuse_duplicates(documents, str(self._path))
                self._documents = documents
            return self._documents

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | Sequence[Document]:
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
