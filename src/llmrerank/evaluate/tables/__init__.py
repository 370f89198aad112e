"""A comparison as a table: cells for a terminal, CSV for machines, Markdown and LaTeX for papers."""

from .cells import Table, best_rows, cells, marks
from .comma_separated import as_csv
from .latex import as_latex
from .legend import legend
from .macro import macro_averages, macro_cells
from .markdown import as_markdown

__all__ = [
    "Table",
    "as_csv",
    "as_latex",
    "as_markdown",
    "best_rows",
    "cells",
    "legend",
    "macro_averages",
    "macro_cells",
    "marks",
]
