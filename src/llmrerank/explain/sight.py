"""What a model saw of a document, found again in what was sent to it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from llmrerank import passages
from llmrerank.calls import FENCE, Call, ChatCall, DecisionCall, ListCall, PairCall, Reply
from llmrerank.chunking import chunk
from llmrerank.judges import Judge
from llmrerank.judges.chunked import Chunked
from llmrerank.judges.observed import Observation
from llmrerank.tokens import estimate, truncate
from llmrerank.types import Document

from .account import Sight

__all__ = ["sight_of"]

_FRAME = 1000
"""Characters that a prompt may put around one passage; a part that is longer holds more than one."""
_RULE = re.compile(r"\n[^\w\n]*\Z|\A[^\w\n]*\n")
_LEAST = 0.2
"""Share of a text that must stand in a message before it counts as its beginning."""


def sight_of(observation: Observation, place: int, judge: Judge) -> Sight | None:
    """What was shown of the document at this place; None where it is not found in what was sent.

    Args:
        observation: One inquiry.
        place: Of the document, from 0.
        judge: Who made it.
    """
    document = observation.documents[place]
    if isinstance(judge, Chunked):
        return _in_chunks(observation, place, judge)
    pairs = [
        (call, reply)
        for call, reply in zip(observation.calls, observation.replies, strict=True)
        if isinstance(call, PairCall)
    ]
    if pairs:
        own = [(call, reply) for call, reply in pairs if call.document == document.full_text]
        return _read_locally(*own[0]) if own else None
    for call in observation.calls:
        if isinstance(call, ListCall) and len(call.documents) == len(observation.documents):
            return Sight(text=call.documents[place])
    shown = _rendered(observation, place, judge)
    contents = list(_contents(observation.calls))
    if shown is None or not any(shown in content for content in contents):
        shown = _beginning(passages.neutralise(document.text), contents)
    if shown is None:
        return None
    return Sight(text=_framed(shown, contents), left_out=_missing(passages.neutralise(document.text), shown))


def _read_locally(call: PairCall, reply: Reply) -> Sight:
    """A pair that a local model read; where its room ended is known in its own tokens, and so only about."""
    text = call.document
    if reply.cut:
        text, _ = truncate(text, max(1, estimate(text) - reply.cut))
    return Sight(text=text, left_out=reply.cut)


def _in_chunks(observation: Observation, place: int, judge: Chunked) -> Sight | None:
    """The best chunk; with `first`, how much of the document stands behind the only one that was read."""
    text = observation.documents[place].text
    ranges = chunk(text, tokens=judge.tokens, overlap=judge.overlap)
    spans = observation.opinion.spans
    start, end = spans[place][0] if spans and spans[place] else ranges[0]
    if judge.pool == "first":
        return Sight(text=text[start:end], left_out=_missing(text, text[start:end]))
    return Sight(text=text[start:end], chunks=len(ranges))


def _rendered(observation: Observation, place: int, judge: Any) -> str | None:
    """The text as a prompt's slate was cut; None for a judge that cuts by other rules."""
    tokens = getattr(judge, "passage_tokens", None)
    if tokens is None:
        return None
    question = observation.question
    focus = getattr(judge, "excerpt", "head") == "focus"
    # A judge of single documents cuts each by itself, also where a slate has several.
    together = getattr(judge, "asks", None) is None or judge.asks.capacity != 1
    slate: Sequence[Document] = observation.documents if together else [observation.documents[place]]
    texts, _ = passages.fit(
        [document.text for document in slate],
        passage_tokens=tokens,
        query=question.query if focus else "",
        spans=[question.spans.get(document, ()) for document in slate] if question.spans else (),
    )
    return texts[place if together else 0]


def _contents(calls: Sequence[Call]) -> Iterator[str]:
    """What was sent, message by message; the fence's place is held by its sentinel."""
    for call in calls:
        if isinstance(call, ChatCall):
            yield from (message.content for message in call.messages)
            if call.otherwise is not None:
                yield from (message.content for message in call.otherwise.messages)
        elif isinstance(call, DecisionCall):
            yield call.state


def _beginning(text: str, contents: Sequence[str]) -> str | None:
    """As much of the beginning of a text as stands in a message."""
    most = 0
    for content in contents:
        least, over = 0, len(text) + 1
        while over - least > 1:
            middle = (least + over) // 2
            least, over = (middle, over) if text[:middle] in content else (least, middle)
        most = max(most, least)
    return text[:most].rstrip() if text and most >= _LEAST * min(len(text), 100) else None


def _framed(shown: str, contents: Sequence[str]) -> str:
    """The passage as it was rendered: what stands between two fences around the text, else the text."""
    for content in contents:
        for part in content.split(FENCE)[1:-1]:
            if shown in part and len(part) <= len(shown) + _FRAME:
                return _RULE.sub("", part).strip()
    return shown


def _missing(text: str, shown: str) -> int:
    """Tokens of a text that are not in what was shown of it."""
    return max(0, estimate(text) - estimate(shown))
