"""Texts of anybody on lines of a known width: harmless, clipped, wrapped or quoted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from llmrerank.counted import counted
from llmrerank.errors import did_you_mean
from llmrerank.harmless import harmless

__all__ = ["WIDTH", "clipped", "close_to", "quoted", "wrapped"]

WIDTH = 100


def clipped(text: str, room: int) -> str:
    """On one line of so many characters at most."""
    flat = harmless(text)
    return flat if len(flat) <= room else flat[: room - 1].rstrip() + "…"


def wrapped(text: str, *, indent: int = 0, hang: int = 0) -> Iterator[str]:
    """One paragraph on lines of `WIDTH` columns at most; all but the first are indented by `hang` more."""
    yield from textwrap.wrap(
        harmless(text),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_on_hyphens=False,
    )


def quoted(text: str, *, indent: int, most: int | None = None) -> Iterator[str]:
    """A text behind bars, its lines kept, and wrapped where they are too long.

    Args:
        text: Whatever was said.
        indent: Blanks before the bars.
        most: Lines that are shown; None: all.
    """
    made = [
        line
        for paragraph in harmless(text, newlines=True).split("\n")
        for line in (textwrap.wrap(paragraph, WIDTH - indent - 2, break_on_hyphens=False) or [""])
    ]
    for line in made if most is None else made[:most]:
        yield f"{' ' * indent}| {line}".rstrip()
    if most is not None and len(made) > most:
        yield f"{' ' * indent}| ({counted(len(made) - most, 'more line')}; -v shows them)"


def close_to(name: str, known: Sequence[str]) -> str:
    """The end of an error's sentence: close names, else all; of many only how many there are."""
    hint = did_you_mean(name, known)
    return hint if len(hint) <= WIDTH else f"; there are {len(known)} others, such as '{known[0]}'"
