"""Bad input of every kind: one clear sentence, exit code 2, nothing on standard output."""

import json
import sys

import pytest

from llmrerank.cli.exits import Exit


def refused(ended, *parts):
    assert ended.code == Exit.USAGE
    assert ended.out == ""
    assert 1 <= len(ended.err.splitlines()) <= 2
    assert ended.err.startswith("llmrerank: ")
    for part in parts:
        assert part in ended.err


def test_unknown_strategy(cli, docs):
    refused(cli("rank", "--query", "q", "--docs", docs, "--strategy", "lisstwise"), "did you mean 'listwise'")


def test_unknown_option(cli, docs):
    refused(
        cli("rank", "--query", "q", "--docs", docs, "--strategy", "listwise(windw=5)"),
        "did you mean 'window'",
    )


def test_a_value_of_the_wrong_type(cli, docs):
    refused(
        cli("rank", "--query", "q", "--docs", docs, "--strategy", "listwise(window='5')"), "a whole number"
    )


def test_a_strategy_that_cannot_be_read(cli, docs):
    refused(cli("rank", "--query", "q", "--docs", docs, "--strategy", "bm25 >>"), "cannot read 'bm25 >>'")


def test_missing_extra(cli, docs, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    real = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "llmrerank.clients.models.find_spec",
        lambda name: None if name == "sentence_transformers" else real(name),
    )
    refused(
        cli("rank", "--query", "q", "--docs", docs, "--strategy", "cross-encoder"),
        'pip install "llmrerank[local]"',
    )


def test_half_written_jsonl(cli, tmp_path):
    path = tmp_path / "half.jsonl"
    path.write_text(json.dumps({"text": "whole"}) + '\n{"text": "ha')
    refused(cli("rank", "--query", "q", "--docs", str(path), "--strategy", "bm25"), "half.jsonl", "2")


def test_no_such_file(cli):
    refused(cli("rank", "--query", "q", "--docs", "gone.jsonl", "--strategy", "bm25"), "gone.jsonl")
    refused(cli("search", "--query", "q", "--corpus", "gone", "--pipeline", "bm25"), "gone")
    refused(cli("compare", "--dataset", "gone", "--strategies", "bm25"), "gone")


@pytest.mark.parametrize("text", ["", '{"text": ""}\n{"text": " "}\n'])
def test_a_corpus_without_text(cli, tmp_path, text):
    path = tmp_path / "empty.jsonl"
    path.write_text(text)
    refused(cli("search", "--query", "q", "--corpus", str(path), "--pipeline", "bm25"), "empty.jsonl")


def test_a_document_without_a_text_field(cli, tmp_path):
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"txt": "a"}\n')
    refused(cli("rank", "--query", "q", "--docs", str(path), "--strategy", "bm25"), "wrong.jsonl", "'txt'")


@pytest.mark.parametrize("query", ["", "  \t"])
def test_empty_query(cli, docs, query):
    refused(cli("rank", "--query", query, "--docs", docs, "--strategy", "bm25"), "empty")


def test_qrels_that_match_nothing(cli, dataset, tmp_path):
    qrels = tmp_path / "animals" / "qrels" / "test.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\nother\td0\t1\n")
    refused(cli("compare", "--dataset", dataset, "--strategies", "bm25"), "match nothing", "'other'")
    qrels.write_text("query-id\tcorpus-id\tscore\nq1\tabsent\t1\n")
    refused(cli("compare", "--dataset", dataset, "--strategies", "bm25"), "match nothing", "'absent'")


def test_an_unknown_measure(cli, dataset):
    refused(
        cli("compare", "--dataset", dataset, "--strategies", "bm25", "--metrics", "nDGC@10"),
        "did you mean 'nDCG'",
    )


def test_a_base_url_that_is_none(cli, docs):
    refused(
        cli("rank", "--query", "q", "--docs", docs, "--strategy", "listwise", "--base-url", "localhost:80"),
        "base URL",
    )


def test_openai_without_a_key(cli, docs):
    refused(
        cli("rank", "--query", "q", "--docs", docs, "--strategy", "listwise", "--model", "gpt-x"),
        "OPENAI_API_KEY",
    )


def test_a_prompt_file_with_a_typo(cli, docs, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "x"\nform = "listwise"\nanswer = "permutation"\nlabls = "numbers"\n')
    refused(
        cli("rank", "--query", "q", "--docs", docs, "--strategy", f"listwise(prompt='{path}')"),
        "mine.toml",
        "labls",
    )


def test_a_cache_file_that_is_none(cli, docs, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 200)
    refused(
        cli(
            *("rank", "--query", "q", "--docs", docs, "--strategy", "listwise", "--cache", str(path)),
            *("--base-url", "http://127.0.0.1:9/v1", "--model", "stub"),
        ),
        "notes.txt",
    )
    assert path.read_text() == "my notes\n" * 200


def test_a_model_that_two_stages_could_take(cli, docs):
    refused(
        cli(
            *("search", "--query", "q", "--corpus", docs, "--pipeline", "dense >> cross-encoder"),
            *("--model", "some/model"),
        ),
        "cross-encoder(model='some/model')",
    )
