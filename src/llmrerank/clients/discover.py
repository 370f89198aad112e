"""A client for whatever model an endpoint serves, where nobody said which: asked once, when first used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from llmrerank.calls import Call, Reply
from llmrerank.errors import ConfigError, PermanentError

from .address import Address
from .client import Client, Identity
from .loops import PerLoop
from .retry import Retrying

__all__ = ["Discovering"]

_SHOWN = 8


class Discovering:
    """Asks the endpoint which model it serves, then carries calls to that one.

    Until the first call is sent the model is not known: `identity.model` is empty and `knows` is False.

    Args:
        transport: To ask with.
        address: Where the endpoint is.
        client_for: Makes the client for a model.
    """

    def __init__(self, transport: Retrying, *, address: Address, client_for: Callable[[str], Client]) -> None:
        self._transport = transport
        self._address = address
        self._client_for = client_for
        self._client: Client | None = None
        self._asking: PerLoop[asyncio.Lock] = PerLoop(asyncio.Lock)

    @property
    def identity(self) -> Identity:
        """Who answers; the model is empty until it is known."""
        return self._client.identity if self._client else Identity(model="", endpoint=self._address.shown)

    async def send(self, call: Call) -> Reply:
        """Carry a call, having found out to whom.

        Raises:
            CallError: The endpoint failed.
            ConfigError: It does not serve exactly one model.
        """
        return await (self._client or await self._found()).send(call)

    def knows(self, call: Call) -> bool:
        """Whether the client within would answer for free."""
        return self._client is not None and self._client.knows(call)

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        self._asking.take()
        await (self._client or self._transport).aclose()

    async def _found(self) -> Client:
        async with self._asking.here():
            if self._client is None:
                self._client = self._client_for(self._only(await self._listed()))
            return self._client

    async def _listed(self) -> Sequence[str]:
        try:
            return await self._transport.models()
        except PermanentError as error:
            if error.status not in (400, 404, 405, 501):
                raise
            raise ConfigError(
                f"{self._address.shown} keeps no list of models; say which with --model"
            ) from error

    def _only(self, models: Sequence[str]) -> str:
        if len(models) == 1:
            return models[0]
        if not models:
            raise ConfigError(
                f"{self._address.shown} serves no model yet; load one, or say which with --model"
            )
        more = f" and {len(models) - _SHOWN} more" if len(models) > _SHOWN else ""
        raise ConfigError(
            f"{self._address.shown} serves {', '.join(models[:_SHOWN])}{more}; say which with --model"
        )
