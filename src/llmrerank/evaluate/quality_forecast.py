"""What measuring a model will take, told before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from llmrerank.estimate import Estimate
from llmrerank.judges import Question
from llmrerank.rounds import Done, Pool, Span, Verdict, advance
from llmrerank.settings import Settings
from llmrerank.spec import parse_call
from llmrerank.strategies import Strategy
from llmrerank.tokens import expected
from llmrerank.types import Usage

from .dataset import Dataset
from .quality_asks import STRATEGIES, Sample, asks_of, samples_of

__all__ = ["quality_forecast"]


def quality_forecast(
    dataset: Dataset, *, settings: Settings, queries: int = 20, strategies: Sequence[str] = STRATEGIES
) -> dict[str, Estimate]:
    """Predict by strategy what `quality.aquality` takes. Nothing is sent; every first prompt is rendered.

    Calls, tokens and cost are totals, rounds the least and most for one query. What a cache knows is not
    looked up: it makes the work cheaper.

    Raises:
        ConfigError: As `aquality`.
    """
    samples = samples_of(dataset, queries)
    return {name: _estimate(name, samples, dataset, settings) for name in strategies}


def _estimate(name: str, samples: Sequence[Sample], dataset: Dataset, settings: Settings) -> Estimate:
    strategy = Strategy.of(parse_call(name))
    judge = strategy.judge_with(settings)
    calls, rounds, usage = 0, [], Usage()
    for number, sample in enumerate(samples):
        rounds.append(0)
        for ask in asks_of(name, sample, number, seed=settings.seed):
            question = Question(
                query=ask.query,
                instruction=settings.instruction or dataset.instruction,
                examples=settings.examples or dataset.examples,
                seed=ask.seed,
            )
            plan = ask.algorithm.plan(Pool(size=len(sample.documents), top=1))
            paused = advance(plan)
            while not isinstance(paused, Done):
                rounds[-1] += 1
                for slate in paused.asked.slates:
                    opened = advance(judge.ask(question, [sample.documents[place] for place in slate]))
                    asked = () if isinstance(opened, Done) else opened.asked
                    calls += len(asked)
                    usage += sum(map(expected, asked), Usage())
                paused = advance(plan, [Verdict.tie(slate) for slate in paused.asked.slates])
    model = strategy.model or settings.model or ""
    least = settings.prices.cost(model, Usage(input=usage.input, output=calls))
    most = settings.prices.cost(model, usage)
    limits = settings.limits
    stopped = [
        kind
        for kind, limit, value in (
            ("calls", limits.calls, calls),
            ("tokens", limits.tokens, usage.total),
            ("cost", limits.cost, most),
        )
        if limit is not None and value is not None and value > limit
    ]
    return Estimate(
        calls=Span(calls, calls),
        rounds=Span(min(rounds), max(rounds)),
        tokens_in=Span(usage.input, usage.input),
        tokens_out=Span(min(calls, usage.output), usage.output),
        pairs=Span(0, 0),
        cost=None if least is None or most is None else (least, most),
        stopped_by=", ".join(stopped) or None,
        prompt=None,
    )
