"""Run an algorithm with a function as its judge: no text, no model, no clock.

```python
simulate("adaptive(rounds=(5, 1, 1))", sorted, size=100, top=10)
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from llmrerank.errors import ConfigError
from llmrerank.judges import Carrier, Inquiry, Question
from llmrerank.registry import Kind, bind
from llmrerank.rounds import Done, Pool, Slate, Verdict, advance
from llmrerank.spec import Call, parse
from llmrerank.strategies import Strategy
from llmrerank.types import Detail, Document, ScoreKind

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What became of a pool, and what it took.

    Attributes:
        order: A permutation of the pool, best first.
        calls: Slates shown; a comparison in both orders is two.
        documents: Documents in all slates together.
        rounds: Sets of slates that were shown one after another.
    """

    order: tuple[int, ...]
    calls: int
    documents: int
    rounds: int


def simulate(
    spec: str,
    judge: Callable[[Slate], Sequence[int]],
    *,
    size: int,
    top: int,
    prior: Sequence[float] = (),
    seed: int = 0,
) -> Simulation:
    """Put the positions `0..size-1`, which stand for documents in first-stage order, in an algorithm's order.

    Args:
        spec: An algorithm or a strategy whose algorithm is run, with its options, in wrappers if wanted:
            `sliding`, `adaptive(rounds=(5, 1, 1))`, `head(adaptive, depth=50)`.
        judge: Gets a slate, positions in the order in which they are shown, and gives them best first. It
            orders and gives no scores. What it invents or repeats is dropped, what it leaves out shares the
            last place; it is never asked again. Nothing of the slate named: no evidence.
        size: Number of documents, 0 or more.
        top: How many leading places must be right, 1 or more.
        prior: First-stage scores by position, or empty.
        seed: For every algorithm that shuffles, unless the spec gives it one.

    Raises:
        IncompatibleJudge: The algorithm needs scores, as `pointwise` does.
        ConfigError: A name or an option that cannot be meant.

    Cost: as `Algorithm.cost` says, in calls of `judge`; no model is asked.
    """
    algorithm = _strategy(_parsed(spec), seed).algorithm
    plan = algorithm.plan(Pool(size=size, top=top, prior=tuple(prior)))
    calls = documents = rounds = 0
    try:
        step = advance(plan)
        while not isinstance(step, Done):
            slates = step.asked.slates
            calls += len(slates)
            documents += sum(map(len, slates))
            rounds += 1
            step = advance(plan, [_verdict(slate, judge(slate)) for slate in slates])
    finally:
        plan.close()
    return Simulation(order=tuple(step.result), calls=calls, documents=documents, rounds=rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orders:
    """Stands where a strategy has its judge, and says what the function can: an order."""

    gives: ClassVar[Detail] = Detail.ORDER
    score_kind: ClassVar[ScoreKind] = "none"
    carrier: ClassVar[Carrier] = "chat"
    capacity: ClassVar[int | None] = None

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Refuse: there are no texts to ask about."""
        raise NotImplementedError("a simulation has no texts to ask about")


def _parsed(spec: str) -> Call:
    stage, *more = parse(spec).stages
    if more or stage.cut is not None:
        raise ConfigError(f"one algorithm is simulated at a time, without '>>' and '%', got {spec!r}")
    return stage.call


def _strategy(call: Call, seed: int) -> Strategy:
    """What a call names, seeded, with its judge replaced by one that orders."""
    bound = bind(call, Kind.STRATEGY, Kind.WRAPPER, Kind.ALGORITHM)
    if "seed" not in bound.values and any(option.name == "seed" for option in bound.entry.options):
        return _strategy(replace(call, args=(*call.args, ("seed", seed))), seed)
    if bound.entry.kind is Kind.ALGORITHM:
        return Strategy(spec=call, algorithm=bound.build(), judge=_Orders())
    if bound.entry.kind is Kind.WRAPPER:
        wrapper = bound.build()
        wrapped: Strategy = wrapper.wrap(_strategy(wrapper.inner, seed))
        return wrapped
    return replace(Strategy.of(call), judge=_Orders())


def _verdict(slate: Slate, answer: Sequence[int]) -> Verdict:
    """An answer as a verdict on its slate, repaired where it must be."""
    shown = dict(zip(slate, slate, strict=True))
    named = [shown[position] for position in dict.fromkeys(answer) if position in shown]
    if not named:
        return Verdict.tie(slate, degraded=True)
    tiers = tuple((position,) for position in named)
    if len(named) == len(slate) == len(answer):
        return Verdict(slate=slate, tiers=tiers)
    rest = tuple(position for position in slate if position not in named)
    flags = {
        "missing": bool(rest),
        "duplicate": len(set(answer)) < len(answer),
        "out_of_range": not shown.keys() >= set(answer),
    }
    return Verdict(
        slate=slate,
        tiers=(*tiers, rest) if rest else tiers,
        repaired=frozenset(flag for flag, is_so in flags.items() if is_so),
    )
