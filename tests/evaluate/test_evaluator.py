"""Runs measured together: the numbers of every measure by itself, and those of trec_eval."""

from __future__ import annotations

import gzip
import importlib.util
import random
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from llmrerank.errors import ConfigError
from llmrerank.evaluate import Dataset, Measures, read_run, write_run

ROOT = Path(__file__).resolve().parents[2]
DL19 = ROOT.parent / "shared" / "data" / "dl19"
needs_dl19 = pytest.mark.skipif(not DL19.is_dir(), reason="the shared collection dl19 is not here")
STORED = [
    "bm25+gpt-3.5-turbo_4096_100.2023-08-04T232651",
    "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210749",
    "bm25+output_v2_aug_vicuna_7b_4096_20.2023-09-13T163944",
    "bm25+vicuna-13b-v1.5_4096_100.2023-08-19T155743",
]
TREC_EVAL = {
    "nDCG@10": "ndcg_cut_10",
    "RR": "recip_rank",
    "R@100": "recall_100",
    "AP": "map",
    "P@10": "P_10",
    "Success@5": "success_5",
}

# fmt: off
ALIKE = [
    "P@5", "P@10", "P@100", "P(rel=2)@5", "P(judged_only=True)@5", "RR", "RR(rel=2)",
    "RR(judged_only=True)", "RR@10", "RR(rel=2)@10", "RR@3", "Rprec", "Rprec(rel=2)", "AP", "AP(rel=2)",
    "AP@10", "AP(rel=2)@10", "AP(judged_only=True)", "nDCG", "nDCG@3", "nDCG@10",
    "nDCG(judged_only=True)@10", "nDCG(gains={1:0,2:5})@10", "nDCG(gains={3:50})@10", "R@5", "R@100",
    "R(rel=2)@10", "R(judged_only=True)@10", "Bpref", "Bpref(rel=2)", "NumRet", "NumRet(rel=1)",
    "NumRet(rel=2)", "NumQ", "NumRel", "SetAP", "SetF", "SetF(beta=2.)", "SetF(beta=0.5)", "SetF(rel=2)",
    "SetP", "SetP(relative=True)", "SetR", "SetR(rel=2)", "Success@1", "Success@10", "Success(rel=2)@5",
    "IPrec@0.1", "IPrec@0.25", "IPrec(rel=2)@0.5", "infAP", "infAP(rel=2)", "Judged", "Judged@5",
    "Judged@10", "Accuracy@10", "Accuracy(rel=2)", "Compat", "Compat(p=0.8)",
]
# fmt: on


def _collection(queries: int = 12) -> tuple[dict[str, dict[str, int]], dict[str, list[str]]]:
    """Graded judgements, spam among them, and rankings of several lengths; one query is not answered."""
    draw = random.Random(1)
    qrels = {
        f"q{query}": {
            f"d{number}": draw.choice([-1, 0, 0, 1, 2, 3]) for number in draw.sample(range(200), 60)
        }
        for query in range(queries)
    }
    run = {
        query: [f"d{number}" for number in draw.sample(range(200), draw.choice([3, 30, 150]))]
        for query in qrels
    }
    return qrels | {"nothing relevant": {"d1": 0}, "unanswered": {"d1": 1}}, run | {
        "nothing relevant": ["d1", "d2"]
    }


