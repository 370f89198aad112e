"""What is known of a model at an endpoint: learnt from real calls, remembered as long as the process runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from llmrerank.calls import ChatCall
from llmrerank.settings import Effort

from .address import Address
from .loops import PerLoop

__all__ = ["Capabilities", "Gates", "Knowledge", "capabilities", "features_of", "forget", "knowledge_of"]

Feature = str
_PLAIN: frozenset[Feature] = frozenset({"plain"})
_FEATURES: dict[tuple[bool, bool], frozenset[Feature]] = {
    (logprobs, schema): _PLAIN | ({"logprobs"} if logprobs else set()) | ({"schema"} if schema else set())
    for logprobs in (False, True)
    for schema in (False, True)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an endpoint was seen to do. None: no call has shown it yet.

    Attributes:
        logprobs: It gives the alternatives of the first answer token.
        schema: It takes a JSON schema for its answer.
        seed: It takes a sampling seed.
        temperature: It takes temperature 0.
        reasons: The model reasons before it answers.
        room: Tokens added to the limit of an answer, for reasoning.
        notes: What has to be changed in every call.
    """

    logprobs: bool | None
    schema: bool | None
    seed: bool | None
    temperature: bool | None
    reasons: bool | None
    room: int
    notes: tuple[str, ...]


@dataclass(slots=True)
class Knowledge:
    """What is remembered of one model at one endpoint; the negotiation fills it.

    Attributes:
        seen: Features that some answered call has used.
        left_out: Parameters that are not sent, by name.
        token_limit: Name under which the limit on tokens is sent.
        most: Largest value accepted, by parameter.
        temperature: Sent unless left out.
        json_object: JSON can be asked for, but not a schema.
        logprobs: Whether it gives log-probabilities, None while unknown.
        reasons: Whether the model was seen to reason.
        room: Tokens added for reasoning.
        room_in_vain: Room was tried for an answer that did not come, and did not help.
        efforts: Efforts that the model takes, None while unknown.
        dialect: Name of the dialect in which a decision model answered, None while unknown.
        context: Tokens that it reads at once, where its endpoint was asked and said so.
        context_asked: The endpoint was asked for that.
        notes: What is changed in every call, by what was changed.
    """

    seen: frozenset[Feature] = frozenset()
    left_out: frozenset[str] = frozenset()
    token_limit: str = "max_tokens"
    most: dict[str, int] = field(default_factory=dict)
    temperature: float = 0.0
    json_object: bool = False
    logprobs: bool | None = None
    reasons: bool = False
    room: int = 0
    room_in_vain: bool = False
    efforts: tuple[Effort, ...] | None = None
    dialect: str | None = None
    context: int | None = None
    context_asked: bool = False
    notes: dict[str, str] = field(default_factory=dict)
    gates: Gates = field(default_factory=lambda: Gates())

    def summary(self) -> Capabilities:
        """The same for people."""
        plain = "plain" in self.seen
        return Capabilities(
            logprobs=self.logprobs,
            schema=None if "schema" not in self.seen else "response_format" not in self.left_out,
            seed="seed" not in self.left_out if plain else None,
            temperature="temperature" not in self.left_out if plain else None,
            reasons=self.reasons if plain else None,
            room=self.room,
            notes=tuple(self.notes.values()),
        )


class Gates:
    """Lets the first call of a kind through alone, so that what it teaches is learnt once and not by all."""

    def __init__(self) -> None:
        self._open: PerLoop[list[_Gate]] = PerLoop(list)

    async def enter(self, knowledge: Knowledge, features: frozenset[Feature]) -> _Gate | None:
        """Wait while another call finds out; the gate that this call must `leave`, or None.

        If the call that went ahead fails, all that waited go on at once: an endpoint that is down must not be
        tried by one call after another.
        """
        while not features <= knowledge.seen:
            gates = self._open.here()
            if not gates:
                gate = _Gate()
                gates.append(gate)
                return gate
            gate = gates[0]
            await gate.left.wait()
            if not gate.learnt:
                return None
        return None

    def leave(self, gate: _Gate, *, learnt: bool) -> None:
        """Let the others through."""
        gate.learnt = learnt
        self._open.here().remove(gate)
        gate.left.set()


@dataclass(eq=False, slots=True)
class _Gate:
    left: asyncio.Event = field(default_factory=asyncio.Event)
    learnt: bool = False


_known: dict[tuple[str, str], Knowledge] = {}


def knowledge_of(endpoint: str, model: str) -> Knowledge:
    """What is remembered of a model at an endpoint, empty at first. One object for the whole process."""
    return _known.setdefault((endpoint, model), Knowledge())


def capabilities(base_url: str | None, model: str) -> Capabilities | None:
    """What this process has learnt of a model at an endpoint, or None where nothing was called yet.

    Raises:
        ConfigError: The base URL is none.
    """
    knowledge = _known.get((Address.of(base_url).shown, model))
    return knowledge.summary() if knowledge is not None and knowledge.seen else None


def forget() -> None:
    """Forget everything, e.g. because a server was started again with other options."""
    _known.clear()


def features_of(call: ChatCall) -> frozenset[Feature]:
    """What a call may teach about the endpoint that answers it."""
    return _FEATURES[bool(call.logprobs), bool(call.schema)]
