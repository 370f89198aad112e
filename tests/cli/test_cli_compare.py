import json

from llmrerank.cli.exits import Exit
from llmrerank.cli.options import default_cache
from llmrerank.testing.stub_server import StubResponse, StubServer


def test_one_row_for_each_strategy(cli, dataset):
    ended = cli(
        "compare", "--dataset", dataset, "--strategies", "bm25", "rank-bm25", "--metrics", "RR@10", "R@5"
    )
    assert ended.code == Exit.DONE
    heading, *rows = ended.out.splitlines()
    assert heading.split()[:3] == ["pipeline", "RR@10", "R@5"]
    assert [row.split()[0] for row in rows] == ["bm25", "rank-bm25", "oracle:"]
    assert rows[0].split()[1] == "1.0000"
    assert "animals, 2 queries" in ended.err


def test_json_has_the_documented_shape(cli, dataset):
    ended = cli("compare", "--dataset", dataset, "--strategies", "bm25", "--limit", "1", "--json")
    assert {"schema", "dataset", "queries", "rows"} <= set(ended.json)
    assert (ended.json["schema"], ended.json["dataset"], ended.json["queries"]) == (1, "animals", 1)
    [row] = ended.json["rows"]
    keys = "strategy measures seconds calls cached rounds tokens_in tokens_out cost repaired degraded errors"
    assert set(keys.split()) <= set(row)
    assert {"p50", "p95", "p99"} == set(row["seconds"])
    assert ended.json["oracles"] == [{"candidates": "bm25", "measures": row["measures"]}]


def test_answers_are_kept_so_the_same_command_again_makes_no_call(cli, dataset):
    with StubServer(lambda _: "[1] > [2]") as server:
        words = (
            *("compare", "--dataset", dataset, "--strategies", "bm25 % 2 >> listwise"),
            *("--base-url", server.base_url, "--model", "stub", "--json"),
        )
        first, second = cli(*words), cli(*words)
        assert len(server.requests) == 2
        uncached = cli(*words, "--no-cache")
        assert len(server.requests) == 4
    assert [ended.json["rows"][0]["calls"] for ended in (first, second, uncached)] == [2, 0, 2]
    assert second.json["rows"][0]["cached"] == 2
    assert default_cache().is_file()


def test_runs_are_written_to_the_folder(cli, dataset, tmp_path):
    ended = cli("compare", "--dataset", dataset, "--strategies", "bm25 % 3", "--out", str(tmp_path / "out"))
    assert ended.code == Exit.DONE
    assert (tmp_path / "out" / "1-bm25-3.trec").is_file()
    assert json.loads((tmp_path / "out" / "compare.json").read_text())["dataset"] == "animals"


def test_every_wrong_strategy_is_named(cli, dataset):
    ended = cli("compare", "--dataset", dataset, "--strategies", "bm26", "listwize")
    assert ended.code == Exit.USAGE
    assert "did you mean 'bm25'" in ended.err
    assert "did you mean 'listwise'" in ended.err


def test_a_row_that_failed_altogether_is_the_provider_s_fault(cli, dataset):
    with StubServer(lambda _: StubResponse(status=401, body={"error": {"message": "bad key"}})) as server:
        ended = cli(
            *("compare", "--dataset", dataset, "--strategies", "bm25", "bm25 % 2 >> listwise"),
            *("--base-url", server.base_url, "--model", "stub", "--retries", "0"),
        )
    assert ended.code == Exit.PROVIDER
    assert "bm25" in ended.out  # the row that worked is written
    assert "key" in ended.err


def test_a_budget_stops_and_says_so(cli, dataset):
    with StubServer(lambda _: "[1] > [2]") as server:
        ended = cli(
            *("compare", "--dataset", dataset, "--strategies", "bm25 % 2 >> listwise", "--max-calls", "1"),
            *("--base-url", server.base_url, "--model", "stub"),
        )
        assert len(server.requests) == 1
    assert ended.code == Exit.BUDGET
    assert "limit of 1" in ended.err


def test_a_dry_run_has_a_part_for_each_strategy(cli, dataset):
    words = ("compare", "--dataset", dataset, "--strategies", "bm25", "bm25 % 2 >> listwise", "--dry-run")
    text, found = cli(*words), cli(*words, "--json")
    assert text.code == found.code == Exit.DONE
    assert text.out.count("pipeline: ") == 2
    assert "unknown" in text.out
    assert [row["strategy"] for row in found.json["rows"]] == ["bm25", "bm25 % 2 >> listwise"]
    assert [row["calls"] for row in found.json["rows"]] == [[0, 0], [2, 2]]
    assert [row["cost"] for row in found.json["rows"]] == [[0.0, 0.0], None]
