"""Progress of a comparison on a terminal: how far, how long still, and what it has cost so far."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llmrerank.counted import counted, dollars

from .talk import Talk
from .wrapping import clipped

if TYPE_CHECKING:
    from llmrerank.evaluate import Progress

__all__ = ["comparing"]


@contextmanager
def comparing(talk: Talk, *, rows: int) -> Iterator[Callable[[Progress], None] | None]:
    """What to hand a comparison as `progress`; None where nobody looks, or -v writes lines of its own there.

    Args:
        talk: How the command speaks.
        rows: Strategies in all.
    """
    if talk.quiet or talk.verbose or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console
    from rich.table import Column

    shown = progress.Progress(
        progress.TextColumn("{task.fields[place]} {task.description}", markup=False),
        progress.BarColumn(bar_width=16),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
        progress.TextColumn("{task.fields[spent]}", markup=False, table_column=Column(no_wrap=True)),
        console=Console(stderr=True),
        transient=True,
    )
    with shown:
        task = shown.add_task("getting ready", total=None, place="", spent="")

        def watch(told: Progress) -> None:
            place = f"{told.row} of {rows}"
            if shown.tasks[0].fields["place"] != place:
                # A new row has a clock of its own. `reset` forgets the fields that it is not given.
                name = clipped(told.strategy, 30)
                shown.reset(task, total=told.queries, description=name, place=place, spent="")
            shown.update(task, completed=told.done, spent=spent(told))

        yield watch


def spent(told: Progress) -> str:
    """What was spent since the comparison began, in one line."""
    if not (told.calls or told.cached):
        return ""
    cost = "cost unknown" if told.cost is None else dollars(told.cost) if told.cost else ""
    cached = f"{told.cached} cached" if told.cached else ""
    parts = [counted(told.calls, "call"), cached, counted(told.tokens, "token"), cost]
    return ", ".join(part for part in parts if part)
