"""What a strategy that asks a model elsewhere takes: calls by its formula, seconds round by round."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from llmrerank.limits import Prices
from llmrerank.rounds import Span
from llmrerank.stage_cost import TOP
from llmrerank.types import Usage

from .basis import Basis
from .course import Part, strategy_of
from .measurements import Asked

__all__ = ["DRAWS", "Asking", "asking"]

DRAWS = 200
"""How often the seconds of a stage are drawn."""
FIRST_TOKEN, TOKENS_PER_SECOND, SPREAD = 0.5, 80.0, 0.35
"""Assumed where no call was timed: seconds until an answer begins, its pace, and the standard deviation of
the logarithm of both together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What one such stage is expected to take for a query.

    Attributes:
        calls: Least and most, by the algorithm's formula.
        rounds: The same, one after another.
        tokens_in: Input tokens, least and most.
        tokens_out: Output tokens, at most.
        cost: US dollars, least and most; None where the price is unknown.
        seconds: `DRAWS` draws.
        basis: Of the seconds.
    """

    calls: Span
    rounds: Span
    tokens_in: Span
    tokens_out: Span
    cost: tuple[float, float] | None
    seconds: tuple[float, ...]
    basis: Basis


def asking(
    part: Part, asked: Asked, documents: int, *, parallel: int, prices: Prices, seed: int = 0
) -> Asking:
    """Predict what a stage takes.

    The calls of a round run at once, as many as may be under way, and a round ends with its slowest call.

    Args:
        part: The stage.
        asked: What its calls are like.
        documents: Candidates that it gets.
        parallel: Calls under way at once.
        prices: US dollars by model.
        seed: Of the draws.
    """
    top = min(part.cut or TOP, max(documents, 1))
    cost = strategy_of(part).algorithm.cost(documents, top)
    shown = cost.documents
    tokens_in = Span(
        round(asked.call_tokens * cost.calls.least + asked.document_tokens * shown.least),
        round(asked.call_tokens * cost.calls.most + asked.document_tokens * shown.most),
    )
    tokens_out = Span(
        round(asked.answer_tokens * cost.calls.least), round(asked.answer_tokens * cost.calls.most)
    )
    ends = [
        prices.cost(asked.model, Usage(input=given, output=answered))
        for given, answered in ((tokens_in.least, tokens_out.least), (tokens_in.most, tokens_out.most))
    ]
    chance = random.Random(f"{seed} {part.name} {documents}")
    return Asking(
        calls=cost.calls,
        rounds=cost.rounds,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
        seconds=tuple(_drawn(asked, cost.calls, cost.rounds, parallel, chance) for _ in range(DRAWS)),
        basis=Basis()
        if asked.seconds
        else Basis.of_assumption(
            f"a call takes {FIRST_TOKEN:g} s and one for {TOKENS_PER_SECOND:g} answer tokens, about"
        ),
    )


def _drawn(asked: Asked, calls: Span, rounds: Span, parallel: int, chance: random.Random) -> float:
    """Seconds of one query: somewhere between the least and the most that the formulas state."""
    share = chance.random()
    many = round(calls.least + share * (calls.most - calls.least))
    deep = max(1, round(rounds.least + share * (rounds.most - rounds.least)))
    if not many:
        return 0.0
    left, total = many, 0.0
    for number in range(deep, 0, -1):
        now = math.ceil(left / number)
        left -= now
        while now > 0:
            total += max(_call(asked, chance) for _ in range(min(now, parallel)))
            now -= parallel
    return total


def _call(asked: Asked, chance: random.Random) -> float:
    if asked.seconds:
        return chance.choice(asked.seconds)
    middle = FIRST_TOKEN + asked.answer_tokens / TOKENS_PER_SECOND
    return middle * math.exp(chance.gauss(0.0, SPREAD))
