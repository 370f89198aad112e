"""The transport: one request to an OpenAI-compatible chat endpoint, one reply, by way of the openai package.

The body is posted and read as plain JSON through the SDK's generic `post`. Its typed method would build
objects that are thrown away, and would accept what is no completion (a web page, an error of status 200) as
an object full of None.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from llmrerank.calls import Reply
from llmrerank.errors import CallError, ConfigError, PermanentError

from .address import Address
from .body_limit import UNCOMPRESSED, bounded
from .completion import read_completion
from .failures import Place, judge_fault, judge_sdk_error
from .fault import read_fault
from .loops import PerLoop
from .request import Request

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAIChat"]

_Answer = TypeVar("_Answer")
_NO_KEY = "no-key-needed"  # the SDK insists on some key; local servers do not read it


class OpenAIChat:
    """Sends requests to one endpoint. Connections are kept for each event loop and released by `aclose`.

    Args:
        address: Where the endpoint is.
        key: Its key, or None for a server that needs none.
        key_env: Name of the environment variable that the key came from, for messages.
        timeout: Seconds that one request may take, from connecting to the last byte.
    """

    def __init__(
        self,
        address: Address,
        *,
        key: str | None = None,
        key_env: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
    ) -> None:
        self.address = address
        self._key = key.strip() if key else None
        self._key_env = key_env
        self._timeout = timeout
        self._pools = PerLoop(self._connect)
        self._places: dict[str, Place] = {}

    def __repr__(self) -> str:
        return f"OpenAIChat({self.address.shown!r})"

    @property
    def exposes_key(self) -> bool:
        """Whether there is a key and it goes over a network in plain text."""
        return self._key is not None and self.address.in_the_open

    async def send(self, request: Request) -> Reply:
        """Send one request.

        Raises:
            CallError: The endpoint failed, or what it sent is no completion.
            ConfigError: OpenAI's own endpoint without a key, or a key that no header can hold.
        """
        import httpx2

        begun = time.perf_counter()
        response = await self.exchange(
            lambda sdk: sdk.post("/chat/completions", cast_to=httpx2.Response, body=request.body()),
            model=request.model,
        )
        seconds = time.perf_counter() - begun
        return read_completion(response.content, self.place(request.model), seconds=seconds)

    async def models(self) -> tuple[str, ...]:
        """Names of the models that the endpoint serves.

        Raises:
            CallError: The endpoint failed, or keeps no list of models.
        """
        names = [item.get("id") or item.get("name") for item in await self.listed()]
        return tuple(name for name in names if isinstance(name, str))

    async def listed(self) -> list[dict[str, Any]]:
        """What the endpoint says of each model that it serves.

        Raises:
            CallError: As `models`.
        """
        body = await self.get("/models", model="")
        if isinstance(body, dict) and body.get("error"):
            raise judge_fault(read_fault(body, status=None), self.place(""))
        listed = body.get("data", body.get("models")) if isinstance(body, dict) else body
        if not isinstance(listed, list):
            raise PermanentError(f"{self.address.shown} keeps no list of models; say which with --model")
        return [item for item in listed if isinstance(item, dict)]

    async def get(self, path: str, *, model: str) -> Any:
        """The JSON that stands at a path, or a whole address, of this endpoint; None where there is none.

        Raises:
            CallError, ConfigError: As `send`.
        """
        import httpx2

        response = await self.exchange(lambda sdk: sdk.get(path, cast_to=httpx2.Response), model=model)
        try:
            return json.loads(response.content)
        except ValueError:
            return None

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        pool = self._pools.take()
        if pool is not None:
            await pool.close()

    async def exchange(self, send: Callable[[AsyncOpenAI], Awaitable[_Answer]], *, model: str) -> _Answer:
        """Let `send` use the SDK's client for this endpoint, once, under the time-out; its failures are ours.

        Raises:
            CallError, ConfigError: As `send`.
        """
        sdk = self._pools.here()
        failure: CallError | ConfigError
        try:
            # The SDK's own time-outs are for each read: a server that drips would never meet them.
            async with asyncio.timeout(self._timeout):
                return await send(sdk)
        except Exception as error:  # whatever the SDK raises is sorted at one place
            failure = judge_sdk_error(error, self.place(model))
        raise failure

    def _connect(self) -> AsyncOpenAI:
        if self._key is None and self.address.needs_key:
            raise ConfigError(
                f"{self.address.shown} needs a key: set {self._key_env}, or give another --base-url"
            )
        if self._key is not None and not (self._key.isascii() and self._key.isprintable()):
            raise ConfigError(f"the key from {self._key_env} holds characters that no key has; copy it again")
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        return AsyncOpenAI(
            # Named, because the one that the SDK makes by itself closes itself when it is collected, on
            # whatever loop then runs, and complains that its own is gone. Neither has a time-out of its own:
            # `exchange` has one for the whole, and one more for each read costs time in every call.
            http_client=DefaultAsyncHttpxClient(timeout=None, event_hooks={"response": [bounded]}),
            default_headers=UNCOMPRESSED,
            api_key=self._key or _NO_KEY,
            base_url=self.address.url,
            timeout=None,
            max_retries=0,
            default_query=dict(self.address.query) or None,
        )

    def place(self, model: str) -> Place:
        """Who is called, for messages to people."""
        place = self._places.get(model)
        if place is None:
            place = self._places[model] = Place(
                address=self.address,
                model=model,
                key=self._key,
                key_env=self._key_env,
                timeout=self._timeout,
            )
        return place
