"""Text Embeddings Inference: https://huggingface.github.io/text-embeddings-inference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmrerank.calls import ListCall

from .dialect import BARE, Dialect

__all__ = ["TEI"]


def _body(call: ListCall, _: str) -> dict[str, Any]:
    return {"query": call.query, "texts": list(call.documents), "truncate": True}


def _tokens(_: Any, headers: Mapping[str, str]) -> int | None:
    told = headers.get("x-compute-tokens", "")
    return int(told) if told.isdecimal() and len(told) <= 9 else None


TEI = Dialect(
    name="tei",
    title="Text Embeddings Inference",
    paths=("/rerank",),
    body=_body,
    results=(BARE,),
    tokens=_tokens,
    most=32,  # unless its /info says otherwise
)
