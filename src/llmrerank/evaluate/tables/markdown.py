"""Comparisons as Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmrerank.evaluate.comparison import Comparison
from llmrerank.harmless import harmless

from .cells import Table, cells
from .legend import legend
from .macro import macro_cells

__all__ = ["as_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def as_markdown(comparisons: Sequence[Comparison], *, verbose: bool = False) -> str:
    """One table for each dataset, with a heading and, below it, what its marks mean.

    The columns and figures are those of `cells`. Two judged datasets or more have a table of their macro
    averages in front.
    """
    parts = []
    macro = macro_cells(comparisons)
    if macro is not None:
        datasets = sum(comparison.judged for comparison in comparisons)
        parts.append(f"## Mean of {datasets} datasets\n\n{_table(macro)}")
    for comparison in comparisons:
        heading = _escaped(comparison.dataset)
        parts.append(
            f"## {heading}\n\n{_table(cells(comparison, verbose=verbose))}\n{_escaped(legend(comparison))}\n"
        )
    return "\n".join(parts)


def _table(table: Table) -> str:
    rows = [
        [
            _cell(text, code=column == 0, bold=(number, column) in table.best)
            for column, text in enumerate(row)
        ]
        for number, row in enumerate(table.rows)
    ]
    rule = ["---" if column < table.words else "---:" for column in range(len(table.headings))]
    lines = [[_escaped(heading) for heading in table.headings], rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str, *, code: bool, bold: bool) -> str:
    if code:
        return _code(text)
    value = text.rstrip("*")
    shown = f"**{_escaped(value)}**" if bold else _escaped(value)
    # Marks in a superscript: asterisks beside bold text would be read as emphasis.
    return shown + (f"<sup>{_escaped(text[len(value) :])}</sup>" if value != text else "")


def _code(text: str) -> str:
    """A code span; more backticks than the text has in a row hold it, and a bar is escaped even there."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", r"\|")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", harmless(text))
