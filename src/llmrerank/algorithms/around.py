"""What every algorithm that wraps another one has in common with it."""

from __future__ import annotations

from llmrerank.rounds import Algorithm
from llmrerank.types import Detail

__all__ = ["Around"]


class Around:
    """A wrapper around another algorithm, `inner`: it asks for what that one asks for."""

    __slots__ = ()

    inner: Algorithm

    @property
    def needs(self) -> Detail:
        """What the algorithm within needs."""
        return self.inner.needs

    @property
    def window(self) -> int | None:
        """The window of the algorithm within, where it has one."""
        found = getattr(self.inner, "window", None)
        return found if isinstance(found, int) else None
