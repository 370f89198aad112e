"""Passages, vectors and queries made up by the million, each from its number alone.

Words: those of the stdlib collection in the order of their frequency there, then made-up ones, a million in
all, drawn by the law of Zipf and Mandelbrot (1 / (rank + 2.7)), so that lists of postings are as uneven as in
real text. A passage belongs to one of 20,000 topics, from whose 200 words a third of its own come. Lengths
are log-normal around 56 words, as those of MS MARCO passages. A passage's vector is its topic's direction and
one of its own. A query has some words of one passage, rarer ones sooner, now and then a word that is not
there, and a vector near that of the passage. Real text has more structure; what is measured is time, not
quality.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy

from llmrerank.types import Document

__all__ = ["DIMENSIONS", "SLICE", "Made", "MadeUp"]

SLICE = 10_000
"""Passages made at once; each slice has a seed of its own."""

DIMENSIONS = 384
_TOPICS, _TOPIC_WORDS, _OF_TOPIC = 20_000, 200, 1 / 3
_WORDS, _SHIFT = 1_000_000, 2.7
_OWN, _APART = 0.8, 0.6
_FROM = 20
STDLIB = Path(__file__).resolve().parents[1] / "examples" / "stdlib"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One query: its words, and the number of the passage that it was made from."""

    text: str
    target: int


class MadeUp:
    """A collection of any size: the first million passages are the same whatever follows."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed

    def documents(self, start: int, end: int) -> Iterator[Document]:
        """Passages by number, as documents with a year and a language."""
        words = self.words
        for number in range(start // SLICE, -(-end // SLICE)):
            lengths, ids, _ = self._slice(number)
            at = 0
            for place, length in enumerate(lengths.tolist()):
                passage = number * SLICE + place
                if start <= passage < end:
                    text = " ".join([words[one] for one in ids[at : at + length].tolist()])
                    metadata = {
                        "year": 1990 + passage * 7919 % 35,
                        "lang": "de" if passage % 10 == 3 else "en",
                    }
                    yield Document(id=str(passage), text=text, metadata=metadata)
                at += length

    def vectors(self, start: int, end: int) -> Iterator[Any]:
        """Vectors of passages, a slice at a time; shape (at most SLICE, DIMENSIONS), lengths of one."""
        for number in range(start // SLICE, -(-end // SLICE)):
            _, _, topics = self._slice(number)
            first = number * SLICE
            yield self._vectors(number, topics)[max(0, start - first) : end - first]

    def queries(self, count: int, size: int, seed: int = 1) -> list[Made]:
        """Queries made from some of the first `size` passages, of at most `_FROM` slices."""
        random = numpy.random.default_rng([self.seed, seed, size])
        slices = random.choice(-(-size // SLICE), min(_FROM, -(-size // SLICE)), replace=False).tolist()
        made = []
        for number, share in zip(slices, numpy.array_split(numpy.arange(count), len(slices)), strict=True):
            lengths, ids, _ = self._slice(number)
            for place in random.integers(0, min(SLICE, size - number * SLICE), len(share)).tolist():
                begin = int(lengths[:place].sum())
                own = numpy.unique(ids[begin : begin + int(lengths[place])])
                weights = numpy.log(own + 10.0)
                several = min(len(own), int(random.integers(3, 8)))
                chosen = random.choice(own, several, replace=False, p=weights / weights.sum()).tolist()
                if random.random() < 0.3:
                    chosen.append(int(random.integers(100, 20_000)))
                text = " ".join(self.words[one] for one in chosen)
                made.append(Made(text=text, target=number * SLICE + place))
        return made

    def query_vectors(self, queries: Sequence[Made]) -> Any:
        """The vector of each query, near that of its passage; shape (queries, DIMENSIONS), lengths of one."""
        vectors = self._noise(numpy.random.default_rng([self.seed, 5]), len(queries)) * numpy.float32(_APART)
        for number in {query.target // SLICE for query in queries}:
            there = self._vectors(number, self._slice(number)[2])
            for row, query in enumerate(queries):
                if query.target // SLICE == number:
                    vectors[row] += there[query.target % SLICE]
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    @cached_property
    def words(self) -> list[str]:
        """Every word, the most frequent first."""
        sys.path.insert(0, str(STDLIB))
        try:
            from docstrings import make_documents
        finally:
            sys.path.remove(str(STDLIB))
        counted: Counter[str] = Counter()
        for document in make_documents():
            counted.update(re.findall(r"\b[a-z]+\b", document.text.lower()))
        words = [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
        self.real_words = len(words)
        known = set(words)
        syllables = [first + vowel for first in "bcdfghjklmnpqrstvwxyz" for vowel in "aeiou"]
        number = 0
        while len(words) < _WORDS:
            word, rest = "", number + 105
            while rest:
                rest, one = divmod(rest, 105)
                word += syllables[one]
            if word not in known:
                words.append(word)
            number += 1
        return words

    @cached_property
    def _chances(self) -> Any:
        weights = numpy.cumsum(1.0 / (numpy.arange(_WORDS) + _SHIFT))
        return weights / weights[-1]

    @cached_property
    def _topic_chances(self) -> Any:
        weights = numpy.cumsum(1.0 / (numpy.arange(_TOPIC_WORDS) + 2.0))
        return weights / weights[-1]

    @cached_property
    def _centres(self) -> Any:
        return self._noise(numpy.random.default_rng([self.seed, 2]), _TOPICS)

    def _noise(self, random: Any, count: int) -> Any:
        noise = random.standard_normal((count, DIMENSIONS), dtype=numpy.float32)
        return noise / numpy.float32(DIMENSIONS**0.5)

    def _slice(self, number: int) -> tuple[Any, Any, Any]:
        """Lengths, word numbers one passage after the other, and topics."""
        random = numpy.random.default_rng([self.seed, 3, number])
        lengths = random.lognormal(numpy.log(52.0), 0.38, SLICE).round().clip(8, 220).astype(numpy.int64)
        topics = random.integers(0, _TOPICS, SLICE)
        total = int(lengths.sum())
        ids = numpy.searchsorted(self._chances, random.random(total))
        place = numpy.searchsorted(self._topic_chances, random.random(total))
        of_topic = _scattered(numpy.repeat(topics, lengths) * _TOPIC_WORDS + place)
        # Words of a topic are neither the most frequent nor the rarest: ranks 200 to 200,000.
        ranks = (200 * 1000.0**of_topic).astype(numpy.int64)
        return lengths, numpy.where(random.random(total) < _OF_TOPIC, ranks, ids).clip(0, _WORDS - 1), topics

    def _vectors(self, number: int, topics: Any) -> Any:
        random = numpy.random.default_rng([self.seed, 4, number])
        vectors = self._centres[topics] + self._noise(random, SLICE) * numpy.float32(_OWN)
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def _scattered(values: Any) -> Any:
    """A number from 0 to 1 for each, always the same and as if by chance (the finaliser of SplitMix64)."""
    mixed = values.astype(numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> numpy.uint64(31))) >> numpy.uint64(11)) / float(1 << 53)
