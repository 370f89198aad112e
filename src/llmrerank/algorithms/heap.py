"""Heapsort whose comparisons are questions: who of a parent and its children is the best?

How such a contest is decided (by one slate, by several, from memory) is the business of whoever sorts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmrerank.rounds import Slate, Span

from .lockstep import Part, lockstep

__all__ = ["Effort", "Heap", "effort"]


@dataclass(slots=True, kw_only=True)
class Heap:
    """A heap on its way to being sorted.

    Attributes:
        items: What is not settled, as an array: the children of node i are `i * children + 1` and following.
        children: Children of a node, 2 or more.
        best: Decides a contest: given the parent and its children, in this order, it asks and returns one.
        settled: The best, in order, as far as they are known.
    """

    items: list[int]
    children: int
    best: Callable[[Slate], Part[int]]
    settled: list[int]

    def sort(self, count: int) -> Part[None]:
        """Settle the `count` best: build the heap, take its root, put the last item there, let it sink.

        Nodes of one level have no descendants in common, so they sink side by side while the heap is built.
        After the last root nothing sinks any more.
        """
        for level in reversed(_levels(len(self.items), self.children)):
            yield from lockstep([self._sink(node) for node in level])
        for number in range(count):
            if number:
                yield from self._sink(0)
            last = self.items.pop()
            if self.items:
                last, self.items[0] = self.items[0], last
            self.settled.append(last)

    def _sink(self, node: int) -> Part[None]:
        items = self.items
        while kids := items[(first := node * self.children + 1) : first + self.children]:
            best = yield from self.best((items[node], *kids))
            if best == items[node]:
                return
            place = items.index(best, first, first + self.children)
            items[node], items[place] = best, items[node]
            node = place


def _levels(size: int, children: int) -> list[range]:
    """The nodes that have children, a range for each level, the root's first."""
    parents = _parents(size, children)
    levels, start, width = [], 0, 1
    while start < parents:
        levels.append(range(start, min(start + width, parents)))
        start, width = start + width, width * children
    return levels


def _parents(size: int, children: int) -> int:
    return -(-(size - 1) // children) if size > 1 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What sorting takes in steps: to build the heap, in rounds of building, and to settle the best after."""

    building: Span
    levels: Span
    settling: Span


def effort(size: int, count: int, children: int, steps: Callable[[int], int]) -> Effort:
    """Bound the steps of `Heap.sort`.

    Args:
        size: Items.
        count: How many are settled, `size` at most.
        children: Children of a node.
        steps: Steps of a contest of a parent with so many children.
    """

    def kids(node: int, size: int) -> int:
        return min(children, size - 1 - node * children)

    def deepest(node: int, size: int) -> int:
        taken = 0
        while node * children + 1 < size:
            taken += steps(kids(node, size))
            node = node * children + 1
        return taken

    levels = _levels(size, children)
    least = [[steps(kids(node, size)) for node in level] for level in levels]
    most = [[deepest(node, size) for node in level] for level in levels]
    sizes = range(size - count + 1, size)
    return Effort(
        building=Span(sum(map(sum, least)), sum(map(sum, most))),
        levels=Span(sum(map(max, least)), sum(map(max, most))),
        settling=Span(
            sum(steps(kids(0, left)) for left in sizes if left > 1),
            sum(deepest(0, left) for left in sizes if left > 1),
        ),
    )
