"""One client for each endpoint and local model that some stages need, made when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .clients.client import Client
from .settings import Settings
from .strategies import Strategy

__all__ = ["Carriers"]


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
        chat = strategy.carrier == "chat"
        model = strategy.model or (settings.model if chat else None)
        base_url = (strategy.base_url or settings.base_url) if chat else None
        parallel = strategy.parallel or settings.parallel
        key = (strategy.carrier, model, base_url, parallel)
        client = self.made.get(key)
        if client is None:
            client = self.made[key] = self._make(
                strategy, replace(settings, parallel=parallel), model, base_url
            )
        return client

    def _make(
        self, strategy: Strategy, settings: Settings, model: str | None, base_url: str | None
    ) -> Client:
        if strategy.carrier == "chat":
            from .clients.stack import chat_client

            return chat_client(settings, model=model, base_url=base_url)
        from .clients.local import pair_client

        return pair_client(strategy.carrier, model=model, settings=settings)

    async def aclose(self) -> None:
        """Release every connection of the running event loop."""
        for client in self.made.values():
            await client.aclose()
