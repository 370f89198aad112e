"""What the defences cost where nobody attacks: nDCG@10 with and without `guard`, by stored and local judges.

    python benchmarks/injection/clean.py [--write]

Judges are orders and scores that are at hand:

- **gpt-3.5-turbo**, five stored runs over the BM25 candidates of TREC DL 2019: a slate is ordered as one run
  has it, and what is asked again as the next run of the same model has it. So a second judgement differs from
  the first as two runs of a real model do. Of a query the mean over the five is taken.
- **RankVicuna** (`output_v2_aug_vicuna_7b`), three stored runs, in the same way.
- the **bi-encoder** of this machine, which says the same twice: what remains is what a guard costs where it
  asks nobody (behind the leading ten) and where it suspects an honest document.

Documents are looked over by `llmrerank.suspicion` as `guard` does. Differences are told by a paired
randomisation test over the queries. `--write` puts the table into docs/security.md. Ends with 1 where a
defence costs more than one per cent of nDCG@10, fewer places than the default apart.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean

from llmrerank import Reranker
from llmrerank.evaluate import Dataset, Measures
from llmrerank.evaluate.noise import difference
from llmrerank.looking_over import suspected
from llmrerank.pipeline import Pipeline
from llmrerank.rounds import Done, Pool, Verdict, advance
from llmrerank.spec import parse_call
from llmrerank.strategies import Strategy
from llmrerank.types import Document

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- tables: benchmarks/injection/clean.py -->", "<!-- end of clean -->"
MOST = 0.01
RUNS = {
    "gpt-3.5-turbo": "bm25+gpt-3.5-turbo_4096_100.",
    "RankVicuna": "bm25+output_v2_aug_vicuna_7b_4096_100.",
}
BEYOND = "places=5"
"""Shown, and not held to the bar: fewer places than the default are a choice that costs more."""
STRATEGIES = ("listwise", "adaptive", "setwise", "full")
GUARDS = (
    "guard({})",
    f"guard({{}}, {BEYOND})",
    "guard({}, leave_out=False)",
    "guard({}, places=None)",
)

Judge = Callable[[tuple[int, ...]], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One judged query with its candidates in first-stage order, and what a judge would say of them.

    Attributes:
        merits: One for each independent answer of the judge: by place of a candidate, higher is better.
    """

    qid: str
    text: str
    documents: tuple[Document, ...]
    merits: tuple[tuple[float, ...], ...]

    def judges(self, order: Sequence[int]) -> Iterator[tuple[Judge, Judge]]:
        """A judge and one that is asked again, for every answer; places are those of `order`."""
        for first, second in zip(self.merits, (*self.merits[1:], self.merits[0]), strict=True):
            yield _judge([first[p] for p in order]), _judge([second[p] for p in order])


@dataclass(slots=True, kw_only=True)
class Row:
    """One defence in one setting: nDCG@10 by query without and with it, and what it took for a query."""

    judge: str
    collection: str
    spec: str
    plain: list[float]
    guarded: list[float]
    calls: tuple[float, float]
    suspects: int
    documents: int

    @property
    def lost(self) -> float:
        """Share of nDCG@10 that the defence costs; below 0 where it gains."""
        return 1 - fmean(self.guarded) / fmean(self.plain)

    def __str__(self) -> str:
        told = difference(self.guarded, self.plain)
        return (
            f"| {self.judge} | {self.collection} | `{self.spec}` | {len(self.plain)} "
            f"| {fmean(self.plain):.4f} | {fmean(self.guarded):.4f} | {-100 * self.lost:+.2f} % "
            f"| {told.p:.2f} | {self.calls[0]:.1f} | {self.calls[1]:.1f} |"
        )


def _judge(merit: Sequence[float]) -> Judge:
    def judge(slate: tuple[int, ...]) -> Verdict:
        best = sorted(slate, key=lambda p: -merit[p])
        return Verdict(slate=slate, tiers=tuple((p,) for p in best))

    return judge


