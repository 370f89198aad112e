"""Macro averages over datasets, and the best order of what a first stage found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.evaluate import Dataset, Measures, read_run
from llmrerank.evaluate.averages import averages
from llmrerank.evaluate.ideal import ideal_run

DL19 = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "dl19"
needs_dl19 = pytest.mark.skipif(not DL19.is_dir(), reason="the shared collection dl19 is not here")


def test_every_dataset_counts_alike() -> None:
    found = averages(
        {
            "small": {"bm25": {"nDCG@10": 0.2, "RR@10": 0.1}, "listwise": {"nDCG@10": 0.4, "RR@10": 0.3}},
            "large": {"listwise": {"nDCG@10": 0.6, "RR(rel=2)@10": 0.3}, "dense": {"nDCG@10": 0.5}},
        }
    )
    assert found.datasets == ("small", "large")
    assert found.measures == ("nDCG@10",)
    assert found.left_out == {"RR@10": ("large",), "RR(rel=2)@10": ("small",)}
    rows = {row.strategy: row for row in found.rows}
    assert list(rows) == ["bm25", "listwise", "dense"]
    assert rows["listwise"].measures == {"nDCG@10": pytest.approx(0.5)}
    assert rows["listwise"].missing == ()
    assert (rows["bm25"].measures, rows["bm25"].missing) == ({}, ("large",))
    assert (rows["dense"].measures, rows["dense"].missing) == ({}, ("small",))
    assert found.to_dict()["rows"][0] == {"strategy": "bm25", "measures": {}, "missing": ["large"]}


def test_no_dataset_has_no_averages() -> None:
    assert averages({}).rows == ()


def test_the_ideal_order() -> None:
    qrels = {"1": {"a": 1, "b": 3, "c": 0, "d": 3, "spam": -1, "absent": 3}}
    candidates = {"1": ["spam", "x", "a", "c", "d", "b", "a"], "2": ["z", "y"]}
    assert ideal_run(qrels, candidates) == {"1": ["d", "b", "a", "x", "c", "spam"], "2": ["z", "y"]}
    assert candidates["1"][0] == "spam"


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1), st.permutations("abcdefghij")
)
def test_no_order_is_better_than_the_ideal_one(grades: dict[str, int], order: list[str]) -> None:
    measures = Measures(["nDCG@5", "RR(rel=2)", "AP", "P@3"])
    given_order = measures.evaluate({"q": grades}, {"q": order}).means
    best = measures.evaluate({"q": grades}, ideal_run({"q": grades}, {"q": order})).means
    assert all(best[name] >= given_order[name] - 1e-9 for name in best)


@needs_dl19
def test_the_ceiling_of_bm25_on_dl19() -> None:
    dataset = Dataset.open(DL19)
    found = read_run(DL19 / "candidates.jsonl.gz")
    evaluation = Measures(["nDCG@10"]).evaluate(dataset.qrels, ideal_run(dataset.qrels, found))
    assert round(evaluation.means["nDCG@10"], 4) == pytest.approx(0.89, abs=0.01)
