"""`llmrerank calibrate`: what it writes and says, and every bad input before anything is paid."""

import json
import sys

import pytest

from llmrerank.calibration import Calibration
from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubServer

pytest.importorskip("sklearn", reason="needs the extra [calibrate]")


@pytest.fixture
def judged(tmp_path):
    """Twelve queries about five documents each: the first two relevant, two not, the last unjudged."""
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    corpus, queries, lines = [], [], ["query-id\tcorpus-id\tscore"]
    for query in range(12):
        queries.append({"_id": f"q{query}", "text": f"topic{query} words"})
        for place in range(5):
            text = f"topic{query} " * (5 - place) + f"number{place}"
            corpus.append({"_id": f"d{query}-{place}", "title": "", "text": text})
            if place < 4:
                lines.append(f"q{query}\td{query}-{place}\t{int(place < 2)}")
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return str(folder)


def test_it_writes_the_map_and_prints_what_it_is_worth(cli, judged, tmp_path):
    ended = cli("calibrate", "--dataset", judged, "--strategy", "bm25 % 5")
    assert ended.code == Exit.DONE
    made = Calibration.load(tmp_path / "calibration.json")
    assert (made.strategy, made.queries, made.pairs, made.unjudged) == ("bm25 % 5", 12, 48, "leave")
    bins, figures = (part.splitlines() for part in ended.out.split("\n\n"))
    assert bins[0].split() == ["predicted", "observed", "documents"]
    assert sum(int(row.split()[2]) for row in bins[1:]) == 48
    assert figures[0].split() == ["held", "out", "Brier", "ECE", "log", "loss"]
    assert [row.split("  ")[0] for row in figures[1:]] == ["base rate", "calibrated"]
    assert f"{made.quality.after.brier:.4f}" in figures[2]
    assert "12 queries, 48 documents, 24 of them relevant (grade 1 or more)" in ended.err
    assert "12 unjudged ones left out (--unjudged irrelevant counts them)" in ended.err
    assert "--pipeline 'bm25 % 5' --calibration calibration.json --min-score" in ended.err


def test_json_has_all_of_it(cli, judged, tmp_path):
    out = tmp_path / "new" / "c.json"
    ended = cli(
        *("calibrate", "--dataset", judged, "--strategy", "bm25 % 5", "--unjudged", "irrelevant"),
        *("--out", str(out), "--json", "-q"),
    )
    assert (ended.code, ended.err) == (Exit.DONE, "")
    values = ended.json
    assert values["schema"] == 1
    assert values["file"] == str(out)
    assert values["plot"] is None
    assert values["calibration"] == json.loads(out.read_text())
    assert (values["relevant"], values["left_out"], values["failures"]) == (24, 0, {})
    assert sum(one["count"] for one in values["bins"]) == values["calibration"]["pairs"] == 60
    assert set(values["bins"][0]) == {"predicted", "observed", "count"}
    assert values["trace"]["calls"] == 0


@pytest.mark.parametrize(
    ("name", "head"), [("one.png", b"\x89PNG"), ("one.svg", b"<?xml"), ("One.PDF", b"%PDF")]
)
def test_it_draws_its_reliability(cli, judged, tmp_path, name, head):
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    ended = cli("calibrate", "--dataset", judged, "--strategy", "bm25", "--plot", f"plots/{name}")
    assert ended.code == Exit.DONE
    assert (tmp_path / "plots" / name).read_bytes().startswith(head)
    assert [path.name for path in (tmp_path / "plots").iterdir()] == [name]


def test_a_map_that_is_no_better_than_the_base_rate_is_said(cli, judged, tmp_path):
    path = tmp_path / "judged" / "qrels" / "test.tsv"
    heading, *lines = path.read_text().splitlines()
    turned = [line[:-1] + str(int("-3\t" in line)) for line in lines]
    path.write_text("\n".join([heading, *turned]) + "\n")
    ended = cli("calibrate", "--dataset", judged, "--strategy", "bm25 % 5")
    assert ended.code == Exit.DONE
    assert "warning: on queries held out, the calibrated scores are no better than the base rate" in ended.err
    highest = Calibration.load(tmp_path / "calibration.json").y[-1]
    assert highest < 0.5
    assert 0 < float(ended.err.split("--min-score ")[1]) <= highest, "advice that would leave nothing"


