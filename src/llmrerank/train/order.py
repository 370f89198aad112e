"""The order in which training rows are seen: by seed and epoch alone, rows of like length together."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["batches", "sampler_of"]

_TOGETHER = 16
"""Batches whose rows are sorted by length among themselves: enough that padding costs little, and few enough
that a batch is still a sample."""


def batches(lengths: Sequence[int], size: int, *, seed: int, epoch: int) -> Iterator[list[int]]:
    """All rows in batches of like length, shuffled; the same for the same seed and epoch.

    Args:
        lengths: Of each row, in letters or whatever grows with its cost.
        size: Rows of a batch; the last one may be smaller.
        seed: Of the order.
        epoch: From 0.
    """
    chance = random.Random(f"{seed} {epoch}")
    order = list(range(len(lengths)))
    chance.shuffle(order)
    rows = []
    for start in range(0, len(order), size * _TOGETHER):
        alike = sorted(order[start : start + size * _TOGETHER], key=lambda row: -lengths[row])
        rows += [alike[first : first + size] for first in range(0, len(alike), size)]
    chance.shuffle(rows)
    yield from rows


def sampler_of(lengths: Sequence[int], *, seed: int) -> Any:
    """A class of batch sampler, as the trainer of sentence-transformers wants one."""
    from sentence_transformers.base.sampler import DefaultBatchSampler

    class Sampler(DefaultBatchSampler):  # type: ignore[misc]  # the library is not followed by mypy
        """Batches by seed and epoch alone, so that a training that goes on sees what it would have seen."""

        def __iter__(self) -> Iterator[list[int]]:
            return batches(lengths, self.batch_size, seed=seed, epoch=self.epoch)

        def __len__(self) -> int:
            return -(-len(lengths) // int(self.batch_size))

    return Sampler
