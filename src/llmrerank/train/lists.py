"""What is learned from: queries with documents and gains, and the queries held out to measure on."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llmrerank.errors import DataError
from llmrerank.types import Document, Query

__all__ = ["FEWEST", "DevQuery", "Material", "TrainingList", "split"]

FEWEST = 10
"""Queries below which nothing is trained: a tenth of them is held out, and one says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingList:
    """One query with documents to be told apart.

    Attributes:
        query: What was asked.
        documents: Two or more, in no particular order.
        gains: `gains[i]` is what `documents[i]` is worth, 0 or more, bigger is better: a grade, or of a
            teacher's order the mean reciprocal rank.
        scores: What the teacher scored each document, or None where it gave an order alone.
    """

    query: Query
    documents: tuple[Document, ...]
    gains: tuple[float, ...]
    scores: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DevQuery:
    """One query that is held out.

    Attributes:
        query: What is asked.
        documents: Its candidates, in the order in which they came.
        grades: What is measured against, by document id.
    """

    query: Query
    documents: tuple[Document, ...]
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that a training learns from.

    Attributes:
        lists: Of the training queries.
        dev: The queries held out; empty where nothing is measured on the way.
        lessons: What is learned before the lists, one after another; see `cloze`.
        queries: Training queries that gave lists.
        level: The gain that counts as full where a loss wants yes or no.
        origin: Where all of it came from, JSON values for the record.
        warnings: What was left out or changes results, in sentences.
    """

    lists: tuple[TrainingList, ...]
    dev: tuple[DevQuery, ...]
    queries: int
    lessons: tuple[tuple[TrainingList, ...], ...] = ()
    level: int = 1
    origin: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        """Pairs of query and document in all lists, which one epoch scores."""
        return sum(len(one.documents) for one in self.lists)

    @property
    def lesson_pairs(self) -> int:
        """Pairs of the lessons, each of which is scored once."""
        return sum(len(one.documents) for lesson in self.lessons for one in lesson)

    @property
    def dev_pairs(self) -> int:
        """Pairs that one measurement scores."""
        return sum(len(one.documents) for one in self.dev)

    def warned(self, warnings: Sequence[str]) -> Material:
        """The same with further warnings in front."""
        return replace(self, warnings=(*warnings, *self.warnings))

    def digest(self) -> str:
        """64 hex digits that change with any text, gain or order of the lists and dev queries."""
        digest = hashlib.sha256()
        for one in (*(one for lesson in self.lessons for one in lesson), *self.lists):
            texts = [document.full_text for document in one.documents]
            digest.update(json.dumps([one.query.text, texts, one.gains, one.scores]).encode())
        for held in self.dev:
            texts = [document.full_text for document in held.documents]
            digest.update(json.dumps([held.query.text, texts, sorted(held.grades.items())]).encode())
        return digest.hexdigest()


def split(
    queries: Sequence[Query], share: float, *, seed: int, what: str
) -> tuple[tuple[Query, ...], tuple[Query, ...]]:
    """Part queries into those that are trained on and those held out; both keep their order.

    Args:
        queries: All that can be used.
        share: Of those held out; 0: none, else two at the least.
        seed: Decides which.
        what: What the queries have in common, for the message.

    Raises:
        DataError: There are too few.
    """
    if len(queries) < FEWEST:
        raise DataError(
            f"{len(queries)} {what} are too few to train on; {FEWEST} are needed, and some hundred are better"
        )
    held = max(2, round(share * len(queries))) if share else 0
    chosen = set(random.Random(seed).sample(range(len(queries)), held))
    return (
        tuple(query for place, query in enumerate(queries) if place not in chosen),
        tuple(query for place, query in enumerate(queries) if place in chosen),
    )
