"""Strategies that ask a model elsewhere: tokens counted from prompts, calls timed where that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from llmrerank.stage_cost import TOP, stage_cost
from llmrerank.trace import Called
from llmrerank.types import Document, Limits

from .collected import Collected
from .course import Part, strategy_of
from .measurements import Asked
from .synthetic import spread

__all__ = ["timed_asking"]

_FEW, _MANY = 5, 20
_SAMPLE = 3


async def timed_asking(collected: Collected, part: Part, first: str, *, calls: int) -> Asked:
    """Count what calls of a strategy hold, and time some.

    Prompts are rendered for lists of five and twenty documents of three queries; the difference is what a
    document takes.

    Args:
        collected: Queries, and what first stages found for them.
        part: The strategy as a stage.
        first: The first stage whose candidates are shown.
        calls: How many to send and time; 0: none is sent.

    Raises:
        ConfigError: There is no model to ask.
        CallError: It cannot be asked.
    """
    collected.tell(f"{part.name}: prompts")
    strategy = strategy_of(part)
    # A query that found little says little about prompts of twenty.
    order = sorted(
        spread(len(collected.queries)), key=lambda at: -min(_MANY, len(_given(collected, first, at)))
    )
    told = [await asyncio.to_thread(_counted, collected, part, first, place) for place in order[:_SAMPLE]]
    each = sum(one[0] for one in told) / len(told)
    frame = sum(one[1] for one in told) / len(told)
    answer = sum(one[2] for one in told) / len(told)
    seconds: list[float] = []
    place = 0
    while len(seconds) < calls and place < len(order):
        collected.tell(f"{part.name}: call {len(seconds) + 1} of {calls}")
        limited = replace(collected.asking, limits=Limits(calls=calls - len(seconds)))
        async with collected.pipeline(f"{first} % {_MANY} >> {part.name}", settings=limited) as pipeline:
            query = collected.queries[order[place]]
            ranking = await pipeline.asearch(query, found=await pipeline.afind(query))
        made = [one.seconds for one in ranking.trace.of(Called) if not one.cached]
        seconds += made
        place += 1
        if not made:
            break
    return Asked(
        strategy=part.name,
        model=strategy.model or collected.asking.model or "",
        call_tokens=frame,
        document_tokens=each,
        answer_tokens=answer,
        seconds=tuple(seconds),
    )


def _given(collected: Collected, first: str, place: int) -> Sequence[Document]:
    return collected.found[first][place]


def _counted(collected: Collected, part: Part, first: str, place: int) -> tuple[float, float, float]:
    """Input tokens of a document shown, of the rest of a call, and output tokens of a call."""
    strategy = strategy_of(part)
    query = collected.queries[place].text
    found = []
    for size in (_FEW, _MANY):
        documents = collected.found[first][place][:size]
        taken = stage_cost(strategy, query, documents, None, collected.asking)
        stated = strategy.algorithm.cost(len(documents), min(TOP, max(1, len(documents))))
        calls = max(1, taken.calls.most)
        found.append(
            (
                taken.tokens_in.most / calls,
                stated.documents.most / max(1, stated.calls.most),
                taken.tokens_out.most / calls,
            )
        )
    (few, shown_few, _), (many, shown_many, answer) = found
    each = (
        max(0.0, (many - few) / (shown_many - shown_few))
        if shown_many > shown_few
        else many / max(1, shown_many)
    )
    return each, max(0.0, many - each * shown_many), answer
