"""What llmrerank adds to a bare AsyncOpenAI client: wall time as a ratio, our own CPU time for each call.

100 pointwise calls, 16 at once, against a local endpoint in a process of its own that answers after 20 ms.
The bare client sends the same bodies, taken from a ranking, behind a semaphore. All ways run in turn, in one
process; medians are shown.

    python benchmarks/overhead.py [--calls 100] [--parallel 16] [--delay 0.02] [--repeats 9]

Exits with 1 where a ratio is above 1.2 or our own CPU time is 1 ms for a call or more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI

from llmrerank import Reranker
from llmrerank.calls import ChatCall, Message
from llmrerank.clients.stack import chat_client
from llmrerank.portal import run
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer

MODEL = "stub"
MOST_RATIO, MOST_MILLISECONDS = 1.2, 1.0
STRATEGY = "pointwise(read='text')"
QUERY = "how do I start a process?"
PASSAGE = (
    "A process is an instance of a running program; the module starts new processes, connects to their "
    "input, output and error pipes and obtains their return codes. "
) * 4


@dataclass(frozen=True, slots=True)
class Way:
    """One way to make the calls: its name and what makes them all, once."""

    name: str
    make: Callable[[], None]


def documents(number: int) -> list[str]:
    """Passages of equal length that differ."""
    return [f"Passage {n}: {PASSAGE}" for n in range(number)]


def bodies_of(number: int) -> list[dict[str, Any]]:
    """The request bodies of one ranking, as an endpoint received them."""
    with StubServer(lambda _: "yes", models=(MODEL,)) as server:
        with Reranker(STRATEGY, model=MODEL, base_url=server.base_url) as reranker:
            reranker.rank(QUERY, documents(number))
        return [dict(body) for body in server.requests]


def call_of(body: dict[str, Any]) -> ChatCall:
    """The call that is sent as this body."""
    messages = tuple(Message(m["role"], m["content"]) for m in body["messages"])
    return ChatCall(messages=messages, max_tokens=body["max_tokens"], seed=body["seed"])


def bare(bodies: Sequence[dict[str, Any]], base_url: str, parallel: int) -> Callable[[], None]:
    """The openai package alone, on the same background loop."""
    clients: list[AsyncOpenAI] = []

    async def make() -> None:
        if not clients:
            clients.append(AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0))
        places = asyncio.Semaphore(parallel)

        async def send(body: dict[str, Any]) -> None:
            async with places:
                await clients[0].chat.completions.create(**body)

        await asyncio.gather(*(send(body) for body in bodies))

    return lambda: run(make)


def stacked(calls: Sequence[ChatCall], settings: Settings) -> Callable[[], None]:
    """Our client, asked on the background loop."""
    client = chat_client(settings)

    async def make() -> None:
        await asyncio.gather(*(client.send(call) for call in calls))

    return lambda: run(make)


def reranked(number: int, base_url: str, parallel: int) -> list[Way]:
    """The whole library, through both doors."""
    reranker = Reranker(STRATEGY, model=MODEL, base_url=base_url, parallel=parallel)
    ranked = documents(number)

    async def make() -> None:
        await reranker.arank(QUERY, ranked)

    def rank() -> None:
        reranker.rank(QUERY, ranked)

    return [Way("Reranker.arank", lambda: run(make)), Way("Reranker.rank", rank)]


def measure(ways: Sequence[Way], repeats: int) -> dict[str, tuple[float, float]]:
    """Median wall seconds and CPU seconds of each way, taken in turn after one round to warm up."""
    taken: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    for repeat in range(repeats + 1):
        for way in ways:
            cpu, wall = time.process_time(), time.perf_counter()
            way.make()
            spent = (time.perf_counter() - wall, time.process_time() - cpu)
            if repeat:
                taken[way.name].append(spent)
    return {
        name: (statistics.median(w for w, _ in runs), statistics.median(c for _, c in runs))
        for name, runs in taken.items()
    }


def main() -> int:
    """Measure and print; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--parallel", type=int, default=16)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, "-m", "llmrerank.testing.stub_server", "--delay", str(given.delay)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        base_url = server.stdout.readline().strip() if server.stdout else ""
        bodies = bodies_of(given.calls)
        calls = [call_of(body) for body in bodies]
        settings = Settings(model=MODEL, base_url=base_url, parallel=given.parallel)
        ways = [
            Way("AsyncOpenAI", bare(bodies, base_url, given.parallel)),
            Way("chat_client", stacked(calls, settings)),
            *reranked(given.calls, base_url, given.parallel),
        ]
        medians = measure(ways, given.repeats)
    finally:
        server.terminate()
        server.wait()
    return report(medians, given.calls, as_json=given.json)


def report(medians: dict[str, tuple[float, float]], calls: int, *, as_json: bool) -> int:
    """Print one row for each way, compared with the bare client."""
    bare_wall, bare_cpu = medians["AsyncOpenAI"]
    rows = [
        {
            "way": name,
            "seconds": round(wall, 4),
            "ratio": round(wall / bare_wall, 3),
            "cpu_ms": round(cpu / calls * 1000, 3),
            "own_cpu_ms": round((cpu - bare_cpu) / calls * 1000, 3),
        }
        for name, (wall, cpu) in medians.items()
    ]
    if as_json:
        print(json.dumps({"schema": 1, "calls": calls, "rows": rows}))
    else:
        print(f"{'way':<16}{'seconds':>9}{'ratio':>8}{'CPU ms/call':>13}{'own CPU ms/call':>17}")
        for row in rows:
            print(
                f"{row['way']:<16}{row['seconds']:>9.4f}{row['ratio']:>8.3f}{row['cpu_ms']:>13.3f}"
                f"{row['own_cpu_ms']:>17.3f}"
            )
    kept = all(row["ratio"] <= MOST_RATIO and row["own_cpu_ms"] < MOST_MILLISECONDS for row in rows)
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
