"""The parameters of a request: everything useful, but for what the endpoint is known to refuse."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from llmrerank.calls import ChatCall
from llmrerank.settings import Effort

from .capabilities import Knowledge
from .refusals import effort_for

__all__ = ["parameters"]

_MOST_ALTERNATIVES = 20


def parameters(call: ChatCall, knowledge: Knowledge, *, room: int, effort: Effort | None) -> dict[str, Any]:
    """Fields of the request body beside model and messages.

    Args:
        call: What is asked.
        knowledge: What the endpoint is known to refuse.
        room: Tokens added to the limit of the answer, for reasoning.
        effort: Reasoning effort asked for; None: the lowest, of models that reason.
    """
    limit = call.max_tokens + room
    most = knowledge.most
    params: dict[str, Any] = {
        "temperature": knowledge.temperature,
        "seed": call.seed,
        knowledge.token_limit: min(limit, most.get("max_tokens", limit)),
    }
    if call.logprobs:
        params["logprobs"] = True
        params["top_logprobs"] = min(call.logprobs, most.get("top_logprobs", _MOST_ALTERNATIVES))
    if call.schema:
        params["response_format"] = _response_format(call.schema, knowledge)
    taken = effort_for(knowledge, effort)
    if taken is not None:
        params["reasoning_effort"] = taken
    for name in knowledge.left_out:
        params.pop(name, None)
    return params


def _response_format(schema: str, knowledge: Knowledge) -> dict[str, Any]:
    if knowledge.json_object:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": _parsed(schema)},
    }


@lru_cache(maxsize=64)
def _parsed(schema: str) -> Any:
    return json.loads(schema)
