r"""Long documents: chunks against truncation, and a query-focused excerpt against the beginning.

    python benchmarks/long_documents.py --corpus ../shared/data/scifact \
        --pool ../shared/data/birco-clinical-trial

A collection under `--corpus` is searched by BM25 and its best documents reranked; under `--pool` the judged
documents of every query are. The reranker is the packaged bi-encoder, which reads 256 tokens and no further
(and with `--cross-encoder` that model as well). Chunks are of the default sizes; nothing was chosen by these
collections.

Differences are told from the row of truncation by a paired randomisation test over the queries. The excerpts
are measured twice: by how many of the query's terms that a relevant document holds they keep, and by what the
same bi-encoder makes of them. The first says no more than that the excerpt does what it is for.

On a busy machine set OMP_NUM_THREADS=1: a neighbour that takes a core stalls every parallel loop of torch.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean

from llmrerank import Reranker
from llmrerank.evaluate import Dataset, compare
from llmrerank.evaluate.measures import Measures
from llmrerank.evaluate.noise import difference
from llmrerank.excerpts import excerpt
from llmrerank.pipeline import Pipeline
from llmrerank.retrieve.analysis import Analyzer
from llmrerank.settings import Settings
from llmrerank.tokens import estimate, truncate
from llmrerank.trace import Scored

MEASURE = "nDCG@10"
POOLS = ("max", "mean", "first")
SURE = 0.05


def chunks_against_truncation(dataset: Dataset, first: str, scorer: str, settings: Settings) -> bool:
    """Print one row for each way of reading, and say whether the best chunk is no worse than truncation."""
    chunked = [f"chunks({scorer})" if pool == "max" else f"chunks({scorer}, pool='{pool}')" for pool in POOLS]
    begun = time.perf_counter()
    result = compare(
        dataset,
        [f"{first} >> {way}" for way in (scorer, *chunked)],
        settings=settings,
        measures=[MEASURE],
    )
    print(f"\n{dataset.name}: {result.queries} queries, {first}, {time.perf_counter() - begun:.0f} s")
    print(f"  {'':44} {MEASURE:>8} {'difference':>11} {'p':>7} {'pairs':>7} {'ratio':>6}")
    pairs = [sum(event.pairs for event in row.trace.of(Scored)) for row in result.rows]
    for row, count in zip(result.rows, pairs, strict=True):
        versus = row.versus.get(MEASURE)
        told = "" if versus is None else f"{versus.mean:+11.4f} {versus.p:7.4f}"
        print(
            f"  {row.pipeline.partition(' >> ')[2]:44} {row.measures[MEASURE]:8.4f} {told:19} "
            f"{count:7d} {count / pairs[0]:6.2f}"
        )
    best = result.rows[1].versus[MEASURE]
    return best.mean >= 0 or best.p > SURE


def coverage(dataset: Dataset, tokens: int) -> None:
    """Print what of the query's terms in relevant documents is kept within so many tokens."""
    analyser = Analyzer("en")
    documents = {str(document.id): document for document in dataset.corpus or ()}
    kept: dict[str, list[float]] = {"head": [], "focus": []}
    for query in dataset.queries:
        terms = set(analyser.terms(query.text))
        for name, grade in dataset.qrels[query.id].items():
            text = documents[name].text if name in documents else ""
            wanted = terms & set(analyser.terms(text))
            if grade < dataset.relevance or estimate(text) <= tokens or not wanted:
                continue
            shown = {"head": truncate(text, tokens), "focus": excerpt(text, query=query.text, tokens=tokens)}
            for way, (part, _) in shown.items():
                kept[way].append(len(wanted & set(analyser.terms(part))) / len(wanted))
    count = len(kept["head"])
    if count:
        head, focus = mean(kept["head"]), mean(kept["focus"])
        print(f"  terms of the query kept of {count} relevant documents over {tokens} tokens: ", end="")
        print(f"head {head:.3f}, focus {focus:.3f}")


def excerpt_against_head(dataset: Dataset, first: str, tokens: int, settings: Settings) -> None:
    """Print what the bi-encoder makes of the beginnings and of the excerpts of the same documents."""
    runs: dict[str, dict[str, list[str]]] = {"head": {}, "focus": {}}
    with (
        Pipeline(first, source=dataset.source(), settings=settings) as retriever,
        Reranker("bi-encoder", settings=settings) as reranker,
    ):
        for query in dataset.queries:
            found = [hit.document for hit in retriever.search(query)]
            shown = {
                "head": [truncate(one.text, tokens)[0] for one in found],
                "focus": [excerpt(one.text, query=query.text, tokens=tokens)[0] for one in found],
            }
            for way, texts in shown.items():
                cut = [replace(one, text=text) for one, text in zip(found, texts, strict=True)]
                runs[way][query.id] = [str(hit.document.id) for hit in reranker.rank(query, cut)]
    qrels = {query.id: dataset.qrels[query.id] for query in dataset.queries}
    by_query = {}
    for way, run in runs.items():
        scores = Measures([MEASURE]).evaluate(qrels, run).per_query[MEASURE]
        by_query[way] = [scores[name] for name in qrels]
    versus = difference(by_query["focus"], by_query["head"])
    print(
        f"  bi-encoder shown {tokens} tokens: head {mean(by_query['head']):.4f}, focus "
        f"{mean(by_query['focus']):.4f} ({versus.mean:+.4f}, p {versus.p:.4f})"
    )


def main() -> int:
    """Run all ablations; 0 where the best chunk is nowhere significantly worse than truncation."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--corpus", action="append", default=[], metavar="FOLDER", help="searched by BM25")
    options.add_argument("--pool", action="append", default=[], metavar="FOLDER", help="judged documents")
    options.add_argument("--depth", type=int, default=50, help="documents that BM25 hands on")
    options.add_argument("--cross-encoder", metavar="MODEL", help="measure this one as well")
    options.add_argument("--excerpt-tokens", type=int, default=100, help="tokens of excerpt and beginning")
    options.add_argument("--cache", type=Path, metavar="FILE", help="keep scores here between runs")
    given = options.parse_args()
    if not given.corpus and not given.pool:
        options.error("name a collection, e.g. --corpus ../shared/data/scifact")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache=given.cache or Path(folder) / "scores.db")
        named = [(name, f"bm25 % {given.depth}") for name in given.corpus]
        for name, first in [*named, *((name, "pool") for name in given.pool)]:
            dataset = Dataset.open(name)
            good &= chunks_against_truncation(dataset, first, "bi-encoder", settings)
            if given.cross_encoder:
                scorer = f"cross-encoder(model={given.cross_encoder!r})"
                good &= chunks_against_truncation(dataset, first, scorer, settings)
            coverage(dataset, given.excerpt_tokens)
            excerpt_against_head(dataset, first, given.excerpt_tokens, settings)
    print(f"\nthe best chunk is {'nowhere' if good else 'somewhere'} significantly worse than truncation")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
