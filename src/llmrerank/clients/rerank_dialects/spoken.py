"""Every dialect by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .cohere import COHERE
from .dialect import Dialect
from .infinity import INFINITY
from .jina import JINA
from .llama_server import LLAMA_SERVER
from .tei import TEI
from .unknown import UNKNOWN
from .vllm import VLLM
from .voyage import VOYAGE

__all__ = ["SPOKEN", "hosted_at"]

SPOKEN: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (COHERE, INFINITY, JINA, LLAMA_SERVER, TEI, UNKNOWN, VLLM, VOYAGE)}
)
"""`auto` is the dialect of a server that was not recognised."""


def hosted_at(url: str) -> Dialect | None:
    """The dialect of the vendor whose address this is, or None."""
    return next((one for one in SPOKEN.values() if one.vendor is not None and one.vendor.url == url), None)
