"""`batch`: every line gets its row, nothing is paid for twice, and no file is lost."""

import json
import subprocess
import sys

import pytest

from llmrerank.testing.stub_server import StubResponse, StubServer

LINES = [
    {"id": "one", "query": "cats", "documents": ["Dogs bark.", "Cats purr."]},
    {
        "query": {"qid": "two", "text": "dogs"},
        "candidates": [
            {"docid": "d", "score": 2.0, "rank": 1, "doc": {"contents": "Cats purr."}},
            {"docid": "e", "score": 1.0, "rank": 2, "doc": {"title": "Dogs", "contents": "They bark."}},
        ],
    },
    {"query": {"id": 3, "text": "birds"}, "documents": [{"id": "b", "text": "Birds sing.", "year": 1999}]},
]


@pytest.fixture
def lines(tmp_path):
    def write(*values):
        path = tmp_path / "in.jsonl"
        path.write_text("".join(v if isinstance(v, str) else json.dumps(v) + "\n" for v in values))
        return str(path)

    return write


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_line_gets_its_ranking_in_the_order_of_the_input(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    ended = cli("batch", "--input", lines(*LINES), "--output", str(out), "--strategy", "bm25")
    assert ended.code == 0
    assert ended.out == ""
    found = rows(out)
    assert [row["id"] for row in found] == ["one", "two", "3"]
    assert [row["hits"][0]["id"] for row in found] == ["1", "e", "b"]
    assert found[2]["hits"][0]["metadata"] == {"year": 1999}
    assert {row["schema"] for row in found} == {1}


def test_the_same_command_again_asks_nobody(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    with StubServer(lambda body: "[2] > [1]") as server:
        words = ("batch", "--input", lines(*LINES), "--output", str(out), "--strategy", "listwise")
        words += ("--base-url", server.base_url, "--model", "m", "--json")
        first, again = cli(*words), cli(*words)
        assert len(server.requests) == 2 + 0  # one document needs no order
    assert (first.json["done"], first.json["calls"], first.json["kept"]) == (3, 2, 0)
    assert (again.json["done"], again.json["calls"], again.json["kept"]) == (0, 0, 3)


def test_lines_that_failed_are_rows_and_are_done_the_next_time(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    broken = True

    def answer(body):
        text = body["messages"][-1]["content"]
        return StubResponse(status=404, body="gone") if broken and "dogs" in text else "[2] > [1]"

    with StubServer(answer) as server:
        words = ("batch", "--input", lines(LINES[0], "no json\n", LINES[1]), "--output", str(out))
        words += ("--strategy", "listwise", "--base-url", server.base_url, "--model", "m")
        ended = cli(*words)
        assert ended.code == 4
        assert "2 lines failed" in ended.err
        kinds = [row.get("error", {}).get("kind") for row in rows(out)]
        assert kinds == [None, "DataError", "PermanentError"]
        asked, broken = len(server.requests), False
        assert cli(*words).code == 4
        assert len(server.requests) == asked + 1
    assert [row["id"] for row in rows(out)] == ["one", "2", "two"]
    assert [row.get("error", {}).get("kind") for row in rows(out)] == [None, "DataError", None]


def test_a_killed_run_is_gone_on_with(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    with StubServer(lambda body: "[2] > [1]") as server:
        words = ("batch", "--input", lines(*LINES), "--output", str(out), "--strategy", "listwise")
        words += ("--base-url", server.base_url, "--model", "m")
        cli(*words)
        whole = out.read_bytes()
        out.write_bytes(whole.splitlines(keepends=True)[1] + whole.splitlines()[0][:50])
        assert cli(*words).code == 0
        assert len(server.requests) == 2  # what was lost with the file stood in the cache
    again = rows(out)
    assert [row["hits"] for row in again] == [json.loads(line)["hits"] for line in whole.splitlines()]


def test_a_limit_ends_the_work_and_the_next_run_goes_on(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    many = [{"id": str(n), "query": f"q{n}", "documents": ["a", "b"]} for n in range(6)]
    # Slow enough that the limit is met while the last call that it allows is still under way.
    with StubServer(lambda body: "[2] > [1]", delay=0.05) as server:
        words = ("batch", "--input", lines(*many), "--output", str(out), "--strategy", "listwise")
        words += ("--base-url", server.base_url, "--model", "m", "--parallel", "1")
        ended = cli(*words, "--max-calls", "2")
        assert ended.code == 5
        assert "run it again" in ended.err
        assert sum(row["trace"]["calls"] for row in rows(out)) == 2
        assert cli(*words).code == 0
        assert len(server.requests) == 6
    assert [row["id"] for row in rows(out)] == [str(n) for n in range(6)]


def test_queries_alone_search_a_corpus(cli, lines, docs, tmp_path):
    out = tmp_path / "out.jsonl"
    path = lines({"id": "q", "query": "who barks at night?"})
    ended = cli("batch", "--input", path, "--output", str(out), "--strategy", "bm25 % 1", "--corpus", docs)
    assert ended.code == 0
    assert rows(out)[0]["hits"][0]["id"] == "dog"


def test_queries_as_a_dataset_has_them_search_a_corpus_too(cli, lines, docs, tmp_path):
    out, path = tmp_path / "out.jsonl", lines({"_id": "q7", "text": "who barks at night?"})
    words = ("batch", "--input", path, "--output", str(out), "--strategy", "bm25 % 1")
    assert cli(*words, "--corpus", docs).code == 0
    assert [(row["id"], row["hits"][0]["id"]) for row in rows(out)] == [("q7", "dog")]
    out.unlink()
    assert 'a line needs "query"' in cli(*words).err, "without a corpus such a line has nothing to rank"


def test_a_file_of_something_else_is_left_alone(cli, lines, tmp_path):
    for content in ('{"precious": 1}', '{"precious": 1}\n', "text without end"):
        out = tmp_path / "out.jsonl"
        out.write_text(content)
        ended = cli("batch", "--input", lines(*LINES), "--output", str(out), "--strategy", "bm25")
        assert ended.code == 2
        assert "is nothing that llmrerank wrote" in ended.err
        assert out.read_text() == content


def test_results_of_another_strategy_are_not_mixed_in(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    words = ("batch", "--input", lines(*LINES), "--output", str(out))
    cli(*words, "--strategy", "bm25")
    for other in (("--strategy", "rank-bm25"), ("--strategy", "bm25", "--top", "1")):
        ended = cli(*words, *other)
        assert ended.code == 2
        assert "another strategy" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")
def test_two_processes_do_not_write_one_file(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    out.touch()
    program = (
        "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.flock(f, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        ended = cli("batch", "--input", lines(*LINES), "--output", str(out), "--strategy", "bm25")
        other.stdin.close()
    assert ended.code == 2
    assert "another process" in ended.err


def test_a_dry_run_counts_all_lines_and_writes_nothing(cli, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    words = ("batch", "--input", lines(*LINES, "?\n"), "--output", str(out), "--strategy", "pointwise")
    ended = cli(*words, "--dry-run", "--json")
    assert ended.code == 0
    assert (ended.json["lines"], ended.json["faults"], ended.json["calls"]) == (4, 1, [5, 5])
    assert not out.exists()


def test_the_provider_alone_failing_is_said_by_the_exit_code(cli, lines, tmp_path):
    words = ("batch", "--input", lines(*LINES[:2]), "--output", str(tmp_path / "o.jsonl"))
    words += (
        "--strategy",
        "listwise",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--model",
        "m",
        "--retries",
        "0",
    )
    assert cli(*words).code == 3
    assert cli("batch", "--input", "absent.jsonl", "--output", "o2.jsonl", "--strategy", "bm25").code == 2
