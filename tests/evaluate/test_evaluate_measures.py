"""Measures: names, relevance levels, empty rankings, and the numbers of trec_eval."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmrerank.errors import ConfigError, UnknownName
from llmrerank.evaluate import DEFAULT_MEASURES, Dataset, Measures, difference, read_run

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DL19 = SHARED / "dl19"
needs_dl19 = pytest.mark.skipif(not DL19.is_dir(), reason="the shared collection dl19 is not here")

QRELS = {"1": {"a": 1, "b": 3, "c": 0}, "2": {"x": 2}, "3": {"y": 0}}


def test_default_measures() -> None:
    assert DEFAULT_MEASURES == ("nDCG@10", "RR@10", "R@100")
    assert Measures().names == DEFAULT_MEASURES


def test_every_judged_query_counts_also_an_empty_one() -> None:
    evaluation = Measures(["RR@10", "P@5", "Judged@10"]).evaluate(
        QRELS, {"1": ["c", "a"], "2": [], "9": ["z"]}
    )
    assert evaluation.per_query["RR@10"] == {"1": 0.5, "2": 0.0, "3": 0.0}
    assert evaluation.means["RR@10"] == pytest.approx(0.5 / 3)
    assert evaluation.means["P@5"] == pytest.approx(0.2 / 3)
    assert evaluation.means["Judged@10"] == pytest.approx(1 / 3)
    nothing = Measures().evaluate(QRELS, {})
    assert set(nothing.means.values()) == {0.0}


def test_ndcg_is_graded() -> None:
    evaluation = Measures(["nDCG@10"], relevance=3).evaluate({"1": QRELS["1"]}, {"1": ["a", "b"]})
    best = 3 + 1 / math.log2(3)
    assert evaluation.means["nDCG@10"] == pytest.approx((1 + 3 / math.log2(3)) / best)


def test_the_relevance_level_shows_in_the_names_it_changes() -> None:
    names = ["nDCG@10", "RR@10", "R@100", "AP", "P@5", "Judged@10", "RR(rel=1)@10", "RR(rel=3)@10"]
    measures = Measures(names, relevance=2)
    assert measures.names == (
        "nDCG@10",
        "RR(rel=2)@10",
        "R(rel=2)@100",
        "AP(rel=2)",
        "P(rel=2)@5",
        "Judged@10",
        "RR@10",
        "RR(rel=3)@10",
    )
    evaluation = measures.evaluate({"1": {"a": 1, "b": 2, "c": 3}}, {"1": ["a", "b", "c"]})
    assert evaluation.means["RR@10"] == 1.0
    assert evaluation.means["RR(rel=2)@10"] == 0.5
    assert evaluation.means["RR(rel=3)@10"] == pytest.approx(1 / 3)
    assert evaluation.means["P(rel=2)@5"] == pytest.approx(2 / 5)
    assert Measures(["RR@10", "MRR@10"]).names == ("RR@10",)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nDGC@10", "unknown measure 'nDGC'; did you mean 'nDCG'?"),
        ("ndcg@10", "unknown measure 'ndcg'; did you mean 'nDCG'?"),
        ("mrr@10", "unknown measure 'mrr'; did you mean 'RR'?"),
        ("quality", "unknown measure 'quality'; known: AP, "),
        ("R", "the measure 'R' needs a cut-off; write e.g. R@10"),
        ("nDCG@0", "the cut-off of 'nDCG@0' must be a whole number from 1"),
        ("RR@2.5", "the cut-off of 'RR@2.5' must be a whole number from 1"),
        ("R@99999999999999999999", "must be a whole number from 1"),
        ("RR(rel=0)@10", "the option 'rel' of 'RR(rel=0)@10' must be a whole number from 1"),
        ("nDCG@-1", "cannot read the measure 'nDCG@-1'; write e.g. AP"),
        ("nDCG@ten", "cannot read the measure 'nDCG@ten'"),
        ("nDCG@@", "cannot read the measure 'nDCG@@'"),
        ("", "cannot read the measure ''"),
        ("__import__('os')", "cannot read the measure"),
        ("nDCG(rel=2)@10", "unknown option 'rel' in the measure 'nDCG(rel=2)@10'"),
    ],
)
def test_what_is_no_measure(name: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Measures([name])
    assert sentence in str(caught.value)


def test_faults_are_told_together() -> None:
    with pytest.raises(ConfigError, match=r"'nDGC'.*the measure 'P' needs a cut-off"):
        Measures(["nDGC@10", "AP", "P"])
    with pytest.raises(UnknownName):
        Measures(["nDGC@10", "AP"])
    with pytest.raises(ConfigError, match="no measures; name some"):
        Measures([])


def test_no_judgements() -> None:
    with pytest.raises(ConfigError, match="no judgements"):
        Measures().evaluate({}, {})


def test_importing_evaluation_loads_no_measures() -> None:
    code = "import sys, llmrerank.evaluate; sys.exit(any(m in sys.modules for m in ('ir_measures', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@needs_dl19
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210749", 0.6682),
        ("bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T183614", 0.6665),
        ("bm25+vicuna-7b-checkpoint-800_4096_100.2023-09-08T210809", 0.6675),
    ],
)
def test_numbers_are_those_of_trec_eval(name: str, expected: float) -> None:
    pytrec_eval: Any = pytest.importorskip("pytrec_eval")
    qrels = {query: dict(grades) for query, grades in Dataset.open(DL19).qrels.items()}
    run = read_run(DL19 / "runs" / f"{name}.trec.gz")
    names = {
        "nDCG@10": ("ndcg_cut.10", "ndcg_cut_10", 1),
        "RR(rel=2)": ("recip_rank", "recip_rank", 2),
        "R(rel=2)@100": ("recall.100", "recall_100", 2),
        "AP(rel=2)": ("map", "map", 2),
        "P(rel=2)@5": ("P.5", "P_5", 2),
        "AP": ("map", "map", 2),
    }
    ours = Measures([*list(names)[:-1], "AP(rel=1)", "RR(rel=2)@10"]).evaluate(qrels, run)
    assert round(ours.means["nDCG@10"], 4) == expected
    scores = {query: {d: float(-place) for place, d in enumerate(ids)} for query, ids in run.items()}
    for name_here, (asked, key, level) in names.items():
        evaluator = pytrec_eval.RelevanceEvaluator(
            qrels, {asked}, relevance_level=1 if name_here == "AP" else level
        )
        theirs = {query: values[key] for query, values in evaluator.evaluate(scores).items()}
        assert len(theirs) == 43
        assert ours.means[name_here] == pytest.approx(sum(theirs.values()) / len(qrels), abs=5e-5)
        assert ours.per_query[name_here] == pytest.approx(theirs, abs=5e-5)


def test_a_difference_and_its_noise() -> None:
    low = [0.1 * (i % 7) for i in range(40)]
    assert difference(low, low).p == 1.0
    clear = difference([score + 0.1 for score in low], low)
    assert clear.mean == pytest.approx(0.1)
    assert clear.p < 0.001
    noise = difference([score + (0.3 if i % 2 else -0.3) for i, score in enumerate(low)], low)
    assert noise.mean == pytest.approx(0.0)
    assert noise.p > 0.5
    assert difference([1.0], [0.0]).p == pytest.approx(1.0)
    assert difference([1.0, 0.5], [0.0, 0.7], seed=3) == difference([1.0, 0.5], [0.0, 0.7], seed=3)
