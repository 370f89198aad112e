"""Larger collections made from a smaller one, to time searches in; nothing is judged on them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from llmrerank.types import Document

__all__ = ["resized", "spread"]


def resized(documents: Sequence[Document], size: int, *, seed: int = 0) -> list[Document]:
    """A collection of a size, like another one.

    A smaller one is a random part. A larger one is made of halves: each document is the first half of one
    and the second half of another, so that words are as frequent, and documents as long, as they were, and
    few scores are tied; it has the metadata of the first, so that conditions let as many through. What no
    such collection has are new words; they are rare, and cost a search nothing.

    Args:
        documents: At least one.
        size: How many are wanted.
        seed: Of what is drawn.
    """
    chance = random.Random(f"{seed} {size}")
    if size <= len(documents):
        return [documents[place] for place in sorted(chance.sample(range(len(documents)), size))]
    halves = [document.full_text.split() for document in documents]
    heads = [
        (" ".join(words[: len(words) // 2]), document.metadata)
        for words, document in zip(halves, documents, strict=True)
    ]
    tails = [" ".join(words[len(words) // 2 :]) for words in halves]
    made = []
    for number in range(size):
        head, metadata = chance.choice(heads)
        made.append(Document(id=str(number), text=f"{head} {chance.choice(tails)}", metadata=metadata))
    return made


def spread(count: int) -> list[int]:
    """All places below a count, so that every beginning of the list is spread evenly over them.

    The places by their bits reversed: van der Corput's sequence.

    >>> spread(5)
    [0, 4, 2, 1, 3]
    """
    bits = max(1, (count - 1).bit_length())
    turned = (int(format(number, f"0{bits}b")[::-1], 2) for number in range(2**bits))
    return [place for place in turned if place < count]
