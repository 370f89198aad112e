"""Comparisons as LaTeX tables that need no package."""

from __future__ import annotations

from collections.abc import Sequence

from llmrerank.evaluate.comparison import Comparison
from llmrerank.harmless import harmless

from .cells import Table, cells
from .legend import legend
from .macro import macro_cells

__all__ = ["as_latex"]

# One pass over the characters, so that what an escape brings in is not escaped again. `>` and `-` are kept
# from joining into other signs, as `>>` does in T1 fonts.
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "'": r"{'}",
    "`": r"{`}",
    "-": r"{-}",
}


def as_latex(comparisons: Sequence[Comparison], *, verbose: bool = False) -> str:
    """One `table` for each dataset, its caption saying what the marks mean.

    The columns and figures are those of `cells`. Two judged datasets or more have a table of their macro
    averages in front.
    """
    parts = []
    macro = macro_cells(comparisons)
    if macro is not None:
        datasets = sum(comparison.judged for comparison in comparisons)
        parts.append(_table(macro, f"Mean of {datasets} datasets. Best in bold.", "macro"))
    for number, comparison in enumerate(comparisons, start=1):
        parts.append(_table(cells(comparison, verbose=verbose), legend(comparison), f"dataset-{number}"))
    return "\n".join(parts)


def _table(table: Table, caption: str, label: str) -> str:
    columns = "l" * table.words + "r" * (len(table.headings) - table.words)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(caption)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\hline",
        " & ".join(map(_escaped, table.headings)) + r" \\",
        r"\hline",
        *(
            " & ".join(
                _cell(text, code=column == 0, bold=(number, column) in table.best)
                for column, text in enumerate(row)
            )
            + r" \\"
            for number, row in enumerate(table.rows)
        ),
        r"\hline",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str, *, code: bool, bold: bool) -> str:
    if code:
        return rf"\texttt{{{_escaped(text)}}}"
    value = text.rstrip("*")
    shown = _escaped(value).replace("{-}", "$-$")
    shown = rf"\textbf{{{shown}}}" if bold else shown
    # Marks take no width, so that numbers stay aligned.
    return shown + (rf"\rlap{{$^{{{text[len(value) :]}}}$}}" if value != text else "")


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in harmless(text))
