"""Voyage: https://docs.voyageai.com/reference/reranker-api. It refuses every field that it does not know."""

from __future__ import annotations

from typing import Any

from llmrerank.calls import ListCall

from .dialect import Dialect, Vendor, total_tokens

__all__ = ["VOYAGE"]

_DEAF = frozenset({"rerank-2", "rerank-2-lite", "rerank-1", "rerank-lite-1"})
"""Models older than rerank-2.5, the first that was trained to follow instructions."""


def _body(call: ListCall, model: str) -> dict[str, Any]:
    return {
        "model": model,
        # An instruction is a part of the query.
        "query": f"{call.instruction}\nQuery: {call.query}" if call.instruction else call.query,
        # An empty text is refused, a blank one is not.
        "documents": [document or " " for document in call.documents],
        "truncation": True,
    }


VOYAGE = Dialect(
    name="voyage",
    title="Voyage",
    paths=("/v1/rerank",),
    body=_body,
    results=("data",),
    tokens=total_tokens,
    instructed=lambda model: model not in _DEAF,
    most=1000,
    vendor=Vendor(url="https://api.voyageai.com", keys=("VOYAGE_API_KEY",), model="rerank-2.5"),
)
