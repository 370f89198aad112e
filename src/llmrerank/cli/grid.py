"""Tables of short cells: ruled and fitted to the room of a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence

__all__ = ["print_grid"]

_GAP = 2
"""Columns between two cells of a ruled table."""


def print_grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    best: Collection[tuple[int, int]] = (),
    left: int = 1,
) -> None:
    """Write a table to standard output; where a terminal is too narrow for it, in parts below each other.

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

    console = Console()
    # A heading of several words may stand on several lines; a figure never does.
    needs = [
        max([*map(len, heading.split()), *(len(row[place]) for row in rows)], default=0)
        for place, heading in enumerate(headings)
    ]
    names = range(left)
    most = max(console.width // 3, 1)
    widths = [min(need, most) if place < left else need for place, need in enumerate(needs)]
    for places in _parts(widths, left, console.width):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for place in (*names, *places):
            number = place not in names
            table.add_column(
                headings[place], justify="right" if number else "left", width=widths[place], overflow="fold"
            )
        for index, row in enumerate(rows):
            shown = ((place, row[place]) for place in (*names, *places))
            table.add_row(
                *(Text(cell, style="bold" if (index, place) in best else "") for place, cell in shown)
            )
        console.print(table)


def _parts(widths: Sequence[int], left: int, room: int) -> Iterator[Sequence[int]]:
    """Columns of numbers that fit beside the columns of words, as many at a time as there is room for."""
    words = sum(width + _GAP for width in widths[:left])
    part: list[int] = []
    taken = words
    for place in range(left, len(widths)):
        if part and taken + widths[place] + _GAP > room:
            yield part
            part, taken = [], words
        part.append(place)
        taken += widths[place] + _GAP
    if part or left:
        yield part
