"""A search over ten million passages, measured: what each stage takes, in time, memory and disk.

    python benchmarks/ten_million.py [--docs 1_000_000] [--work DIR] [--queries N] [--cross-encoder DIR]
                                     [--write]

Makes passages up (`synthetic_passages.py` says how), indexes them with `tantivy`, quantises vectors beside
them, and asks: both first stages, fused by reciprocal ranks, the head reranked by a cross-encoder. On the way
it keeps how the index looked at smaller sizes and measures the lexical stage at each, so that what is
foretold from a smaller one can be held against it. What is built in the work folder is used again, what is
measured is measured anew: broken off, the same command goes on, and a larger number of passages adds to a
smaller one. Ten million take some 15 GB of disk and well under two hours on two cores, a million some ten
minutes. Each part runs in a process of its own, whose greatest memory is reported; `--part` runs one of them
alone. With `--write` the tables go into docs/scale.md, between their markers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synthetic_passages import DIMENSIONS, SLICE, Made, MadeUp

from llmrerank import Reranker
from llmrerank.errors import RerankError
from llmrerank.planner import fit_law
from llmrerank.retrieve.hybrid import fused
from llmrerank.retrieve.quantised import SAMPLE_PER_CELL, QuantisedVectors, cells_for, write_vectors
from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.tantivy import Tantivy
from llmrerank.retrieve.tantivy_index import TantivyIndex
from llmrerank.train.reference import at_hand
from llmrerank.types import Query

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- ten million -->", "<!-- end of ten million -->"
SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
SEEN = 1_000_000
"""Passages of the largest size that the planner's law is fitted to."""
EVERY = 250_000
DEPTH, DEEP, HEAD, FUSED = 100, 1000, 20, 60
WARM = 20
EXHAUSTIVE = 20
"""Queries whose nearest vectors are looked for in every cell, to see what the probes miss."""
PARTS = ("lexical", "sizes", "vectors", "search")
FILTER = "2000 <= year < 2005 and lang == 'en'"

Figures = dict[str, Any]


class Work:
    """What is done so far, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lexical, self.vectors = folder / "passages", folder / "vectors.faiss"
        self._state = folder / "measured.json"

    def at(self, size: int) -> Path:
        """The index as it looked with so many passages."""
        return self.folder / f"passages-{size}"

    def read(self) -> Figures:
        """Everything that was measured."""
        return json.loads(self._state.read_text()) if self._state.is_file() else {}

    def note(self, **figures: Any) -> None:
        """Keep something that was measured."""
        partial = self._state.with_suffix(".part")
        partial.write_text(json.dumps({**self.read(), **figures}, indent=1) + "\n")
        os.replace(partial, self._state)


def tell(text: str) -> None:
    """Say what is going on, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def quantiles(seconds: Sequence[float]) -> Figures:
    """Milliseconds at the median and at the 95th and 99th percentile."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49] * 1e3, "p95": cuts[94] * 1e3, "p99": cuts[98] * 1e3}


@contextmanager
def timed(into: list[float], clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
    """Note how many seconds something took."""
    begun = clock()
    yield
    into.append(clock() - begun)


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder."""
    return sum(one.stat().st_size for one in path.iterdir()) if path.is_dir() else path.stat().st_size


def into_page_cache(path: Path) -> None:
    """Read a file, or the files in a folder, so that no query waits for the disk."""
    for file in path.iterdir() if path.is_dir() else [path]:
        with file.open("rb") as opened:
            while opened.read(1 << 24):
                pass


def memory() -> Figures:
    """Bytes: the most that was resident, mapped files included, and what is resident now without them."""
    lines = Path("/proc/self/status").read_text().splitlines() if Path("/proc/self/status").exists() else []
    own = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), None)
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "anonymous": own}


def lexical(work: Work, docs: int) -> None:
    """Index up to every size in turn, and keep how the index looked there."""
    made = MadeUp()
    index = TantivyIndex.open(work.lexical) if work.lexical.exists() else TantivyIndex.create(work.lexical)
    if len(index) > docs:
        raise SystemExit(f"{work.lexical} holds {len(index):,} passages; {docs:,} need another work folder")
    for size in sizes_of(docs):
        done = len(index)
        if done < size:
            begun, used = time.perf_counter(), time.process_time()
            index.add(told(made.documents(done, size), done, size), every=EVERY)
            seconds, cpu = time.perf_counter() - begun, time.process_time() - used
            part = {"from": done, "to": size, "seconds": seconds, "cpu": cpu, "memory": memory()}
            work.note(indexing=[*work.read().get("indexing", []), part])
            tell(f"{size:,} passages indexed, {(size - done) / seconds:,.0f} a second")
        if len(index) == size and not work.at(size).exists():
            keep(work.lexical, work.at(size))


