"""`llmrerank index`: an index on disk that documents are added to, deleted from and searched in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from llmrerank.counted import counted
from llmrerank.errors import ConfigError, DataError

from .exits import Exit
from .progress import line
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.types import Document

__all__ = ["add", "delete", "stats"]

SCHEMA = 1
_TOLD = 1000

Folder = Annotated[Path, Argument(metavar="DIR", help="Folder of the index")]


def add(
    *,
    folder: Folder,
    docs: Annotated[
        str,
        Option("--docs", metavar="PATH", help="JSONL, CSV, Parquet, lines, folder of texts, irds:NAME, -"),
    ],
    doc_columns: Annotated[
        str | None, Option("--doc-columns", metavar="A=B,...", help="Such as id=No,text=Body,title=Name")
    ] = None,
    language: Annotated[
        str | None,
        Option(
            "--language", metavar="CODE", help="Of a new index, or 'none'  [default: en]", show_default=False
        ),
    ] = None,
    talk: Talk,
) -> Exit:
    r"""Add documents to an index, which is made where there is none; an id that is there is replaced.

    Documents are read one after the other, so there may be any number. Broken off, run it again. Lines
    without ids are numbered, so a second file of them replaces the first.

    \b
      llmrerank index add my-index --docs corpus.jsonl
      llmrerank search --corpus my-index --query "train a model" --pipeline "tantivy % 20"
    """
    from llmrerank.retrieve.corpus import stream_documents
    from llmrerank.retrieve.tantivy_index import TantivyIndex
    from llmrerank.retrieve.tantivy_manifest import is_index

    documents = stream_documents(docs, doc_columns)
    # What cannot be read at all leaves no empty index behind.
    if (first := next(documents, None)) is None:
        raise DataError(f"{docs} holds no documents")
    wanted = None if language == "none" else language or "en"
    if is_index(folder):
        index = TantivyIndex.open(folder)
        if language is not None and wanted != index.language:
            raise ConfigError(
                f"the index {folder} has the language {index.language or 'none'}; leave --language out"
            )
    else:
        index = TantivyIndex.create(folder, language=wanted)
    before = len(index)
    with line(talk) as show:
        added = index.add(_told(chain([first], documents), show))
    replaced = max(0, before + added - len(index))
    told = f" ({replaced:,} in place of one with the same id)" if replaced else ""
    _tell(
        talk,
        folder,
        f"{counted(added, 'document')} added{told}, {len(index):,} there",
        added=added,
        replaced=replaced,
        documents=len(index),
    )
    return Exit.DONE


def delete(
    *,
    folder: Folder,
    ids: Annotated[
        list[str], Option("--ids", metavar="ID...", help="Ids of documents; - reads them, one a line")
    ],
    talk: Talk,
) -> Exit:
    r"""Delete documents from an index by their ids; ids that are not there are passed over.

    \b
      llmrerank index delete my-index --ids 17 18
    """
    from llmrerank.jsonl import text_lines
    from llmrerank.retrieve.tantivy_index import TantivyIndex

    index = TantivyIndex.open(folder)
    if ids == ["-"]:
        ids = [row.text.strip() for row in text_lines("-") if row.text.strip()]
    gone = index.delete(ids)
    _tell(
        talk,
        folder,
        f"{counted(gone, 'document')} deleted, {len(index):,} there",
        deleted=gone,
        documents=len(index),
    )
    return Exit.DONE


def stats(*, folder: Folder, talk: Talk) -> Exit:
    r"""Say what an index holds.

    \b
      llmrerank index stats my-index
    """
    from llmrerank.retrieve.tantivy_index import TantivyIndex

    index = TantivyIndex.open(folder)
    size = sum(file.stat().st_size for file in folder.iterdir())
    text = f"{counted(len(index), 'document')}, {size / 1e6:.1f} MB, language {index.language or 'none'}"
    _tell(talk, folder, text, documents=len(index), bytes=size, language=index.language)
    return Exit.DONE


def _told(documents: Iterable[Document], show: Callable[[str], None] | None) -> Iterator[Document]:
    """The documents as they come, counted where somebody looks."""
    for count, document in enumerate(documents, start=1):
        yield document
        if show is not None and count % _TOLD == 0:
            show(f"{count:,} documents")


def _tell(talk: Talk, folder: Path, text: str, **figures: int | str | None) -> None:
    if talk.json:
        talk.print_json({"schema": SCHEMA, "index": str(folder), **figures})
    else:
        print(f"{folder}: {text}")
