"""Judged slates at an endpoint that fails three times in ten: what is lost, and what is lost without a word.

Lists of thirty documents that say what they are worth are put in order by several strategies, with the
library's own settings (four retries, real waits), through `llmrerank.testing.chaos` on loopback: real
sockets, resets, time-outs. Half of the slates meet only faults that pass, half meet all there are; those that
last, and those of many mebibytes, befall one request in a thousand each, the others share the rest. Each
ranking is held against the one that the same strategy makes of the same list without a fault:

- a ranking in another order whose trace says nothing of a repair, a degradation or a change is *unflagged*;
- a ranking that breaks what must hold of every one (`llmrerank.testing.invariants`) is a *violation*;
- a ranking that has no end within ten minutes is a *hang*;
- where all faults pass, nDCG@10 may be 0.02 below that without faults, and the requests sent may be
  1.1 / (1 - p) of those without faults.

    python benchmarks/chaos.py [--slates 100000] [--rate 0.3] [--write]

`--slates 3000` takes a minute or two on an idle core. `--write` puts the table into docs/reliability.md.
Exits with 1 where a figure is beyond its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import math
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank import Document, Ranking, Reranker
from llmrerank.clients.capabilities import forget
from llmrerank.settings import Settings
from llmrerank.testing.chaos import FAULTS, ChaosEndpoint, FaultKind, evenly
from llmrerank.testing.invariants import violations
from llmrerank.trace import Called, RoundDone, Warned

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- tables: benchmarks/chaos.py -->", "<!-- end of tables -->"
STRATEGIES = (
    *("listwise(window=10, stride=5)", "listwise(read='json')", "first-token(window=10, stride=5)"),
    *("adaptive(rounds=(5, 2, 1))", "tournament", "full", "consistency(listwise, times=3)"),
    *("graded", "pointwise", "setwise", "pairwise", "decide", "api(dialect='jina', key_env='CHAOS_KEY')"),
)
LISTS, SIZE, TOP = 20, 30, 10
PARALLEL, TIMEOUT, LONGEST = 96, 5.0, 600.0  # calls at once; seconds
AT_ONCE = 24  # rankings
# Those that last end a ranking, and those that send mebibytes take most of the time there is.
RARE, HEAVY = 0.001, ("enormous-body", "long-answer")
MOST_LOST, MOST_SENT = 0.02, 1.1
WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "inlet",
    "juniper",
    "knoll",
    "lagoon",
    "meadow",
    "nectar",
    "orchid",
]
WORTH = re.compile(r"worth (\d+)")


def worth(query: str, text: str) -> float:
    """What a document says of itself, 0 to 1."""
    found = WORTH.search(text)
    return int(found[1]) / 100 if found else 0.0


def lists() -> list[list[Document]]:
    """Lists of documents, each of another worth, in an order that is of some use."""
    draw = random.Random(5)
    made = []
    for _ in range(LISTS):
        values = sorted(draw.sample(range(101), SIZE), key=lambda value: -value + draw.gauss(0, 30))
        made.append(
            [
                Document(id=f"d{n}", text=f"{' '.join(draw.choices(WORDS, k=12))} worth {value}")
                for n, value in enumerate(values)
            ]
        )
    return made


def gain(ranking: Ranking) -> float:
    """NDCG@10, with ten grades of worth."""

    def summed(values: Sequence[float]) -> float:
        return sum((2 ** (v * 10 // 2) - 1) / math.log2(place + 2) for place, v in enumerate(values[:TOP]))

    values = [worth("", document.text) for document in ranking.documents]
    return summed(values) / summed(sorted(values, reverse=True))


def slates(ranking: Ranking) -> int:
    """Slates judged."""
    return sum(event.slates for event in ranking.trace.of(RoundDone))


def flagged(ranking: Ranking) -> bool:
    """Whether the trace says that something was not as it should be."""
    trace = ranking.trace
    noted = any(call.notes for call in trace.of(Called)) or any(
        "read from words" in warning.message for warning in trace.of(Warned)
    )
    return bool(noted or trace.repaired or trace.degraded or trace.exhausted)


@dataclass(slots=True)
class Row:
    """What became of one strategy under some faults."""

    strategy: str
    rankings: int = 0
    slates: int = 0
    clean_requests: int = 0
    requests: int = 0
    faults: int = 0
    repaired: int = 0
    degraded: int = 0
    raised: int = 0
    other: int = 0
    unflagged: int = 0
    violated: int = 0
    hangs: int = 0
    clean: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)

    @property
    def lost(self) -> float:
        """NDCG@10 lost on average, of what was ranked."""
        return (sum(self.clean) - sum(self.found)) / max(1, len(self.found))

    @property
    def ratio(self) -> float:
        """Requests sent, as a multiple of those without faults."""
        return self.requests / max(1, self.clean_requests)


def rates_of(rate: float, kind: FaultKind | None) -> dict[str, float]:
    """The rate of each fault, of one kind or of all; some are rare."""
    rare = {
        name: RARE
        for name, fault in FAULTS.items()
        if kind in (None, fault.kind) and (name in HEAVY or fault.kind == "lasting")
    }
    others = tuple(name for name in FAULTS if name not in rare)
    return evenly(rate - sum(rare.values()), others, kind=kind) | rare


def settings(server: ChaosEndpoint) -> Settings:
    """The library's own, but for a time-out that a benchmark can wait for."""
    return Settings(
        model="chaos", base_url=server.base_url, api_key="none", parallel=PARALLEL, timeout=TIMEOUT
    )


