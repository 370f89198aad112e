"""Collections of ir_datasets, by the name `irds:NAME`: documents, queries, judgements and stored runs.

The package fetches what it does not have from where each collection is published, keeps it in
`$IR_DATASETS_HOME` (else `~/.ir_datasets`), and lists its names at https://ir-datasets.com.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from llmrerank.errors import ConfigError, DataError, MissingExtra, did_you_mean
from llmrerank.types import Document

from .tables import DOCUMENTS, QUERIES, Columns, Fields, Row, Table, chosen_columns, read_columns

__all__ = ["Part", "documents_of", "find_documents", "has", "irds_name", "queries_of", "require", "table_of"]

Part = Literal["docs", "queries", "qrels", "scoreddocs"]

_PREFIX = "irds:"
_WORDS = {"docs": "documents", "queries": "queries", "qrels": "judgements", "scoreddocs": "stored run"}


def irds_name(source: object) -> str | None:
    """The NAME of `irds:NAME`, given as text or as a path; None where this is something else."""
    text = source.as_posix() if isinstance(source, Path) else source
    return text.removeprefix(_PREFIX) if isinstance(text, str) and text.startswith(_PREFIX) else None


def has(name: str, part: Part) -> bool:
    """Whether the collection has this part; nothing is fetched.

    Raises:
        ConfigError: There is no collection of this name.
        MissingExtra: ir_datasets is not installed.
    """
    return bool(_load(name).has(part))


def require(name: str, part: Part) -> Any:
    """The collection, which has this part; nothing is fetched.

    Raises:
        ConfigError: There is no collection of this name, or it has no such part.
        MissingExtra: ir_datasets is not installed.
    """
    collection = _load(name)
    if not collection.has(part):
        import ir_datasets

        below = sorted(other for other in ir_datasets.registry if other.startswith(f"{name}/"))
        hint = f"; parts of it are {', '.join(_PREFIX + other for other in below[:4])}" if below else ""
        raise ConfigError(f"{_PREFIX}{name} has no {_WORDS[part]}{hint}")
    return collection


def documents_of(name: str, columns: Columns = None) -> Iterator[Document]:
    """The documents in the order of the collection, in one pass.

    `text` and `title` are told by the names of the fields, as the columns of a table are; where none looks
    like the text, or holds other than a text, it is what the collection calls the document's default text.
    Other fields that hold a text or a number become metadata.

    Raises:
        ConfigError: There is no collection of this name, or it has no documents.
        DataError: They cannot be fetched or read.
        MissingExtra: ir_datasets is not installed.
    """
    collection = require(name, "docs")
    chosen = _chosen(collection.docs_cls(), DOCUMENTS, "doc_id", columns)
    with _reading(name, "docs"):
        for record in collection.docs_iter():
            yield _document(record, chosen)


def find_documents(name: str, wanted: Iterable[str], columns: Columns = None) -> dict[str, Document]:
    """The documents of these ids that are there, by id; the collection is not read into memory.

    Cost: a lookup each. The first lookup in a collection lets ir_datasets write its index of it to disk,
    which reads the collection once.

    Raises:
        ConfigError: As `documents_of`.
        DataError: As `documents_of`.
        MissingExtra: As `documents_of`.
    """
    collection = require(name, "docs")
    chosen = _chosen(collection.docs_cls(), DOCUMENTS, "doc_id", columns)
    with _reading(name, "docs"):
        found = collection.docs_store().get_many(sorted(wanted))
        return {str(docid): _document(record, chosen) for docid, record in found.items()}


def queries_of(name: str, columns: Columns = None) -> Iterator[tuple[str, str, Any]]:
    """Place, id and text of each query; the text is the collection's default, or the field that was named.

    Raises:
        ConfigError: There is no collection of this name, or it has no queries.
        DataError: They cannot be fetched or read, or a field that was named is not there.
        MissingExtra: ir_datasets is not installed.
    """
    collection = require(name, "queries")
    kind = collection.queries_cls()
    chosen = _chosen(kind, QUERIES, "query_id", columns)
    if "text" not in read_columns(columns, QUERIES) and hasattr(kind, "default_text"):
        chosen.pop("text", None)
    with _reading(name, "queries"):
        for number, record in enumerate(collection.queries_iter(), start=1):
            yield (
                f"{_PREFIX}{name}, query {number}",
                str(getattr(record, chosen["id"])),
                _text(record, chosen),
            )


def table_of(name: str, part: Literal["qrels", "scoreddocs"]) -> Table:
    """The judgements or the stored run of a collection, a column for each field.

    Raises:
        ConfigError: There is no collection of this name, or it has no such part.
        DataError: They cannot be fetched; later, or read.
        MissingExtra: ir_datasets is not installed.
    """
    collection = require(name, part)
    fields = tuple(getattr(collection, f"{part}_cls")()._fields)

    def rows() -> Iterator[Row]:
        with _reading(name, part):
            for number, record in enumerate(getattr(collection, f"{part}_iter")(), start=1):
                yield Row(f"{_PREFIX}{name}, {_WORDS[part]} row {number}", record._asdict())

    return Table(name=_PREFIX + name, columns=fields, rows=rows())


def _chosen(kind: Any, fields: Fields, identifier: str, columns: Columns) -> dict[str, str]:
    given = {"id": identifier, **read_columns(columns, fields)}
    try:
        return chosen_columns(kind._fields, fields, given, "the collection")
    except DataError:
        if "text" in given or not hasattr(kind, "default_text"):
            raise
        return given


def _document(record: Any, chosen: Mapping[str, str]) -> Document:
    values = record._asdict()
    taken = set(chosen.values())
    rest = {
        key: value
        for key, value in values.items()
        if key not in taken and isinstance(value, str | int | float)
    }
    return Document(
        id=str(values[chosen["id"]]),
        text=_text(record, chosen) or "",
        title=values[chosen["title"]] or "" if "title" in chosen else "",
        metadata=MappingProxyType(rest),
    )


def _text(record: Any, chosen: Mapping[str, str]) -> Any:
    text = getattr(record, chosen["text"]) if "text" in chosen else None
    return text if isinstance(text, str) or not hasattr(record, "default_text") else record.default_text()


def _load(name: str) -> Any:
    try:
        import ir_datasets
    except ImportError as error:
        raise MissingExtra(f"{_PREFIX}{name}", "datasets") from error
    try:
        return ir_datasets.load(name)
    except KeyError:
        known = list(ir_datasets.registry)
        close = get_close_matches(name, known, n=3) or sorted(other for other in known if name in other)[:3]
        hint = did_you_mean(name, close) if close else "; https://ir-datasets.com lists the names"
        raise ConfigError(f"ir_datasets has no collection '{name}'{hint}") from None


@contextmanager
def _reading(name: str, part: Part) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # a stranger's package: no network, no licence, a damaged file
        reason = str(error).strip() or type(error).__name__
        raise DataError(f"cannot read the {_WORDS[part]} of {_PREFIX}{name}: {reason}") from error
