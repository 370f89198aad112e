"""`label`: what it prints, how it ends, and that the same command goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from llmrerank.evaluate import Dataset, compare
from llmrerank.evaluate.labels.grader import to_find
from llmrerank.evaluate.preparation import pipelines_of
from llmrerank.evaluate.qrels import read_qrels
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer


def oracle(body):
    text = "\n".join(message["content"] for message in body["messages"])
    return (
        "3"
        if re.search(r"animals that (\w+)", text)[1] in re.search(r"which animals (\w+)", text)[1]
        else "1"
    )


@pytest.fixture
def unjudged(dataset):
    Path(dataset, "qrels", "test.tsv").unlink()
    corpus = Path(dataset, "corpus.jsonl")
    corpus.write_text("".join(line for line in corpus.read_text().splitlines(True) if "that" in line))
    return dataset


def words(dataset, server, *more):
    where = ("--base-url", server.base_url, "--model", "stub", "--retries", "0")
    return ("label", "--dataset", dataset, "--strategies", "bm25", "rank-bm25", *where, *more)


def test_judgements_are_written_and_counted(cli, unjudged):
    with StubServer(oracle) as server:
        ended = cli(*words(unjudged, server))
        asked = len(server.requests)
        again = cli(*words(unjudged, server, "--json"))
        assert len(server.requests) == asked
    assert ended.code == 0
    assert [line.split() for line in ended.out.splitlines()] == [
        ["grade", "pairs"],
        ["3", "2"],
        ["2", "0"],
        ["1", "2"],
        ["0", "0"],
    ]
    assert "4 pairs: 4 judged now" in ended.err
    assert read_qrels(Path("qrels.tsv")) == {"q1": {"d0": 3, "d1": 1}, "q2": {"d0": 1, "d1": 3}}
    assert (again.json["before"], again.json["now"], again.json["calls"]) == (4, 0, 0)
    Path(unjudged, "qrels", "test.tsv").write_bytes(Path("qrels.tsv").read_bytes())
    compared = cli("compare", "--dataset", unjudged, "--strategies", "bm25", "--json")
    assert compared.json["rows"][0]["measures"]["RR@10"] == 1.0


def test_agreement_is_printed_and_too_few_pairs_are_said(cli, dataset):
    with StubServer(lambda _: "1") as server:
        ended = cli(*words(dataset, server, "--check", "2", "--depth", "1"))
    assert ended.code == 0
    row = next(line for line in ended.out.splitlines() if line.startswith("given, model"))
    assert row.split()[2:] == ["2", "1.000", "0.000", "-"]
    assert "too few" in ended.err
    assert read_qrels(Path("qrels.tsv")) == {"q1": {"d0": 1}, "q2": {"d1": 1}}


def test_what_stays_ungraded_or_open_is_said_by_the_exit_code(cli, unjudged):
    def answer(body):
        return "no idea" if "purr: cats" in str(body["messages"]) else oracle(body)

    with StubServer(answer) as server:
        ended = cli(*words(unjudged, server))
        assert ended.code == 4
        assert "without a grade: 2 pairs" in ended.err
        stopped = cli(*words(unjudged, server, "--out", "b.tsv", "--no-cache", "--max-calls", "2"))
        assert stopped.code == 5
        assert "run it again" in stopped.err
    with StubServer(lambda _: StubResponse(status=401, body={"error": {"message": "key"}})) as server:
        assert cli(*words(unjudged, server, "--out", "c.tsv", "--no-cache")).code == 3
    assert not Path("c.tsv").exists()


def test_a_dry_run_sends_and_writes_nothing(cli, unjudged):
    with StubServer(oracle) as server:
        ended = cli(*words(unjudged, server, "--dry-run", "--json"))
        assert server.requests == []
    assert [row["calls"] for row in ended.json["rows"]] == [[0, 0], [0, 0], [4, 4]]
    assert not Path("qrels.tsv.journal.jsonl").exists()


def test_stored_runs_are_pooled_and_nothing_to_pool_is_refused(cli, unjudged):
    cli("compare", "--dataset", unjudged, "--strategies", "bm25 % 1", "--out", "runs")
    Path("runs").mkdir(exist_ok=True)
    Path("runs/1-bm25.trec").write_text("q1 Q0 d0 1 1 x\n")
    with StubServer(oracle) as server:
        where = ("--base-url", server.base_url, "--model", "stub")
        ended = cli("label", "--dataset", unjudged, "--pool", "runs", "--json", *where)
        assert ended.code == 0
        assert json.loads(ended.out)["pairs"] >= 1
        refused = cli("label", "--dataset", unjudged, *where)
    assert refused.code == 2
    assert "--strategies" in refused.err


def test_queries_that_nobody_has_judged_can_be_judged_too(cli, dataset):
    """The others are still what a comparison measures, and the file holds both."""
    Path(dataset, "qrels", "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td0\t1\n")
    with StubServer(lambda _: "1") as server:
        without = cli(*words(dataset, server, "--depth", "1", "--dry-run", "--json"))
        assert without.json["queries"] == 1
        ended = cli(*words(dataset, server, "--depth", "1", "--all-queries"))
    assert ended.code == 0
    assert "1 of 2 queries" in cli("compare", "--dataset", dataset, "--strategies", "bm25").err
    assert "left out" not in ended.err
    assert "2 pairs: 1 judged elsewhere, 1 judged now" in ended.err
    assert read_qrels(Path("qrels.tsv")) == {"q1": {"d0": 1}, "q2": {"d1": 1}}
    everything = Dataset.open(dataset, all_queries=True)
    assert [query.id for query in everything.queries] == ["q1", "q2"]
    assert compare(everything, ["bm25"]).queries == 1


def test_a_dry_run_counts_the_pairs_that_are_checked(cli, dataset):
    with StubServer(lambda _: "1") as server:
        ended = cli(*words(dataset, server, "--depth", "1", "--check", "2", "--dry-run", "--json"))
    assert ended.json["rows"][-1]["calls"] == [2, 2]


def test_what_finding_the_documents_took_is_said(cli, unjudged):
    def answer(body):
        return "[2] > [1]" if "Rank 2 passages" in str(body["messages"]) else oracle(body)

    with StubServer(answer) as server:
        where = ("--base-url", server.base_url, "--model", "stub")
        ended = cli("label", "--dataset", unjudged, "--strategies", "bm25 % 2 >> listwise", *where)
    assert "finding documents: 2 calls, 0 cached, 20 + 2 tokens, cost unknown" in ended.err


def test_an_interrupt_says_where_judgements_are_and_what_to_do(cli, unjudged, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("llmrerank.evaluate.labels.label", interrupted)
    with StubServer(oracle) as server:
        ended = cli(*words(unjudged, server))
    assert ended.code == 130
    assert "the same command goes on from here; judgements are kept in qrels.tsv.journal.jsonl" in ended.err


def test_the_model_that_judges_is_not_taken_for_one_that_finds(cli, unjudged):
    """`--model gpt-5-mini` names no bi-encoder, and its endpoint is no rerank endpoint."""
    named = Settings(model="stub", base_url="http://127.0.0.1:9/v1")
    finds = "bm25 >> bi-encoder"
    [taken] = pipelines_of(Dataset.open(unjudged), [finds], settings=named)
    [local] = pipelines_of(Dataset.open(unjudged), [finds], settings=to_find(named))
    assert (taken.course.steps[0].strategy.model, local.course.steps[0].strategy.model) == ("stub", None)
    with StubServer(oracle) as server:
        where = ("--base-url", server.base_url, "--model", "stub")
        refused = cli("label", "--dataset", unjudged, "--strategies", "bm25 % 2 >> api", *where)
        assert (refused.code, server.requests) == (2, [])
    assert "base_url" in refused.err
