"""What is sent to a chat endpoint, once a call has been fitted to what the endpoint accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llmrerank.calls import Message, Reply

__all__ = ["Request", "Transport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request body, but for the fields that are the same in all of them.

    Attributes:
        model: Name of the model as the endpoint knows it.
        messages: With the fence in its place.
        params: All further fields of the body.
    """

    model: str
    messages: Sequence[Message]
    params: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """The JSON object to be posted."""
        return {
            "model": self.model,
            "messages": [{"role": m.role, "content": _sendable(m.content)} for m in self.messages],
            **self.params,
        }


def _sendable(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair, which a document may carry, becomes `?`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


class Transport(Protocol):
    """Sends a request once: no retry, no cache, no opinion about parameters."""

    async def send(self, request: Request) -> Reply:
        """Send it.

        Raises:
            CallError: The provider failed; `TransientError` where it may work later.
        """

    async def models(self) -> tuple[str, ...]:
        """Names of the models that the endpoint serves.

        Raises:
            CallError: As `send`.
        """

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
