"""Infinity: https://github.com/michaelfeil/infinity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmrerank.calls import ListCall

from .dialect import Dialect

__all__ = ["INFINITY"]


def _body(call: ListCall, model: str) -> dict[str, Any]:
    body = {"query": call.query, "documents": list(call.documents), "return_documents": False}
    return {"model": model, **body} if model else body


def _tokens(_: Any, __: Mapping[str, str]) -> int | None:
    """None: what it calls tokens under `usage` are characters."""
    return None


INFINITY = Dialect(
    name="infinity",
    title="Infinity",
    paths=("/rerank", "/v1/rerank"),
    body=_body,
    results=("results", "data"),  # older versions say `data`
    tokens=_tokens,
    most=2048,
)
