"""Long texts as overlapping chunks of whole sentences, counted in tokens.

Tokens are counted by `tokens.estimate`, which says the same on every machine: a text has the same chunks
everywhere, and their scores may be kept.
"""

from __future__ import annotations

from itertools import accumulate

from .errors import ConfigError
from .sentences import Range, sentences
from .tokens import estimate

__all__ = ["LEAST", "chunk"]

LEAST = 16
"""Fewest tokens of a chunk: less is no passage, and a single character may take two."""


def chunk(text: str, *, tokens: int, overlap: int = 0) -> tuple[Range, ...]:
    """Split a text into chunks of whole sentences, each at most so many tokens long.

    A chunk takes as many sentences as fit, and begins with the last sentences of the one before it as far as
    they stay within the overlap. A sentence that is longer than a chunk is split; see `sentences`.

    Args:
        text: Any text.
        tokens: Most tokens of a chunk, `LEAST` or more.
        overlap: Most tokens that a chunk shares with the one before it, 0 to `tokens` - 1.

    Returns:
        Ranges of characters in order, each without white space at its ends. Their begins and their ends rise,
        and every character that is no white space is in one. One empty range for a blank text.

    Raises:
        ConfigError: `tokens` or `overlap` is out of its range.
    """
    if tokens < LEAST:
        raise ConfigError(f"a chunk has {LEAST} tokens or more, got tokens={tokens}")
    if not 0 <= overlap < tokens:
        raise ConfigError(f"overlap must be 0 or more and less than tokens={tokens}, got overlap={overlap}")
    if not text.strip():
        return ((0, 0),)
    ranges = sentences(text, limit=tokens)
    bare = [estimate(text[start:end].strip()) for start, end in ranges]
    # Sums of roundings up are a little more than the whole, never less.
    before = [0, *accumulate(estimate(text[start:end]) for start, end in ranges)]

    def taken(first: int, last: int) -> int:
        """Tokens of the sentences from one to another."""
        return before[last] - before[first] + bare[last]

    chunks: list[Range] = []
    first, next_one = 0, 0
    while next_one < len(ranges):
        while first < next_one and taken(first, next_one) > tokens:
            first += 1
        last = next_one
        while last + 1 < len(ranges) and taken(first, last + 1) <= tokens:
            last += 1
        chunks.append(_trimmed(text, ranges[first][0], ranges[last][1]))
        first = next_one = last + 1
        while overlap and first > 0 and taken(first - 1, last) <= overlap:
            first -= 1
    return tuple(chunks)


def _trimmed(text: str, start: int, end: int) -> Range:
    """A range without white space at its ends."""
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip())
