"""The whole client for a chat endpoint, stacked once.

From the outside in: record, cache, one flight for identical calls, the limit on calls at once, the keeping of
answers, negotiation of parameters, retry, transport. So what the cache answers takes no place in the limit,
waiting for a place is not part of any time-out, and a call keeps its place while it is sent again.
"""

from __future__ import annotations

import os

from llmrerank.cache import Cache
from llmrerank.settings import Settings

from .address import Address
from .client import Client
from .discover import Discovering
from .negotiate import Negotiating
from .openai_chat import OpenAIChat
from .record import Recording
from .replay import Replay
from .retry import Retrying
from .shared import shared

__all__ = ["chat_client", "chat_transport"]


def chat_client(settings: Settings, *, model: str | None = None, base_url: str | None = None) -> Client:
    """Make the client for a chat model. Nothing is sent or opened before the first call.

    Args:
        settings: How calls are made.
        model: Name of the model; None: the settings' own, else the only one that the endpoint serves.
        base_url: The endpoint; None: the settings' own, else `OPENAI_BASE_URL`, else OpenAI's.

    Raises:
        ConfigError: The base URL is none.
    """
    model = model or settings.model
    if settings.replay is not None:
        return Replay(settings.replay, model=model)
    address = Address.of(base_url or settings.base_url)
    transport = chat_transport(settings, address)

    def client_for(name: str) -> Client:
        client: Client = Negotiating(
            transport,
            address=address,
            model=name,
            effort=settings.effort,
            extra_body=settings.extra_body,
            exposed=settings.key is not None and address.in_the_open,
        )
        cache = Cache.of(settings)
        client = shared(client, parallel=settings.parallel, cache=cache)
        return client if settings.record is None else Recording(client, settings.record)

    return client_for(model) if model else Discovering(transport, address=address, client_for=client_for)


def chat_transport(settings: Settings, address: Address) -> Retrying:
    """The lower half alone, for whoever asks an endpoint about itself (`doctor`)."""
    transport = OpenAIChat(address, key=settings.key, key_env=settings.api_key_env, timeout=settings.timeout)
    # The process is part of the seed, so that workers that failed together do not come back together.
    return Retrying(transport, retries=settings.retries, seed=settings.seed + os.getpid())
