"""The seam: one asynchronous method, and who answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from llmrerank.calls import Call, Reply

__all__ = ["Client", "Identity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who answers; joined to a call's key it is what a cache looks up.

    Attributes:
        model: Name of the model as the endpoint knows it, or the name and fingerprint of local weights.
        endpoint: Base URL without credentials, or `local`.
        extra: Canonical JSON of what else changes answers (extra body fields, reasoning effort).
        local: Runs on this machine without an endpoint: free, and outside the limits on calls.
        context: Tokens that the model can read at once, where it is known.
        exposed: A key goes to it in plain text over a network.
    """

    model: str
    endpoint: str
    extra: str = ""
    local: bool = False
    context: int | None = None
    exposed: bool = False


class Client(Protocol):
    """Carries calls. Instances serve any number of event loops, one connection pool each."""

    @property
    def identity(self) -> Identity:
        """Who answers."""

    async def send(self, call: Call) -> Reply:
        """Carry one call.

        Raises:
            CallError: The provider failed, after whatever retries this client makes.
        """

    def knows(self, call: Call) -> bool:
        """Whether `send` would answer from a cache, for free."""

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
