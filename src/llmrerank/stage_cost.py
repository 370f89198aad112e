"""What one strategy takes for one list of documents, predicted by rendering its prompts; nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .calls import Call, ChatCall, DecisionCall
from .carriers import LOCAL
from .judges import Question
from .rounds import Done, Pool, Span, Verdict, advance
from .settings import Settings
from .strategies import Strategy
from .tokens import expected
from .types import Document, Usage

__all__ = ["TOP", "StageCost", "stage_cost"]

TOP = 10
"""Leading places that must be right where no cut-off says otherwise."""
NOTHING = Span(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """Least and most of everything, as `Estimate`; `prompt` is the first one."""

    calls: Span = NOTHING
    rounds: Span = NOTHING
    pairs: Span = NOTHING
    tokens_in: Span = NOTHING
    tokens_out: Span = NOTHING
    cost: tuple[float, float] | None = (0.0, 0.0)
    prompt: str | None = None


def stage_cost(
    strategy: Strategy, query: str, documents: Sequence[Document], cut: int | None, settings: Settings
) -> StageCost:
    """Predict what a strategy takes.

    Its schedule is run with a judge that ties everything, every prompt is rendered and counted, and the
    counts are scaled to the least and most calls that the algorithm states.

    Args:
        strategy: The stage.
        query: What is asked.
        documents: What comes in, or documents like them.
        cut: Leading places that must be right; None: `TOP`.
        settings: Model and prices.
    """
    pool = Pool(size=len(documents), top=cut or TOP)
    stated = strategy.algorithm.cost(pool.size, pool.top)
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
        return StageCost(rounds=stated.rounds, pairs=pairs)
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
    return StageCost(
        # A slate that is too large for one call, or in chunks, is asked about in several.
        calls=_times(stated.calls, len(calls) / max(1, shown)),
        rounds=stated.rounds,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=None if costs[0] is None or costs[1] is None else (costs[0], costs[1]),
        prompt=_prompt(calls[0]) if calls else None,
    )


def _times(span: Span, each: float) -> Span:
    return Span(round(span.least * each), round(span.most * each))


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
