"""Questions asked side by side: parts of a plan that do not depend on each other share their rounds.

A part is a generator that asks for slates, is sent their verdicts in the same order, and returns what it
found.
`lockstep` makes one part of many; `rounds` makes rounds of a part.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from itertools import islice
from typing import TypeVar

from llmrerank.rounds import Done, Round, Slate, Step, Verdict, advance

__all__ = ["Part", "lockstep", "rounds"]

_Found = TypeVar("_Found")
Part = Generator[Sequence[Slate], Sequence[Verdict], _Found]


def lockstep(parts: Sequence[Part[_Found]]) -> Part[list[_Found]]:
    """Run parts side by side: what they ask at the same step is asked together; results in their order."""
    steps = [advance(part) for part in parts]
    while asked := [step.asked for step in steps if isinstance(step, Step)]:
        verdicts = iter((yield [slate for slates in asked for slate in slates]))
        steps = [
            advance(part, list(islice(verdicts, len(step.asked)))) if isinstance(step, Step) else step
            for part, step in zip(parts, steps, strict=True)
        ]
    return [step.result for step in steps if isinstance(step, Done)]


def rounds(
    part: Part[_Found], known: Callable[[], Sequence[int]]
) -> Generator[Round, Sequence[Verdict], _Found]:
    """Ask what a part asks, a round at a time; `known` says the order of the pool at that moment."""
    step = advance(part)
    while isinstance(step, Step):
        verdicts = yield Round(slates=tuple(step.asked), order=known())
        step = advance(part, verdicts)
    return step.result
