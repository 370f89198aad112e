"""A client whose replies a function gives: a model for tests, with no socket and no clock."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from llmrerank.calls import Call, ChatCall, Reply
from llmrerank.clients.client import Identity
from llmrerank.tokens import count, count_messages
from llmrerank.types import Usage

__all__ = ["Scripted"]

Line = Reply | str | float | Exception
"""A whole reply, the text of one, the score of a pair, or what is to be raised."""


class Scripted:
    """A client that answers from a function and remembers what it was asked.

    >>> client = Scripted(lambda call: "yes")

    Args:
        answer: From a call to a reply, its text, the score of a pair, or an exception that is raised. May be
            asynchronous.
        model: What it calls itself.
        local: Whether it stands for a local model: free, and outside the limits on calls.

    Attributes:
        calls: What it was asked, in order.
        closed: How often `aclose` was called.
    """

    def __init__(
        self,
        answer: Callable[[Call], Line | Awaitable[Line]],
        *,
        model: str = "scripted",
        local: bool = False,
    ) -> None:
        self.calls: list[Call] = []
        self.closed = 0
        self._answer = answer
        self._identity = Identity(model=model, endpoint="scripted", local=local)

    @property
    def identity(self) -> Identity:
        """Who it says it is."""
        return self._identity

    async def send(self, call: Call) -> Reply:
        """Answer as the function says.

        Raises:
            Exception: The one that the function returned or raised.
        """
        self.calls.append(call)
        answer = self._answer(call)
        line = await answer if inspect.isawaitable(answer) else answer
        if isinstance(line, Exception):
            raise line
        if isinstance(line, Reply):
            return line
        if not isinstance(line, str):
            return Reply(score=float(line))
        asked = count_messages(call) if isinstance(call, ChatCall) else 0
        return Reply(text=line, finish_reason="stop", usage=Usage(input=asked, output=count(line)))

    def knows(self, call: Call) -> bool:
        """Never: every call is asked."""
        return False

    async def aclose(self) -> None:
        """Count the closing; nothing is held open."""
        self.closed += 1
