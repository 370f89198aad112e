"""From what a reply named to a whole order: drop what was never offered, drop repeats, append the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmrerank.answers.answer import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A whole order, how much of it was named, and what had to be done for it."""

    order: tuple[int, ...]
    named: int
    flags: frozenset[Flag]


def repair(found: Sequence[int], count: int) -> Repaired:
    """Make an order of all `count` documents from 1-based labels in the order they were named.

    The first mention of a document counts. Unnamed documents follow in input order. A label outside
    `1..count` is dropped, 0 included: whether a model counts from zero is never guessed.

    Args:
        found: 1-based labels, best first, of any length; empty if nothing could be read.
        count: number of documents, 0 or more.
    """
    flags: set[Flag] = set()
    order: dict[int, None] = {}
    for label in found:
        position = label - 1
        if not 0 <= position < count:
            flags.add(Flag.OUT_OF_RANGE)
        elif position in order:
            flags.add(Flag.DUPLICATE)
        else:
            order[position] = None
    named = len(order)
    if not found:
        flags.add(Flag.UNPARSED)
    elif named < count:
        flags.add(Flag.MISSING)
    order.update(dict.fromkeys(range(count)))
    return Repaired(order=tuple(order), named=named, flags=frozenset(flags))
