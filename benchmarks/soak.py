"""Many minutes of mixed strategies at an endpoint that fails three times in ten: what grows, what slows down.

The endpoint (`python -m llmrerank.testing.chaos`) is a process of its own, so that what is measured here is
the library's. Every few seconds resident memory, descriptors and threads are counted; the slope of memory is
fitted by least squares to the second half, when caches of the interpreter are full.

    python benchmarks/soak.py [--minutes 20] [--rate 0.3] [--write]

`--write` puts the table into docs/reliability.md. Exits with 1 where descriptors or threads grow from the
first half to the second, memory by more than 30 MiB an hour, or a ranking breaks what must hold.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from llmrerank import Document, Reranker
from llmrerank.settings import Settings
from llmrerank.testing.invariants import violations
from llmrerank.trace import RoundDone

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- tables: benchmarks/soak.py -->", "<!-- end of soak -->"
STRATEGIES = (
    *("listwise(window=10, stride=5)", "first-token", "adaptive(rounds=(5, 2, 1))", "tournament", "graded"),
    *("pointwise", "setwise", "bm25 % 10 >> listwise", "consistency(listwise, times=2)", "decide"),
)
ROWS, SIZE, PARALLEL, TIMEOUT, EVERY = 24, 24, 24, 3.0, 5.0
MOST_GROWTH = 30.0  # MiB an hour
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "juniper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at this process."""

    seconds: float
    memory: float
    descriptors: int
    threads: int
    slates: int


@dataclass(slots=True)
class Totals:
    """What was done so far."""

    slates: int = 0
    rankings: int = 0
    degraded: int = 0
    raised: int = 0
    violated: int = 0


def look(begun: float, totals: Totals) -> Sample:
    """Memory in MiB, as the system counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        seconds=time.perf_counter() - begun,
        memory=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        slates=totals.slates,
    )


def rows(draw: random.Random) -> Iterator[tuple[str, list[Document]]]:
    """Questions of two words about documents of eight."""
    for number in range(ROWS):
        documents = [Document(id=f"d{n}", text=" ".join(draw.choices(WORDS, k=8))) for n in range(SIZE)]
        yield f"{' '.join(draw.sample(WORDS, 2))} {draw.random()} {number}", documents


async def batch(strategy: str, url: str, given: Sequence[tuple[str, list[Document]]], totals: Totals) -> None:
    """Rank for some questions with a new object, as a job would."""
    made = Settings(model="chaos", base_url=url, api_key="none", parallel=PARALLEL, timeout=TIMEOUT)
    async with Reranker(strategy, settings=made) as reranker:
        async for row in reranker.arank_many(given):
            if row.ranking is None:
                totals.raised += 1
                continue
            totals.rankings += 1
            totals.slates += sum(event.slates for event in row.ranking.trace.of(RoundDone))
            totals.degraded += row.ranking.trace.degraded
            whole = "%" not in strategy
            totals.violated += whole and bool(violations(row.ranking, given[row.index][1]))


async def soak(url: str, seconds: float, totals: Totals) -> list[Sample]:
    """Go on until the time is over; one sample every few seconds."""
    draw, begun, samples = random.Random(1), time.perf_counter(), []
    for strategy in itertools.cycle(STRATEGIES):
        await batch(strategy, url, list(rows(draw)), totals)
        if not samples or time.perf_counter() - begun > samples[-1].seconds + EVERY:
            samples.append(look(begun, totals))
        if time.perf_counter() - begun > seconds:
            return samples
    return samples


def main() -> int:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=0.3, help="share of all requests that fail")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    options = parser.parse_args()
    totals = Totals()
    words = [sys.executable, "-m", "llmrerank.testing.chaos", "--rate", str(options.rate), "--wait", "0.05"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip() if server.stdout is not None else ""
            samples = asyncio.run(soak(url, 60 * options.minutes, totals))
        finally:
            server.terminate()
    first, second = samples[: len(samples) // 2], samples[len(samples) // 2 :]
    growth = 0.0
    if len(second) > 2:
        growth = 3600 * linear_regression([s.seconds for s in second], [s.memory for s in second]).slope
    lines = ["| | first half | second half |", "| --- | ---: | ---: |"]
    for name, pick in (("memory, MiB", "memory"), ("descriptors", "descriptors"), ("threads", "threads")):
        halves = [median(getattr(sample, pick) for sample in half) for half in (first or second, second)]
        lines.append(f"| {name} | {halves[0]:.0f} | {halves[1]:.0f} |")
    middle, last = (first or second)[-1], second[-1]
    late = (last.slates - middle.slates) / max(1e-9, last.seconds - middle.seconds)
    lines.append(f"| slates a second | {middle.slates / middle.seconds:.1f} | {late:.1f} |")
    lines += [
        "",
        f"`python benchmarks/soak.py --minutes {options.minutes:g}`, {options.rate:.0%} of the requests "
        f"failing: {totals.slates:,} slates, {totals.rankings:,} rankings, {totals.degraded:,} slates "
        f"degraded, {totals.raised:,} rankings raised, {totals.violated} violations; memory grows by "
        f"{growth:.1f} MiB an hour in the second half. Two cores, other work beside.",
    ]
    print("\n".join(lines))
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        made = f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{rest.partition(END)[2]}"
        PAGE.write_text(made, encoding="utf-8")
    grew = [
        median(getattr(s, name) for s in second) > median(getattr(s, name) for s in first or second) + 8
        for name in ("descriptors", "threads")
    ]
    return 1 if any(grew) or totals.violated or growth > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
