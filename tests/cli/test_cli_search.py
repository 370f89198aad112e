import json

from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubServer


def test_a_corpus_file_is_searched(cli, docs):
    ended = cli("search", "--corpus", docs, "--query", "dog barks", "--pipeline", "bm25 % 2")
    assert ended.code == Exit.DONE
    assert ended.out.splitlines()[0].startswith("1 = ")
    assert "A dog barks at night." in ended.out.splitlines()[0]


def test_that_nothing_was_found_is_said(cli, docs):
    words = ("search", "--corpus", docs, "--pipeline", "bm25")
    nothing = cli(*words, "--query", "zebra")
    assert (nothing.code, nothing.out) == (Exit.DONE, "")
    assert nothing.err.startswith("no document was found\n")
    held = cli(*words, "--query", "dog barks", "--min-score", "99.5")
    assert held.err.startswith("no document was found with a score of 99.5 or more\n")
    assert "no document" not in cli(*words, "--query", "dog barks").err


def test_a_dataset_folder_is_searched_with_its_instruction(cli, dataset):
    words = ("search", "--corpus", dataset, "--query", "cats", "--pipeline", "bm25 % 2 >> listwise", "--json")
    with StubServer(lambda _: "[2] > [1]") as server:
        ended = cli(*words, "--base-url", server.base_url)
        own = cli(*words, "--base-url", server.base_url, "--instruction", "Only sleeping cats.")
        sent = [json.dumps(request["messages"]) for request in server.requests]
    assert ended.code == own.code == Exit.DONE
    assert [hit["previous_rank"] for hit in ended.json["hits"]] == [2, 1]
    assert "The animal itself is wanted." in sent[0]
    assert "Only sleeping cats." in sent[1]
    assert "The animal itself is wanted." not in sent[1]


def test_a_query_of_the_dataset_is_known_by_its_text(cli, dataset):
    ended = cli(
        "search", "--corpus", dataset, "--query", "which animals purr", "--pipeline", "pool", "--json"
    )
    assert ended.code == Exit.DONE
    assert [hit["id"] for hit in ended.json["hits"]] == ["d0"]


def test_an_index_is_kept_and_used_again(cli, docs, tmp_path):
    words = (
        "search",
        "--corpus",
        docs,
        "--query",
        "dog",
        "--pipeline",
        "bm25",
        "--index",
        str(tmp_path / "ix"),
    )
    first, second = cli(*words), cli(*words)
    assert any((tmp_path / "ix").rglob("*"))
    assert first.out == second.out


def test_a_dry_run_names_what_would_run(cli, docs):
    ended = cli(
        *(
            "search",
            "--corpus",
            docs,
            "--query",
            "dog",
            "--pipeline",
            "bm25 % 2 >> listwise % 1",
            "--dry-run",
        ),
    )
    assert ended.code == Exit.DONE
    assert "pipeline: bm25 % 2 >> listwise % 1" in ended.out
    assert "LLM calls:     1" in ended.out


def test_a_pipeline_needs_a_first_stage(cli, docs):
    ended = cli("search", "--corpus", docs, "--query", "dog", "--pipeline", "listwise")
    assert ended.code == Exit.USAGE
    assert "bm25 % 100 >> listwise" in ended.err
