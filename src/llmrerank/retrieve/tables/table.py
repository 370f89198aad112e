"""Rows under named columns, wherever they come from, and the records that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .columns import Columns, Fields, chosen_columns, read_columns

__all__ = ["Record", "Row", "Table", "record_of", "records"]


class Row(NamedTuple):
    """One row: where it stands, for messages, and its values by column."""

    place: str
    values: Mapping[str, Any]


class Record(NamedTuple):
    """One row as a record: its place, its values by field, and what no field took, by column."""

    place: str
    values: Mapping[str, Any]
    rest: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under named columns, read once while they are asked for.

    Attributes:
        name: How messages call it.
        columns: Their names, each once.
        rows: In order, one pass.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterator[Row]


def records(table: Table, fields: Fields, columns: Columns = None) -> Iterator[Record]:
    """The rows of a table as records; a field without a column is not among their values.

    Raises:
        ConfigError: What the caller says about columns cannot be read.
        DataError: A column is not there or cannot be told; later, a row cannot be read.
    """
    chosen = chosen_columns(table.columns, fields, read_columns(columns, fields), table.name)
    taken = set(chosen.values())
    others = [column for column in table.columns if column not in taken]
    return (
        Record(
            place,
            {field: values[column] for field, column in chosen.items()},
            {column: values[column] for column in others},
        )
        for place, values in table.rows
    )


def record_of(values: Mapping[str, Any], fields: Fields, given: Mapping[str, str], place: str) -> Record:
    """One JSON object as a record; its keys are what columns are in a table, and a title may be absent.

    Raises:
        DataError: A key that was given is not there, or one that is needed cannot be told.
    """
    there = {field: key for field, key in given.items() if field != "title" or key in values}
    chosen = chosen_columns(tuple(values), fields, there, place)
    taken = set(chosen.values())
    return Record(
        place,
        {field: values[key] for field, key in chosen.items()},
        {key: value for key, value in values.items() if key not in taken},
    )
