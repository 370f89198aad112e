"""A bi-encoder as a scorer of pairs: cosine of the two texts' vectors, remembered from pair to pair."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from weakref import WeakSet

from .encoder import Encoder, Role
from .pairs import Scored

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["CosineScorer", "forget_vectors"]

_scorers: WeakSet[CosineScorer] = WeakSet()

MEMORY_BYTES = 64 * 2**20
"""What remembered vectors may take: about 40,000 of 384 numbers."""


class CosineScorer:
    """Scores pairs by the cosine of their vectors, from -1 to 1.

    Every query and document is encoded once and remembered, so a pair of known texts costs a product. The
    vectors used longest ago are forgotten first.

    Args:
        encoder: Makes the vectors.
        memory_bytes: Most that the remembered vectors may take; at least one is kept.
    """

    def __init__(self, encoder: Encoder, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._encoder = encoder
        self._memory_bytes = memory_bytes
        self._known: OrderedDict[bytes, tuple[NDArray[float32], int]] = OrderedDict()
        _scorers.add(self)

    def forget(self) -> None:
        """Drop every remembered vector."""
        self._known = OrderedDict()

    def load(self) -> None:
        """See `Scorer.load`."""
        self._encoder.load()

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Scored]:
        """See `Scorer.batches`; all scores come at the end, signs of life before."""
        import numpy

        keys = [(_key("query", query), _key("document", document)) for query, document in pairs]
        # Held apart from the memory, which may be too small for all that these pairs need.
        found: dict[bytes, tuple[NDArray[float32], int]] = {}
        for side, role in enumerate(_ROLES):
            wanted: dict[bytes, str] = {}
            for pair, key in zip(pairs, keys, strict=True):
                if key[side] in self._known:
                    self._known.move_to_end(key[side])
                    found[key[side]] = self._known[key[side]]
                else:
                    wanted[key[side]] = pair[side]
            names = list(wanted)
            for positions, vectors, cut in self._encoder.batches(list(wanted.values()), role=role):
                for position, vector, tokens in zip(positions, vectors, cut, strict=True):
                    found[names[position]] = (vector.copy(), tokens)
                yield Scored()
        self._remember(found)
        scores = [
            # Summed in a fixed order in double precision: equal texts have equal scores wherever they stand.
            float(numpy.clip(numpy.sum(found[q][0].astype(float) * found[d][0]), -1.0, 1.0))
            for q, d in keys
        ]
        yield Scored(positions=range(len(pairs)), scores=scores, cut=[found[d][1] for _, d in keys])

    def _remember(self, found: dict[bytes, tuple[NDArray[float32], int]]) -> None:
        self._known.update(found)
        if not self._known:
            return
        size = next(iter(self._known.values()))[0].nbytes
        while len(self._known) > max(1, self._memory_bytes // size):
            self._known.popitem(last=False)


def forget_vectors() -> None:
    """Drop the vectors that this process remembers, so that what comes next is timed as if it came first."""
    for scorer in list(_scorers):
        scorer.forget()


_ROLES: tuple[Role, Role] = ("query", "document")


def _key(role: Role, text: str) -> bytes:
    # A digest, so that remembering a vector does not keep its text in memory.
    return hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=16, person=role.encode()
    ).digest()
