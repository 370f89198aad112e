"""A trace file read back, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from llmrerank.errors import DataError
from llmrerank.jsonl import Line, Readable, name_of, parse_lines, text_lines

from .traced import SCHEMA, TracedQuery

__all__ = ["StoredTraces", "TraceLine"]


class TraceLine(NamedTuple):
    """One line: its number among the queries from 1, its text as it is in the file, and what it says."""

    number: int
    text: str
    traced: TracedQuery


class StoredTraces:
    """The queries of a trace file, read in one streaming pass each time they are iterated over.

    Args:
        source: The file, `.gz` or not, `-` for the standard input, or an open stream.

    Attributes:
        name: How the file is called in messages.
        cut_off: Whether half a line stood at the end, as a killed process leaves it; known after a pass.
    """

    def __init__(self, source: Readable) -> None:
        self.name = name_of(source)
        self.cut_off = False
        self._source = source

    def __iter__(self) -> Iterator[TraceLine]:
        """Read.

        Raises:
            DataError: The file cannot be read, is no trace file, or is one of a newer form; names the line.
        """
        number = 0
        for line in text_lines(self._source):
            if not line.text.strip():
                continue
            if not line.complete and not _whole(line):
                self.cut_off = True
                return
            [(place, values)] = parse_lines([line], self.name)
            number += 1
            yield TraceLine(number, line.text, self._read(values, place))

    def _read(self, values: dict[str, Any], place: int) -> TracedQuery:
        where = f"{self.name}, line {place}"
        if values.get("schema") != SCHEMA or "events" not in values:
            raise DataError(
                f"{where}: this is no line of a trace file of schema {SCHEMA}; "
                "'rank --trace FILE' and 'search --trace FILE' write one"
            )
        try:
            return TracedQuery.from_dict(values)
        except KeyError as error:
            raise DataError(f"{where}: a part of the trace is missing: {error.args[0]}") from error
        except (TypeError, ValueError, OverflowError, AttributeError, IndexError, DataError) as error:
            raise DataError(f"{where}: the trace cannot be read: {error}") from error


def _whole(line: Line) -> bool:
    try:
        json.loads(line.text)
    except (ValueError, RecursionError):
        return False
    return True
