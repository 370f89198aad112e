"""First stages over real collections: the published and measured figures, read in place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from llmrerank.jsonl import read_lines, text_lines
from llmrerank.ranking import Ranking
from llmrerank.retrieve.bm25 import Bm25
from llmrerank.retrieve.corpus import read_documents
from llmrerank.retrieve.pool import Judged
from llmrerank.retrieve.rank_bm25 import RankBm25
from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.run import Run
from llmrerank.retrieve.tantivy import Tantivy
from llmrerank.types import Query

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared collections are not beside the checkout"
)


def judgements(folder: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    if (folder / "qrels.txt").exists():
        rows = [line.text.split() for line in text_lines(folder / "qrels.txt")]
        for query, _, docid, grade in rows:
            found.setdefault(query, {})[docid] = int(grade)
        return found
    for line in text_lines(folder / "qrels" / "test.tsv"):
        if line.number > 1:
            query, docid, grade = line.text.split("\t")
            found.setdefault(query, {})[docid] = int(grade)
    return found


def judged_queries(folder: Path, qrels: dict[str, dict[str, int]]) -> list[Query]:
    rows = (fields for _, fields in read_lines(folder / "queries.jsonl"))
    return [Query(id=row["_id"], text=row["text"]) for row in rows if row["_id"] in qrels]


def ndcg(qrels: dict[str, dict[str, int]], queries: Sequence[Query], rankings: Sequence[Ranking]) -> float:
    measures = pytest.importorskip("ir_measures", reason="needs the extra 'eval'")
    run = {
        query.id: {str(hit.document.id): float(-hit.rank) for hit in ranking}
        for query, ranking in zip(queries, rankings, strict=True)
    }
    measure = measures.nDCG @ 10
    return float(measures.calc_aggregate([measure], qrels, run)[measure])


def measured(stage: Bm25 | RankBm25 | Run | Tantivy, name: str) -> float:
    folder = DATA / name
    qrels = judgements(folder)
    queries = judged_queries(folder, qrels)
    corpus = read_documents(folder) if (folder / "corpus.jsonl.gz").exists() else None
    retriever = stage.open(Source(corpus=corpus, folder=folder))
    return ndcg(qrels, queries, retriever.search(queries, k=100))


@pytest.mark.parametrize(
    ("stage", "name", "expected"),
    [
        (Bm25(), "cacm", 0.4994),
        (Bm25(), "cisi", 0.3943),
        (Bm25(), "cranfield", 0.5184),
        (RankBm25(), "cacm", 0.4994),
        (Tantivy(), "cacm", 0.4994),
        (Run(), "dl19", 0.5058),
        (Run(path="candidates.splade-pp-ed.jsonl.gz"), "dl19", 0.7308),
        (Run(path="candidates.tasb.jsonl.gz"), "dl19", 0.7210),
    ],
)
def test_figures(stage: Bm25 | RankBm25 | Run | Tantivy, name: str, expected: float) -> None:
    tolerance = 0.00006 if isinstance(stage, Run) else 0.004
    assert measured(stage, name) == pytest.approx(expected, abs=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("stage", [Bm25(), Tantivy()])
@pytest.mark.parametrize(("name", "expected"), [("scifact", 0.6791), ("npl", 0.4362)])
def test_figures_of_the_larger_collections(stage: Bm25 | Tantivy, name: str, expected: float) -> None:
    assert measured(stage, name) == pytest.approx(expected, abs=0.004)


def test_an_llm_run_finds_its_texts_in_the_candidates() -> None:
    name = "runs/bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210749.trec.gz"
    assert measured(Run(path=name), "dl19") == pytest.approx(0.6682, abs=0.00006)


def test_pools_of_a_reasoning_collection() -> None:
    folder = DATA / "birco-relic"
    qrels = judgements(folder)
    queries = judged_queries(folder, qrels)
    source = Source(corpus=read_documents(folder), pools={key: list(value) for key, value in qrels.items()})
    rankings = Judged().open(source).search(queries, k=1000)
    assert [len(ranking) for ranking in rankings] == [len(qrels[query.id]) for query in queries]