def stored(name: str) -> list[Listed]:
    """The queries of DL 2019, judged by the stored runs of a model."""
    folder = DATA / "dl19"
    qrels = Dataset.open(folder).qrels
    runs = []
    for path in sorted((folder / "runs").glob(f"{RUNS[name]}*.trec.gz")):
        places: dict[str, dict[str, int]] = defaultdict(dict)
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for qid, _, docid, rank, *_ in map(str.split, lines):
                places[qid][docid] = -int(rank)
        runs.append(places)
    found = []
    with gzip.open(folder / "candidates.jsonl.gz", "rt", encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            qid = str(entry["query"]["qid"])
            if qid not in qrels:
                continue
            documents = tuple(
                Document(id=str(one["docid"]), text=one["doc"]["contents"]) for one in entry["candidates"]
            )
            merits = tuple(tuple(float(run[qid][str(one.id)]) for one in documents) for run in runs)
            found.append(Listed(qid=qid, text=entry["query"]["text"], documents=documents, merits=merits))
    return found


def scored(name: str, depth: int, cache_file: Path) -> list[Listed]:
    """The queries of a collection, judged by the local bi-encoder."""
    dataset = Dataset.open(DATA / name)
    first = "run" if (DATA / name / "candidates.jsonl.gz").exists() else "bm25"
    found = []
    with Pipeline(f"{first} % {depth}", source=dataset.source()) as pipeline, _scorer(cache_file) as scorer:
        for query in dataset.queries:
            if query.id not in dataset.qrels:
                continue
            documents = tuple(pipeline.search(query).documents)
            by_id = {hit.document.id: hit.score or 0.0 for hit in scorer.rank(query, documents)}
            merits = (tuple(by_id[one.id] for one in documents),)
            found.append(Listed(qid=query.id, text=query.text, documents=documents, merits=merits))
    return found


def _scorer(cache_file: Path) -> Reranker:
    return Reranker("bi-encoder", cache=cache_file)


@cache
def _algorithm(spec: str) -> Strategy:
    return Strategy.of(parse_call(spec))


def run(spec: str, pool: Pool, first: Judge, second: Judge) -> tuple[list[int], int]:
    """The order that comes out, and the slates that were shown."""
    plan = _algorithm(spec).algorithm.plan(pool)
    step, shown = advance(plan), 0
    while not isinstance(step, Done):
        shown += len(step.asked.slates)
        judge = second if step.asked.again else first
        step = advance(plan, [judge(slate) for slate in step.asked.slates])
    return list(step.result), shown


def cheap_first(listed: Listed, scores: Mapping[str, Sequence[float]]) -> tuple[list[int], list[int]]:
    """The leading twenty by a cheap reranker, and their best earlier ranks."""
    merit = scores[listed.qid]
    order = sorted(range(len(merit)), key=lambda p: -merit[p])[:20]
    return order, [min(place, p + 1) for place, p in enumerate(order, start=1)]


def measured(
    judge: str,
    collection: str,
    lists: Sequence[Listed],
    strategies: Sequence[str],
    scores: Mapping[str, Sequence[float]] | None = None,
) -> Iterator[Row]:
    """A row for every strategy and guard; with `scores`, over the leading twenty of a cheap reranker."""
    qrels = Dataset.open(DATA / collection.partition(" ")[0]).qrels
    measures = Measures(("nDCG@10",)).over({one.qid: qrels[one.qid] for one in lists})
    suspects = {one.qid: suspected(one.documents, one.text) for one in lists}
    for strategy in strategies:
        for spec in (guard.format(strategy) for guard in GUARDS):
            values: dict[str, dict[str, list[float]]] = {"plain": {}, "guarded": {}}
            calls: dict[str, list[int]] = {"plain": [], "guarded": []}
            answers = range(max(len(one.merits) for one in lists))
            ranked: dict[str, list[dict[str, list[str]]]] = {kind: [{} for _ in answers] for kind in values}
            for one in lists:
                order, earlier = list(range(len(one.documents))), []
                if scores is not None:
                    order, earlier = cheap_first(one, scores)
                pool = Pool(
                    size=len(order),
                    top=10,
                    earlier=tuple(earlier),
                    suspects=frozenset(place for place, p in enumerate(order) if p in suspects[one.qid]),
                )
                for number, (first, second) in enumerate(one.judges(order)):
                    for kind, what in (("plain", strategy), ("guarded", spec)):
                        places, shown = run(what, pool, first, second)
                        calls[kind].append(shown)
                        ids = [str(one.documents[order[place]].id) for place in places]
                        ranked[kind][number][one.qid] = ids
            for kind, runs in ranked.items():
                found = [measures.evaluate(made).per_query["nDCG@10"] for made in runs]
                values[kind] = {one.qid: [each[one.qid] for each in found] for one in lists}
            yield Row(
                judge=judge,
                collection=collection,
                spec=spec,
                plain=[fmean(values["plain"][one.qid]) for one in lists],
                guarded=[fmean(values["guarded"][one.qid]) for one in lists],
                calls=(fmean(calls["plain"]), fmean(calls["guarded"])),
                suspects=sum(map(len, suspects.values())),
                documents=sum(len(one.documents) for one in lists),
            )


def rows(cache_file: Path) -> Iterator[Row]:
    """Everything that is measured."""
    models = {model: stored(model) for model in RUNS}
    for model, lists in models.items():
        yield from measured(model, "dl19", lists, STRATEGIES)
    local = scored("dl19", 100, cache_file)
    yield from measured("bi-encoder", "dl19", local, ("listwise",))
    scores = {one.qid: one.merits[0] for one in local}
    for model, lists in models.items():
        yield from measured(model, "dl19 (bi-encoder % 20)", lists, ("listwise",), scores)
    yield from measured("bi-encoder", "npl", scored("npl", 30, cache_file), ("listwise",))


def main() -> int:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description="What guard costs on clean data.")
    parser.add_argument("--write", action="store_true", help="put the table into docs/security.md")
    parser.add_argument("--cache", type=Path, default=None, help="where scores of the bi-encoder are kept")
    given = parser.parse_args()
    if not DATA.is_dir():
        print(f"{DATA} is not there; nothing is measured")
        return 0
    begun = time.perf_counter()
    heads = ("judge", "collection", "defence", "queries", "nDCG@10 without", "with", "difference", "p")
    lines = [
        f"| {' | '.join((*heads, 'calls without', 'with'))} |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    print("\n".join(lines))
    worst, marked = 0.0, {}
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(given.cache or Path(folder) / "clean.sqlite"):
            lines.append(str(row))
            print(lines[-1], flush=True)
            worst = max(worst, 0.0 if BEYOND in row.spec else row.lost)
            marked[row.collection] = (row.suspects, row.documents)
    told = "; ".join(f"{name} {few} of {many}" for name, (few, many) in marked.items())
    lost = f"Lost at most: {100 * worst:.2f} % of nDCG@10 ({BEYOND} apart)."
    lines += ["", f"Honest documents that were suspected: {told}. {lost}"]
    print(f"{lines[-1]}\n{time.perf_counter() - begun:.0f} s")
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", encoding="utf-8")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
