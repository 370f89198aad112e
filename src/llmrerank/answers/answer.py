"""What a reply was read as: an order, the scores if the form has any, and the facts about the reading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Flag(StrEnum):
    """One fact about a reply; the facts are independent, except that `unparsed` replaces `missing`."""

    MISSING = "missing"
    """Some documents were not named; they follow the named ones in input order."""
    DUPLICATE = "duplicate"
    """A document was named more than once; the first place counts."""
    OUT_OF_RANGE = "out_of_range"
    """A label (or a grade) was named that was never offered; it was dropped."""
    UNPARSED = "unparsed"
    """No label, grade or verdict could be read at all."""
    TRUNCATED = "truncated"
    """The reply ended because it reached its length limit."""
    REFUSED = "refused"
    """The model declined in words, or the provider's content filter stopped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reply, read.

    Attributes:
        order: every position `0..count-1` exactly once, best first.
        scores: `scores[p]` belongs to position `p` (not to a place in `order`): yes is 1.0, no is 0.0, a
            grade is its number or its value on the scale, None was not read. None as a whole where the form
            has none.
        flags: the facts about the reading.
        named: how many leading entries of `order` the reply itself gave, from 0 to `len(order)`; the rest was
            appended by repair. A `label` reply names one.

    Raises:
        ValueError: if `order` is no permutation, `scores` has another length, or `named` is out of range.
    """

    order: tuple[int, ...]
    scores: tuple[float | None, ...] | None = None
    flags: frozenset[Flag] = frozenset()
    named: int

    def __post_init__(self) -> None:
        """Hold the invariants where the value is born."""
        count = len(self.order)
        if sorted(self.order) != list(range(count)):
            raise ValueError(f"order must hold each position 0..{count - 1} once, got {self.order!r}")
        if self.scores is not None and len(self.scores) != count:
            raise ValueError(f"{len(self.scores)} scores for {count} documents")
        if not 0 <= self.named <= count:
            raise ValueError(f"named must be within 0..{count}, got {self.named}")

    @property
    def usable(self) -> bool:
        """Whether the reply is evidence: something named, nothing refused, at most half left unnamed."""
        if self.flags & {Flag.UNPARSED, Flag.REFUSED} or self.named == 0:
            return False
        return Flag.MISSING not in self.flags or 2 * self.named >= len(self.order)
