"""A table by the name of its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .columns import Columns, Fields
from .delimited import open_delimited
from .parquet import open_parquet
from .table import Record, records

__all__ = ["is_parquet", "is_table", "read_table"]

_PARQUET_NAMES = (".parquet", ".pq")
_DELIMITED_NAMES = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz")


def is_parquet(source: object) -> bool:
    """Whether this is the name of a Parquet file."""
    return isinstance(source, str | Path) and str(source).lower().endswith(_PARQUET_NAMES)


def is_table(source: object) -> bool:
    """Whether this is the name of a file that holds a table."""
    return is_parquet(source) or (
        isinstance(source, str | Path) and str(source).lower().endswith(_DELIMITED_NAMES)
    )


def read_table(path: Path, fields: Fields, columns: Columns = None) -> Iterator[Record]:
    """The records of a file; which column holds what is guessed, or said by the caller.

    A TSV file of two columns may lack the header, as MS MARCO's do: id, then text. Its first row is a header
    if a name in use stands in it, or if the caller says what the columns are called. An empty file has none.

    Raises:
        ConfigError: What the caller says about columns cannot be read.
        DataError: The file cannot be read, or a column is not there or cannot be told.
        MissingExtra: The file is Parquet and pyarrow is not installed.
    """
    if is_parquet(path):
        return records(open_parquet(path), fields, columns)
    file = open_delimited(path)
    if not file.first:
        return iter(())
    if columns is None and file.tabs and len(file.first) == 2 and not any(map(fields.field_of, file.first)):
        return records(file.table(("id", "text"), header=False), fields)
    return records(file.table(), fields, columns)
