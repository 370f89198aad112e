"""What the framework adapters add to a bare `Reranker.rank`: milliseconds for 100 documents.

The strategy is one whose judge knows its scores beforehand, so that nothing is sent, loaded or computed. For
each adapter the bare call ranks the very texts that the adapter ranks, and both run in turn in one process.
Shown are medians of the wall times with their ratio, and the CPU time that is added: the least of one side
against the least of the other, and median against median. An adapter waits for nothing, so CPU time is what
it adds; the least of many is what it takes where no other program disturbs. As in `timeit`, the garbage
collector rests while a call is timed.

    python benchmarks/adapters.py [--documents 100] [--repeats 300] [--json]

Exits with 1 where the least that an adapter adds is 1 ms or more. The price of an option (LlamaIndex copies
every node whose retrieval score is to be kept) is shown and not held to that. Adapters whose framework is not
installed are named and left out.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from llmrerank import Reranker
from llmrerank.algorithms.batches import Batches
from llmrerank.errors import MissingExtra
from llmrerank.judges.opinion import Carrier, Inquiry, Opinion, Question
from llmrerank.strategies.recipe import strategy
from llmrerank.types import Detail, Document, ScoreKind

MOST_MILLISECONDS = 1.0
STRATEGY = "known-scores"
QUERY = "how do I start a process?"
PASSAGE = "A process is an instance of a running program, with an environment and pipes of its own. " * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScores:
    """Scores by the place in the slate, so that the order is turned round. Asks nobody."""

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    carrier: ClassVar[Carrier] = "cross-encoder"
    score_kind: ClassVar[ScoreKind] = "utility"

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Conclude at once."""
        yield from ()
        return Opinion.of_scores([float(place) for place in range(len(documents))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An adapter's call, and the bare one over the same texts; `promised`: held to the limit."""

    name: str
    adapter: Callable[[], Any]
    bare: Callable[[], Any]
    promised: bool = True


def texts_of(number: int) -> list[str]:
    """Passages that differ."""
    return [f"Passage {n}: {PASSAGE}" for n in range(number)]


def langchain(number: int, bare: Reranker) -> Pair:
    """`RerankCompressor`."""
    from langchain_core.documents import Document as Given

    from llmrerank.integrations.langchain import RerankCompressor

    texts = texts_of(number)
    given = [Given(id=str(n), page_content=text, metadata={"source": n}) for n, text in enumerate(texts)]
    compressor = RerankCompressor(strategy=STRATEGY)
    return Pair(
        name="LangChain",
        adapter=lambda: compressor.compress_documents(given, QUERY),
        bare=lambda: bare.rank(QUERY, texts),
    )


def llama_index(number: int, bare: Reranker, *, keep: bool = False) -> Pair:
    """`RerankPostprocessor`; where the retriever's score is kept, every node is copied."""
    from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

    from llmrerank.integrations.llama_index import RerankPostprocessor

    given = [
        NodeWithScore(node=TextNode(id_=str(n), text=text, metadata={"source": n}), score=0.5)
        for n, text in enumerate(texts_of(number))
    ]
    texts = [one.node.get_content(metadata_mode=MetadataMode.EMBED) for one in given]
    postprocessor = RerankPostprocessor(strategy=STRATEGY, keep_retrieval_score=keep)
    return Pair(
        name="LlamaIndex, copying" if keep else "LlamaIndex",
        adapter=lambda: postprocessor.postprocess_nodes(given, QueryBundle(QUERY)),
        bare=lambda: bare.rank(QUERY, texts),
        promised=not keep,
    )


def haystack(number: int, bare: Reranker) -> Pair:
    """`RerankComponent`, with a field of the metadata in front."""
    os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
    from haystack import Document as Given

    from llmrerank.integrations.haystack import RerankComponent

    texts = texts_of(number)
    given = [
        Given(id=str(n), content=text, meta={"title": f"T{n}"}, score=0.5) for n, text in enumerate(texts)
    ]
    component = RerankComponent(STRATEGY, meta_fields_to_embed=["title"])
    ranked = [f"T{n}\n{text}" for n, text in enumerate(texts)]
    return Pair(
        name="Haystack",
        adapter=lambda: component.run(QUERY, given),
        bare=lambda: bare.rank(QUERY, ranked),
    )


def rerankers(number: int, bare: Reranker) -> Pair:
    """The `Reranker` for users of `rerankers`."""
    from llmrerank.integrations.rerankers import Reranker as Door

    texts = texts_of(number)
    metadata = [{"source": n} for n in range(number)]
    door = Door(STRATEGY)
    return Pair(
        name="rerankers",
        adapter=lambda: door.rank(QUERY, texts, metadata=metadata),
        bare=lambda: bare.rank(QUERY, texts),
    )


def pairs(number: int, bare: Reranker) -> Iterator[Pair]:
    """Every adapter whose framework is installed."""
    for make in (langchain, llama_index, partial(llama_index, keep=True), haystack, rerankers):
        try:
            yield make(number, bare)
        except MissingExtra as error:
            print(f"left out: {error}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of one call: of wall time, and of CPU time of all threads."""

    wall: float
    cpu: float


def taken(call: Callable[[], Any]) -> Taken:
    """How long one call takes."""
    gc.collect(1)
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        return Taken((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)
    finally:
        gc.enable()


def measure(pair: Pair, repeats: int) -> dict[str, Any]:
    """Both sides in turn, each going first as often as the other."""
    for _ in range(20):
        pair.bare(), pair.adapter()
    turns: list[tuple[Taken, Taken]] = []
    for repeat in range(repeats):
        if repeat % 2:
            ours, bare = taken(pair.adapter), taken(pair.bare)
        else:
            bare, ours = taken(pair.bare), taken(pair.adapter)
        turns.append((ours, bare))
    ours_wall = statistics.median(ours.wall for ours, _ in turns)
    bare_wall = statistics.median(bare.wall for _, bare in turns)
    least = min(ours.cpu for ours, _ in turns) - min(bare.cpu for _, bare in turns)
    median = statistics.median(ours.cpu - bare.cpu for ours, bare in turns)
    return {
        "adapter": pair.name,
        "bare_ms": round(bare_wall, 3),
        "adapter_ms": round(ours_wall, 3),
        "ratio": round(ours_wall / bare_wall, 2),
        "added_cpu_ms": {"least": round(least, 3), "median": round(median, 3)},
        "promised": pair.promised,
    }


def main() -> int:
    """Measure and print; 1 where the promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    strategy(STRATEGY, algorithm=Batches, judge=KnownScores, summary="Scores known beforehand.")
    with Reranker(STRATEGY) as bare:
        rows = [measure(pair, given.repeats) for pair in pairs(given.documents, bare)]
    if given.json:
        print(json.dumps({"schema": 1, "documents": given.documents, "rows": rows}))
    else:
        head = f"{given.documents} documents"
        print(
            f"{head:<20}{'bare ms':>9}{'adapter ms':>12}{'ratio':>7}{'added CPU ms: least':>21}{'median':>8}"
        )
        for row in rows:
            print(
                f"{row['adapter']:<20}{row['bare_ms']:>9.3f}{row['adapter_ms']:>12.3f}{row['ratio']:>7.2f}"
                f"{row['added_cpu_ms']['least']:>21.3f}{row['added_cpu_ms']['median']:>8.3f}"
            )
    kept = all(row["added_cpu_ms"]["least"] < MOST_MILLISECONDS for row in rows if row["promised"])
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
