"""Tables of short cells: ruled on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

__all__ = ["print_grid"]


def print_grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    best: Collection[tuple[int, int]] = (),
    left: int = 1,
) -> None:
    """Write a table to standard output.

    Args:
        headings: One for each column.
        rows: `rows[i][j]` stands under `headings[j]`.
        best: Cells as (row, column) that are shown bold on a terminal.
        left: Leading columns that hold words and are flush left; the others hold numbers.
    """
    if sys.stdout.isatty():
        _ruled(headings, rows, best, left)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _ruled(
    headings: Sequence[str], rows: Sequence[Sequence[str]], best: Collection[tuple[int, int]], left: int
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        if place < left:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right")
    for number, row in enumerate(rows):
        table.add_row(
            *(Text(cell, style="bold" if (number, place) in best else "") for place, cell in enumerate(row))
        )
    Console().print(table)
