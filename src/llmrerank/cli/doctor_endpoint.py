"""What doctor asks an endpoint: which models it serves, and what one of them can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llmrerank.errors import RerankError
from llmrerank.settings import Settings

__all__ = ["ask", "where"]

_SCHEMA = (
    '{"additionalProperties":false,"properties":{"yes":{"type":"boolean"}},'
    '"required":["yes"],"type":"object"}'
)


def where(settings: Settings) -> str | None:
    """The endpoint to ask, fit to be shown; None where neither an address nor a key was given."""
    from llmrerank.clients.address import Address

    if settings.base_url or settings.key:
        return Address.of(settings.base_url).shown
    return None


def ask(settings: Settings, *, given_by: str) -> dict[str, Any]:
    """Ask the endpoint, which something gave us. Its failure is part of the report.

    Cost: one list of models; two calls of a few tokens where the model is given, or the only one served.
    """
    from llmrerank import portal

    return portal.run(lambda: _ask(settings, given_by))


async def _ask(settings: Settings, given_by: str) -> dict[str, Any]:
    from llmrerank.clients.address import Address
    from llmrerank.clients.stack import chat_transport

    address = Address.of(settings.base_url)
    report: dict[str, Any] = {
        "base_url": address.shown,
        "given_by": given_by,
        "exposed": settings.key is not None and address.in_the_open,
        "models": None,
        "model": settings.model,
        "error": None,
        "seconds": None,
        "capabilities": None,
    }
    transport = chat_transport(settings, address)
    try:
        report["models"] = list(await transport.models())
    except RerankError as error:
        # Some endpoints keep no list of models; one that answers calls is well all the same.
        if settings.model is None or getattr(error, "status", None) not in (400, 404, 405, 501):
            report["error"] = str(error)
            return report
    finally:
        await transport.aclose()
    model = settings.model or (report["models"][0] if len(report["models"] or ()) == 1 else None)
    if model is not None:
        report["model"] = model
        await _call(replace(settings, model=model, cache=None), model, report)
    return report


async def _call(settings: Settings, model: str, report: dict[str, Any]) -> None:
    """Two tiny calls, and what they taught about the endpoint."""
    from llmrerank.calls import ChatCall, Message
    from llmrerank.clients.capabilities import capabilities
    from llmrerank.clients.stack import chat_client

    question = (Message("user", "Is water wet? Answer yes or no."),)
    client = chat_client(settings)
    try:
        reply = await client.send(ChatCall(messages=question, max_tokens=1, logprobs=5))
        report["seconds"] = round(reply.seconds, 3)
        await client.send(ChatCall(messages=question, max_tokens=16, schema=_SCHEMA))
    except RerankError as error:
        report["error"] = str(error)
    finally:
        await client.aclose()
    learnt = capabilities(settings.base_url, model)
    if learnt is not None:
        report["capabilities"] = {
            "logprobs": learnt.logprobs,
            "json_schema": learnt.schema,
            "seed": learnt.seed,
            "temperature": learnt.temperature,
            "reasons": learnt.reasons,
            "notes": list(learnt.notes),
        }