def test_a_dry_run_sends_and_writes_nothing(cli, judged, tmp_path):
    with StubServer(lambda _: "yes") as server:
        words = ("--base-url", server.base_url, "--model", "stub")
        ended = cli(
            "calibrate", "--dataset", judged, "--strategy", "bm25 % 5 >> pointwise", "--dry-run", *words
        )
        assert server.requests == []
    assert ended.code == Exit.DONE
    assert "12 queries" in ended.out
    assert "LLM calls:     60" in ended.out
    assert not (tmp_path / "calibration.json").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_scores_that_mean_nothing_are_refused_before_anything_is_paid(cli, judged, tmp_path, dry):
    with StubServer(lambda _: "[1]") as server:
        ended = cli(
            *("calibrate", "--dataset", judged, "--strategy", "bm25 % 5 >> listwise", *dry),
            *("--base-url", server.base_url, "--model", "stub"),
        )
        assert server.requests == []
    assert ended.code == Exit.USAGE
    assert "'listwise' gives an order and no scores" in ended.err
    assert "cross-encoder" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "calibration.json").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--dataset", "nowhere"), "there is no dataset folder nowhere"),
        (("--split", "dev"), "no split 'dev'"),
        (("--strategy", "bm26"), "did you mean 'bm25'"),
        (("--strategy", "pool"), "'pool' gives an order and no scores"),
        (("--relevance", "0"), "--relevance must be 1 or more, got '0'"),
        (("--relevance", "3"), "none of the 48 judged documents"),
        (("--limit", "9"), "9 judged queries are too few to calibrate on; at least 10"),
        (("--strategy", "bm25 % 1"), "--unjudged irrelevant"),
        (("--unjudged", "perhaps"), "--unjudged must be leave or irrelevant, got 'perhaps'"),
        (("--plot", "reliability.xls"), "ends in .png or .svg or .pdf, got 'reliability.xls'"),
        (("--out", "."), "is a folder; name a file"),
        (("--out", "judged/corpus.jsonl/c.json"), "is no folder"),
    ],
)
def test_bad_input_is_one_sentence(cli, judged, tmp_path, words, part):
    given = {"--dataset": judged, "--strategy": "bm25 % 5", **dict([words])}
    ended = cli("calibrate", *(word for pair in given.items() for word in pair))
    assert ended.code == Exit.USAGE
    assert ended.out == ""
    assert part in ended.err
    assert ended.err.startswith("llmrerank: ")
    assert not (tmp_path / "calibration.json").exists()


@pytest.mark.parametrize(("package", "extra"), [("sklearn", "calibrate"), ("matplotlib", "plot")])
def test_a_missing_package_is_named_before_anything_is_paid(cli, judged, monkeypatch, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with StubServer(lambda _: "yes") as server:
        ended = cli(
            *("calibrate", "--dataset", judged, "--strategy", "bm25 % 5 >> pointwise", "--plot", "p.png"),
            *("--base-url", server.base_url, "--model", "stub"),
        )
        assert server.requests == []
    assert ended.code == Exit.USAGE
    assert f'pip install "llmrerank[{extra}]"' in ended.err


def test_a_limit_that_leaves_enough_is_a_map_and_an_exit_code(cli, judged, tmp_path):
    with StubServer(lambda body: "Yes" if "number0" in str(body) else "No") as server:
        words = (
            *("calibrate", "--dataset", judged, "--strategy", "bm25 % 5 >> pointwise(read='text')"),
            *("--base-url", server.base_url, "--model", "stub", "--no-cache"),
        )
        few = cli(*words, "--max-calls", "12")
        enough = cli(*words, "--max-calls", "57")
    assert few.code == enough.code == Exit.BUDGET
    assert "too few to calibrate on" in few.err
    assert "stopped early" in enough.err
    made = Calibration.load(tmp_path / "calibration.json")
    assert (made.score_kind, made.models, made.queries) == ("grade", ("stub",), 11)


def test_the_map_is_for_the_scores_it_was_fitted_to(cli, judged, docs):
    cli("calibrate", "--dataset", judged, "--strategy", "bm25 % 5")
    words = ("rank", "--query", "barks", "--docs", docs, "--calibration", "calibration.json", "--strategy")
    used = cli(*words, "bm25", "--json")
    assert used.code == Exit.DONE
    assert used.json["score_kind"] == "probability"
    assert all(0 < hit["score"] < 1 for hit in used.json["hits"])
    refused = cli(*words, "rank-bm25")
    assert refused.code == Exit.USAGE
    assert "fitted on the scores of 'bm25', not on those of 'rank-bm25'; fit one with" in refused.err
    orders = cli(*words, "listwise", "--model", "m", "--base-url", "http://127.0.0.1:9/v1")
    assert orders.code == Exit.USAGE
    assert "'listwise' gives an order without scores" in orders.err
    assert "fit one with" not in orders.err
