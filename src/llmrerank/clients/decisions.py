"""The whole client for decision models, stacked as the one for chat endpoints is.

From the outside in: record, cache, one flight for identical calls, the limit on calls at once, the dialect,
retry, transport.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

from llmrerank.cache import Cache
from llmrerank.errors import ConfigError
from llmrerank.settings import Settings

from .address import Address
from .client import Client
from .deciding import Deciding
from .decision_dialects import DIALECTS
from .discover import Discovering
from .openai_chat import OpenAIChat
from .record import Recording
from .replay import Replay
from .retry import Retrying
from .shared import shared

__all__ = ["decision_client"]

_TAILS = {dialect.path: dialect.name for dialect in DIALECTS.values()}


def decision_client(
    settings: Settings, *, model: str | None = None, base_url: str | None = None, dialect: str = "auto"
) -> Client:
    """Make the client for a decision model. Nothing is sent or opened before the first call.

    Args:
        settings: How calls are made.
        model: Name of the model; None: the settings' own, else the only one that the endpoint serves.
        base_url: The endpoint, which ends in `/v1` at most servers; None: the settings' own, else
            `OPENAI_BASE_URL`, else OpenAI's. One that ends in `/decisions` or `/systemone` says the dialect.
        dialect: `openai`, `systemone`, or `auto`: found out by the first call, once for each process.

    Raises:
        ConfigError: The base URL is none, or contradicts the dialect.
    """
    model = model or settings.model
    if settings.replay is not None:
        return Replay(settings.replay, model=model)
    given, dialect = _split(base_url or settings.base_url or os.environ.get("OPENAI_BASE_URL"), dialect)
    address = Address.of(given)
    transport = OpenAIChat(address, key=settings.key, key_env=settings.api_key_env, timeout=settings.timeout)
    # The process is part of the seed, so that workers that failed together do not come back together.
    retrying = Retrying(transport, retries=settings.retries, seed=settings.seed + os.getpid())

    def client_for(name: str) -> Client:
        client: Client = Deciding(
            retrying, transport, model=name, dialect=dialect, extra_body=settings.extra_body
        )
        cache = Cache.of(settings)
        client = shared(client, parallel=settings.parallel, cache=cache)
        return client if settings.record is None else Recording(client, settings.record)

    return client_for(model) if model else Discovering(retrying, address=address, client_for=client_for)


def _split(base_url: str | None, dialect: str) -> tuple[str | None, str]:
    """A base URL without the path of a dialect at its end, and the dialect.

    Raises:
        ConfigError: Path and dialect contradict each other.
    """
    try:
        parts = urlsplit((base_url or "").strip())
    except ValueError:
        return base_url, dialect  # said better by whoever reads the address
    path = parts.path.rstrip("/")
    for tail, name in _TAILS.items():
        if path.endswith(tail):
            if dialect not in ("auto", name):
                raise ConfigError(
                    f"a base URL that ends in {tail} means dialect='{name}', and dialect='{dialect}' was "
                    "given; leave one of the two out"
                )
            return urlunsplit(parts._replace(path=path.removesuffix(tail))), name
    return base_url, dialect
