"""What a repeated query costs: looked up whole, by tier, beside the answers' cache and no cache at all.

100 documents of some 1,200 characters through the library's door, against a local endpoint that answers at
once: a real model only widens the gap. Every way runs in turn in one process; medians and 95th percentiles.

    python benchmarks/ranking_cache.py [--documents 100] [--repeats 200] [--redis redis://127.0.0.1:6379/0]

Exits with 1 where the median from memory is 1 ms or more.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from llmrerank import Document, Ranking, Reranker, rerank
from llmrerank.ranking_cache.redis_tier import PREFIX
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer
from llmrerank.trace import Recalled

STRATEGIES = ("listwise", "pointwise(read='text')", "bm25 % 50 >> listwise % 10")
QUERY = "how do I start a process?"
PASSAGE = "A process is an instance of a running program; the module starts new ones and ends them. " * 13
MOST_MILLISECONDS = 1.0
SLOW = 10
"""Repeats of what is no look-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to ask again: its name, what asks, where the result must come from, how often."""

    name: str
    ask: Callable[[], Ranking]
    tier: str | None
    repeats: int


def ways(
    strategy: str, settings: Settings, documents: list[Document], repeats: int, stack: ExitStack
) -> Iterator[Way]:
    """The ways, slowest first; each has the ranking kept where it looks for it."""

    def door(settings: Settings) -> Callable[[], Ranking]:
        reranker = stack.enter_context(Reranker(strategy, settings=settings))
        return lambda: reranker.rank(QUERY, documents)

    kept = replace(settings, redis=None)
    bare = replace(kept, cache=None)
    yield Way(name="no cache", ask=door(bare), tier=None, repeats=SLOW)
    by_answers = door(kept)
    by_answers()

    def without_rankings() -> Ranking:
        with sqlite3.connect(str(settings.cache)) as connection:
            connection.execute("DELETE FROM rankings")
        connection.close()
        return by_answers()

    yield Way(name="answers", ask=without_rankings, tier=None, repeats=SLOW)
    if settings.redis is not None:
        alone = replace(settings, cache=None, cache_memory=0)
        door(alone)()
        yield Way(name="redis", ask=door(alone), tier="redis", repeats=repeats)
    yield Way(name="file", ask=door(replace(kept, cache_memory=0)), tier="file", repeats=repeats)
    yield Way(name="memory", ask=door(kept), tier="memory", repeats=repeats)
    where = {"model": settings.model, "base_url": settings.base_url, "cache": settings.cache}
    yield Way(
        name="memory, rerank()",
        ask=lambda: rerank(QUERY, documents, strategy=strategy, **where),
        tier="memory",
        repeats=repeats,
    )


def measured(way: Way) -> list[float]:
    """Seconds of every repeat, after one that does not count.

    Raises:
        SystemExit: A result came from elsewhere.
    """
    seconds = []
    for number in range(way.repeats + 1):
        begun = time.perf_counter()
        ranking = way.ask()
        if number:
            seconds.append(time.perf_counter() - begun)
            found = next((event.tier for event in ranking.trace.of(Recalled)), None)
            if found != way.tier:
                raise SystemExit(f"{way.name}: the result came from {found}, not from {way.tier}")
    return sorted(seconds)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--redis", metavar="URL", help=f"keys that begin with {PREFIX} are written there")
    given = parser.parse_args()
    documents = [
        Document(id=str(number), text=f"Passage {number}: {PASSAGE}") for number in range(given.documents)
    ]
    order = " > ".join(f"[{number}]" for number in range(20, 0, -1))
    worst = 0.0
    print(f"{'strategy':<28}{'way':<18}{'p50 us':>10}{'p95 us':>10}{'times faster':>14}")
    with (
        tempfile.TemporaryDirectory() as folder,
        StubServer(lambda body: order if "Rank" in str(body) else "yes") as server,
    ):
        for number, strategy in enumerate(STRATEGIES):
            settings = Settings(
                model="stub",
                base_url=server.base_url,
                cache=Path(folder) / f"{number}.sqlite",
                redis=given.redis,
            )
            uncached = 0.0
            with ExitStack() as stack:
                for way in ways(strategy, settings, documents, given.repeats, stack):
                    seconds = measured(way)
                    median, high = statistics.median(seconds), seconds[int(0.95 * (len(seconds) - 1))]
                    uncached = uncached or median
                    if way.name == "memory":
                        worst = max(worst, median)
                    ratio = f"{uncached / median:.1f}"
                    print(f"{strategy:<28}{way.name:<18}{median * 1e6:>10.0f}{high * 1e6:>10.0f}{ratio:>14}")
    if worst * 1e3 >= MOST_MILLISECONDS:
        print(f"the slowest median from memory is {worst * 1e3:.2f} ms: {MOST_MILLISECONDS:g} ms or more")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
