"""Jina: https://api.jina.ai/redoc#tag/rerank."""

from __future__ import annotations

from typing import Any

from llmrerank.calls import ListCall

from .dialect import Dialect, Vendor, total_tokens

__all__ = ["JINA"]


def _body(call: ListCall, model: str) -> dict[str, Any]:
    # Texts come back unless told otherwise.
    return {
        "model": model,
        "query": call.query,
        "documents": list(call.documents),
        "return_documents": False,
    }


JINA = Dialect(
    name="jina",
    title="Jina",
    paths=("/v1/rerank",),
    body=_body,
    tokens=total_tokens,
    vendor=Vendor(
        url="https://api.jina.ai", keys=("JINA_API_KEY",), model="jina-reranker-v2-base-multilingual"
    ),
)
