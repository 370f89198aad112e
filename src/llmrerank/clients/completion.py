"""Reading the body of a chat completion, whatever server wrote it; what is none is never an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmrerank.answers.numbers import count, finite
from llmrerank.calls import Reply, TokenChoice
from llmrerank.errors import CallError, PermanentError, TransientError
from llmrerank.types import Usage

from .failures import Place, judge_fault
from .fault import read_fault
from .first_token import answer_index

__all__ = ["LONGEST", "read_completion"]

LONGEST = 200_000
"""Characters of an answer, reasoning included, that are read; the most that is ever asked for is a fifth."""


def read_completion(content: bytes, place: Place, *, seconds: float = 0.0) -> Reply:
    """Read the body of a reply of status 200.

    `choices` of the result is None where the endpoint sent no log-probabilities, and empty where it sent some
    but none for the first token of the answer.

    Raises:
        CallError: It holds an error, or is no chat completion.
    """
    body = _json(content, place)
    where = place.address.shown
    choices = body.get("choices")
    if body.get("error") or (choices is None and ("detail" in body or body.get("object") == "error")):
        raise judge_fault(read_fault(body, status=None), place)
    if not isinstance(choices, list):
        raise PermanentError(f"{where} sent JSON that is no chat completion; check the base URL")
    if not choices or not isinstance(choices[0], Mapping):
        raise TransientError(f"{where} sent a completion without any choice")
    choice = choices[0]
    if choice.get("error"):
        raise judge_fault(read_fault(choice, status=None), place)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise PermanentError(f"{where} sent a choice without a message; check the base URL")
    # Looked through when it is read: JSON can spell a key in many ways.
    text, reasoning = (one and place.without_key(one) for one in _texts(message))
    finish = choice.get("finish_reason")
    if finish == "error" and not text:
        raise TransientError(f"{where} broke off while it answered")
    refusal = message.get("refusal")
    if not text and isinstance(refusal, str) and refusal:
        text, finish = place.without_key(refusal), "content_filter"
    if text is not None and len(text) > LONGEST:  # a limit of ours cuts it off, where theirs did not
        text, finish = text[:LONGEST], "length"
    usage = body.get("usage")
    return Reply(
        text=text,
        reasoning=reasoning[:LONGEST] if reasoning else reasoning,
        finish_reason=place.without_key(finish) if isinstance(finish, str) else None,
        choices=_first_token(choice.get("logprobs"), text or "", place, reasoned=bool(reasoning)),
        usage=_usage(usage) if isinstance(usage, Mapping) else Usage(),
        counted=isinstance(usage, Mapping),
        seconds=seconds,
    )


def _json(content: bytes, place: Place) -> Mapping[str, Any]:
    where = place.address.shown
    fault: CallError
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        if content.lstrip()[:1] == b"<":
            fault = PermanentError(f"{where} sent a web page, not a completion; check the base URL")
        else:
            fault = TransientError(f"{where} sent a reply that is not whole JSON")
        raise fault from None
    if isinstance(body, list) and body and isinstance(body[0], Mapping) and "error" in body[0]:
        raise judge_fault(read_fault(body, status=None), place)
    if not isinstance(body, Mapping):
        raise PermanentError(f"{where} sent JSON that is no chat completion; check the base URL")
    return body


def _texts(message: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The answer and the reasoning; both may come as a text or as a list of parts."""
    content = message.get("content")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    thoughts = [reasoning] if isinstance(reasoning, str) else []
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        thoughts += [_part(part["thinking"]) for part in parts if "thinking" in part]
        content = "".join(_part(part.get("text")) for part in parts if "thinking" not in part)
    return content if isinstance(content, str) else None, "\n".join(filter(None, thoughts)) or None


def _part(value: object) -> str:
    if isinstance(value, list):
        return "".join(_part(item.get("text")) for item in value if isinstance(item, Mapping))
    return value if isinstance(value, str) else ""


def _usage(usage: Mapping[str, Any]) -> Usage:
    details = usage.get("completion_tokens_details")
    reasoning = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0
    asked, answered = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    # Some count reasoning beside the completion; the total gives them away.
    if reasoning and _count(usage.get("total_tokens")) >= asked + answered + reasoning:
        answered += reasoning
    return Usage(input=asked, output=max(answered, reasoning), reasoning=reasoning)


def _count(value: object) -> int:
    return count(value) or 0


def _first_token(
    logprobs: object, answer: str, place: Place, *, reasoned: bool
) -> tuple[TokenChoice, ...] | None:
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list) or not content:
        return None
    tokens = [one for one in content if isinstance(one, Mapping)]
    said = [place.without_key(str(one.get("token", ""))) for one in tokens]
    index = answer_index(said, answer, reasoned=reasoned)
    if index is None:
        return ()
    top = tokens[index].get("top_logprobs")
    if not isinstance(top, list) or not top:
        return None  # the chosen token alone says nothing about its alternatives
    return _choices([*top, tokens[index]], place)


def _choices(alternatives: Sequence[object], place: Place) -> tuple[TokenChoice, ...]:
    """Alternatives by token, the likeliest first; those without a finite log-probability are left out."""
    best: dict[str, float] = {}
    for one in alternatives:
        if not isinstance(one, Mapping):
            continue
        token, logprob = one.get("token"), finite(one.get("logprob"))
        if isinstance(token, str) and logprob is not None:
            best.setdefault(place.without_key(token), logprob)
    return tuple(TokenChoice(t, p) for t, p in sorted(best.items(), key=lambda pair: -pair[1]))
