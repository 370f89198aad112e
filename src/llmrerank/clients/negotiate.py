"""Fitting a call to what its endpoint accepts, which is learnt from real calls and never probed.

Everything useful is sent: temperature 0, the seed, a limit on tokens, log-probabilities, a JSON schema. An
endpoint that refuses a request and names a parameter gets it without, once more; that is remembered by
(base URL, model) for the whole process. Any other refusal is final. While nothing is known of a model its
first call goes alone, so that one call is refused and not a hundred.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmrerank.calls import Call, ChatCall, Reply
from llmrerank.errors import CallError, ConfigError, PermanentError
from llmrerank.limits import FURTHER
from llmrerank.settings import Effort
from llmrerank.tokens import count, count_messages
from llmrerank.types import Usage

from .address import Address
from .capabilities import Knowledge, features_of, knowledge_of
from .client import Identity
from .course import Course
from .failures import Refused, TooLong
from .parameters import parameters
from .refusals import learn_from_refusal, refuses_prefill
from .request import Request
from .retry import Retrying

__all__ = ["Negotiating"]

_MOST_REQUESTS = 16  # of one call, retries left out: more than there are things to change


class Negotiating:
    """A client for one model at one chat endpoint.

    Args:
        inner: Sends requests, again if need be.
        address: Where the endpoint is.
        model: Name of the model.
        effort: Reasoning effort; None: the lowest, sent once the model was seen to reason.
        extra_body: Further fields of every request body. They win, and are never changed.
        exposed: A key goes there in plain text over a network.
    """

    def __init__(
        self,
        inner: Retrying,
        *,
        address: Address,
        model: str,
        effort: Effort | None = None,
        extra_body: Mapping[str, Any] | None = None,
        exposed: bool = False,
    ) -> None:
        self._inner = inner
        self._effort = effort
        self._extra = dict(extra_body or {})
        self._endpoint = address.shown
        changes: dict[str, Any] = {"extra_body": self._extra} if self._extra else {}
        if effort is not None:
            changes["effort"] = effort
        self._identity = Identity(
            model=model,
            endpoint=address.shown,
            extra=json.dumps(changes, sort_keys=True, ensure_ascii=False) if changes else "",
            exposed=exposed,
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
        """Send a call, or its `otherwise` where log-probabilities are not to be had.

        Usage and attempts of the reply are those of every request that the call took.

        Raises:
            CallError: The endpoint failed; the call is attached.
            ConfigError: The call is no chat call, or the key is missing.
        """
        if not isinstance(call, ChatCall):
            raise ConfigError(
                f"'{self._identity.model}' at {self._endpoint} is a chat model and scores no pairs"
            )
        knowledge = knowledge_of(self._endpoint, self._identity.model)
        try:
            features = features_of(call)
            if features <= knowledge.seen:
                return await self._negotiate(call, knowledge)
            return await self._learn(call, knowledge)
        except CallError as error:
            if error.call is None:
                error.call = call
            raise

    async def _learn(self, call: ChatCall, knowledge: Knowledge) -> Reply:
        features = features_of(call)
        gate = await knowledge.gates.enter(knowledge, features)
        learnt = False
        try:
            reply = await self._negotiate(call, knowledge)
            knowledge.seen |= features
            learnt = True
            return reply
        finally:
            if gate is not None:
                knowledge.gates.leave(gate, learnt=learnt)

    async def _negotiate(self, call: ChatCall, knowledge: Knowledge) -> Reply:
        course = Course(call=call, knowledge=knowledge)
        patience = self._inner.patience()
        for _ in range(_MOST_REQUESTS):
            if knowledge.logprobs is False:
                course.turn()
            question, room = course.question, course.room
            params = parameters(question, knowledge, room=room, effort=self._effort)
            request = Request(
                model=self._identity.model, messages=question.fenced(), params={**params, **self._extra}
            )
            try:
                reply = await self._inner.send(request, patience)
            except TooLong:
                if not course.lower_room():
                    raise
            except Refused as refusal:
                self._learn_from(refusal, question, params, knowledge)
            else:
                reply = _counted(reply, question)
                if not course.wants_more(reply, question, room):
                    return course.conclude(reply, requests=patience.sent)
                allowed = FURTHER.get()
                if allowed is not None and not allowed():
                    return course.stop(reply, question, requests=patience.sent)
        raise PermanentError(f"{self._endpoint} refused every form of the request that was tried")

    def _learn_from(
        self, refusal: Refused, question: ChatCall, params: Mapping[str, Any], knowledge: Knowledge
    ) -> None:
        ours = {name: value for name, value in params.items() if name not in self._extra}
        if learn_from_refusal(knowledge, refusal.fault, ours, self._endpoint):
            return
        if question.messages[-1].role == "assistant" and refuses_prefill(refusal.fault):
            raise PermanentError(
                f"'{self._identity.model}' at {self._endpoint} does not continue a message that was begun "
                f"for it; use a prompt whose last message is not the assistant's ({refusal})",
                status=refusal.status,
            ) from None
        raise refusal


def _counted(reply: Reply, question: ChatCall) -> Reply:
    """The reply with its usage estimated where the provider sent none."""
    if reply.counted:
        return reply
    written = count(reply.text or "") + count(reply.reasoning or "")
    return replace(reply, usage=Usage(input=count_messages(question), output=written))
