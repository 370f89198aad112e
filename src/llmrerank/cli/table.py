"""Rankings for people: a table on a terminal, one plain line for each hit in a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from llmrerank.counted import at_cost, counted
from llmrerank.harmless import harmless

from .notes import notes_on
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.ranking import Hit, Ranking
    from llmrerank.types import Document

__all__ = ["footer", "print_ranking"]

SUSPICIOUS = "[suspicious]"
"""Stands before the text of a document in which a guard found something."""


def print_ranking(ranking: Ranking, talk: Talk, *, min_score: float | None = None) -> None:
    """Write a ranking to standard output, and its warnings and totals to standard error.

    Args:
        ranking: It may be empty, which is said.
        talk: What the user wants to hear.
        min_score: The threshold that its hits were held to.
    """
    for note in notes_on(ranking.trace):
        talk.warn(note)
    if talk.json:
        talk.print_json(ranking.to_dict())
    elif sys.stdout.isatty():
        _print_table(ranking, with_ids=talk.verbose > 0)
    else:
        _print_lines(ranking, with_ids=talk.verbose > 0)
    if not ranking.hits:
        scored = "" if min_score is None else f" with a score of {min_score:g} or more"
        talk.say(f"no document was found{scored}")
    talk.say(footer(ranking))


def footer(ranking: Ranking) -> str:
    """What the ranking took, in one line."""
    trace, paid = ranking.trace, ranking.trace.paid
    parts = [counted(trace.calls, "call")]
    if trace.cached:
        parts.append(f"{trace.cached} cached")
    if trace.recalled:
        parts.append("looked up whole")
    if trace.pairs:
        parts.append(counted(trace.pairs, "pair"))
    parts.append(counted(trace.rounds, "round"))
    if paid.total:
        parts.append(f"{paid.input} + {paid.output} tokens")
    parts.append(f"{trace.seconds:.2f} s")
    if trace.calls:
        parts.append(at_cost(trace.cost))
    for number, name in (
        (trace.repaired, "repaired"),
        (trace.degraded, "degraded"),
        (trace.set_back, "set back"),
    ):
        if number:
            parts.append(f"{number} {name}")
    scores = "no scores" if ranking.score_kind == "none" else f"score: {ranking.score_kind}"
    return f"{ranking.strategy} | {scores} | " + ", ".join(parts)


def _print_lines(ranking: Ranking, *, with_ids: bool) -> None:
    # COLUMNS is a wish where there is no terminal to ask; without it nothing is cut.
    width = int(os.environ.get("COLUMNS", "") or 0) if os.environ.get("COLUMNS", "").isdigit() else 0
    for hit in ranking:
        fields = [
            str(hit.rank),
            _moved(hit),
            _score(hit.score),
            *([harmless(str(hit.document.id))] if with_ids else []),
        ]
        line = " ".join([*fields, *([SUSPICIOUS] if hit.suspicious else []), _text(hit.document)]).rstrip()
        print(line if not width or len(line) <= width else line[: width - 1] + "…")


def _print_table(ranking: Ranking, *, with_ids: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False, expand=True)
    # Fixed widths: a narrow terminal takes room from the text alone.
    table.add_column(justify="right", width=len(str(len(ranking))))
    table.add_column(width=max((len(_moved(hit)) for hit in ranking), default=0))
    table.add_column(justify="right", width=max((len(_score(hit.score)) for hit in ranking), default=0))
    if with_ids:
        ids = max((len(harmless(str(hit.document.id))) for hit in ranking), default=0)
        table.add_column(no_wrap=True, overflow="ellipsis", width=min(ids, 30))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for hit in ranking:
        style = "green" if hit.moved > 0 else "red" if hit.moved < 0 else "dim"
        cells = [Text(str(hit.rank)), Text(_moved(hit), style=style), Text(_score(hit.score))]
        if with_ids:
            cells.append(Text(harmless(str(hit.document.id)), style="dim"))
        title = f"{harmless(hit.document.title)} — " if hit.document.title else ""
        mark = f"{SUSPICIOUS} " if hit.suspicious else ""
        cells.append(Text.assemble((mark, "bold red"), (title, "bold"), harmless(hit.document.text)))
        table.add_row(*cells)
    Console().print(table)


def _moved(hit: Hit) -> str:
    if hit.moved == 0:
        return "="
    return f"↑{hit.moved}" if hit.moved > 0 else f"↓{-hit.moved}"


def _score(score: float | None) -> str:
    """Two decimals; numbers that two decimals cannot show are written with an exponent."""
    if score is None:
        return "·"
    return f"{score:.1e}" if 0 < abs(score) < 0.005 else f"{score:.2f}"


def _text(document: Document) -> str:
    title, text = harmless(document.title), harmless(document.text)
    return f"{title} — {text}" if title and text else title or text
