"""How good a judge a model is: pointwise and listwise over a few queries whose answers are known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmrerank.carriers import Carriers
from llmrerank.errors import CallError
from llmrerank.purse import Purse
from llmrerank.settings import Settings
from llmrerank.spec import parse_call
from llmrerank.strategies import Strategy
from llmrerank.trace import Trace

from .dataset import Dataset
from .quality_asks import DEPTH, FIRST, STRATEGIES, Sample, asks_of, samples_of
from .quality_measured import Measured
from .quality_reader import Reader
from .quality_verdict import Verdict, advice, verdict_on

__all__ = ["Quality", "aquality"]

PATIENCE = 2
"""Queries that may fail by the provider, with nothing answered, before the measurement is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What was found out about a model.

    Attributes:
        dataset: Name of the collection.
        model: Name of the model.
        endpoint: Its address, without credentials.
        queries: Queries that were to be asked.
        measured: By strategy.
        verdicts: `verdicts[i]` is on `measured[i]`.
        advice: What to do, in words.
        trace: Everything that happened.
        failures: Sentences by query id, of the queries that the provider failed.
    """

    dataset: str
    model: str
    endpoint: str
    queries: int
    measured: tuple[Measured, ...]
    verdicts: tuple[Verdict, ...]
    advice: str
    trace: Trace
    failures: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "endpoint": self.endpoint,
            "queries": self.queries,
            "documents": DEPTH,
            "first_stage": FIRST,
            "measured": [one.to_dict() for one in self.measured],
            "verdicts": [one.to_dict() for one in self.verdicts],
            "advice": self.advice,
            "failures": dict(self.failures),
            "trace": self.trace.to_dict(),
        }


async def aquality(
    dataset: Dataset,
    *,
    settings: Settings,
    queries: int = 20,
    strategies: Sequence[str] = STRATEGIES,
    progress: Callable[[int, int], None] | None = None,
) -> Quality:
    """Measure a model as a judge of a dataset's documents.

    One query after another, so that seconds are those of a user who is alone with the endpoint. For each,
    every strategy ranks the first stage's documents; listwise is then shown them reshuffled, and of every
    fifth query they are read for another query, and pointwise once more (see `quality_asks.asks_of`).

    Args:
        dataset: With judgements and a corpus.
        settings: Endpoint, model, cache and limits. Limits on calls, tokens and cost hold for the whole
            measurement, that on seconds for every ranking.
        queries: How many, evenly spread over the dataset's.
        strategies: Of `quality_asks.STRATEGIES`.
        progress: Told the queries that have an end, and how many there are; must be quick.

    Returns:
        What was measured, also where a limit cut it short: figures are then those of fewer queries.

    Raises:
        ConfigError: Too many queries, an endpoint that cannot work, a dataset that does not fit together.
        CallError: The provider failed and nothing was answered.
        AnswerError: An answer says nothing and `settings.on_error` is `raise`.

    Cost: as `asks_of`; what the cache knows is free.
    """
    samples = await asyncio.to_thread(samples_of, dataset, queries)
    carriers = Carriers()
    readers = [_reader(name, dataset, settings, carriers) for name in strategies]
    purse = Purse(settings.limits, settings.prices)
    failures: dict[str, str] = {}
    try:
        for number, sample in enumerate(samples):
            failed = await _read(readers, sample, number, settings.seed, purse)
            if failed is not None:
                failures[sample.query.id] = str(failed)
                answered = any(reader.answered for reader in readers)
                if not answered and (len(failures) >= PATIENCE or number + 1 == len(samples)):
                    raise failed
            if progress is not None:
                progress(number + 1, len(samples))
            if any(reader.stopped for reader in readers):
                break
    finally:
        await carriers.aclose()
    measured = tuple(reader.measured() for reader in readers)
    verdicts = tuple(map(verdict_on, measured))
    identity = readers[0].client.identity
    return Quality(
        dataset=dataset.name,
        model=identity.model,
        endpoint=identity.endpoint,
        queries=queries,
        measured=measured,
        verdicts=verdicts,
        advice=advice(measured, verdicts, more=queries < len(dataset.queries)),
        trace=Trace(tuple(event for reader in readers for event in reader.events)),
        failures=failures,
    )


def _reader(name: str, dataset: Dataset, settings: Settings, carriers: Carriers) -> Reader:
    strategy = Strategy.of(parse_call(name))
    return Reader(
        strategy=strategy,
        judge=strategy.judge_with(settings),
        client=carriers.client(strategy, settings),
        instruction=settings.instruction or dataset.instruction,
        examples=settings.examples or dataset.examples,
        on_error=settings.on_error,
    )


async def _read(
    readers: Sequence[Reader], sample: Sample, number: int, seed: int, purse: Purse
) -> CallError | None:
    """Ask everything about one sample; the provider's failure, which ends a strategy's part of it."""
    failed = None
    for reader in readers:
        try:
            for ask in asks_of(str(reader.strategy.spec), sample, number, seed=seed):
                await reader.read(sample, ask, ledger=purse.query())
        except CallError as error:
            failed = failed or error
    return failed
