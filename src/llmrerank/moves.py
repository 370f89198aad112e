"""What an algorithm did to single documents besides ordering all of them, told along with an order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

__all__ = ["Move", "MovedOrder", "moved", "moves_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One document that was looked at by itself.

    Attributes:
        position: In the pool.
        before: The rank from 1 that it came with: the best that any stage before gave it.
        would: The rank from 1 that it would have.
        rank: The rank from 1 that it was given in the end.
        reason: Why, in words that go on from its name.
    """

    position: int
    before: int
    would: int
    rank: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedOrder(Sequence[int]):
    """An order with the moves that made it; it stands wherever an order stands.

    Attributes:
        order: A permutation of the pool, best first; with scores, where it is a `ScoredOrder`.
        moves: In the order of the ranks given; wrappers around may have moved documents on since.
    """

    order: Sequence[int]
    moves: tuple[Move, ...]

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        return self.order[index]

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)


def moved(order: Sequence[int], moves: Sequence[Move]) -> Sequence[int]:
    """The order with its moves; as it is where there are none."""
    return MovedOrder(order=order, moves=tuple(moves)) if moves else order


def moves_of(order: Sequence[int]) -> tuple[Move, ...]:
    """The moves that an order tells of."""
    return order.moves if isinstance(order, MovedOrder) else ()
