"""Wall time of one query of every LLM strategy, throughput of many, and CPU of the engine itself.

An endpoint in a process of its own answers every call after 50 ms, as a perfect judge would. The best that
a strategy can do, 16 calls at once, is the sum over its rounds of ceil(calls / 16) x 50 ms. A bare
AsyncOpenAI client sends the same bodies round by round, in the same process and in turn; what it takes beyond
that sum is its own cost, and ours is allowed it. Medians are shown, of wall and of CPU time, and the load of
the machine: where others keep its cores busy, wall time says how busy, and only CPU time says what is ours.

    python benchmarks/wall_clock.py [--documents 100] [--parallel 16] [--delay 0.05] [--repeats 5]
        [--strategies SPEC ...] [--queries 50]

1. `over`: (ours - bare client's own cost) / the sum; at most 1.15, for each strategy. `by CPU` is the same
   from CPU time: 1 + (our CPU - the bare client's) / the sum, what `over` comes to on a machine at rest.
2. `adaptive` takes less than 0.42 of what `listwise` takes.
3. Throughput: 50 queries of `adaptive` at once, against the bare client sending the same bodies, all of them
   at hand, 16 at once; at least 85 %.
4. CPU of the engine for one query of `adaptive` over 100 documents, judge and client faked: less than 30 ms.

Exits with 1 where one of these is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from openai import AsyncOpenAI
from overhead import PASSAGE

from llmrerank import Reranker
from llmrerank.calls import ChatCall, Message, Reply
from llmrerank.engine import Job, judge_pool
from llmrerank.errors import RerankError
from llmrerank.judges import Carrier, Inquiry, Opinion, Question
from llmrerank.limits import Ledger, Limits
from llmrerank.portal import run
from llmrerank.registry import Kind, entries
from llmrerank.rounds import Pool
from llmrerank.spec import Call
from llmrerank.strategies import Strategy
from llmrerank.testing.scripted import Scripted
from llmrerank.testing.stub_server import StubServer, completion
from llmrerank.trace import Called
from llmrerank.types import Detail, Document, ScoreKind

MODEL = "stub"
MOST_OVER, MOST_OF_LISTWISE, LEAST_THROUGHPUT, MOST_MILLISECONDS = 1.15, 0.42, 0.85, 30.0
_SHOWN = re.compile(r"^--- \w+\n(?:\[(\w+)\]\s+)?Passage (\d+)", re.MULTILINE)

Bodies = Sequence[Mapping[str, Any]]


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """A perfect judge: the passage with the highest number is the best. In any shipped prompt's form."""
    said = body["messages"][-1]["content"]
    shown = sorted(_SHOWN.findall(said), key=lambda one: -int(one[1]))
    asked = said.rstrip().rpartition("\n")[2]
    if asked.startswith("Rank all"):
        text = " > ".join(f"[{label}]" if label.isdigit() else label for label, _ in shown)
    else:
        text = shown[0][0] or ("yes" if "yes or no" in asked else "1")
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if body.get("logprobs"):
        tokens = [label or text for label, _ in shown][:20]
        top = [{"token": t, "logprob": -0.1 - n, "bytes": None} for n, t in enumerate(tokens)]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    return completion(text, choices=[choice])


def serve(delay: float) -> None:
    """Be the endpoint, and print where."""

    def started(server: StubServer) -> None:
        print(server.base_url, flush=True)

    asyncio.run(StubServer(answer, delay=delay, models=(MODEL,)).serve(started))


@contextmanager
def endpoint(delay: float) -> Iterator[str]:
    """An endpoint in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", "--delay", str(delay)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.wait()


def documents(number: int) -> list[str]:
    """Passages of equal length that differ; their merit is scattered over the list."""
    return [f"Passage {n * 37 % 101}: {PASSAGE}" for n in range(number)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one query of a strategy sends, by round."""

    spec: str
    rounds: Sequence[Bodies]

    @property
    def calls(self) -> int:
        """How many bodies there are."""
        return sum(map(len, self.rounds))

    def least(self, parallel: int, delay: float) -> float:
        """Seconds that the endpoint alone takes."""
        return sum(math.ceil(len(bodies) / parallel) for bodies in self.rounds) * delay


