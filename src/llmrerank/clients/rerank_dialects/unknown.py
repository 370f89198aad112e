"""A server that nobody recognised: the fields that all but one of the families share, whatever it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmrerank.calls import ListCall

from .cohere import COHERE
from .dialect import BARE, Dialect, total_tokens

__all__ = ["UNKNOWN"]


def _body(call: ListCall, model: str) -> dict[str, Any]:
    body = {"query": call.query, "documents": list(call.documents), "return_documents": False}
    return {"model": model, **body} if model else body


def _tokens(reply: Any, headers: Mapping[str, str]) -> int | None:
    counted = total_tokens(reply, headers)
    return counted if counted is not None else COHERE.tokens(reply, headers)


def _notes(reply: Any) -> tuple[str, ...]:
    return COHERE.notes(reply) if isinstance(reply, Mapping) else ()


UNKNOWN = Dialect(
    name="auto",
    title="a dialect that was not recognised",
    paths=("/v1/rerank", "/rerank", "/v2/rerank"),
    body=_body,
    results=("results", "data", BARE),
    tokens=_tokens,
    notes=_notes,
)
