"""What every client of an endpoint is wrapped in: cache, one flight, limit, and the keeping of answers."""

from __future__ import annotations

from llmrerank.cache import Cache

from .cached import Cached, Keeping
from .client import Client
from .flight import SingleFlight
from .limit import Limited

__all__ = ["shared"]


def shared(client: Client, *, parallel: int, cache: Cache | None) -> Client:
    """Let many askers share a client.

    From the outside in: the cache answers what it knows, identical calls share one flight, the limit lets
    some of them through, and what is answered is written down before its place is free. A process that dies
    thus loses the calls under way, `parallel` at most.

    Args:
        client: Carries a call to the endpoint.
        parallel: Most calls under way at once, 1 or more.
        cache: Where answers are kept, or None.
    """
    if cache is None:
        return SingleFlight(Limited(client, parallel=parallel))
    return Cached(SingleFlight(Limited(Keeping(client, cache), parallel=parallel)), cache)
