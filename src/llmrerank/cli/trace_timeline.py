"""A time line in text: one bar for each call, in its round, in its stage.

Events hold how long things took, not when they began. Stages follow each other, and so do the rounds of a
stage, so where those began is known, but for the little between them. When in its round a call was sent is
not known: its bar starts with the round, and the rest of the round, in which it may as well have run, is
shaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmrerank.counted import counted

from .wrapping import WIDTH, clipped

if TYPE_CHECKING:
    from llmrerank.trace_file import RoundStory, StageStory

__all__ = ["timeline"]

BAR, SHADE = "█", "░"
CALLS = 10
"""Calls of a round that get a line of their own where nobody asks for all."""
NAME, TOOK = 26, 10
ROOM = WIDTH - NAME - TOOK - 4
"""Columns for the bars."""


def timeline(stages: Sequence[StageStory], seconds: float, *, whole: bool) -> Iterator[str]:
    """The lines.

    Args:
        stages: In order.
        seconds: Of the whole query; where its stages took longer, theirs.
        whole: Give every call a line.
    """
    total = max(seconds, sum(stage.seconds for stage in stages))
    yield f"time line, {total:.2f} s from left to right:"
    shaded = False
    start = 0.0
    for stage in stages:
        if stage.done is not None or stage.rounds:
            yield _line(stage.name, _bar(start, stage.seconds, stage.seconds, total), _took(stage.seconds))
        begun = start
        for one in stage.rounds:
            for line in _round(one, begun, total, whole=whole):
                shaded = shaded or SHADE in line
                yield line
            begun += one.seconds
        start += stage.seconds
    if shaded:
        yield f"  {BAR} how long a call took, from the start of its round: when it was sent is not recorded;"
        yield f"  {SHADE} the rest of the round, in which it may as well have run"


def _round(one: RoundStory, start: float, total: float, *, whole: bool) -> Iterator[str]:
    calls = one.calls
    shown = calls if whole else calls[:CALLS]
    for number, (waited, call) in enumerate(shown, start=1):
        waited = min(waited, one.seconds)
        bar = _bar(start + waited, call.seconds, one.seconds - waited, total)
        took = "cached" if call.cached else _took(call.seconds)
        yield _line(f"round {one.number}, call {number}", bar, took, indent=2)
    if len(calls) > len(shown):
        hidden = counted(len(calls) - len(shown), "more call")
        yield f"      and {hidden} of round {one.number}; -v shows them"
    if not calls:
        bar = _bar(start, one.seconds, one.seconds, total)
        yield _line(f"round {one.number}", bar, _took(one.seconds), indent=2)


def _bar(start: float, took: float, span: float, total: float) -> str:
    """From `start`, `took` seconds of the `span` that they may lie in, on a scale of `total`."""
    scale = ROOM / total if total > 0 else 0.0
    first = min(ROOM - 1, int(start * scale))
    last = max(first + 1, min(ROOM, round((start + span) * scale)))
    filled = last - first if took >= span else min(last - first, max(took > 0, round(took * scale)))
    return " " * first + BAR * filled + SHADE * (last - first - filled)


def _line(name: str, bar: str, took: str, *, indent: int = 0) -> str:
    label = " " * indent + clipped(name, NAME - indent)
    return f"  {label.ljust(NAME)} {bar.ljust(ROOM)} {took.rjust(TOOK)}"


def _took(seconds: float) -> str:
    return f"{seconds:.2f} s"
