"""What was asked in one call and what came back, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .wrapping import quoted, wrapped

if TYPE_CHECKING:
    from llmrerank.trace import Seen

__all__ = ["text_lines"]

INDENT = 7


def text_lines(seen: Seen) -> Iterator[str]:
    """What was asked and what came back, in full."""
    for role, text in _asked(seen):
        yield from wrapped(f"[{role}]", indent=INDENT)
        yield from quoted(text, indent=INDENT)
    reply = seen.reply
    ended = f", ended by {reply.finish_reason}" if reply.finish_reason else ""
    if reply.reasoning:
        yield from wrapped("[reasoning]", indent=INDENT)
        yield from quoted(reply.reasoning, indent=INDENT)
    yield from wrapped(f"[answer{', from the cache' if reply.cached else ''}{ended}]", indent=INDENT)
    if reply.text is not None:
        yield from quoted(reply.text, indent=INDENT)
    if reply.choices:
        likely = ", ".join(f"{choice.token!r} {choice.logprob:.3f}" for choice in reply.choices)
        yield from wrapped(f"first token: {likely}", indent=INDENT, hang=2)
    scores = reply.scores if reply.scores is not None else (reply.score,)
    if any(score is not None for score in scores):
        told = ", ".join("none" if score is None else f"{score:.4g}" for score in scores)
        yield from wrapped(f"scores: {told}", indent=INDENT, hang=2)


def _asked(seen: Seen) -> Iterator[tuple[str, str]]:
    from llmrerank.calls import ChatCall, DecisionCall, ListCall

    call = seen.call
    if isinstance(call, ChatCall):
        yield from ((message.role, message.content) for message in call.fenced())
    elif isinstance(call, DecisionCall):
        sent = call.fenced()
        yield "state", sent.state
        yield from ((one.name, "\n".join((one.text, *one.levels))) for one in sent.questions)
    elif isinstance(call, ListCall):
        yield "query", call.query
        if call.instruction:
            yield "instruction", call.instruction
        yield from ((f"document {place}", text) for place, text in enumerate(call.documents, start=1))
    else:
        yield "query", call.query
        yield "document", call.document
