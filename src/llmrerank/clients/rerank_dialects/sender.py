"""One request to a rerank endpoint, one reply; sent again while the failure may pass."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace

from llmrerank.calls import Call, ListCall, Reply
from llmrerank.clients.client import Identity
from llmrerank.clients.fault import read_fault
from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.clients.retry import Patience, Retrying
from llmrerank.errors import CallError, ConfigError

from .dialect import Dialect
from .failures import NoRoute, judge_refusal, parsed
from .reading import read_ranking

__all__ = ["Sender"]


class Sender:
    """A client that puts lists of documents to one endpoint, in one dialect.

    Args:
        transport: Sends once, to the server's root.
        retrying: Sends again.
        dialect: How the endpoint is asked.
        model: Name of the model; empty: none is sent.
        paths: Where it may answer; what answered first is kept to.
        wants_key: Names of the environment variables that would hold its key, where it needs one that is not
            set; else empty.
    """

    def __init__(
        self,
        transport: OpenAIChat,
        retrying: Retrying,
        *,
        dialect: Dialect,
        model: str,
        paths: tuple[str, ...],
        wants_key: str = "",
    ) -> None:
        self._transport = transport
        self._retrying = retrying
        self._dialect = dialect
        self._paths = paths
        self._wants_key = wants_key
        self._place = transport.place(model)
        extra = json.dumps({"dialect": dialect.name})
        self._identity = Identity(
            model=model,
            endpoint=transport.address.shown,
            extra=extra,
            exposed=transport.exposes_key,
        )

    @property
    def identity(self) -> Identity:
        """The model at this endpoint, and the dialect."""
        return self._identity

    def knows(self, call: Call) -> bool:
        """Never: every call is sent."""
        return False

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._transport.aclose()

    async def send(self, call: Call) -> Reply:
        """Send one request, with all documents of the call.

        Raises:
            CallError: The endpoint failed; the call is attached.
            ConfigError: The call is no list of documents, or the key is none.
        """
        if not isinstance(call, ListCall):
            raise ConfigError(
                f"{self._identity.endpoint} is asked as a rerank endpoint, which scores lists of documents "
                "and answers nothing else"
            )
        if self._wants_key:
            raise ConfigError(
                f"{self._identity.endpoint} needs a key: set {self._wants_key}, or name the variable that "
                "holds it, as api(key_env='...')"
            )
        patience = self._retrying.patience()
        try:
            return await self._try_paths(_sendable(call), patience)
        except CallError as error:
            if error.call is None:
                error.call = call
            raise

    async def _try_paths(self, call: ListCall, patience: Patience) -> Reply:
        missing: list[NoRoute] = []
        for path in self._paths:
            begun, before = time.perf_counter(), patience.sent
            try:
                reply = await self._post(path, call, patience)
            except NoRoute as error:
                missing.append(error)
                continue
            self._paths = (path,)
            seconds, attempts = time.perf_counter() - begun, patience.sent - before
            again = ("the endpoint failed and was asked again",) if attempts > 1 else ()
            return replace(reply, seconds=seconds, attempts=attempts, notes=(*again, *reply.notes))
        told = "; ".join(str(error) for error in missing)
        where, name = self._identity.endpoint, self._identity.model
        model = f", or no model '{name}'" if name else ""
        raise NoRoute(
            f"{where} has no rerank route{model}; check base_url, model and dialect ({told})",
            status=missing[-1].status,
        )

    async def _post(self, path: str, call: ListCall, patience: Patience) -> Reply:
        import httpx2
        import openai
        from openai import AsyncOpenAI

        body = self._dialect.body(call, self._identity.model)

        async def post(sdk: AsyncOpenAI) -> tuple[int, bytes, Mapping[str, str]]:
            try:
                response = await sdk.post(path, cast_to=httpx2.Response, body=body)
            except openai.APIStatusError as error:
                return error.status_code, error.response.content, error.response.headers
            return response.status_code, response.content, response.headers

        async def once() -> Reply:
            status, content, headers = await self._transport.exchange(post, model=self._identity.model)
            if status >= 400:
                fault = read_fault(parsed(content), status=status, headers=headers)
                raise judge_refusal(fault, self._place, path=path)
            return read_ranking(
                content, headers, call=call, dialect=self._dialect, place=self._place, path=path
            )

        return await self._retrying.persist(once, patience)


def _sendable(call: ListCall) -> ListCall:
    """The call as UTF-8 can hold it: half a surrogate pair, which a document may carry, becomes `?`."""
    texts = (call.query, call.instruction, *call.documents)
    query, instruction, *documents = (text.encode(errors="replace").decode() for text in texts)
    return ListCall(query=query, documents=tuple(documents), instruction=instruction)
