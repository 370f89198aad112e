"""vLLM: https://docs.vllm.ai, the rerank route of its pooling models."""

from __future__ import annotations

from typing import Any

from llmrerank.calls import ListCall

from .dialect import Dialect, total_tokens

__all__ = ["VLLM"]


def _body(call: ListCall, model: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "query": call.query,
        "documents": list(call.documents),
        # The model's own maximum; without it one long document would fail them all.
        "truncate_prompt_tokens": -1,
    }
    if call.instruction:
        body["instruction"] = call.instruction  # read by models whose template has a place for it
    return {"model": model, **body} if model else body


VLLM = Dialect(
    name="vllm",
    title="vLLM",
    paths=("/v1/rerank", "/rerank"),
    body=_body,
    tokens=total_tokens,
    instructed=lambda _: True,
)
