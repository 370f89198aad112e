"""The two dialects of decision models: how a call is put into each, and how its reply is read.

OpenAI's goes through the SDK's own `decisions.create`, System One through the same client's generic `post`.
Of both the bytes are read here: the SDK's objects would let a reply pass that is no decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from llmrerank.answers.answer import Flag
from llmrerank.answers.decisions import decode, read_decisions, spell
from llmrerank.answers.numbers import count
from llmrerank.calls import DecisionCall, DecisionQuestion, Reply
from llmrerank.errors import CallError, PermanentError, TransientError
from llmrerank.tokens import expected
from llmrerank.types import Usage

from .failures import Place, Refused, TooLong, judge_fault
from .fault import Fault, read_fault

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["DIALECTS", "Dialect", "NotSpoken", "judge_decision_fault", "post", "read_reply"]


_NO_ROUTE = (404, 405, 501)
_TOO_LONG = re.compile(r"max_tokens_exceeded|token[_ ]limit|too many tokens", re.IGNORECASE)
_TOO_MANY = re.compile(
    r"too many questions|(at most|maximum of) \d+ questions|questions\b.{0,40}(at most|maximum|limit|exceed)",
    re.IGNORECASE,
)


class NotSpoken(PermanentError):
    """The endpoint does not understand the dialect, as far as one can tell from its reply.

    Attributes:
        told: What the endpoint said, or nothing.
        evident: The reply shows that it understands the other dialect.
    """

    def __init__(
        self, message: str, *, status: int | None = None, told: str = "", evident: bool = False
    ) -> None:
        self.told = told
        self.evident = evident
        super().__init__(message, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way of asking a decision model.

    Attributes:
        name: As it is written in a strategy.
        title: As people call it.
        path: Where it is served, below the base URL.
        input: Name of the field that holds what the questions are about.
        answers: How the answers come.
    """

    name: str
    title: str
    path: str
    input: str
    answers: type[Any]

    @property
    def other(self) -> Dialect:
        """The other one."""
        return DIALECTS["systemone" if self.name == "openai" else "openai"]

    def body(self, call: DecisionCall, model: str) -> dict[str, Any]:
        """The JSON object to be posted, with the fence in its place."""
        sent = call.fenced()
        questions = [_question(question, self.name) for question in sent.questions]
        asked: Any = questions
        if self.name == "systemone":
            asked = {named.pop("name"): named for named in questions}
        return {"model": model, self.input: sent.state, "questions": asked}


DIALECTS: Mapping[str, Dialect] = {
    "openai": Dialect(
        name="openai", title="OpenAI's Decisions API", path="/decisions", input="input", answers=list
    ),
    "systemone": Dialect(
        name="systemone", title="System One", path="/systemone", input="state", answers=dict
    ),
}


def _question(question: DecisionQuestion, dialect: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"name": question.name, "type": question.kind, "instructions": question.text}
    if dialect == "openai":
        if question.kind == "score":
            asked["levels"] = [{"label": level} for level in question.levels]
        return asked
    if question.kind == "score":
        return {**asked, "criteria": list(question.levels)}
    return {**asked, "type": "noul"}


async def post(
    sdk: AsyncOpenAI, dialect: Dialect, body: Mapping[str, Any], extra: Mapping[str, Any]
) -> bytes | Fault:
    """Send a body once: the bytes of a reply of status 200, else what the endpoint said."""
    import httpx2
    import openai

    try:
        if dialect.name == "openai":
            raw = await sdk.decisions.with_raw_response.create(
                model=body["model"],
                input=body["input"],
                questions=cast(Iterable[Any], body["questions"]),
                extra_body=dict(extra) or None,
            )
            return raw.content
        response = await sdk.post(dialect.path, cast_to=httpx2.Response, body={**body, **extra})
        return response.content
    except openai.APIStatusError as error:
        return read_fault(_told(error.body), status=error.status_code, headers=error.response.headers)


def _told(body: object) -> object:
    """An error body; the object that TypeSafe's servers put into `detail` becomes a code and a message."""
    detail = body.get("detail") if isinstance(body, Mapping) else None
    if not isinstance(detail, Mapping):
        return body
    code = detail.get("error_type") or detail.get("type") or ""
    return {"code": code, "message": str(detail.get("message") or detail.get("msg") or code)}


def read_reply(content: bytes, call: DecisionCall, dialect: Dialect, place: Place) -> Reply:
    """Read the body of a reply of status 200.

    Raises:
        NotSpoken: It is a web page, or answers in the other dialect.
        CallError: It holds an error, or is no decision.
    """
    where = place.address.shown
    try:
        body = decode(content)
    except (ValueError, RecursionError):
        if content.lstrip()[:1] == b"<":
            raise NotSpoken(f"{where} sent a web page, not a decision; check the base URL") from None
        raise TransientError(f"{where} sent a reply that is not whole JSON") from None
    if isinstance(body, Mapping) and body.get("error"):
        raise judge_fault(read_fault(body, status=None), place)
    answers = body.get("answers") if isinstance(body, Mapping) else None
    if isinstance(answers, dialect.other.answers):
        raise NotSpoken(f"{where} answered in the shape of {dialect.other.title}", evident=True)
    if not isinstance(answers, dialect.answers):
        raise PermanentError(f"{where} sent JSON that is no decision; check the base URL")
    read = read_decisions(answers, call.questions)
    usage = body.get("usage")
    counted = isinstance(usage, Mapping)
    return Reply(
        text=spell(call.questions, read),
        scores=tuple(None if isinstance(value, Flag) else value for value in read),
        usage=_usage(usage) if counted else expected(call),
        counted=counted,
    )


def judge_decision_fault(fault: Fault, dialect: Dialect, place: Place) -> CallError:
    """Turn what an endpoint said into one of our errors, with the advice that helps here."""
    where, status, other = place.address.shown, fault.status, dialect.other.input
    told, said = place.told(fault), f"{fault.code} {fault.message}"
    if status in _NO_ROUTE:
        missing = f"knows no model '{place.model}' or nothing at {dialect.path}"
        return NotSpoken(f"{where} {missing}{told}", status=status, told=said)
    error = judge_fault(fault, place)
    if isinstance(error, TooLong) or (isinstance(error, Refused) and _TOO_LONG.search(said)):
        advice = "lower batch or passage_tokens"
        return TooLong(f"one call is too long for '{place.model}' at {where}; {advice}{told}", status=status)
    if not isinstance(error, Refused):
        return error
    if _TOO_MANY.search(said):
        return PermanentError(f"{where} takes fewer questions in one call; lower batch{told}", status=status)
    if other in fault.named or re.search(rf"['\"`]{other}['\"`]", fault.message):
        evident = other in fault.named
        return NotSpoken(f"{where} asks for '{other}'{told}", status=status, told=said, evident=evident)
    return error


def _usage(usage: Mapping[str, Any]) -> Usage:
    details = usage.get("output_tokens_details")
    reasoning = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0
    output = max(_count(usage.get("output_tokens")), reasoning)
    return Usage(input=_count(usage.get("input_tokens")), output=output, reasoning=reasoning)


def _count(value: object) -> int:
    return count(value) or 0
