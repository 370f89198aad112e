"""One question whose answer may be read from its first token: by log-probabilities, else in words."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from llmrerank.calls import Call, ChatCall, Reply

from .single import by_alternatives

__all__ = ["FirstToken", "by_first_token"]

FirstToken = Generator[Sequence[Call], Sequence[Reply], tuple[Reply, list[tuple[str, float]] | None]]
"""Yields calls as an `Inquiry` does; returns the reply and the alternatives of its first token, or None."""


def by_first_token(whole: ChatCall, *, attempt: int) -> FirstToken:
    """Ask for one token and its alternatives; where an endpoint gives none, for the whole answer.

    Asked again the answer is read in words at once: a model whose first token was no label would do the same
    again.

    Args:
        whole: The question with room for an answer in words.
        attempt: How often this slate was asked about before.
    """
    if attempt == 0:
        (reply,) = yield [by_alternatives(whole, otherwise=whole)]
        if reply.answers == "otherwise":
            return reply, None
        if reply.choices is not None:
            return reply, [(one.token, one.logprob) for one in reply.choices]
    (reply,) = yield [whole]
    return reply, None
