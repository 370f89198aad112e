"""A plan with local models: what their scores say of shorter lists is what `compare` finds of them."""

import json
import random

import pytest

pytest.importorskip("sentence_transformers")

from tiny_models import WORDS, tiny_bi_encoder, tiny_cross_encoder

from llmrerank.evaluate import Dataset, compare
from llmrerank.planner import measure, outlook, plan
from llmrerank.settings import Settings


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    bi = tiny_bi_encoder(folder / "bi")
    cross = tiny_cross_encoder(folder / "cross")
    return f"bi-encoder(model='{bi}')", f"cross-encoder(model='{cross}')", f"dense(model='{bi}')"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "qrels").mkdir()
    chance = random.Random(3)
    documents = [
        {"_id": f"d{number}", "text": " ".join(chance.choices(WORDS, k=chance.randint(3, 12)))}
        for number in range(150)
    ]
    queries = [{"_id": f"q{number}", "text": " ".join(chance.sample(WORDS, 3))} for number in range(8)]
    judged = [
        f"{query['_id']}\t{document['_id']}\t{chance.randint(0, 2)}"
        for query in queries
        for document in chance.sample(documents, 40)
    ]
    for name, lines in (("corpus.jsonl", documents), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(judged) + "\n")
    return Dataset.open(folder)


def test_gains_from_scores_are_those_that_compare_measures(dataset, models):
    bi, cross, dense = models
    pipelines = [
        "bm25 % 20",
        f"bm25 % 20 >> {bi}",
        f"bm25 % 40 >> {cross}",
        f"bm25 % 40 >> {cross} % 15 >> {bi}",
        f"{dense} % 30 >> {cross}",
    ]
    # Model and endpoint are for the strategies that ask, and nobody is asked.
    settings = Settings(model="someone", base_url="http://127.0.0.1:9/v1")
    named = [*pipelines, "bm25 % 20 >> listwise"]
    measured = measure(dataset, docs=2000, pipelines=named, within=600, settings=settings)
    assert [one.model for one in measured.asked] == ["someone"]
    compared = compare(dataset, pipelines, measures=("nDCG@10",))
    for pipeline, row in zip(pipelines, compared.rows, strict=True):
        told = outlook(measured, pipeline, docs=150)
        assert told.quality.value == pytest.approx(row.measures["nDCG@10"], abs=1e-6), pipeline
        assert 0 < told.p50.value <= told.p95.value
    assert [sorted(first.sizes)[0] for first in measured.first] == [150, 150]
    assert all(max(first.sizes) == 2000 for first in measured.first)
    assert all(len(scores) >= 20 for scorer in measured.scorers for scores in scorer.scores)
    made = plan(measured, docs=2000, latency=60)
    assert made.chosen.quality.value >= max(one.outlook.quality.value for one in made.rejected) - 0.002
