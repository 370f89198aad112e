"""Finding out, once, how a rerank endpoint is to be asked, and asking it so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from llmrerank.calls import Call, ListCall, Reply
from llmrerank.clients.client import Client, Identity
from llmrerank.clients.loops import PerLoop
from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.clients.retry import Retrying
from llmrerank.errors import PermanentError

from .detect import About, ask_about
from .dialect import Dialect
from .failures import Misunderstood
from .spoken import SPOKEN
from .unknown import UNKNOWN

__all__ = ["Found", "RerankEndpoint", "forget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How an endpoint is asked.

    Attributes:
        dialect: The one it speaks.
        model: Name of the model; empty where nobody knows it.
        most: Documents in one request, or None where no limit is known.
        notes: What had to be found out.
    """

    dialect: Dialect
    model: str
    most: int | None
    notes: tuple[str, ...] = ()


# By server, given dialect and given model; one memory for the whole process.
_known: dict[tuple[str, str, str], Found] = {}


def forget() -> None:
    """Forget what was found out, e.g. because another server was started at the same address."""
    _known.clear()


class RerankEndpoint:
    """A client that finds out how an endpoint is to be asked before its first call.

    A vendor's dialect is known. Of other servers TEI is asked for its limit, and one whose dialect or model
    was not given for these: at most three GETs, which are no calls. A server that was not recognised and
    turns out to speak another dialect is asked again in that one; where a dialect was given, it is an error.

    Args:
        transport: Sends once, to the server's root.
        retrying: Sends again.
        given: The dialect that was given or told from the host, or None.
        model: Name of the model, or None.
        client_for: Makes the client for what was found.
    """

    def __init__(
        self,
        transport: OpenAIChat,
        retrying: Retrying,
        *,
        given: Dialect | None,
        model: str | None,
        client_for: Callable[[Found], Client],
    ) -> None:
        self._transport = transport
        self._retrying = retrying
        self._where = transport.address.shown
        self._given = given
        self._model = model
        self._client_for = client_for
        self._found: Found | None = None
        self._client: Client | None = None
        self._untold: tuple[str, ...] = ()
        self._asking: PerLoop[asyncio.Lock] = PerLoop(asyncio.Lock)
        if given is not None and model is not None and given.name != "tei":
            self._settle(Found(dialect=given, model=model, most=given.most))

    @property
    def identity(self) -> Identity:
        """Who answers; the model is empty until it is known."""
        if self._client is None:
            return Identity(model=self._model or "", endpoint=self._where)
        return self._client.identity

    def knows(self, call: Call) -> bool:
        """Whether the answer is in the cache; not before it is known how the endpoint is asked."""
        return self._client is not None and self._client.knows(self._asked(call))

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        self._asking.take()
        await (self._client or self._transport).aclose()

    async def send(self, call: Call) -> Reply:
        """Score documents. `answers` of the reply is `otherwise` where the instruction had no place.

        Raises:
            CallError: The endpoint failed, or speaks another dialect than the one that was given.
            ConfigError: It serves several models and none was named, or a key is missing.
        """
        client = self._client or await self._find()
        try:
            reply = await client.send(self._asked(call))
        except Misunderstood as error:
            client = await self._other(error, client)
            reply = await client.send(self._asked(call))
        untold, self._untold = self._untold, ()
        return replace(
            reply,
            answers="call" if self._asked(call) is call else "otherwise",
            notes=(*untold, *reply.notes),
        )

    def _asked(self, call: Call) -> Call:
        """The call as this endpoint is asked: without an instruction that it has no place for."""
        found = self._found
        if found is None or not isinstance(call, ListCall) or not call.instruction:
            return call
        return call if found.dialect.instructed(found.model) else replace(call, instruction="")

    def _settle(self, found: Found) -> Client:
        self._found, self._untold = found, found.notes
        self._client = self._client_for(found)
        return self._client

    def _remember(self, found: Found) -> Client:
        name = "auto" if self._given is None else self._given.name
        _known[self._where, name, self._model or ""] = replace(found, notes=())
        return self._settle(found)

    async def _find(self) -> Client:
        async with self._asking.here():
            if self._client is not None:
                return self._client
            name = "auto" if self._given is None else self._given.name
            known = _known.get((self._where, name, self._model or ""))
            if known is not None:
                return self._settle(known)
            about = await ask_about(self._transport, self._retrying)
            return self._remember(self._conclude(about, self._given or SPOKEN.get(about.dialect, UNKNOWN)))

    def _conclude(self, about: About, dialect: Dialect) -> Found:
        """What follows from what a server says of itself."""
        most = about.most if dialect.name == about.dialect and about.most is not None else dialect.most
        model = self._model or about.only(self._where)
        notes = []
        if self._given is None and dialect is not UNKNOWN:
            notes.append(f"{self._where} speaks the dialect of {dialect.title} (dialect='{dialect.name}')")
        if not model:
            notes.append(
                f"{self._where} does not say which model it serves; give model=, so that answers are kept"
            )
        return Found(dialect=dialect, model=model, most=most, notes=tuple(notes))

    async def _other(self, error: Misunderstood, tried: Client) -> Client:
        """The client for the dialect that the server really speaks.

        Raises:
            PermanentError: A dialect was given and it is not that one, or none is known that would do better.
        """
        async with self._asking.here():
            if self._client is not None and self._client is not tried:
                return self._client  # another call has found out meanwhile
            now = self._found.dialect if self._found is not None else UNKNOWN
            if now.vendor is not None and now.vendor.url == self._where:
                raise error
            about = await ask_about(self._transport, self._retrying)
            name = about.dialect or error.guess
            if name in ("", now.name):
                raise error
            spoken = SPOKEN[name]
            if self._given is None:
                return self._remember(self._conclude(about, spoken))
            raise PermanentError(
                f"{self._where} does not speak the dialect of {now.title} but, as it seems, that of "
                f"{spoken.title}; write api(dialect='{name}', ...) ({error})",
                call=error.call,
                status=error.status,
            ) from None