def asked_by(spec: str, query: str, number: int, parallel: int) -> Asked:
    """The request bodies of one query, as an endpoint receives them, by round."""
    with StubServer(answer, models=(MODEL,)) as server:
        with Reranker(spec, model=MODEL, base_url=server.base_url, parallel=parallel) as reranker:
            ranking = reranker.rank(query, documents(number))
        bodies = list(server.requests)
    by_round = Counter(one.round for one in ranking.trace.of(Called))
    if ranking.degraded or sum(by_round.values()) != len(bodies):
        raise SystemExit(f"{spec}: {len(bodies)} requests, {sum(by_round.values())} calls in the trace")
    rounds = []
    for number_of_round in sorted(by_round):
        rounds.append(bodies[: by_round[number_of_round]])
        bodies = bodies[by_round[number_of_round] :]
    return Asked(spec=spec, rounds=rounds)


class Bare:
    """The openai package alone, on the same background loop."""

    def __init__(self, base_url: str, parallel: int) -> None:
        self.base_url, self.parallel = base_url, parallel
        self.client: AsyncOpenAI | None = None

    def send(self, rounds: Sequence[Bodies]) -> None:
        """All bodies of a round at once behind a semaphore, the rounds one after another."""

        async def make() -> None:
            if self.client is None:
                self.client = AsyncOpenAI(base_url=self.base_url, api_key="none", max_retries=0)
            client, places = self.client, asyncio.Semaphore(self.parallel)

            async def one(body: Mapping[str, Any]) -> None:
                async with places:
                    await client.chat.completions.create(**body)

            for bodies in rounds:
                await asyncio.gather(*map(one, bodies))

        run(make)


def seconds(ways: Sequence[Callable[[], None]], repeats: int) -> list[tuple[float, float]]:
    """Median wall and CPU seconds of each way, taken in turn after one round to warm up."""
    taken: list[list[tuple[float, float]]] = [[] for _ in ways]
    for repeat in range(repeats + 1):
        for way, found in zip(ways, taken, strict=True):
            cpu, wall = time.process_time(), time.perf_counter()
            way()
            if repeat:
                found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [
        (statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found))
        for found in taken
    ]


def strategies() -> list[str]:
    """The registered strategies that ask a chat model."""
    found = []
    for entry in entries(Kind.STRATEGY):
        try:
            if Strategy.of(Call(entry.name)).carrier == "chat":
                found.append(entry.name)
        except RerankError:
            continue  # wants an option, such as an address
    return found


def one_query(given: argparse.Namespace, base_url: str) -> bool:
    """Part 1 and 2: print a row for each strategy; whether all was kept."""
    print(
        f"{'strategy':<28}{'calls':>6}{'rounds':>7}{'least s':>9}{'bare s':>9}{'ours s':>9}"
        f"{'over':>7}{'by CPU':>8}"
    )
    kept, walls = True, {}
    bare = Bare(base_url, given.parallel)
    for spec in given.strategies or strategies():
        asked = asked_by(spec, "how do I start a process?", given.documents, given.parallel)
        least = asked.least(given.parallel, given.delay)
        with Reranker(spec, model=MODEL, base_url=base_url, parallel=given.parallel) as reranker:
            (plain, plain_cpu), (ours, ours_cpu) = seconds(
                [
                    lambda asked=asked: bare.send(asked.rounds),
                    lambda reranker=reranker: reranker.rank(
                        "how do I start a process?", documents(given.documents)
                    ),
                ],
                given.repeats if least < 3 else 1,
            )
        over = (ours - (plain - least)) / least
        walls[spec] = ours
        kept &= over <= MOST_OVER
        print(
            f"{spec:<28}{asked.calls:>6}{len(asked.rounds):>7}{least:>9.3f}{plain:>9.3f}{ours:>9.3f}{over:>7.3f}"
            f"{1 + (ours_cpu - plain_cpu) / least:>8.3f}",
            flush=True,
        )
    if "adaptive" in walls and "listwise" in walls:
        share = walls["adaptive"] / walls["listwise"]
        kept &= share < MOST_OF_LISTWISE
        print(f"adaptive takes {share:.3f} of what listwise takes (less than {MOST_OF_LISTWISE})")
    return kept


