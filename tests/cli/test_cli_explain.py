"""explain on the command line."""

from __future__ import annotations

import json
import re

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubServer

TALLEST, WIDEST = 50, 100


def backwards(body):
    text = body["messages"][-1]["content"]
    labels = dict.fromkeys(re.findall(r"^\[(\d+)\]", text, re.MULTILINE))
    return " > ".join(f"[{label}]" for label in reversed(labels)) or "5"


def test_windows_answers_and_reasons_are_told(cli, docs):
    with StubServer(backwards) as server:
        flags = ("--docs", docs, "--query", "what barks", "--doc", "cat", "bread", "--strategy", "listwise")
        calling = ("--base-url", server.base_url, "--model", "stub")
        ended = cli("explain", *flags, *calling)
        again = cli("explain", *flags, *calling, "--json")
        assert len(server.requests) == 1
    assert ended.code == again.code == Exit.DONE
    assert "cat: rank 3 of 3" in ended.out
    assert "- listwise put it down from 1 to 3, behind bread, dog" in ended.out
    assert "bread: rank 1 of 3" in ended.out
    assert "listwise, round 1: shown at place 1 of 3, answered at place 3" in ended.out
    assert "shown:  [cat], dog, bread" in ended.out
    assert "answer: bread > dog > [cat]" in ended.out
    assert "| Cats purr when they are content." in ended.out
    assert "| [3] > [2] > [1]" in ended.out
    assert max(map(len, ended.out.splitlines())) <= WIDEST
    report = again.json
    assert report["schema"] == 1
    assert [one["rank"] for one in report["documents"]] == [3, 1]
    meeting = report["documents"][0]["stages"][0]["meetings"][0]
    assert meeting["answer"] == [["bread"], ["dog"], ["cat"]]
    assert meeting["cached"] is True


def test_a_route_says_which_way_it_took_and_why(cli, docs):
    with StubServer(backwards) as server:
        ended = cli(
            "explain", "--docs", docs, "--query", "what barks", "--doc", "cat",
            "--strategy", "route(keep, listwise)", "--base-url", server.base_url, "--model", "stub",
        )  # fmt: skip
    assert ended.code == Exit.DONE
    [line] = [line for line in ended.out.splitlines() if " was chosen: " in line]
    assert line.startswith(("route(keep, listwise): keep", "route(keep, listwise): listwise"))


def test_a_dataset_tells_its_judgements_and_puts_its_first_stage_in_front(cli, dataset):
    with StubServer(lambda body: "3") as server:
        ended = cli(
            "explain", "--dataset", dataset, "--query", "which animals purr", "--doc", "d0", "d3",
            "--strategy", "pointwise", "--base-url", server.base_url, "--model", "stub",
        )  # fmt: skip
    assert ended.code == Exit.DONE
    assert "pipeline: bm25 % 100 >> pointwise" in ended.out
    assert "d0: rank 1 of 2, judged 1 for this query" in ended.out
    assert "d3: not in the result" in ended.out
    assert "- bm25 did not find it; it found 2 documents in all" in ended.out
    assert "no word of the query stands in it: it lacks 'which', 'animals', 'purr'" in ended.out


def test_long_passages_and_answers_are_clipped_unless_all_is_wanted(cli, tmp_path):
    path = tmp_path / "long.jsonl"
    text = "\n".join(f"Line {number} of a text that goes on." for number in range(30))
    path.write_text(json.dumps({"id": "long", "text": text}) + "\n" + json.dumps({"id": "b", "text": "b"}))
    with StubServer(backwards) as server:
        words = (
            "explain", "--docs", str(path), "--query", "text", "--doc", "long", "--strategy", "listwise",
            "--base-url", server.base_url, "--model", "stub", "--no-cache",
        )  # fmt: skip
        short, whole = cli(*words), cli(*words, "-v")
    assert "more lines; -v shows them" in short.out
    assert "Line 29" not in short.out
    assert "Line 29" in whole.out
    assert max(map(len, whole.out.splitlines())) <= WIDEST


def test_nothing_that_a_document_says_moves_the_cursor(cli, tmp_path):
    path = tmp_path / "evil.jsonl"
    path.write_text(json.dumps({"id": "a\x1b[2J", "title": "t\x1b]0;x\x07", "text": "b\x1b[31mad"}) + "\n")
    ended = cli("explain", "--docs", str(path), "--query", "q", "--doc", "a\x1b[2J", "--strategy", "bm25")
    assert ended.code == Exit.DONE
    assert "\x1b" not in ended.out


def test_a_model_that_says_nothing_ends_degraded(cli, docs):
    with StubServer(lambda body: "who knows") as server:
        ended = cli(
            "explain", "--docs", docs, "--query", "what barks", "--doc", "dog", "--strategy", "listwise",
            "--base-url", server.base_url, "--model", "stub", "--no-cache",
        )  # fmt: skip
    assert ended.code == Exit.DEGRADED
    assert "- listwise got no evidence on it" in ended.out
    assert "no usable answer, asked again" in ended.out


def test_a_dry_run_sends_nothing(cli, docs):
    words = ("--query", "q", "--doc", "dog", "--dry-run", "--model", "m")
    ended = cli("explain", "--docs", docs, "--strategy", "listwise", *words)
    assert ended.code == Exit.DONE
    assert "LLM calls:     1" in ended.out
    assert cli("explain", "--corpus", docs, "--pipeline", "bm25 % 2 >> listwise", *words).code == Exit.DONE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--strategy", "bm25"), "no documents given"),
        (("--docs", "DOCS", "--corpus", "DOCS", "--strategy", "bm25"), "--corpus and --docs given"),
        (("--docs", "DOCS", "--strategy", "bm25", "--pipeline", "bm25"), "give one of them"),
        (("--docs", "DOCS"), "--pipeline is missing"),
        (("--docs", "DOCS", "--strategy", "bm52"), "did you mean 'bm25'"),
        (("--docs", "nowhere.jsonl", "--strategy", "bm25"), "nowhere.jsonl"),
        (("--corpus", "nowhere.jsonl", "--strategy", "bm25"), "there is no corpus nowhere.jsonl"),
        (("--corpus", "DOCS", "--strategy", "pointwise", "--model", "m"), "nothing to rerank"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(cli, docs, words, said):
    given = [docs if word == "DOCS" else word for word in words]
    ended = cli("explain", "--query", "q", "--doc", "dog", *given)
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert said in ended.err


def test_an_unknown_id_names_a_close_one(cli, docs):
    ended = cli("explain", "--docs", docs, "--query", "q", "--doc", "dgo", "--strategy", "bm25")
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert "has the id 'dgo'; did you mean 'dog'?" in ended.err


def test_help_fits_a_screen_and_leads_with_an_example(cli):
    lines = cli("explain", "--help").out.splitlines()
    assert len(lines) <= TALLEST
    assert max(map(len, lines)) <= WIDEST
    assert any(line.startswith("  ") and "llmrerank explain" in line for line in lines)
