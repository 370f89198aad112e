"""Sliding windows from the back of the list to its front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.registry import Kind, register
from llmrerank.rounds import Cost, Plan, Pool, Round
from llmrerank.types import Detail

__all__ = ["Sliding", "windows"]


def windows(size: int, *, window: int, stride: int) -> Iterator[tuple[int, int]]:
    """Half-open windows over `size` places, last first; the head is always covered.

    None for fewer than two places, exactly one where the list fits the window.
    """
    if size < 2:
        return
    end = size
    while True:
        start = max(0, end - window)
        yield start, end
        if start == 0:
            return
        end -= stride


@register("sliding", kind=Kind.ALGORITHM, source="https://arxiv.org/abs/2304.09542", use="'listwise'")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sliding:
    """Judge overlapping windows from the back to the front, so that good documents ride to the top.

    With a perfect judge one pass puts the true best `window - stride` documents first, in order. Windows
    depend on each other, so every call is a round of its own. From the second pass on only the first
    `2 * window` places are judged: windows behind them cannot change the head that a pass settles.

    Cost: `1 + ceil((n - window) / stride)` calls for one pass, 1 where n <= window, 0 where n < 2.

    Attributes:
        window: Documents judged together, 2 or more.
        stride: Places by which the window moves, 1 to `window`.
        passes: How often the list is gone through, 1 or more.

    Source: Sun et al. 2023 (RankGPT), arXiv 2304.09542.
    """

    window: int = 20
    stride: int = 10
    passes: int = 1

    def __post_init__(self) -> None:
        faults = []
        if self.window < 2:
            faults.append(f"window must be 2 or more, got {self.window}")
        if not 1 <= self.stride <= max(self.window, 1):
            half = max(self.window // 2, 1)
            faults.append(
                f"stride must be between 1 and the window of {self.window}, got {self.stride}; "
                f"half the window is usual, as stride={half}"
            )
        if self.passes < 1:
            faults.append(f"passes must be 1 or more, got {self.passes}")
        if faults:
            raise ConfigError("sliding windows: " + "; ".join(faults))

    @property
    def needs(self) -> Detail:
        """Windows are written down in the order the judge gives."""
        return Detail.ORDER

    def _schedule(self, size: int) -> Iterator[tuple[int, int]]:
        if size <= self.window:
            yield from windows(size, window=self.window, stride=self.stride)
            return
        for number in range(self.passes):
            reach = size if number == 0 else min(size, 2 * self.window)
            yield from windows(reach, window=self.window, stride=self.stride)

    def plan(self, pool: Pool) -> Plan:
        """Yield one window a round; each verdict is written down where the window stood."""
        order = list(range(pool.size))
        for start, end in self._schedule(pool.size):
            [verdict] = yield Round(slates=(tuple(order[start:end]),), order=tuple(order))
            order[start:end] = verdict.order
        return order

    def cost(self, n: int, top: int) -> Cost:
        """Exact: the schedule depends on n alone."""
        schedule = list(self._schedule(n))
        return Cost.exactly(
            calls=len(schedule), documents=sum(end - start for start, end in schedule), rounds=len(schedule)
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Say where one pass cannot settle as many places as are wanted."""
        settled = self.window - self.stride
        if pool.size <= self.window or pool.top <= settled:
            return ()
        first = "place" if settled == 1 else f"{settled} places"
        return (
            f"a pass of windows of {self.window} by {self.stride} settles the first {first}, "
            f"and {pool.top} are wanted: make the window larger or the stride smaller",
        )
