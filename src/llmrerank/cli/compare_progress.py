"""Progress of a comparison on a terminal: how far, how long still, and what it has cost so far."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .talk import Talk

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

    shown = progress.Progress(
        progress.TextColumn("{task.fields[place]} {task.description}", markup=False),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[spent]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with shown:
        task = shown.add_task("", total=None, place="", spent="")

        def watch(told: Progress) -> None:
            place = f"{told.row} of {rows}"
            if shown.tasks[0].fields["place"] != place:
                shown.reset(task, total=told.queries, description=told.strategy[:40], place=place)
            shown.update(task, completed=told.done, spent=spent(told))

        yield watch


def spent(told: Progress) -> str:
    """What was spent since the comparison began, in one line."""
    if not (told.calls or told.cached):
        return ""
    cost = "cost unknown" if told.cost is None else f"{told.cost:.4f} USD" if told.cost else ""
    parts = [f"{told.calls} calls", f"{told.cached} cached", f"{told.tokens} tokens", cost]
    return ", ".join(part for part in parts if part)
