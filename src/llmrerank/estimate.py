"""Predict what a ranking will cost before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .calls import Call, ChatCall, DecisionCall
from .carriers import LOCAL
from .judges import Question
from .rounds import Done, Pool, Span, Verdict, advance
from .settings import Settings
from .stages import TOP, Course, Step, smaller
from .tokens import expected
from .types import Document, Usage

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one ranking is expected to take. Spans are least and most; repairs and retries come on top.

    Attributes:
        calls: Calls to an endpoint.
        rounds: Rounds, one after another, over all stages.
        tokens_in: Tokens sent, as `tokens.count` counts them.
        tokens_out: Answer tokens; the most is the room that answers are given.
        pairs: Query-document pairs for local models.
        cost: US dollars, least and most; None where a price is unknown; zero where nothing is called.
        stopped_by: The limit that this would exceed, or None.
        prompt: The first prompt as it would be sent, or None where no LLM is called.
    """

    calls: Span
    rounds: Span
    tokens_in: Span
    tokens_out: Span
    pairs: Span
    cost: tuple[float, float] | None
    stopped_by: str | None
    prompt: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values; a span is `[least, most]`."""
        spans = {
            name: [getattr(self, name).least, getattr(self, name).most]
            for name in ("calls", "rounds", "tokens_in", "tokens_out", "pairs")
        }
        return {
            **spans,
            "cost": list(self.cost) if self.cost is not None else None,
            "stopped_by": self.stopped_by,
            "prompt": self.prompt,
        }


@dataclass(slots=True)
class _Stage:
    calls: Span
    rounds: Span
    pairs: Span
    tokens_in: Span
    tokens_out: Span
    cost: tuple[float, float] | None
    prompt: str | None


def estimate(
    course: Course, query: str, documents: Sequence[Document], *, settings: Settings, top: int | None
) -> Estimate:
    """Predict the cost of ranking these documents.

    The schedule is run with a judge that ties everything, every prompt is rendered and counted, and the
    counts are scaled to the least and most calls that the algorithm states.

    Args:
        course: The settled pipeline.
        query: What is asked.
        documents: The documents that enter the first reranking stage, or documents like them.
        settings: Model, prices and limits.
        top: As `% top` after the last stage.
    """
    size = len(documents) if course.first_cut is None else min(len(documents), course.first_cut)
    stages: list[_Stage] = []
    for number, step in enumerate(course.steps, start=1):
        cut = smaller(step.cut, top) if number == len(course.steps) else step.cut
        stages.append(_stage(step, query, documents[:size], cut, settings))
        size = min(size, cut or size)
    calls, rounds, tokens_in, tokens_out, pairs = (
        _sum([getattr(stage, name) for stage in stages])
        for name in ("calls", "rounds", "tokens_in", "tokens_out", "pairs")
    )
    costs = [stage.cost for stage in stages]
    cost = None if None in costs else tuple(sum(c[i] for c in costs if c is not None) for i in (0, 1))
    limits = settings.limits
    stopped = [
        name
        for name, limit, most in (
            ("calls", limits.calls, calls.most),
            ("tokens", limits.tokens, tokens_in.most + tokens_out.most),
            ("cost", limits.cost, cost[1] if cost else None),
        )
        if limit is not None and most is not None and most > limit
    ]
    return Estimate(
        calls=calls,
        rounds=rounds,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        pairs=pairs,
        cost=(cost[0], cost[1]) if cost is not None else None,
        stopped_by=", ".join(stopped) or None,
        prompt=next((stage.prompt for stage in stages if stage.prompt is not None), None),
    )


def _sum(spans: Sequence[Span]) -> Span:
    return Span(sum(span.least for span in spans), sum(span.most for span in spans))


def _times(span: Span, each: float) -> Span:
    return Span(round(span.least * each), round(span.most * each))


def _stage(
    step: Step, query: str, documents: Sequence[Document], cut: int | None, settings: Settings
) -> _Stage:
    strategy = step.strategy
    pool = Pool(size=len(documents), top=cut or TOP)
    stated = strategy.algorithm.cost(pool.size, pool.top)
    nothing = Span(0, 0)
    question = Question(
        query=query,
        instruction=strategy.instruction or settings.instruction,
        examples=strategy.examples or settings.examples,
        seed=settings.seed,
    )
    judge = strategy.judge_with(settings)
    calls: list[Call] = []
    shown = read = 0
    plan = strategy.algorithm.plan(pool)
    paused = advance(plan)
    while not isinstance(paused, Done):
        for slate in paused.asked.slates:
            shown += 1
            read += len(slate)
            opened = advance(judge.ask(question, [documents[position] for position in slate]))
            if not isinstance(opened, Done):
                calls += opened.asked
        paused = advance(plan, [Verdict.tie(slate) for slate in paused.asked.slates])
    if strategy.carrier in LOCAL:
        # A document in chunks is a pair for each of them.
        pairs = _times(stated.documents, len(calls) / max(1, read))
        return _Stage(nothing, stated.rounds, pairs, nothing, nothing, (0.0, 0.0), None)
    # The plan was gone through with a judge that says nothing, which need not be the longest way.
    least, most = (end / max(1, shown) for end in (stated.calls.least, stated.calls.most))
    usage = sum(map(expected, calls), Usage())
    tokens_in = Span(round(usage.input * least), round(usage.input * most))
    tokens_out = Span(min(round(len(calls) * least), round(usage.output * most)), round(usage.output * most))
    model = strategy.model or settings.model or ""
    costs = [
        settings.prices.cost(model, Usage(input=i, output=o))
        for i, o in ((tokens_in.least, tokens_out.least), (tokens_in.most, tokens_out.most))
    ]
    return _Stage(
        # A slate that is too large for one call, or in chunks, is asked about in several.
        calls=_times(stated.calls, len(calls) / max(1, shown)),
        rounds=stated.rounds,
        pairs=nothing,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=None if costs[0] is None or costs[1] is None else (costs[0], costs[1]),
        prompt=_prompt(calls[0]) if calls else None,
    )


def _prompt(call: Call) -> str | None:
    """A call as it would be read by a model; None where no words of ours are sent."""
    parts: list[tuple[str, str]]
    match call:
        case ChatCall():
            parts = [(message.role, message.content) for message in call.fenced()]
        case DecisionCall():
            sent = call.fenced()
            asked = [
                (question.name, "\n".join((question.text, *question.levels))) for question in sent.questions
            ]
            parts = [("state", sent.state), *asked]
        case _:
            return None
    return "\n\n".join(f"[{name}]\n{text}" for name, text in parts)