def _alone(
    name: str, qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """The values of one measure by query, from the library, with nothing cut and nothing shared."""
    library: Any = pytest.importorskip("ir_measures")
    scores = {
        query: {one: float(len(ids) - place) for place, one in enumerate(ids)} for query, ids in run.items()
    }
    measure = library.parse_measure(name)
    found = dict.fromkeys(qrels, float(measure.DEFAULT))
    return found | {one.query_id: one.value for one in library.iter_calc([measure], qrels, scores)}


def test_together_every_measure_says_what_it_says_alone() -> None:
    qrels, run = _collection()
    measures = Measures(ALIKE)
    assert len(measures.names) == len(ALIKE)
    evaluation = measures.evaluate(qrels, run)
    for name, asked in zip(measures.names, ALIKE, strict=True):
        assert evaluation.per_query[name] == pytest.approx(_alone(asked, qrels, run), abs=1e-12), name
        assert list(evaluation.per_query[name]) == list(qrels)


def test_two_measures_of_which_one_would_borrow_from_the_other() -> None:
    qrels, run = _collection()
    for pair in (["nDCG@10", "nDCG(gains={1:0,2:5})@10"], ["NumRet", "P(judged_only=True)@5"]):
        evaluation = Measures(pair).evaluate(qrels, run)
        for name, asked in zip(evaluation.means, pair, strict=True):
            assert evaluation.per_query[name] == pytest.approx(_alone(asked, qrels, run)), name


def test_one_evaluator_measures_many_runs() -> None:
    qrels, run = _collection()
    backwards = {query: documents[::-1] for query, documents in run.items()}
    measures = Measures(["nDCG@10", "RR@10", "AP", "Judged@10"])
    evaluator = measures.over(qrels)
    for one in (run, backwards, {}, run):
        assert evaluator.evaluate(one) == measures.evaluate(qrels, one)
    assert evaluator.evaluate(run) != evaluator.evaluate(backwards)


def test_judged_by_hand() -> None:
    qrels = {"1": {"a": 2, "b": 0, "c": -1}, "2": {"a": 1}, "3": {"a": 1}}
    run = {"1": ["a", "x", "b", "y", "c", *"lmnop", "q"], "2": ["a", "z"], "3": ["u"]}
    evaluation = Measures(["Judged@10", "Judged@2", "Judged"]).evaluate(qrels, run)
    assert evaluation.per_query["Judged@10"] == {"1": 0.3, "2": 0.5, "3": 0.0}
    assert evaluation.per_query["Judged@2"] == {"1": 0.5, "2": 0.5, "3": 0.0}
    assert evaluation.per_query["Judged"] == {"1": pytest.approx(3 / 11), "2": 0.5, "3": 0.0}


def test_a_document_that_stands_twice_stands_where_it_stood_first() -> None:
    qrels = {"1": {"a": 1, "b": 2}}
    measures = Measures(["nDCG@10", "RR@10"])
    assert measures.evaluate(qrels, {"1": ["x", "a", "b", "x", "a"]}) == measures.evaluate(
        qrels, {"1": ["x", "a", "b"]}
    )


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl, which computes ERR, is not installed")
def test_err_takes_any_query_id(capfd: pytest.CaptureFixture[str]) -> None:
    measures = Measures(["ERR@10", "nDCG@10"])
    named = measures.evaluate({"what is é?": {"a": 1, "b": 3}, "none": {"a": 2}}, {"what is é?": ["x", "b"]})
    assert named.per_query["ERR@10"] == {"what is é?": pytest.approx(7 / 16 / 2, abs=1e-5), "none": 0.0}
    with pytest.raises(ConfigError, match=r"'ERR@10' failed: its program takes grades up to 4"):
        measures.evaluate({"1": {"a": 9}}, {"1": ["a"]})
    assert capfd.readouterr().out == ""


def _trec_eval(qrels: Any, scores: Any, level: int = 1) -> dict[str, dict[str, float]]:
    """By our names, then by query, from the C code of trec_eval."""
    library: Any = pytest.importorskip("pytrec_eval")
    found = library.RelevanceEvaluator(qrels, set(TREC_EVAL.values()), relevance_level=level).evaluate(scores)
    return {name: {query: values[key] for query, values in found.items()} for name, key in TREC_EVAL.items()}


def _scores_of(path: Path) -> dict[str, dict[str, float]]:
    """The file as trec_eval reads it: scores, whatever the rank column says."""
    library: Any = pytest.importorskip("pytrec_eval")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return dict(library.parse_run(file))


def _assert_same(ours: Mapping[str, Mapping[str, float]], theirs: Mapping[str, Mapping[str, float]]) -> None:
    for (name, own), other in zip(ours.items(), theirs.values(), strict=True):
        assert {query: round(value, 4) for query, value in own.items()} == {
            query: round(value, 4) for query, value in other.items()
        }, name


@needs_dl19
@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("level", [1, 2])
def test_stored_runs_query_by_query(name: str, level: int) -> None:
    qrels = {query: dict(grades) for query, grades in Dataset.open(DL19).qrels.items()}
    path = DL19 / "runs" / f"{name}.trec.gz"
    ours = Measures(list(TREC_EVAL), relevance=level).evaluate(qrels, read_run(path))
    assert len(next(iter(ours.per_query.values()))) == 43
    _assert_same(ours.per_query, _trec_eval(qrels, _scores_of(path), level))


@needs_dl19
def test_an_unsorted_file_is_measured_by_its_scores(tmp_path: Path) -> None:
    qrels = {query: dict(grades) for query, grades in Dataset.open(DL19).qrels.items()}
    with gzip.open(DL19 / "runs" / f"{STORED[0]}.trec.gz", "rt") as file:
        lines = file.read().splitlines()
    random.Random(0).shuffle(lines)
    path = tmp_path / "unsorted.trec"
    path.write_text("\n".join(lines) + "\n")
    _assert_same(
        Measures(list(TREC_EVAL)).evaluate(qrels, read_run(path)).per_query,
        _trec_eval(qrels, _scores_of(path)),
    )


@needs_dl19
def test_a_tied_file_is_measured_in_the_order_that_is_written_down(tmp_path: Path) -> None:
    """Groups of five equal scores: ranks decide, and a run that is written again has no ties left."""
    qrels = {query: dict(grades) for query, grades in Dataset.open(DL19).qrels.items()}
    stored = read_run(DL19 / "runs" / f"{STORED[0]}.trec.gz")
    tied, written = tmp_path / "tied.trec", tmp_path / "written.trec"
    lines = [
        f"{query} Q0 {document} {rank} {100 - rank // 5} tied"
        for query, documents in stored.items()
        for rank, document in enumerate(documents, start=1)
    ]
    random.Random(0).shuffle(lines)
    tied.write_text("\n".join(lines) + "\n")
    found = read_run(tied)
    assert found == {query: stored[query] for query in found}
    write_run(written, found, tag="written")
    ours = Measures(list(TREC_EVAL)).evaluate(qrels, found)
    theirs = _trec_eval(qrels, _scores_of(written))
    _assert_same(ours.per_query, {name: {q: values[q] for q in qrels} for name, values in theirs.items()})


def test_the_benchmark_finds_no_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("evaluation", ROOT / "benchmarks" / "evaluation.py")
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    arguments = ["--runs", "2", "--queries", "5", "--documents", "30", "--plain", "1"]
    monkeypatch.setattr(sys, "argv", ["evaluation.py", *arguments])
    assert benchmark.main() == 0
    said = capsys.readouterr().out
    assert "2 runs x 5 queries x 30 documents" in said
    assert "largest difference of a number: 0.0e+00" in said
