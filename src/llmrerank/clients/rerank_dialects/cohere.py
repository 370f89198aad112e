"""Cohere, v2: https://docs.cohere.com/reference/rerank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmrerank.answers.numbers import count
from llmrerank.calls import ListCall

from .dialect import Dialect, Vendor

__all__ = ["COHERE"]


def _body(call: ListCall, model: str) -> dict[str, Any]:
    # Long documents are cut by the server; it has no field that asks for it.
    return {"model": model, "query": call.query, "documents": list(call.documents)}


def _tokens(reply: Any, _: Mapping[str, str]) -> int | None:
    tokens = _meta(reply, "tokens")
    return count(tokens.get("input_tokens"))


def _notes(reply: Any) -> tuple[str, ...]:
    """What is billed: searches of up to 100 documents, not tokens."""
    units = count(_meta(reply, "billed_units").get("search_units"))
    warnings = reply.get("meta", {}).get("warnings") if isinstance(reply.get("meta"), Mapping) else None
    said = tuple(str(one) for one in warnings) if isinstance(warnings, list) else ()
    return said if units is None else (f"billed as {units} search {'unit' if units == 1 else 'units'}", *said)


def _meta(reply: Any, name: str) -> Mapping[str, Any]:
    meta = reply.get("meta") if isinstance(reply, Mapping) else None
    inner = meta.get(name) if isinstance(meta, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


COHERE = Dialect(
    name="cohere",
    title="Cohere",
    paths=("/v2/rerank",),
    body=_body,
    tokens=_tokens,
    notes=_notes,
    most=10_000,
    vendor=Vendor(url="https://api.cohere.com", keys=("COHERE_API_KEY", "CO_API_KEY"), model="rerank-v3.5"),
)
