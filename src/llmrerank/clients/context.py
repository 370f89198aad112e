"""How many tokens a chat model reads at once, where its endpoint says so.

OpenAI's own list of models does not say. Those of vLLM, OpenRouter, LM Studio, Groq and Mistral do, each by a
name of its own, and llama-server says it beside its list, in its properties.
"""

from __future__ import annotations

from typing import Any

from llmrerank.errors import CallError, ConfigError
from llmrerank.settings import Settings

from .address import Address
from .capabilities import knowledge_of
from .openai_chat import OpenAIChat

__all__ = ["context_of"]

_NAMES = (
    "max_model_len",
    "loaded_context_length",
    "context_length",
    "context_window",
    "max_context_length",
)
_PATIENCE = 5.0  # seconds for each question


async def context_of(settings: Settings, *, model: str | None, base_url: str | None) -> int | None:
    """Ask the endpoint, once in the life of the process, how much one of its models can read.

    Nothing is asked of the model itself, and nothing is tried again: whatever keeps the endpoint from
    answering, its calls will tell.

    Args:
        settings: Key and time-out.
        model: Its name; None: the only one that the endpoint serves.
        base_url: The endpoint; None: as `chat_client`.

    Returns:
        Tokens of prompt and answer together; None where the endpoint does not say.
    """
    address = Address.of(base_url)
    knowledge = knowledge_of(address.shown, model or "")
    if not knowledge.context_asked:
        timeout = min(settings.timeout, _PATIENCE)
        endpoint = OpenAIChat(address, key=settings.key, key_env=settings.api_key_env, timeout=timeout)
        try:
            knowledge.context = await _asked(endpoint, model)
        except (CallError, ConfigError):
            knowledge.context = None
        finally:
            await endpoint.aclose()
        knowledge.context_asked = True
    return knowledge.context


async def _asked(endpoint: OpenAIChat, model: str | None) -> int | None:
    listed = await endpoint.listed()
    # A server of one model may answer to any name.
    found = next((one for one in listed if one.get("id") == model), listed[0] if len(listed) == 1 else {})
    stated = [value for name in _NAMES if (value := _size(found.get(name))) is not None]
    if stated:
        return stated[0]
    if found.get("owned_by") != "llamacpp":
        return None
    properties = await endpoint.get(endpoint.address.url.removesuffix("/v1") + "/props", model="")
    made = properties.get("default_generation_settings") if isinstance(properties, dict) else None
    return _size(made.get("n_ctx")) if isinstance(made, dict) else None


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
