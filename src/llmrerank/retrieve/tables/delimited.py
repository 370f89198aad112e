"""CSV and TSV files: cells between delimiters, the first row a header; plain or gzip, UTF-8."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from llmrerank.errors import DataError
from llmrerank.jsonl import Line, text_lines

from .table import Row, Table

__all__ = ["Delimited", "open_delimited"]

_TAB_NAMES = (".tsv", ".tab")
_OTHER_DELIMITERS = ";\t|"
_Cells = tuple[int, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """A file whose first row has been read.

    Attributes:
        name: The file, for messages.
        delimiter: What stands between cells.
        line: The line of the first row, from 1.
        first: The cells of the first row: a header, or not; none in an empty file.
        rest: The rows after it, each with the line it starts in.
    """

    name: str
    delimiter: str
    line: int
    first: tuple[str, ...]
    rest: Iterator[_Cells]

    @property
    def tabs(self) -> bool:
        """Whether tabs stand between cells."""
        return self.delimiter == "\t"

    def table(self, columns: Sequence[str] | None = None, *, header: bool = True) -> Table:
        """The rows as a table.

        Args:
            columns: Their names; None: those of the first row, `column N` where the N-th has none.
            header: Whether the first row is a header; else it is a row like the others.

        Raises:
            DataError: Two columns have one name; later, a row has more or fewer cells than there are columns.
        """
        if columns is None:
            columns = [cell.strip() or f"column {place}" for place, cell in enumerate(self.first, start=1)]
        twice = next((column for column in columns if columns.count(column) > 1), None)
        if twice is not None:
            raise DataError(f"{self.name}, line {self.line}: two columns are called '{twice}'; rename one")
        cells = self.rest if header else chain([(self.line, list(self.first))], self.rest)
        return Table(name=self.name, columns=tuple(columns), rows=self._rows(tuple(columns), cells))

    def _rows(self, columns: tuple[str, ...], rows: Iterator[_Cells]) -> Iterator[Row]:
        for line, cells in rows:
            if len(cells) != len(columns):
                between = "tabs" if self.tabs else f"'{self.delimiter}'"
                hint = "; quote a cell that holds one" if len(cells) > len(columns) else ""
                raise DataError(
                    f"{self.name}, line {line}: a row has {len(columns)} columns between {between}: "
                    f"{', '.join(columns)}; this has {len(cells)}{hint}"
                )
            yield Row(f"{self.name}, line {line}", dict(zip(columns, cells, strict=True)))


def open_delimited(path: Path) -> Delimited:
    """Read the first row of a file; the rest is read while it is asked for.

    The name says what stands between cells: tabs in `.tsv` and `.tab`, commas in `.csv`, unless its first
    line has none and has semicolons, tabs or bars. Quotes are those of RFC 4180. Many TSV files know none:
    where the lines of one have equally many tabs, a quote inside a cell is a character like any other.

    Raises:
        DataError: The file cannot be read, or is not CSV.
    """
    name = str(path)
    bare = name.lower().removesuffix(".gz")
    lines = (line for line in text_lines(path) if line.text.strip())
    first = next(lines, None)
    if first is None:
        return Delimited(name=name, delimiter=",", line=1, first=(), rest=iter(()))
    if bare.endswith(_TAB_NAMES):
        delimiter = "\t"
        tabs = first.text.count("\t")
        plain = all(line.text.count("\t") == tabs for line in lines)
    else:
        others = max(_OTHER_DELIMITERS, key=first.text.count)
        delimiter = others if "," not in first.text and others in first.text else ","
        plain = False
    found = _plain_cells(path) if plain else _quoted_cells(path, delimiter)
    line, cells = next(found, (first.number, []))
    return Delimited(name=name, delimiter=delimiter, line=line, first=tuple(cells), rest=found)


def _plain_cells(path: Path) -> Iterator[_Cells]:
    for line in text_lines(path):
        cells = [_unquoted(cell) for cell in line.text.split("\t")]
        if any(cell.strip() for cell in cells):
            yield line.number, cells


def _unquoted(cell: str) -> str:
    """A cell that stands in quotes as a whole, without them; any other as it is."""
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"':
        return cell
    inner = cell[1:-1]
    return cell if '"' in inner.replace('""', "") else inner.replace('""', '"')


def _quoted_cells(path: Path, delimiter: str) -> Iterator[_Cells]:
    # The module's limit on a cell, 128 KiB, holds for the whole process; a document may be longer. It is only
    # ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), min(sys.maxsize, 2**31 - 1)))
    reader = csv.reader(_ended(text_lines(path)), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f"{path}, line {line}: this is not CSV ({error}); a cell that holds a quote, a line end or "
                "the delimiter stands in quotes, and a quote in it is doubled"
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _ended(lines: Iterator[Line]) -> Iterator[str]:
    return (line.text + "\n" for line in lines)
