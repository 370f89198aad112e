"""What to change after an endpoint refused a request: drop, rename or lower the parameter that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmrerank.settings import Effort

from .capabilities import Knowledge
from .fault import Fault

__all__ = ["EFFORTS", "effort_for", "learn_from_refusal", "refuses_prefill"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high")

_SPELLINGS: dict[str, str] = {
    "max_completion_tokens": r"max_?completion_?tokens",
    "max_tokens": r"max_?(?:output_?)?tokens|max_new_tokens",
    "temperature": r"temperature",
    "seed": r"seed",
    "top_logprobs": r"top_?logprobs",
    "logprobs": r"log_?probs|log[- ]prob(?:abilitie)?s",
    "response_format": r"response_?format|json_?schema|structured[ _]outputs?|guided_json|json mode",
    "reasoning_effort": r"reasoning[_. ]?effort|reasoning|thinking",
}
_NAMES = {name: re.compile(rf"(?<![a-z_])(?:{words})(?![a-z_])", re.I) for name, words in _SPELLINGS.items()}
_A_BOUND = re.compile(
    r"max(?:imum)?\b|at most|(?:less|lower|greater|larger) than|between|up to|exceed|above|range"
    r"|<=|≤|too large",
    re.I,
)
_UNSUPPORTED = re.compile(
    r"not (?:be )?support|unsupported|unknown|unrecogni[sz]ed|not permitted|unexpected|not accept"
    r"|not allowed",
    re.I,
)
_POSITIVE = re.compile(r"positive|greater than (?:or equal to )?0|above 0|> ?=? ?0", re.I)
_A_VALUE = re.compile(r"unsupported[_ ]value|invalid|budget|must be|should be|expected", re.I)
_PREFILL = re.compile(
    r"pre-?fill|(?:last|final) message|(?:end|start)s? with (?:an? )?(?:assistant|user)"
    r"|assistant (?:message|role|response)",
    re.I,
)
_SMALLEST_TEMPERATURE = 0.01


def learn_from_refusal(knowledge: Knowledge, fault: Fault, sent: Mapping[str, Any], endpoint: str) -> bool:
    """Remember what has to be changed; False where the refusal names nothing that was sent and can change.

    Args:
        knowledge: Changed in place.
        fault: What the endpoint said.
        sent: The parameters of the refused request that may be changed.
        endpoint: How it is called in notes.
    """
    names = _named(fault, sent)
    changes = [_change(knowledge, name, fault, sent, endpoint) for name in names]
    return any(changes)


def refuses_prefill(fault: Fault) -> bool:
    """Whether the endpoint says that it will not go on with an assistant's message."""
    return "prefill" in fault.code or _PREFILL.search(fault.message) is not None


def effort_for(knowledge: Knowledge, wanted: Effort | None) -> Effort | None:
    """The reasoning effort to send, None for none: the one asked for or the next above that the model takes.

    Nothing is sent on its own to a model that was never seen to reason: it would be refused.
    """
    if "reasoning_effort" in knowledge.left_out or (wanted is None and not knowledge.reasons):
        return None
    taken = EFFORTS if knowledge.efforts is None else knowledge.efforts
    at_least = EFFORTS.index(wanted or EFFORTS[0])
    higher = [effort for effort in taken if EFFORTS.index(effort) >= at_least]
    return higher[0] if higher else (taken[-1] if taken else None)


def _named(fault: Fault, sent: Mapping[str, Any]) -> list[str]:
    """Sent parameters that the refusal points at; what it points at elsewhere is not ours to change."""
    if fault.named:
        pointed = [name for name in _NAMES if any(_NAMES[name].fullmatch(said) for said in fault.named)]
        return [name for name in pointed if name in sent]
    places = [
        (match.start(), name)
        for name in sent
        if name in _NAMES and (match := _NAMES[name].search(fault.message))
    ]
    return [min(places)[1]] if places else []


def _change(knowledge: Knowledge, name: str, fault: Fault, sent: Mapping[str, Any], endpoint: str) -> bool:
    said = f"{fault.code} {fault.message}"
    value = sent[name]
    if name in ("max_tokens", "max_completion_tokens"):
        return _change_limit(knowledge, name, said, value, endpoint)
    if (
        name == "temperature"
        and value == 0.0
        and _POSITIVE.search(said)
        and not _UNSUPPORTED.search(fault.message)
    ):
        knowledge.temperature = _SMALLEST_TEMPERATURE
        knowledge.notes[name] = f"temperature sent as {_SMALLEST_TEMPERATURE}: {endpoint} takes no 0"
        return True
    if name == "reasoning_effort":
        return _change_effort(knowledge, said, value, endpoint)
    if name == "response_format" and "json_object" in said and value.get("type") == "json_schema":
        knowledge.json_object = True
        knowledge.notes[name] = f"JSON asked for without its schema: {endpoint} takes none"
        return True
    if name in ("logprobs", "top_logprobs"):
        lower = _bound_in(said, sent.get("top_logprobs"))
        if lower is not None:
            knowledge.most["top_logprobs"] = lower
            knowledge.notes[name] = f"top_logprobs lowered to {lower}, the most {endpoint} gives"
            return True
        knowledge.logprobs = False
        knowledge.left_out |= {"logprobs", "top_logprobs"}
        knowledge.notes["logprobs"] = f"logprobs left out: {endpoint} refused them"
        return True
    knowledge.left_out |= {name}
    knowledge.notes[name] = f"{name} left out: {endpoint} refused it"
    return True


def _change_limit(knowledge: Knowledge, name: str, said: str, value: Any, endpoint: str) -> bool:
    """The limit on tokens is renamed or lowered, never dropped: without one an answer has no end."""
    lower = _bound_in(said, value)
    if lower is not None:
        knowledge.most["max_tokens"] = lower
        knowledge.notes["max_tokens"] = f"{name} lowered to {lower}, the most {endpoint} takes"
        return True
    if name == "max_completion_tokens":
        return False
    knowledge.token_limit = "max_completion_tokens"
    knowledge.notes["token_limit"] = "max_tokens sent as max_completion_tokens"
    return True


def _change_effort(knowledge: Knowledge, said: str, value: Any, endpoint: str) -> bool:
    others = [effort for effort in EFFORTS if effort != value]
    listed = tuple(effort for effort in others if re.search(rf"['\"`]{effort}['\"`]", said))
    listed = listed or tuple(effort for effort in others if re.search(rf"\b{effort}\b", said))
    left = knowledge.efforts if knowledge.efforts is not None else EFFORTS
    if value not in left:
        return True  # another call has learnt it in the meantime
    if listed:
        knowledge.efforts = listed
    elif _A_VALUE.search(said) and len(left) > 1:
        knowledge.efforts = tuple(e for e in left if e != value)
    else:
        knowledge.left_out |= {"reasoning_effort"}
        knowledge.notes["reasoning_effort"] = f"reasoning_effort left out: {endpoint} refused it"
        return True
    knowledge.notes["reasoning_effort"] = f"reasoning_effort '{value}' is not taken by {endpoint}"
    return True


def _bound_in(said: str, value: Any) -> int | None:
    """The largest number below the value that was sent, in a message that speaks of a bound."""
    if not isinstance(value, int) or not _A_BOUND.search(said):
        return None
    numbers = [int(text) for text in re.findall(r"(?<![\w.-])\d{1,9}(?![\w-]|\.\d)", said)]
    return max((number for number in numbers if 1 <= number < value), default=None)