def throughput(given: argparse.Namespace, base_url: str) -> bool:
    """Part 3: many queries at once."""
    queries = [f"how do I start process {number}?" for number in range(given.queries)]
    bodies = [
        body
        for query in queries
        for bodies in asked_by("adaptive", query, given.documents, given.parallel).rounds
        for body in bodies
    ]
    bare = Bare(base_url, given.parallel)
    with Reranker("adaptive", model=MODEL, base_url=base_url, parallel=given.parallel) as reranker:

        def ours() -> None:
            for row in reranker.rank_many((query, documents(given.documents)) for query in queries):
                if row.ranking is None or row.ranking.degraded:
                    raise SystemExit(f"{row.index}: {row.error}")

        (plain, plain_cpu), (many, many_cpu) = seconds([lambda: bare.send([bodies]), ours], given.repeats)
    share = plain / many
    print(
        f"{given.queries} queries, {len(bodies)} calls: bare {plain:.3f} s, ours {many:.3f} s: "
        f"{share:.3f} of its throughput (at least {LEAST_THROUGHPUT}); "
        f"CPU {plain_cpu:.3f} s and {many_cpu:.3f} s"
    )
    return share >= LEAST_THROUGHPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeJudge:
    """Costs next to nothing: one call, and the slate in the order of the answer that is always given."""

    gives: ClassVar[Detail] = Detail.ORDER
    score_kind: ClassVar[ScoreKind] = "none"
    carrier: ClassVar[Carrier] = "chat"
    capacity: ClassVar[int | None] = None

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """One call that holds the texts; the answer is the order by text."""
        yield [ChatCall(messages=(Message("user", "\n".join(d.text for d in documents)),), max_tokens=100)]
        order = sorted(range(len(documents)), key=lambda place: documents[place].text)
        return Opinion(tiers=tuple((place,) for place in order))


def engine_cpu(number: int, repeats: int) -> bool:
    """Part 4: CPU of all threads of this process, so that helper threads of numerical libraries count."""
    client = Scripted(lambda call: Reply(text="x", finish_reason="stop"), model=MODEL)
    pool = tuple(Document(id=str(n), text=text) for n, text in enumerate(documents(number)))

    async def judged() -> None:
        strategy = Strategy.of(Call("adaptive"))
        await judge_pool(
            Job(
                stage="adaptive",
                algorithm=strategy.algorithm,
                judge=FakeJudge(),
                client=client,
                question=Question(query="q"),
                documents=pool,
                pool=Pool(size=number, top=10),
                ledger=Ledger(limits=Limits()),
            )
        )

    spent = []
    for repeat in range(repeats + 1):
        time.sleep(0.1)  # helper threads that still spin are not this query's
        begun = time.process_time()
        run(judged)
        if repeat:
            spent.append(time.process_time() - begun)
    milliseconds = statistics.median(spent) * 1000
    print(
        f"engine: {milliseconds:.1f} ms of CPU for adaptive over {number} (less than {MOST_MILLISECONDS:.0f})"
    )
    return milliseconds < MOST_MILLISECONDS


def main() -> int:
    """Measure and print; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--parallel", type=int, default=16)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--strategies", nargs="+", help="instead of all that ask a chat model")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.delay)
        return 0
    kept = engine_cpu(given.documents, 4 * given.repeats)
    with endpoint(given.delay) as base_url:
        kept &= one_query(given, base_url)
        kept &= throughput(given, base_url)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