async def clean_rankings(strategy: str, pool: Sequence[list[Document]]) -> list[tuple[Ranking, int]]:
    """What the strategy makes of each list without a fault, and how many requests each takes."""
    forget()
    found = []
    with ChaosEndpoint(0.0, worth=worth) as server:
        async with Reranker(strategy, settings=settings(server)) as reranker:
            for documents in pool:
                before = server.arrived
                found.append((await reranker.arank("what is it worth", documents), server.arrived - before))
    return found


async def chaotic(strategy: str, rates: dict[str, float], wanted: int, seed: int) -> tuple[Row, Counter[str]]:
    """Rank until so many slates were judged."""
    pool = lists()
    clean = await clean_rankings(strategy, pool)
    row = Row(strategy=strategy)

    def rows() -> Iterator[tuple[str, list[Document]]]:
        for case in itertools.count():  # another question each time, so that no two requests are the same
            if row.slates >= wanted:
                return
            yield f"what is it worth, case {case}", pool[case % LISTS]

    forget()
    with ChaosEndpoint(rates, worth=worth, seed=seed, wait=0.05, pace=0.05) as server:
        async with Reranker(strategy, settings=settings(server)) as reranker:
            done = reranker.arank_many(rows(), at_once=AT_ONCE)
            while True:
                try:
                    async with asyncio.timeout(LONGEST):
                        one = await anext(done)
                except TimeoutError:
                    row.hangs += 1
                    break
                except StopAsyncIteration:
                    break
                place = one.index % LISTS
                row.rankings += 1
                row.clean_requests += clean[place][1]
                if one.ranking is None:
                    row.raised += 1
                    continue
                enter(row, one.ranking, clean[place][0], pool[place])
            await done.aclose()
        row.requests, row.faults = server.arrived - server.injected["redirect"], server.total()
        return row, server.injected


def enter(row: Row, ranking: Ranking, clean: Ranking, documents: list[Document]) -> None:
    """Hold one ranking against the one without faults."""
    row.slates += slates(ranking)
    row.repaired += ranking.trace.repaired
    row.degraded += ranking.trace.degraded
    row.violated += bool(violations(ranking, documents))
    row.clean.append(gain(clean))
    row.found.append(gain(ranking))
    if ranking.documents != clean.documents:
        row.other += 1
        row.unflagged += not flagged(ranking)


def table(rows: Sequence[Row], *, passing: bool) -> list[str]:
    """The rows as Markdown."""
    heads = ["strategy", "slates", "requests", "faults met", "repaired", "degraded", "raised"]
    heads += ["other order", "unflagged", "violations", "hangs"]
    heads += ["nDCG@10 lost", "requests / clean"] if passing else []
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    total = Row(strategy="**all**")
    for row in rows:
        for name in Row.__slots__[1:]:
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return [*lines, *(row_of(row, passing=passing) for row in (*rows, total))]


def row_of(row: Row, *, passing: bool) -> str:
    """One row as Markdown."""
    counts = [row.slates, row.requests, row.faults, row.repaired, row.degraded, row.raised]
    counts += [row.other, row.unflagged, row.violated, row.hangs]
    name = row.strategy if row.strategy.startswith("*") else f"`{row.strategy}`"
    cells = [name, *(f"{count:,}" for count in counts)]
    cells += [f"{row.lost:.4f}", f"{row.ratio:.3f}"] if passing else []
    return "| " + " | ".join(cells) + " |"


def wrong(rows: Sequence[Row], rate: float, *, passing: bool) -> list[str]:
    """What is beyond its limit."""
    found = [
        f"{row.strategy}: {row.unflagged} unflagged, {row.violated} violations, {row.hangs} hangs"
        for row in rows
        if row.unflagged or row.violated or row.hangs
    ]
    if passing:
        lost = sum(row.lost * len(row.found) for row in rows) / max(1, sum(len(row.found) for row in rows))
        ratio = sum(row.requests for row in rows) / max(1, sum(row.clean_requests for row in rows))
        if lost > MOST_LOST:
            found.append(f"nDCG@10 lost {lost:.4f}, at most {MOST_LOST}")
        if ratio > MOST_SENT / (1 - rate):
            found.append(f"{ratio:.3f} of the requests without faults, at most {MOST_SENT / (1 - rate):.3f}")
    return found


def main() -> int:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slates", type=int, default=100_000, help="judged slates, both halves together")
    parser.add_argument("--rate", type=float, default=0.3, help="share of all requests that fail")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    options = parser.parse_args()
    os.environ.setdefault("CHAOS_KEY", "none")
    begun, lines, faulty = time.perf_counter(), [], []
    halves: tuple[tuple[str, FaultKind | None], ...] = (
        ("Faults that pass", "transient"),
        ("All faults", None),
    )
    for title, kind in halves:
        rows, injected = [], Counter[str]()
        for strategy in STRATEGIES:
            wanted = options.slates // 2 // len(STRATEGIES)
            rates = rates_of(options.rate, kind)
            row, met = asyncio.run(chaotic(strategy, rates, wanted, options.seed))
            rows.append(row)
            injected += met
            print(
                f"{time.perf_counter() - begun:7.0f} s  {title}: {row_of(row, passing=kind is not None)}",
                flush=True,
            )
        faulty += wrong(rows, options.rate, passing=kind is not None)
        met = ", ".join(f"{name} {injected[name]:,}" for name in FAULTS if injected[name])
        lines += [f"### {title}", "", *table(rows, passing=kind is not None), "", f"Injected: {met}.", ""]
    seconds = time.perf_counter() - begun
    limits = "all figures are within their limits" if not faulty else "; ".join(faulty)
    lines += [
        f"`python benchmarks/chaos.py --slates {options.slates} --rate {options.rate:g}`, over loopback, "
        f"{seconds:.0f} s beside other work: {limits}."
    ]
    print("\n".join(lines))
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(
            f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{rest.partition(END)[2]}", encoding="utf-8"
        )
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
