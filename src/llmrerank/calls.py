"""What crosses between a judge and a client: calls out, replies back.

A call says what is asked, not where: endpoint, model and transport belong to the client that carries it, so a
judge never knows them and a cache key is the call's `key` joined to the client's identity.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .types import ScoreKind, Usage

__all__ = [
    "FENCE",
    "Call",
    "ChatCall",
    "DecisionCall",
    "DecisionQuestion",
    "ListCall",
    "Message",
    "PairCall",
    "Reply",
    "TokenChoice",
]

FENCE = "\ue000fence\ue000"
"""Stands in messages where the fence goes; replaced when the call is sent, so keys do not depend on it."""

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message. A last message of role `assistant` is a prefill that the model continues."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCall:
    """One chat completion.

    Attributes:
        messages: In order; the fence's place is held by `FENCE`.
        max_tokens: Room for the visible answer, in tokens. A client adds room for reasoning.
        logprobs: How many alternatives of the first token are wanted, 0 for none.
        schema: JSON schema that the answer must follow, as canonical JSON text, or empty.
        seed: Sampling seed. A question asked again carries another one.
        fence: The nonce put in place of `FENCE`. Not part of the key.
        otherwise: Sent instead where the endpoint gives no log-probabilities. Not part of the key.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    logprobs: int = 0
    schema: str = ""
    seed: int = 0
    fence: str = ""
    otherwise: ChatCall | None = None
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Canonical text of what was asked; equal for equal questions, whatever their fence."""
        if not self._key:
            asked = [[m.role, m.content] for m in self.messages]
            _keep_key(self, ["chat", asked, self.max_tokens, self.logprobs, self.schema, self.seed])
        return self._key

    def fenced(self) -> tuple[Message, ...]:
        """The messages as they are sent, with the nonce in its place."""
        return tuple(Message(m.role, m.content.replace(FENCE, self.fence)) for m in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCall:
    """One query-document pair to be scored by a local model."""

    query: str
    document: str

    @property
    def key(self) -> str:
        """Canonical text of the pair."""
        return json.dumps(["pair", self.query, self.document], ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCall:
    """One query and the documents that a rerank endpoint scores together.

    Attributes:
        query: What is asked.
        documents: Their texts; `Reply.scores[i]` belongs to `documents[i]`.
        instruction: What makes a document relevant here; empty where none was given.
    """

    query: str
    documents: tuple[str, ...]
    instruction: str = ""
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Canonical text of what was asked."""
        if not self._key:
            _keep_key(self, ["list", self.query, self.documents, self.instruction])
        return self._key


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionQuestion:
    """One question about the input of a decision model.

    Attributes:
        name: What its answer is found by; unique within a call.
        kind: `predicate`, answered by the probability that it holds; `score`, by the expected level.
        text: The question; the fence's place is held by `FENCE`.
        levels: What the levels of a score mean, lowest first; empty for a predicate.
    """

    name: str
    kind: Literal["predicate", "score"]
    text: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCall:
    """Questions about one input, put to a decision model at once; `Reply.scores[i]` answers `questions[i]`.

    Attributes:
        state: The input; the fence's place is held by `FENCE`.
        questions: In order.
        fence: The nonce put in place of `FENCE`. Not part of the key.
    """

    state: str
    questions: tuple[DecisionQuestion, ...]
    fence: str = ""
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Canonical text of what was asked; equal for equal questions, whatever their fence."""
        if not self._key:
            asked = [[q.name, q.kind, q.text, q.levels] for q in self.questions]
            _keep_key(self, ["decision", self.state, asked])
        return self._key

    def fenced(self) -> DecisionCall:
        """The call as it is sent, with the nonce in its place."""
        return replace(
            self,
            state=self.state.replace(FENCE, self.fence),
            questions=tuple(replace(q, text=q.text.replace(FENCE, self.fence)) for q in self.questions),
        )


Call = ChatCall | PairCall | ListCall | DecisionCall


def _keep_key(call: ChatCall | ListCall | DecisionCall, values: list[Any]) -> None:
    """Write a call's key into it: it is asked for at every door that the call passes."""
    key = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    object.__setattr__(call, "_key", key)


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """One alternative for the first generated token and its natural log-probability."""

    token: str
    logprob: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for one call.

    Attributes:
        text: The answer, or None where the provider sent none (a pair call, an empty message).
        reasoning: Reasoning text that the provider sent apart from the answer.
        finish_reason: As the provider said (`stop`, `length`, `content_filter`, ...), or None.
        choices: Alternatives of the first answer token, or None where the endpoint gave none.
        score: Score of a pair call, or None.
        scores: Of a call about several documents or questions, one for each; None for one that was declined
            or left out. None as a whole for other calls.
        score_kind: What the scores mean, where the client knows better than the judge; else empty.
        usage: Tokens as the provider counted them; estimated where it did not (`counted` False).
        counted: Whether `usage` came from the provider.
        seconds: Wall-clock time of the successful attempt.
        attempts: How often it was sent, 1 or more.
        answered: How many of those the endpoint answered, and so billed; above 1 where an answer was not
            enough (no log-probabilities, no room) and the question was put again.
        cached: Answered from a cache: nothing was sent or paid.
        answers: The call that this reply answers, where it is not the one sent (`otherwise`), else None.
        notes: What the client had to change, e.g. a parameter the endpoint refused.
        cut: Tokens of text that a local model had no room for.
    """

    text: str | None = None
    reasoning: str | None = None
    finish_reason: str | None = None
    choices: tuple[TokenChoice, ...] | None = None
    score: float | None = None
    scores: tuple[float | None, ...] | None = None
    score_kind: ScoreKind | Literal[""] = ""
    usage: Usage = field(default_factory=Usage)
    counted: bool = True
    seconds: float = 0.0
    attempts: int = 1
    answered: int = 1
    cached: bool = False
    answers: Literal["call", "otherwise"] = "call"
    notes: tuple[str, ...] = ()
    cut: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON values of what a cache or a record keeps; `from_dict` reads it back."""
        return {
            "text": self.text,
            "reasoning": self.reasoning,
            "finish_reason": self.finish_reason,
            "choices": None if self.choices is None else [[c.token, c.logprob] for c in self.choices],
            "score": self.score,
            "scores": None if self.scores is None else list(self.scores),
            "score_kind": self.score_kind,
            "usage": [self.usage.input, self.usage.output, self.usage.reasoning],
            "counted": self.counted,
            "seconds": self.seconds,
            "answers": self.answers,
            "cut": self.cut,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reply:
        """Read what `to_dict` wrote.

        Raises:
            KeyError, TypeError, ValueError: The values are of another shape.
        """
        taken = values["usage"]
        choices = values["choices"]
        scores = values.get("scores")
        return cls(
            text=values["text"],
            reasoning=values["reasoning"],
            finish_reason=values["finish_reason"],
            choices=None if choices is None else tuple(TokenChoice(str(t), float(p)) for t, p in choices),
            score=values["score"],
            scores=None if scores is None else tuple(None if s is None else float(s) for s in scores),
            score_kind=values.get("score_kind", ""),
            usage=Usage(input=int(taken[0]), output=int(taken[1]), reasoning=int(taken[2])),
            counted=bool(values["counted"]),
            seconds=float(values["seconds"]),
            answers="otherwise" if values["answers"] == "otherwise" else "call",
            cut=int(values["cut"]),
        )
