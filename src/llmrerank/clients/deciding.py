"""One decision model at one endpoint, asked in the dialect that the endpoint speaks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmrerank.calls import Call, DecisionCall, Reply
from llmrerank.errors import CallError, ConfigError, PermanentError

from .capabilities import Knowledge, knowledge_of
from .client import Identity
from .decision_dialects import DIALECTS, Dialect, NotSpoken, judge_decision_fault, post, read_reply
from .fault import Fault
from .openai_chat import OpenAIChat
from .retry import Patience, Retrying

__all__ = ["Deciding"]

_FOUND_OUT = frozenset({"dialect"})
_NO_MODEL = re.compile(
    r"model_not_found|model\b.{0,200}(not found|not exist|unknown)", re.IGNORECASE | re.DOTALL
)


class Deciding:
    """A client for one decision model at one endpoint.

    Args:
        inner: Sends again what failed for a while.
        transport: Sends once.
        model: Name of the model.
        dialect: `openai`, `systemone` or `auto`.
        extra_body: Further fields of every request body.
    """

    def __init__(
        self,
        inner: Retrying,
        transport: OpenAIChat,
        *,
        model: str,
        dialect: str = "auto",
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        self._inner = inner
        self._transport = transport
        self._place = transport.place(model)
        self._dialect = DIALECTS.get(dialect)
        self._extra = dict(extra_body or {})
        extra = json.dumps({"extra_body": self._extra}, sort_keys=True, ensure_ascii=False)
        self._identity = Identity(
            model=model,
            endpoint=transport.address.shown,
            extra=extra if self._extra else "",
            exposed=transport.exposes_key,
        )

    @property
    def identity(self) -> Identity:
        """The model at this endpoint."""
        return self._identity

    def knows(self, call: Call) -> bool:
        """Never: every call is sent."""
        return False

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._inner.aclose()

    async def send(self, call: Call) -> Reply:
        """Ask the questions of a call, all at once.

        Raises:
            CallError: The endpoint failed, or speaks another dialect; the call is attached.
            ConfigError: The call asks no decision model, or the key is missing.
        """
        if not isinstance(call, DecisionCall):
            raise ConfigError(
                f"'{self._identity.model}' at {self._identity.endpoint} is asked as a decision model, which "
                "answers questions about documents and nothing else"
            )
        patience = self._inner.patience()
        try:
            if self._dialect is not None:
                reply = await self._configured(call, self._dialect, patience)
            else:
                reply = await self._whichever(call, patience)
        except CallError as error:
            if error.call is None:
                error.call = call
            raise
        return replace(reply, attempts=patience.sent)

    async def _configured(self, call: DecisionCall, dialect: Dialect, patience: Patience) -> Reply:
        """Ask in the dialect that was said; where it is not understood, say which one is."""
        try:
            return await self._ask(call, dialect, patience)
        except NotSpoken as error:
            other = dialect.other
            if not error.evident and not await self._serves(other, error):
                raise
            raise PermanentError(
                f"{self._identity.endpoint} seems to speak {other.title} and not {dialect.title}; write "
                f"dialect='{other.name}' in place of dialect='{dialect.name}' ({error})",
                status=error.status,
            ) from None

    async def _whichever(self, call: DecisionCall, patience: Patience) -> Reply:
        """Ask in the dialect that is known to be spoken, or find it out by asking."""
        knowledge = knowledge_of(self._identity.endpoint, self._identity.model)
        gate = await knowledge.gates.enter(knowledge, _FOUND_OUT)
        try:
            if knowledge.dialect is None:
                reply = await self._find_out(call, knowledge, patience)
            else:
                reply = await self._ask(call, DIALECTS[knowledge.dialect], patience)
        finally:
            if gate is not None:
                knowledge.gates.leave(gate, learnt=knowledge.dialect is not None)
        return replace(reply, notes=tuple(knowledge.notes.values()))

    async def _find_out(self, call: DecisionCall, knowledge: Knowledge, patience: Patience) -> Reply:
        first, second = DIALECTS["openai"], DIALECTS["systemone"]
        dialect = first
        try:
            reply = await self._ask(call, first, patience)
        except NotSpoken as not_first:
            dialect = second
            try:
                reply = await self._ask(call, second, patience)
            except NotSpoken as not_second:
                raise PermanentError(
                    f"{self._identity.endpoint} answers no decisions of '{self._identity.model}', neither as "
                    f"{first.title} nor as {second.title}; check --model and --base-url, or use a strategy "
                    f"that chats, e.g. pointwise ({not_first}; {not_second})",
                    status=not_second.status,
                ) from None
            knowledge.notes["dialect"] = (
                f"found out that {self._identity.endpoint} speaks {second.title}: dialect='{second.name}'"
            )
        knowledge.dialect = dialect.name
        knowledge.seen |= _FOUND_OUT
        return reply

    async def _ask(self, call: DecisionCall, dialect: Dialect, patience: Patience) -> Reply:
        body = dialect.body(call, self._identity.model)

        async def once() -> Reply:
            begun = time.perf_counter()
            sent = await self._transport.exchange(
                lambda sdk: post(sdk, dialect, body, self._extra), model=self._identity.model
            )
            if isinstance(sent, Fault):
                raise judge_decision_fault(sent, dialect, self._place)
            reply = read_reply(sent, call, dialect, self._place)
            return replace(reply, seconds=time.perf_counter() - begun)

        return await self._inner.persist(once, patience)

    async def _serves(self, dialect: Dialect, error: NotSpoken) -> bool:
        """Whether the endpoint knows a dialect: it is asked no question at all, which costs nothing."""
        if _NO_MODEL.search(error.told):
            return False  # the route is there, the model is not
        nothing = DecisionCall(state="", questions=())
        body = dialect.body(nothing, self._identity.model)
        try:
            sent = await self._transport.exchange(
                lambda sdk: post(sdk, dialect, body, {}), model=self._identity.model
            )
            if isinstance(sent, Fault):
                return sent.status in (400, 422)
            read_reply(sent, nothing, dialect, self._place)
        except CallError:
            return False
        return True
