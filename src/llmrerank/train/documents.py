"""The texts of documents that judgements and rankings name by their ids."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from llmrerank.evaluate.candidates import holds_texts
from llmrerank.evaluate.dataset import Dataset
from llmrerank.retrieve.corpus import find_documents
from llmrerank.retrieve.stored import read_texts
from llmrerank.types import Document

__all__ = ["texts_of"]


def texts_of(dataset: Dataset, wanted: AbstractSet[str]) -> dict[str, Document]:
    """The documents of these ids that the corpus has, else the candidates files, by id.

    Raises:
        DataError: A file cannot be read.
    """
    if dataset.corpus is not None:
        return dict(find_documents(dataset.corpus, wanted))
    found: dict[str, Document] = {}
    for file in dataset.candidate_files:
        if len(found) == len(wanted):
            break
        texts = read_texts(file) if holds_texts(file) else {}
        found |= {name: texts[name] for name in wanted if name in texts and name not in found}
    return found
