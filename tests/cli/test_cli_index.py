"""`llmrerank index`: documents go in and out, and are found by `search`."""

import json
from pathlib import Path

from llmrerank.cli.exits import Exit


def test_documents_go_in_and_out_and_are_found(cli, docs, tmp_path):
    ended = cli("index", "add", "made/index", "--docs", docs)
    assert (ended.code, ended.err) == (Exit.DONE, "")
    assert ended.out == "made/index: 3 documents added, 3 there\n"
    again = cli(
        "index", "add", "made/index", "--docs", "-", "--json", stdin='{"id": "cat", "text": "No dog barks"}'
    )
    figures = {"added": 1, "replaced": 1, "documents": 3}
    assert again.json == {"schema": 1, "index": "made/index", **figures}
    told = cli("index", "add", "made/index", "--docs", docs).out
    assert told == "made/index: 3 documents added (3 in place of one with the same id), 3 there\n"
    cli("index", "add", "made/index", "--docs", "-", stdin='{"id": "cat", "text": "No dog barks"}')
    found = cli(
        "search", "--corpus", "made/index", "--query", "barking", "--pipeline", "tantivy % 5", "--json"
    ).json
    assert {hit["id"] for hit in found["hits"]} == {"cat", "dog"}
    assert next(hit for hit in found["hits"] if hit["id"] == "dog")["metadata"] == {"breed": "any"}
    filtered = ("--pipeline", "tantivy(where=\"breed == 'any'\") >> bi-encoder", "--dry-run")
    assert cli("search", "--corpus", "made/index", "--query", "barking", *filtered).code == Exit.DONE
    assert cli("index", "delete", "made/index", "--ids", "cat", "none").out.endswith(
        "1 document deleted, 2 there\n"
    )
    assert cli("index", "delete", "made/index", "--ids", "-", "--json", stdin="dog\n\n").json["deleted"] == 1
    assert cli("index", "stats", "made/index", "--json").json["documents"] == 1
    assert "1 document, " in cli("index", "stats", "made/index").out


def test_a_dataset_is_compared_over_an_index_without_its_corpus(cli, dataset):
    corpus = Path(dataset) / "corpus.jsonl"
    assert cli("index", "add", f"{dataset}/index", "--docs", str(corpus)).code == Exit.DONE
    asked = ("compare", "--dataset", dataset, "--metrics", "nDCG@10", "--json", "--strategies")
    beside = cli(*asked, "bm25", "tantivy", "tantivy(path='index')").json["rows"]
    corpus.unlink()
    [alone, *_] = cli(*asked, "tantivy(path='index') >> bi-encoder", "tantivy(path='index')").json["rows"][1:]
    figures = [row["measures"]["nDCG@10"] for row in (*beside[:3], alone)]
    assert figures == [figures[0]] * 4
    assert figures[0] > 0


def test_what_cannot_be_is_said_in_one_sentence(cli, docs, tmp_path):
    cases = [
        (("index", "add", docs, "--docs", docs), "holds something already"),
        (("index", "add", "new", "--docs", "nowhere.jsonl"), "nowhere.jsonl"),
        (("index", "stats", "new"), "there is no index new"),
        (("index", "add", "other", "--docs", docs, "--language", "klingon"), "unknown language 'klingon'"),
        (("index", "stats", "nowhere"), "there is no index nowhere; make one: llmrerank index add nowhere"),
        (("index", "delete", str(tmp_path), "--ids", "1"), "is no index of llmrerank"),
        (
            ("search", "--corpus", "there", "--query", "q", "--pipeline", "bm25"),
            "'bm25' searches a corpus and the index there has none; start with 'tantivy'",
        ),
        (("index", "add", "there", "--docs", docs, "--language", "de"), "has the language en"),
        (
            ("search", "--corpus", "there", "--query", "q", "--pipeline", "tantivy(where='year =')"),
            "cannot read the condition",
        ),
    ]
    assert cli("index", "add", "there", "--docs", docs).code == Exit.DONE
    for words, fault in cases:
        ended = cli(*words)
        assert (ended.code, ended.out) == (Exit.USAGE, ""), words
        assert fault in ended.err
        assert len(ended.err.strip().splitlines()) <= 2


def test_documents_before_a_fault_are_not_lost_silently(cli, tmp_path):
    Path("bad.jsonl").write_text(json.dumps({"id": "a", "text": "cat"}) + "\nno json\n")
    ended = cli("index", "add", "index", "--docs", "bad.jsonl")
    assert ended.code == Exit.USAGE
    assert "bad.jsonl" in ended.err
    assert cli("index", "stats", "index", "--json").json["documents"] == 0