def sizes_of(docs: int) -> list[int]:
    """The sizes on the way to a number of passages, and that number."""
    return [*(one for one in SIZES if one < docs), docs]


def keep(index: Path, at: Path) -> None:
    """Keep how an index looks now: its files never change, so a second name for each is enough."""
    partial = at.with_name(f"{at.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for file in index.iterdir():
        if file.suffix != ".lock":
            os.link(file, partial / file.name)
    partial.rename(at)


def by_size(work: Work, docs: int) -> None:
    """Measure the lexical stage at every size that was kept."""
    figures: Figures = {}
    for size in sizes_of(docs):
        if work.at(size).exists():
            figures[str(size)] = asked(work.at(size), size)
            work.note(lexical=figures)
            tell(f"{size:,} passages: {figures[str(size)]}")


def told(documents: Iterable[Any], done: int, size: int) -> Iterable[Any]:
    """Documents as they come, with a word now and then."""
    begun, count = time.perf_counter(), 0
    for count, document in enumerate(documents, start=1):
        yield document
        if count % 100_000 == 0:
            tell(f"{done + count:,} of {size:,}, {count / (time.perf_counter() - begun):,.0f} a second")


def asked(index: Path, size: int, count: int = 200) -> Figures:
    """The lexical stage over an index: by depth, and with a filter. It computes in the thread that asks."""
    queries = MadeUp().queries(count + WARM, size)
    into_page_cache(index)
    found: Figures = {"bytes": size_of(index), "queries": count}
    for name, stage, depth in (
        ("shallow", Tantivy(path=str(index)), DEPTH),
        ("deep", Tantivy(path=str(index)), DEEP),
        ("filtered", Tantivy(path=str(index), where=FILTER), DEPTH),
    ):
        retriever, hit = stage.open(Source()), 0
        seconds, cpu = list[float](), list[float]()
        for place, query in enumerate(queries):
            with timed(seconds), timed(cpu, time.thread_time):
                [ranking] = retriever.search([Query(text=query.text)], k=depth)
            hit += place >= WARM and any(int(one.document.id) == query.target for one in ranking[:10])
        found[name] = {
            **quantiles(seconds[WARM:]),
            "cpu": quantiles(cpu[WARM:]),
            "success": hit / count,
        }
    return found


def vectors(work: Work, docs: int) -> None:
    """Train on vectors of passages from all over, and quantise all."""
    if work.vectors.exists() and len(QuantisedVectors(work.vectors)) == docs:
        return
    import numpy

    made, begun, used = MadeUp(), time.perf_counter(), time.process_time()
    slices = -(-docs // SLICE)
    wanted = -(-cells_for(docs) * SAMPLE_PER_CELL // SLICE)
    chosen = numpy.unique(numpy.linspace(0, slices - 1, min(slices, wanted)).astype(int)).tolist()
    sample = numpy.concatenate(
        [next(iter(made.vectors(one * SLICE, min(docs, (one + 1) * SLICE)))) for one in chosen]
    )
    tell(f"learning {cells_for(docs)} cells from {len(sample):,} vectors")
    write_vectors(work.vectors, sample, told_slices(made.vectors(0, docs), docs), count=docs)
    seconds = time.perf_counter() - begun
    figures = {"seconds": seconds, "cpu": time.process_time() - used, "bytes": size_of(work.vectors)}
    work.note(vectors={"docs": docs, **figures, "memory": memory()})
    tell(f"{docs:,} vectors quantised, {docs / seconds:,.0f} a second")


def told_slices(slices: Iterable[Any], size: int) -> Iterable[Any]:
    """Slices as they come, with a word now and then."""
    for number, one in enumerate(slices, start=1):
        yield one
        if number % 50 == 0:
            tell(f"{number * SLICE:,} of {size:,} vectors")


def search(work: Work, docs: int, queries: Sequence[Made], strategy: str) -> Figures:
    """Every stage of every query, one query after the other."""
    made = MadeUp()
    into_page_cache(work.vectors)
    into_page_cache(work.lexical)
    words, near = Tantivy(path=str(work.lexical)).open(Source()), QuantisedVectors(work.vectors)
    index = TantivyIndex.open(work.lexical)
    directions = made.query_vectors(queries)
    names = ("lexical", "vectors", "fusion", "texts", "rerank", "whole")
    seconds: dict[str, list[float]] = {name: [] for name in names}
    success = dict.fromkeys(("lexical", "vectors", "fusion"), 0)
    with Reranker(strategy) as reranker:
        tell(f"asking {len(queries)} queries")
        for place, (query, direction) in enumerate(zip(queries, directions, strict=True), start=1):
            if place % 20 == 0:
                tell(f"{place} of {len(queries)} queries, the last took {seconds['whole'][-1]:.2f} s")
            with timed(seconds["whole"]):
                with timed(seconds["lexical"]):
                    [ranking] = words.search([Query(text=query.text)], k=DEPTH)
                with timed(seconds["vectors"]):
                    [(rows, _)] = near.nearest(direction[None], DEPTH)
                lists = [[int(hit.document.id) for hit in ranking], rows.tolist()]
                with timed(seconds["fusion"]):
                    ordered = fused([[(None, row) for row in one] for one in lists], k=FUSED)
                head = [row for (_, row), _ in ordered[:HEAD]]
                with timed(seconds["texts"]):
                    texts = with_texts(index, ranking, head)
                with timed(seconds["rerank"]):
                    reranker.rank(query.text, texts)
            for name, rows_found in zip(success, (*lists, head), strict=True):
                success[name] += query.target in rows_found[:10]
    counted = len(queries) - WARM
    return {
        "queries": counted,
        "docs": docs,
        "stages": {name: quantiles(values[WARM:]) for name, values in seconds.items()},
        "success": {name: hits / len(queries) for name, hits in success.items()},
        "missed": recall(work, directions[:EXHAUSTIVE]),
        "memory": memory(),
    }


def with_texts(index: TantivyIndex, ranking: Any, head: Sequence[int]) -> list[Any]:
    """The documents of the head in order; those that only the vectors found are fetched by id."""
    known = {str(hit.document.id): hit.document for hit in ranking}
    known.update(index.find({str(row) for row in head} - known.keys()))
    return [known[str(row)] for row in head]


def recall(work: Work, directions: Any) -> float:
    """How much of the ten nearest over all cells the probed cells have."""
    probed = QuantisedVectors(work.vectors).nearest(directions, 10)
    everywhere = QuantisedVectors(work.vectors, probes=10**9).nearest(directions, 10)
    shares = [
        len(set(a.tolist()) & set(b.tolist())) / 10 for (a, _), (b, _) in zip(probed, everywhere, strict=True)
    ]
    return statistics.fmean(shares)


def reranking(work: Work, docs: int, count: int, model: Path | None) -> None:
    """Search with the cross-encoder that is there, else with the bi-encoder in its place."""
    place = model or at_hand()
    strategy = "bi-encoder" if place is None else f"cross-encoder(model={str(place)!r})"
    queries = MadeUp().queries(count + WARM, docs, seed=2)
    figures = search(work, docs, queries, strategy)
    named = "bi-encoder, for want of a trained cross-encoder" if place is None else "cross-encoder"
    work.note(search={**figures, "reranker": named, "dimensions": DIMENSIONS})


def page(figures: Figures) -> str:
    """The tables."""
    done, built = figures["search"], figures["vectors"]
    docs, parts = done["docs"], figures["indexing"]
    spent, used = (sum(part[name] for part in parts) for name in ("seconds", "cpu"))
    rows = [
        f"{docs:,} made-up passages of 56 words on average, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; files in the page cache. {done['queries']} queries, one at a time.",
        "",
        "| stage | p50 ms | p95 ms | p99 ms | the passage meant is among the first 10 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    names = {
        "lexical": f"`tantivy % {DEPTH}`",
        "vectors": f"8-bit vectors, {done['dimensions']} dimensions, {DEPTH} nearest",
        "fusion": "reciprocal ranks of both",
        "texts": f"texts of the first {HEAD}",
        "rerank": f"{done['reranker']} over {HEAD}",
        "whole": "end to end",
    }
    for name, words in names.items():
        good = f"{done['success'][name]:.0%}" if name in done["success"] else ""
        rows.append(f"| {words} | {row_of(done['stages'][name])} | {good} |")
    rows += [
        "",
        f"Of the ten nearest vectors {done['missed']:.1%} lie in the cells that are looked into.",
        "",
        "| what | passages a second | minutes | of one core | peak resident | disk |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        f"| indexing words and texts | {docs / spent:,.0f} | {spent / 60:.1f} | {used / 60:.1f} | "
        f"{gigabytes(max(part['memory']['peak'] for part in parts))} | "
        f"{gigabytes(figures['lexical'][str(docs)]['bytes'])} |",
        f"| quantising vectors | {docs / built['seconds']:,.0f} | {built['seconds'] / 60:.1f} | "
        f"{built['cpu'] / 60:.1f} | "
        f"{gigabytes(built['memory']['peak'])} | {gigabytes(built['bytes'])} |",
        f"| searching | | | | {gigabytes(done['memory']['peak'])}, of which "
        f"{gigabytes(done['memory']['anonymous'] or 0)} are not mapped files | |",
        "",
        "Making the passages and vectors up is part of these times. The lexical stage by size, and how much "
        "of its time it computes (the rest is waiting for a core or the disk):",
        "",
        f"| passages | p50 ms | p95 ms | p99 ms | computing p50 | p95 | p99 | p95 at {DEEP} | filtered p95 "
        f"| disk |\n|{' ---: |' * 10}",
    ]
    for size, one in sorted(figures["lexical"].items(), key=lambda item: int(item[0])):
        rows.append(
            f"| {int(size):,} | {row_of(one['shallow'])} | {row_of(one['shallow']['cpu'])} | "
            f"{one['deep']['p95']:.1f} | {one['filtered']['p95']:.1f} | {gigabytes(one['bytes'])} |"
        )
    rows += ["", f'Filtered: `where="{FILTER}"`, which about an eighth of the passages meet.']
    return "\n".join([*rows, *foretold(figures["lexical"])]) + "\n"


def foretold(lexical: Figures) -> Iterator[str]:
    """What the planner's law makes of the sizes up to a million, beside what was measured beyond them."""
    by_size = {int(size): one["shallow"] for size, one in lexical.items()}
    seen = {size: one for size, one in by_size.items() if size <= SEEN}
    beyond = sorted(by_size.keys() - seen.keys())
    if len(seen) < 3 or not beyond:
        return
    yield ""
    yield (
        f"What `llmrerank.planner.fit_law` foretells from the sizes up to {max(seen):,}, and how it compares "
        "with what was measured (of which computing):"
    )
    yield ""
    yield "| passages | | foretold ms | measured ms | of which computing | foretold / measured |"
    yield "| ---: | --- | ---: | ---: | ---: | ---: |"
    for size in beyond:
        for name in ("p50", "p95"):
            told = fit_law({one: figures[name] for one, figures in seen.items()}).at(size)
            whole, computing = by_size[size][name], by_size[size]["cpu"][name]
            yield (f"| {size:,} | {name} | {told:.1f} | {whole:.1f} | {computing:.1f} | {told / whole:.2f} |")


def row_of(one: Figures) -> str:
    """Three quantiles as cells."""
    return " | ".join(
        f"{one[name]:.2f}" if one[name] < 10 else f"{one[name]:.0f}" for name in ("p50", "p95", "p99")
    )


def gigabytes(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.2f} GB"


def write(text: str) -> None:
    """Put the tables between their markers."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


def main() -> int:
    """Do what is missing, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", type=int, default=10_000_000)
    parser.add_argument("--work", type=Path, default=Path("ten-million"))
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--cross-encoder", type=Path, metavar="DIR")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    parser.add_argument("--part", choices=PARTS, help="this part alone")
    given = parser.parse_args()
    if given.docs < 10_000 or given.queries < 10:
        parser.error("--docs must be 10,000 or more, --queries 10 or more")
    given.work.mkdir(parents=True, exist_ok=True)
    work = Work(given.work)
    try:
        if given.part == "lexical":
            lexical(work, given.docs)
        elif given.part == "sizes":
            by_size(work, given.docs)
        elif given.part == "vectors":
            vectors(work, given.docs)
        elif given.part == "search":
            reranking(work, given.docs, given.queries, given.cross_encoder)
        else:
            for part in PARTS:
                words = [*sys.argv[1:], "--part", part]
                if subprocess.run([sys.executable, __file__, *words], check=False).returncode:
                    return 1
            text = page(work.read())
            print(text, end="")
            if given.write:
                write(text)
    except RerankError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
