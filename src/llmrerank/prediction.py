"""What a pipeline takes for one query, by the formulas of its algorithms alone: no text, no prompt."""

from __future__ import annotations

from dataclasses import dataclass

from .carriers import LOCAL
from .rounds import Span
from .stages import TOP, Course, Fork, smaller
from .strategies import Strategy

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
        arms = [arm.strategy for arm in step.route.arms] if isinstance(step, Fork) else step.strategies
        always, *maybe = [_taken(strategy, size, cut) for strategy in arms]
        # A route takes what its cheap arm does, and the dearest of the others at most.
        more = [[span.most for span in spans] for spans in zip(*maybe, strict=True)] or [[0], [0], [0]]
        calls, pairs, rounds = (
            Span(total.least + own.least, total.most + own.most + max(dear))
            for total, own, dear in zip((calls, pairs, rounds), always, more, strict=True)
        )
        size = min(size, cut or size)
    return Prediction(calls=calls, pairs=pairs, rounds=rounds)


def _taken(strategy: Strategy | None, size: int, cut: int | None) -> tuple[Span, Span, Span]:
    """Calls, pairs and rounds of one strategy; none at all where the order is kept."""
    nothing = Span(0, 0)
    if strategy is None:
        return nothing, nothing, nothing
    cost = strategy.algorithm.cost(size, min(cut or TOP, max(size, 1)))
    if strategy.carrier in LOCAL:
        return nothing, cost.documents, cost.rounds
    return cost.calls, nothing, cost.rounds
