"""Lists longer than an endpoint takes, sent in parts and put together again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from llmrerank.calls import Call, ListCall, Reply
from llmrerank.carriage import together
from llmrerank.clients.client import Client, Identity
from llmrerank.limits import FURTHER, NO_FURTHER
from llmrerank.types import ScoreKind, Usage

from .failures import TooMany

__all__ = ["Splitting"]


class Splitting:
    """A client that sends at most so many documents in one request.

    Parts are sent side by side. Each but the first is one more call, for which the limits are asked; the
    documents of a part that they do not allow have no score. An endpoint that says that a request holds too
    much gets it in smaller ones.

    Args:
        inner: Sends one request.
        most: Documents that one request may hold; None: all.
    """

    def __init__(self, inner: Client, *, most: int | None) -> None:
        self._inner = inner
        self._most = most

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._inner.identity

    def knows(self, call: Call) -> bool:
        """Whether the client within knows every part."""
        if not isinstance(call, ListCall):
            return self._inner.knows(call)
        return all(map(self._inner.knows, _parts(call, self._most)))

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._inner.aclose()

    async def send(self, call: Call) -> Reply:
        """Carry a call, in as many parts as it takes.

        Raises:
            CallError: As the client within; of several parts the first that failed.
        """
        if not isinstance(call, ListCall):
            return await self._inner.send(call)
        if self._most is not None and len(call.documents) > self._most:
            return await self._in_parts(call, self._most)
        try:
            return await self._inner.send(call)
        except TooMany as refused:
            size = len(call.documents)
            if size < 2:
                raise
            most = -(-size // 2)
            if refused.most is not None and 0 < refused.most < size:
                most = self._most = refused.most
            return await self._in_parts(call, most)

    async def _in_parts(self, call: ListCall, most: int) -> Reply:
        allowed: list[ListCall | None] = []
        paid = 0
        for part in _parts(call, most):
            fresh = not self._inner.knows(part)
            refused = fresh and paid > 0 and not _further()
            paid += fresh and not refused
            allowed.append(None if refused else part)
        sent = iter(await together([self.send(part) for part in allowed if part is not None]))
        replies = [next(sent) if part is not None else None for part in allowed]
        sizes = [len(part.documents) for part in _parts(call, most)]
        return _joined(replies, sizes)


def _further() -> bool:
    """Whether one more call may be made; it is then counted."""
    ask = FURTHER.get()
    return ask is None or ask()


def _parts(call: ListCall, most: int | None) -> list[ListCall]:
    size = len(call.documents)
    if most is None or size <= most:
        return [call]
    return [replace(call, documents=call.documents[start : start + most]) for start in range(0, size, most)]


def _joined(replies: Sequence[Reply | None], sizes: Sequence[int]) -> Reply:
    """One reply of many; usage, answers and attempts are those that were paid."""
    scores: list[float | None] = []
    for reply, size in zip(replies, sizes, strict=True):
        given = None if reply is None else reply.scores
        scores += given if given is not None else (None,) * size
    answered = [reply for reply in replies if reply is not None]
    fresh = [reply for reply in answered if not reply.cached]
    paid = fresh or answered
    notes = Counter(note for reply in answered for note in reply.notes)
    said = [note if times == 1 else f"{note} ({times} times)" for note, times in notes.items()]
    if len(answered) < len(replies):
        said.append(f"{NO_FURTHER}: the documents left have no score")
    return Reply(
        text=next((reply.text for reply in answered if reply.text is not None), None),
        scores=tuple(scores),
        score_kind=_kind(answered),
        usage=sum((reply.usage for reply in paid), Usage()),
        counted=all(reply.counted for reply in paid),
        seconds=max(reply.seconds for reply in answered),
        attempts=1 + sum(reply.attempts - 1 for reply in fresh),
        answered=sum(reply.answered for reply in fresh) or 1,
        cached=not fresh,
        notes=(f"sent in {len(answered)} requests", *said),
    )


def _kind(replies: Sequence[Reply]) -> ScoreKind | Literal[""]:
    """What the scores mean; one part with raw scores shows that all are raw."""
    return "logit" if any(reply.score_kind == "logit" for reply in replies) else replies[0].score_kind
