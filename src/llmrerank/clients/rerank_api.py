"""The whole client for a rerank endpoint, hosted or one's own, stacked once.

From the outside in: record, the dialect, parts of long lists, cache, one flight for identical calls, the
limit on calls at once, retry, transport. So every part of a list is kept by itself and takes a place in the
limit by itself, and a recording holds whole lists.
"""

from __future__ import annotations

import os

from llmrerank.cache import Cache
from llmrerank.errors import ConfigError, UnknownName
from llmrerank.settings import Settings

from .client import Client
from .openai_chat import OpenAIChat
from .record import Recording
from .replay import Replay
from .rerank_dialects.dialect import Dialect
from .rerank_dialects.endpoint import Found, RerankEndpoint
from .rerank_dialects.route import Route
from .rerank_dialects.sender import Sender
from .rerank_dialects.splitting import Splitting
from .rerank_dialects.spoken import SPOKEN, hosted_at
from .retry import Retrying
from .shared import shared

__all__ = ["rerank_client"]


def rerank_client(
    settings: Settings,
    *,
    model: str | None = None,
    base_url: str | None = None,
    dialect: str = "auto",
    key_env: str | None = None,
) -> Client:
    """Make the client for a rerank endpoint. Nothing is sent or opened before the first call.

    Args:
        settings: How calls are made. Model and base URL are those of chat endpoints; their key is sent
            to that endpoint alone, never to a vendor or to another server.
        model: Name of the model; None: the only one that the server serves.
        base_url: The server: its root, its `/v1` or `/v2`, or the whole URL of its rerank route. None: the
            vendor's own.
        dialect: `cohere`, `jina`, `voyage`, `vllm`, `tei`, `infinity`, `llama-server`, or `auto`: told from
            the host, else found out by asking the server.
        key_env: Name of the environment variable that holds the key; None: the vendor's.

    Raises:
        ConfigError: An unknown dialect, neither base URL nor vendor, a vendor without a model, or a base URL
            that is none.
    """
    if settings.replay is not None:
        return Replay(settings.replay, model=model)
    if dialect not in SPOKEN:
        raise UnknownName("dialect", dialect, SPOKEN, where="'api'")
    given = None if dialect == "auto" else SPOKEN[dialect]
    route = Route.of(base_url or _home(given))
    given = given or hosted_at(route.address.shown)
    if given is not None and given.vendor is not None and model is None:
        raise ConfigError(
            f"{given.title} hosts several models; say which, as "
            f"api(model='{given.vendor.model}', dialect='{given.name}')"
        )
    names = _key_names(given, key_env)
    key, key_name = settings.key, settings.api_key_env
    if names:
        key_name = next((name for name in names if os.environ.get(name)), names[0])
        key = os.environ.get(key_name) or None
    elif base_url != settings.base_url:
        key, key_name = None, ""  # the key belongs to the endpoint that was given with it, not to this one
    transport = OpenAIChat(route.address, key=key, key_env=key_name, timeout=settings.timeout)
    # The process is part of the seed, so that workers that failed together do not come back together.
    retrying = Retrying(transport, retries=settings.retries, seed=settings.seed + os.getpid())
    cache = Cache.of(settings)

    def client_for(found: Found) -> Client:
        client: Client = Sender(
            transport,
            retrying,
            dialect=found.dialect,
            model=found.model,
            paths=route.paths(found.dialect),
            wants_key="" if key else " or ".join(names),
        )
        client = shared(client, parallel=settings.parallel, cache=cache if found.model else None)
        return Splitting(client, most=found.most)

    client: Client = RerankEndpoint(transport, retrying, given=given, model=model, client_for=client_for)
    return client if settings.record is None else Recording(client, settings.record)


def _home(dialect: Dialect | None) -> str:
    """The vendor's address.

    Raises:
        ConfigError: There is none.
    """
    if dialect is None or dialect.vendor is None:
        server = "" if dialect is None else f" of {dialect.title}"
        raise ConfigError(
            f"the address of the rerank endpoint{server} is missing; write it as "
            "api(base_url='http://localhost:8000'), or give --base-url; only the dialects 'cohere', 'jina' "
            "and 'voyage' have one of their own"
        )
    return dialect.vendor.url


def _key_names(dialect: Dialect | None, key_env: str | None) -> tuple[str, ...]:
    """Environment variables that may hold the key; none: that of chat endpoints does, if there is one."""
    if key_env is not None:
        return (key_env,)
    return dialect.vendor.keys if dialect is not None and dialect.vendor is not None else ()
