"""Two runs held against each other."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate import Dataset, Measures
from llmrerank.evaluate.diff import diff, read_for, texts_for
from llmrerank.types import Document, Query

DL19 = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "dl19"
needs_dl19 = pytest.mark.skipif(not DL19.is_dir(), reason="the shared collection dl19 is not here")
VICUNA = "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210749.trec.gz"


def dataset(qrels=None, queries=("q1", "q2", "q3"), **more):
    asked = tuple(Query(id=query, text=f"text of {query}") for query in queries)
    return Dataset(folder=Path("nowhere"), name="small", queries=asked, qrels=qrels or {}, **more)


QRELS = {"q1": {"good": 2, "fair": 1, "bad": 0}, "q2": {"good": 1}, "q3": {"good": 1}}
LISTS = {"q1": ["bad", "x", "good", "fair"], "q2": ["good", "x"], "q3": ["x", "y", "good"]}
OTHER = {"q1": ["good", "bad", "y", "x"], "q2": ["good", "x"], "q3": ["y", "x", "good"]}


def test_what_entered_left_and_moved():
    found = diff(dataset(QRELS), LISTS, OTHER, measures=["nDCG@10", "RR@10"], depth=3)
    assert [one.query.id for one in found.queries] == ["q1", "q3", "q2"]
    first = found.queries[0]
    assert [(one.id, one.grade, one.before, one.after) for one in first.entered] == [("y", None, None, 3)]
    assert [(one.id, one.before, one.after) for one in first.left] == [("x", 2, 4)]
    assert [(one.id, one.before, one.after) for one in first.moved] == [("good", 3, 1), ("fair", 4, None)]
    assert first.scores["RR@10"] == (pytest.approx(1 / 3), 1.0)
    assert first.change("RR@10") == pytest.approx(2 / 3)
    assert first.overlap == pytest.approx(2 / 3)
    assert found.queries[2].moved == found.queries[2].entered == ()
    held = found.contrasts["nDCG@10"]
    assert (held.wins, held.ties, held.losses) == (1, 2, 0)
    assert held.mean == pytest.approx(found.means["nDCG@10"][1] - found.means["nDCG@10"][0])


def test_the_other_way_round_is_the_opposite():
    rng = random.Random(3)
    pool = [f"d{number}" for number in range(30)]
    queries = [f"q{number}" for number in range(12)]
    qrels = {query: {rng.choice(pool): rng.randint(1, 3) for _ in range(5)} for query in queries}
    one, other = ({query: rng.sample(pool, 20) for query in queries} for _ in range(2))
    data = dataset(qrels, queries)
    there, back = diff(data, one, other), diff(data, other, one)
    assert there.means == {name: (b, a) for name, (a, b) in back.means.items()}
    assert [query.query.id for query in there.queries] == [query.query.id for query in back.queries]
    for first, second in zip(there.queries, back.queries, strict=True):
        assert {shift.id for shift in first.entered} == {shift.id for shift in second.left}
        assert (first.overlap, first.rbo) == (second.overlap, pytest.approx(second.rbo))
    changes = [abs(query.change("nDCG@10")) for query in there.queries]
    assert changes == sorted(changes, reverse=True)


def test_equal_runs_differ_in_nothing():
    found = diff(dataset(QRELS), LISTS, LISTS)
    assert all(one.overlap == 1.0 and one.rbo == pytest.approx(1.0) for one in found.queries)
    assert all((held.mean, held.p, held.ties) == (0.0, 1.0, 3) for held in found.contrasts.values())
    assert not any(one.entered or one.left or one.moved for one in found.queries)


def test_without_judgements_the_least_alike_come_first():
    found = diff(dataset(), LISTS, {**OTHER, "q2": ["z", "u"]})
    assert [one.query.id for one in found.queries] == ["q2", "q1", "q3"]
    assert (found.means, found.contrasts, found.queries[0].scores) == ({}, {}, {})
    assert found.queries[0].overlap == 0.0


def test_what_only_one_run_has_is_counted_and_left_out():
    few = {"q1": LISTS["q1"], "q3": LISTS["q3"], "stray": ["x"]}
    found = diff(dataset(QRELS, ("q1", "q2", "q3", "q4")), few, {"q1": OTHER["q1"], "q2": OTHER["q2"]})
    assert [one.query.id for one in found.queries] == ["q1"]
    assert (found.only_before, found.only_after) == (("q3",), ("q2",))
    assert found.warnings == (
        "left out: 1 query of the runs without judgements or without text, such as 'stray'",
        "1 of 4 queries are in neither run, such as 'q4'",
    )
    # What is measured is measured over the queries that both have.
    alone = Measures(["nDCG@10"]).evaluate({"q1": QRELS["q1"]}, few)
    assert found.means["nDCG@10"][0] == alone.means["nDCG@10"]


def test_nothing_in_common_and_a_depth_of_nothing_are_refused():
    with pytest.raises(DataError, match=r"no judged query .* in common; they begin with 'q1' and 'p'"):
        diff(dataset(QRELS), LISTS, {"p": ["x"]})
    with pytest.raises(ConfigError, match="1 or more"):
        diff(dataset(QRELS), LISTS, OTHER, depth=0)


def test_candidates_are_known_by_the_text_of_their_query_and_lend_their_texts(tmp_path):
    path = tmp_path / "candidates.jsonl"
    candidates = [{"docid": name, "doc": {"contents": f"text of {name}"}} for name in ("a", "b")]
    path.write_text(json.dumps({"query": {"text": " text of q2 "}, "candidates": candidates}))
    data = dataset(corpus=[Document(id="a", text="the corpus comes first")])
    assert read_for(data, path) == {"q2": ["a", "b"]}
    texts = texts_for(data, ["a", "b", "c"], files=[path])
    assert {name: one.text for name, one in texts.items()} == {
        "a": "the corpus comes first",
        "b": "text of b",
    }


@needs_dl19
def test_stored_runs_differ_by_what_their_authors_measured():
    data = Dataset.open(DL19)
    runs = [read_for(data, DL19 / name) for name in ("candidates.jsonl.gz", f"runs/{VICUNA}")]
    found = diff(data, *runs, measures=["nDCG@10"])
    assert [round(mean, 4) for mean in found.means["nDCG@10"]] == [0.5058, 0.6682]
    held = found.contrasts["nDCG@10"]
    assert held.p < 0.001
    assert 0 < held.low < held.mean < held.high
    # Both rank the same hundred documents, so whatever entered the first ten was further down before.
    assert all(one.before > 10 >= one.after for query in found.queries for one in query.entered)
