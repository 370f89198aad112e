"""Asking a server what it is, by GETs that cost nothing and that it need not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.clients.retry import Retrying
from llmrerank.errors import CallError, ConfigError, TransientError

from .failures import parsed

__all__ = ["About", "ask_about"]

_OWNERS = {"vllm": "vllm", "llamacpp": "llama-server", "infinity": "infinity"}
_SECONDS = 10.0  # a server that keeps these waiting does not know them
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a server says of itself.

    Attributes:
        dialect: Name of the dialect it speaks, or empty.
        models: Names of the models that it serves, in its order.
        most: Documents that it takes in one request, or None where it does not say.
    """

    dialect: str = ""
    models: tuple[str, ...] = ()
    most: int | None = None

    def only(self, where: str) -> str:
        """The only model, or empty where none is listed.

        Raises:
            ConfigError: There are several.
        """
        if len(self.models) > 1:
            more = f" and {len(self.models) - _SHOWN} more" if len(self.models) > _SHOWN else ""
            raise ConfigError(
                f"{where} serves {', '.join(self.models[:_SHOWN])}{more}; "
                f"say which, as api(model={self.models[0]!r}, ...)"
            )
        return self.models[0] if self.models else ""


async def ask_about(transport: OpenAIChat, retrying: Retrying) -> About:
    """Ask a server what it is.

    Raises:
        CallError: It cannot be reached.
        ConfigError: The key is none.
    """
    info = await _get(transport, retrying, "/info")
    if isinstance(info, Mapping) and "model_type" in info and "max_client_batch_size" in info:
        model, most = info.get("model_id"), info["max_client_batch_size"]
        return About(
            dialect="tei",
            models=(model,) if isinstance(model, str) else (),
            most=most if isinstance(most, int) and most > 0 else None,
        )
    for path in ("/v1/models", "/models"):
        listed = await _get(transport, retrying, path)
        rows = listed.get("data") if isinstance(listed, Mapping) else None
        if isinstance(rows, list):
            found = [row for row in rows if isinstance(row, Mapping)]
            owner = next((str(row.get("owned_by")) for row in found), "")
            names = [row.get("id") for row in found]
            return About(
                dialect=_OWNERS.get(owner, ""),
                models=tuple(name for name in names if isinstance(name, str)),
            )
    return About()


async def _get(transport: OpenAIChat, retrying: Retrying, path: str) -> Any:
    """The JSON value at a path, or None where the server has none for us."""
    import httpx2

    async def once() -> httpx2.Response:
        return await transport.exchange(lambda sdk: sdk.get(path, cast_to=httpx2.Response), model="")

    try:
        async with asyncio.timeout(_SECONDS):
            response = await retrying.persist(once, retrying.patience())
    except TimeoutError:
        return None
    except CallError as error:
        if isinstance(error, TransientError) and error.status is None:
            raise  # nobody is there
        return None
    return parsed(response.content)
