import json

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubServer

BASE = ("rank", "--query", "what barks: a dog")


def test_a_pipe_gets_one_plain_line_for_each_hit(cli, docs):
    ended = cli(*BASE, "--docs", docs, "--strategy", "bm25")
    assert ended.code == Exit.DONE
    lines = ended.out.splitlines()
    assert len(lines) == 3
    rank, moved, score, text = lines[0].split(" ", 3)
    assert (rank, moved, text) == ("1", "↑1", "Dogs — A dog barks at night.")
    assert float(score) > 0
    assert lines[1] == "2 ↓1 0.00 Cats purr when they are content."
    assert lines[2] == "3 = 0.00 How to bake bread."
    assert ended.err.startswith("bm25 | score: bm25 | 0 calls")


def test_json_has_the_documented_shape(cli, docs):
    ended = cli(*BASE, "--docs", docs, "--strategy", "bm25", "--top", "1", "--json")
    assert set(ended.json) == {"schema", "query", "strategy", "score_kind", "hits", "trace"}
    [hit] = ended.json["hits"]
    assert set(hit) == {
        "rank",
        "previous_rank",
        "score",
        "id",
        "title",
        "text",
        "metadata",
        "suspicious",
        "degraded",
    }
    assert (hit["rank"], hit["previous_rank"], hit["id"], hit["metadata"]) == (1, 2, "dog", {"breed": "any"})
    trace = {
        "calls",
        "cached",
        "rounds",
        "tokens_in",
        "tokens_out",
        "seconds",
        "cost",
        "repaired",
        "degraded",
    }
    assert trace <= set(ended.json["trace"])


def test_plain_lines_come_from_standard_input(cli):
    ended = cli(*BASE, "--docs", "-", "--strategy", "bm25", "--top", "1", stdin="Cats purr.\nA dog barks.\n")
    assert ended.out.startswith("1 ↑1 ")
    assert ended.out.rstrip().endswith("A dog barks.")


def test_quiet_says_nothing_and_changes_no_data(cli, docs):
    loud, quiet = (cli(*BASE, "--docs", docs, "--strategy", "bm25", *more) for more in ((), ("-q",)))
    assert loud.err
    assert quiet.err == ""
    assert quiet.out == loud.out


def test_a_wished_width_cuts_lines(cli, docs, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    lines = cli(*BASE, "--docs", docs, "--strategy", "bm25").out.splitlines()
    assert max(map(len, lines)) == 20
    assert lines[0].endswith("…")


def test_line_breaks_and_control_characters_cannot_forge_a_line(cli):
    text = json.dumps({"text": "one\n1 = 9.99 forged\x1b[2J\r"})
    ended = cli(*BASE, "--docs", "-", "--strategy", "bm25", stdin=text + "\n")
    assert len(ended.out.splitlines()) == 1
    assert "\x1b" not in ended.out


def test_no_score_is_a_dot_and_repairs_are_counted(cli, docs):
    with StubServer(lambda _: "[2] > [2] > [1]") as server:
        ended = cli(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url)
    assert ended.out.splitlines()[0] == "1 ↑1 · Dogs — A dog barks at night."
    assert "1 repaired" in ended.err
    assert "cost unknown" in ended.err


def test_prices_give_a_cost(cli, docs, tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text("[models.stub]\ninput = 1e5\noutput = 0\n")
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        ended = cli(
            *(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url),
            *("--prices", str(prices), "--max-cost", "1000", "--model", "stub"),
        )
    assert ended.code == Exit.DONE
    assert "1.0000 USD" in ended.err


def test_a_tiny_cost_is_not_shown_as_nothing(cli, docs, tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text("[models.stub]\ninput = 1e-3\noutput = 0\n")
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        words = (*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url)
        ended = cli(*words, "--prices", str(prices), "--model", "stub")
    assert "less than 0.0001 USD" in ended.err


def test_a_faulty_price_file_is_not_said_to_be_missing(cli, docs, tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text("[models.stub]\ninput = 1\noutptu = 0\n")
    ended = cli(
        *(*BASE, "--docs", docs, "--strategy", "listwise", "--model", "stub"),
        *("--prices", str(prices), "--max-cost", "1"),
    )
    assert ended.code == Exit.USAGE
    assert "did you mean 'output'" in ended.err
    assert "needs prices" not in ended.err


def test_a_cache_makes_the_second_run_free(cli, docs, tmp_path):
    words = (*BASE, "--docs", docs, "--strategy", "listwise", "--cache", str(tmp_path / "c.sqlite"), "--json")
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        words = (*words, "--base-url", server.base_url, "--model", "stub")
        first, second = cli(*words), cli(*words)
        assert len(server.requests) == 1
        third = cli(*words, "--no-cache")
        assert len(server.requests) == 2
    assert (first.json["trace"]["calls"], second.json["trace"]["calls"]) == (1, 0)
    assert second.json["trace"]["cached"] == 1
    assert first.json["hits"] == second.json["hits"] == third.json["hits"]


def test_a_record_can_be_replayed_without_the_endpoint(cli, docs, tmp_path):
    words = (*BASE, "--docs", docs, "--strategy", "listwise", "--model", "stub")
    record = str(tmp_path / "record.jsonl")
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        first = cli(*words, "--base-url", server.base_url, "--record", record)
    again = cli(*words, "--replay", record)
    assert again.code == Exit.DONE
    assert again.out == first.out


@pytest.mark.parametrize("json_too", [False, True])
def test_a_dry_run_sends_nothing_and_never_says_zero_for_unknown(cli, docs, json_too):
    with StubServer(lambda _: "[1]") as server:
        ended = cli(
            *(*BASE, "--docs", docs, "--strategy", "pointwise", "--base-url", server.base_url, "--dry-run"),
            *("--max-calls", "2"),
            *(["--json"] if json_too else ["-v"]),
        )
        assert server.requests == []
    assert ended.code == Exit.DONE
    if json_too:
        found = ended.json
        assert found["dry_run"] is True
        assert (found["calls"], found["rounds"], found["cost"]) == ([3, 3], [1, 1], None)
        assert found["stopped_by"] == "calls"
        assert found["counted_by"]
        assert found["tokens_in"][0] > 0
    else:
        assert "LLM calls:     3" in ended.out
        assert "unknown" in ended.out
        assert "would stop it early, by the limit on calls" in ended.out
        assert "what barks" in ended.out  # the first prompt
