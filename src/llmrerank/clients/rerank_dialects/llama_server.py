"""llama-server, started with --reranking: https://github.com/ggml-org/llama.cpp/tree/master/tools/server."""

from __future__ import annotations

from typing import Any

from llmrerank.calls import ListCall

from .dialect import Dialect, total_tokens

__all__ = ["LLAMA_SERVER"]


def _body(call: ListCall, model: str) -> dict[str, Any]:
    body = {"query": call.query, "documents": list(call.documents)}
    return {"model": model, **body} if model else body


LLAMA_SERVER = Dialect(
    name="llama-server",
    title="llama-server",
    paths=("/v1/rerank", "/rerank"),
    body=_body,
    tokens=total_tokens,
)
