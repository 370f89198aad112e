"""What a model is asked to find out how good a judge it is: which readings of which documents."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from llmrerank.counted import counted
from llmrerank.errors import ConfigError
from llmrerank.pipeline import Pipeline
from llmrerank.rounds import Algorithm, Cost, Plan, Pool, Round
from llmrerank.spec import parse_call
from llmrerank.strategies import Strategy
from llmrerank.types import Detail, Document, Query

from .dataset import Dataset

__all__ = ["DEPTH", "FIRST", "STRATEGIES", "Ask", "Purpose", "Sample", "Shuffled", "asks_of", "samples_of"]

DEPTH = 20
"""Documents read for each query: one window of `listwise`."""
FIRST = "bm25"
"""The first stage that is to be beaten."""
STRATEGIES = ("pointwise", "listwise")
SHUFFLES = 2
"""Readings of each query's documents in a shuffled order, by a judge that is shown many at once."""
EVERY = 5
"""Of so many queries one is read for another query too, and by a judge of single documents once more."""

Purpose = Literal["own", "again", "other"]
"""`own`: as a user would ask; `again`: the same documents reshuffled, or under another seed and fence;
`other`: the same documents for a query that they were not found for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One query with what the first stage found for it.

    Attributes:
        query: The query.
        other: A query that has nothing to do with it.
        documents: The first stage's best, in its order.
        grades: Of all documents judged for the query, by id.
    """

    query: Query
    other: Query
    documents: tuple[Document, ...]
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One pass over the documents of a sample: why, for which query, by which schedule and seed."""

    purpose: Purpose
    query: str
    algorithm: Algorithm
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled:
    """The whole pool several times, each time in another order; the order returned is the pool's own.

    Cost: `times` calls in 1 round; nothing for fewer than two documents.

    Attributes:
        times: Orders, 1 or more.
        seed: Decides them.
    """

    times: int
    seed: str

    @property
    def needs(self) -> Detail:
        """Orders are what is compared."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield one round of shuffles."""
        order = tuple(range(pool.size))
        if pool.size > 1:
            chance = random.Random(f"{self.seed}:{pool.size}")
            slates = tuple(tuple(chance.sample(order, len(order))) for _ in range(self.times))
            yield Round(slates=slates, order=order)
        return order

    def cost(self, n: int, top: int) -> Cost:
        """Exact."""
        times = self.times if n > 1 else 0
        return Cost.exactly(calls=times, documents=n * times, rounds=min(times, 1))

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Nothing: no order is promised."""
        return ()


def samples_of(dataset: Dataset, count: int, *, depth: int = DEPTH) -> tuple[Sample, ...]:
    """Take queries evenly over the file, so that every kind of them is there, and retrieve for each.

    Raises:
        ConfigError: More queries than there are, or a dataset without a corpus.
        DataError: The judgements and the corpus do not fit together.
    """
    queries = dataset.queries
    if not 1 <= count <= len(queries):
        most = "1" if len(queries) == 1 else f"1 to {len(queries)}"
        raise ConfigError(
            f"{dataset.name} has {counted(len(queries), 'query')}; ask for {most} (--queries), not {count}"
        )
    dataset.check()
    chosen = [len(queries) * place // count for place in range(count)]
    retriever = Pipeline(f"{FIRST} % {depth}", source=dataset.source()).retriever()
    found = retriever.search([queries[place] for place in chosen], k=depth)
    return tuple(
        Sample(
            query=queries[place],
            other=queries[(place + len(queries) // 2) % len(queries)],
            documents=tuple(ranking.documents),
            grades=dataset.qrels[queries[place].id],
        )
        for place, ranking in zip(chosen, found, strict=True)
    )


def asks_of(name: str, sample: Sample, number: int, *, seed: int) -> Iterator[Ask]:
    """What one strategy is asked about one sample.

    Cost for n documents: `pointwise` n calls, and 2 n more for every fifth sample; `listwise` 1 + `SHUFFLES`
    calls, and 1 more for every fifth.

    Args:
        name: One of `STRATEGIES`.
        sample: Query and documents.
        number: Of the sample, from 0.
        seed: Of the run.
    """
    algorithm = Strategy.of(parse_call(name)).algorithm
    yield Ask(purpose="own", query=sample.query.text, algorithm=algorithm, seed=seed)
    deep = number % EVERY == 0
    if name == "listwise":
        order = f"{seed}:{sample.query.id}"
        again = Shuffled(times=SHUFFLES, seed=order)
        yield Ask(purpose="again", query=sample.query.text, algorithm=again, seed=seed)
        algorithm = Shuffled(times=1, seed=f"{order}:other")
    elif deep:
        yield Ask(purpose="again", query=sample.query.text, algorithm=algorithm, seed=seed + 1)
    if deep:
        yield Ask(purpose="other", query=sample.other.text, algorithm=algorithm, seed=seed)
