"""Where a rerank endpoint is: people give its host, its `/v1`, or the whole `.../rerank`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmrerank.clients.address import Address

from .dialect import Dialect

__all__ = ["Route"]

_ENDS = ("/rerank", "/reranking")
_VERSIONS = ("/v1", "/v2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A base URL taken apart.

    Attributes:
        address: The server's root: without version and route.
        given: What stood behind the root: a version, a whole route, or nothing.
    """

    address: Address
    given: str

    @classmethod
    def of(cls, base_url: str) -> Route:
        """Read a base URL, with or without a version, a route and a slash at its end.

        >>> route = Route.of("http://localhost:8000/v1/rerank/")
        >>> route.address.shown, route.given
        ('http://localhost:8000', '/v1/rerank')

        Raises:
            ConfigError: It is no http or https URL with a host.
        """
        address, given = Address.of(base_url), ""
        for tails in (_ENDS, _VERSIONS):
            tail = next((tail for tail in tails if address.shown.endswith(tail)), "")
            given = tail + given
            address = replace(
                address, url=address.url.removesuffix(tail), shown=address.shown.removesuffix(tail)
            )
        return cls(address=address, given=given)

    def paths(self, dialect: Dialect) -> tuple[str, ...]:
        """Where to try, in order: a route that was given, those of the dialect, that of a given version."""
        whole = self.given.endswith(_ENDS)
        first = (self.given,) if whole else ()
        last = (f"{self.given}/rerank",) if self.given and not whole else ()
        return tuple(dict.fromkeys((*first, *dialect.paths, *last)))
