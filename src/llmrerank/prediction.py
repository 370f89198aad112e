"""What a pipeline takes for one query, by the formulas of its algorithms alone: no text, no prompt."""

from __future__ import annotations

from dataclasses import dataclass

from .carriers import LOCAL
from .rounds import Span
from .stages import TOP, Course, smaller

__all__ = ["Prediction", "predicted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Calls to endpoints, pairs for local models, and rounds one after another; repairs come on top."""

    calls: Span
    pairs: Span
    rounds: Span

    def __str__(self) -> str:
        parts = [
            f"{span} {word if span.most == 1 else word + 's'}"
            for span, word in ((self.calls, "call"), (self.pairs, "pair"), (self.rounds, "round"))
            if span.most or word == "call"
        ]
        return ", ".join(parts)


def predicted(course: Course, size: int, *, top: int | None = None) -> Prediction:
    """Predict what one query takes.

    Args:
        course: The settled pipeline.
        size: Documents that are there; a first stage passes on as many, up to its cut-off.
        top: As `% top` after the last stage.
    """
    calls, pairs, rounds = Span(0, 0), Span(0, 0), Span(0, 0)
    size = min(size, course.first_cut or size)
    for number, step in enumerate(course.steps, start=1):
        cut = smaller(step.cut, top) if number == len(course.steps) else step.cut
        cost = step.strategy.algorithm.cost(size, min(cut or TOP, max(size, 1)))
        if step.strategy.carrier in LOCAL:
            pairs = _sum(pairs, cost.documents)
        else:
            calls = _sum(calls, cost.calls)
        rounds = _sum(rounds, cost.rounds)
        size = min(size, cut or size)
    return Prediction(calls=calls, pairs=pairs, rounds=rounds)


def _sum(one: Span, other: Span) -> Span:
    return Span(one.least + other.least, one.most + other.most)
