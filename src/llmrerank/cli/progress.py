"""Progress of long work: one line on a terminal's standard error, nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.engine import Progress

__all__ = ["line", "watching"]


@contextmanager
def watching(talk: Talk) -> Iterator[Callable[[Progress], None] | None]:
    """What to hand the engine as `progress`: shows calls as they are answered. None where nobody looks."""
    with line(talk) as show:
        yield None if show is None else lambda progress: show(describe(progress))


def describe(progress: Progress) -> str:
    """One line about where a ranking is."""
    return f"{progress.stage}: round {progress.round}, {progress.done} of {progress.slates} answered"


@contextmanager
def line(talk: Talk) -> Iterator[Callable[[str], None] | None]:
    """A writer of one line that replaces itself and is gone at the end; None where there is no terminal.

    None, too, where -v writes lines of its own there.
    """
    if talk.quiet or talk.json or talk.verbose or not sys.stderr.isatty():
        yield None
        return
    from shutil import get_terminal_size

    def show(text: str) -> None:
        room = get_terminal_size().columns - 1
        sys.stderr.write("\r" + text[:room].ljust(room))
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r" + " " * (get_terminal_size().columns - 1) + "\r")
        sys.stderr.flush()
