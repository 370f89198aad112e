"""One client for each endpoint and local model that some stages need, made when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .clients.client import Client
from .settings import Settings
from .strategies import Strategy

__all__ = ["LOCAL", "SHARED", "Carriers"]

LOCAL = ("cross-encoder", "bi-encoder")
"""Carriers that are models on this machine."""
SHARED = ("chat", "decide")
"""Carriers whose stages use the model and the endpoint that were given for the whole pipeline."""


@dataclass(slots=True)
class Carriers:
    """Clients by what they carry; stages that name the same endpoint and model share one, and its limit."""

    made: dict[tuple[object, ...], Client] = field(default_factory=dict)

    def client(self, strategy: Strategy, settings: Settings) -> Client:
        """The client that carries a strategy's calls.

        Raises:
            ConfigError: The endpoint or model cannot work.
            MissingExtra: A package is not installed.
        """
        model, base_url = _whom(strategy, settings)
        parallel = strategy.parallel or settings.parallel
        dialect = getattr(strategy.judge, "dialect", "auto")
        key = (strategy.carrier, model, base_url, parallel, dialect, getattr(strategy.judge, "key_env", None))
        client = self.made.get(key)
        if client is None:
            client = self.made[key] = self._make(
                strategy, replace(settings, parallel=parallel), model, base_url
            )
        return client

    def _make(
        self, strategy: Strategy, settings: Settings, model: str | None, base_url: str | None
    ) -> Client:
        dialect = getattr(strategy.judge, "dialect", "auto")
        match strategy.carrier:
            case "chat":
                from .clients.stack import chat_client

                return chat_client(settings, model=model, base_url=base_url)
            case "decide":
                from .clients.decisions import decision_client

                return decision_client(settings, model=model, base_url=base_url, dialect=dialect)
            case "rerank":
                from .clients.rerank_api import rerank_client

                key_env = getattr(strategy.judge, "key_env", None)
                return rerank_client(
                    settings, model=model, base_url=base_url, dialect=dialect, key_env=key_env
                )
            case local:
                from .clients.local import pair_client

                return pair_client(local, model=model, settings=settings)

    async def context(self, strategy: Strategy, settings: Settings) -> int | None:
        """Tokens that the chat model of a strategy reads at once; None where that is not to be known."""
        if strategy.carrier != "chat" or settings.replay is not None:
            return None
        from .clients.context import context_of

        model, base_url = _whom(strategy, settings)
        return await context_of(settings, model=model, base_url=base_url)

    async def aclose(self) -> None:
        """Release every connection of the running event loop."""
        for client in self.made.values():
            await client.aclose()


def _whom(strategy: Strategy, settings: Settings) -> tuple[str | None, str | None]:
    """Model and endpoint of a strategy: its own, else those of the whole pipeline where it shares them."""
    shared = strategy.carrier in SHARED
    return (
        strategy.model or (settings.model if shared else None),
        strategy.base_url or (settings.base_url if shared else None),
    )
