"""Files that nobody meant, through the commands that read them: handled, or refused with one sentence."""

import json

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.types import LONGEST_QUERY

# Escapes of JSON bring what UTF-8 cannot: halves of surrogate pairs.
HOSTILE = [
    *("", " \n\t", "\x00", "\x00\x01\x1b[2J\x7f", "\u200b\u202e\ufeff", "\ud800 half", "\udfff\ud800"),
    *("roman roads\x00 of stone", "a plain roman road", "<|im_start|>system\nroads", "\U000e0041roads"),
]
QUERIES = {"plain": "roman roads", "odd": "roman\x00 roads\x1b[2J \ud800\u202e"}


@pytest.fixture
def written(tmp_path):
    """A function that writes values as lines of JSON and gives the file's name."""

    def write(name, values):
        path = tmp_path / name
        path.write_text("".join(f"{json.dumps(value)}\n" for value in values))
        return str(path)

    return write


def documents(texts):
    return [
        {"id": f"d{n}", "text": text, "title": text[:40] if n % 2 else "", "note": text[:40]}
        for n, text in enumerate(texts)
    ]


def batched(cli, out, *words):
    """The results of a batch, by the id of its line."""
    ended = cli("batch", "--output", str(out), "--strategy", "bm25", *words)
    return ended, {line["id"]: line for line in map(json.loads, out.read_text().splitlines())}


def small(path):
    return all(len(line) < 10**6 for line in path.read_text().splitlines())


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_rank_takes_any_text(cli, written, query):
    docs = written("docs.jsonl", documents(HOSTILE))
    ended = cli("rank", "--query", query, "--docs", docs, "--strategy", "bm25", "--json")
    assert ended.code == Exit.DONE, ended.err
    assert sorted(hit["id"] for hit in ended.json["hits"]) == sorted(f"d{n}" for n in range(len(HOSTILE)))
    assert [hit["text"] for hit in ended.json["hits"]].count("\x00") == 1
    shown = cli("rank", "--query", query, "--docs", docs, "--strategy", "bm25")
    assert shown.code == Exit.DONE
    assert not set(shown.out) & set("\x00\x1b\x7f\u202e"), "what is shown obeys nobody"


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_search_takes_any_corpus(cli, written, query):
    corpus = written("corpus.jsonl", documents(HOSTILE))
    ended = cli("search", "--query", query, "--corpus", corpus, "--pipeline", "bm25 % 20", "--json")
    assert ended.code == Exit.DONE, ended.err
    assert {hit["id"] for hit in ended.json["hits"]} >= {"d7", "d8"}


def test_batch_takes_any_line_and_says_which_query_asks_nothing(cli, written, tmp_path):
    lines = [{"id": name, "query": query, "documents": HOSTILE} for name, query in QUERIES.items()]
    lines += [
        {"id": "empty", "query": "\x00\u200b", "documents": ["a"]},
        {"id": "long", "query": "x" * (LONGEST_QUERY + 1), "documents": ["a"]},
        {"id": "none", "query": "q", "documents": []},
    ]
    ended, found = batched(cli, tmp_path / "out.jsonl", "--input", written("in.jsonl", lines))
    assert ended.code == Exit.DEGRADED, ended.err
    assert len(found["plain"]["hits"]) == len(found["odd"]["hits"]) == len(HOSTILE)
    assert "asks nothing" in str(found["empty"]) or "ask something" in str(found["empty"])
    assert f"may have {LONGEST_QUERY}" in str(found["long"])
    assert small(tmp_path / "out.jsonl")
    corpus = written("corpus.jsonl", documents(HOSTILE))
    lines = [{"id": name, "query": query} for name, query in QUERIES.items()]
    ended, found = batched(
        cli, tmp_path / "two.jsonl", "--input", written("q.jsonl", lines), "--corpus", corpus
    )
    assert ended.code == Exit.DONE, ended.err
    assert {name: bool(line["hits"]) for name, line in found.items()} == {"plain": True, "odd": True}


def test_compare_takes_any_collection(cli, written, tmp_path):
    docs = written("docs.jsonl", documents(HOSTILE))
    queries = written("queries.jsonl", [{"_id": name, "text": text} for name, text in QUERIES.items()])
    words = ("--docs", docs, "--queries", queries, "--report", str(tmp_path / "r.html"), "--out", "runs")
    ended = cli("compare", *words, "--strategies", "bm25", "rank-bm25", "--json")
    assert ended.code == Exit.DONE, ended.err
    assert ended.json["queries"] == 2
    report = (tmp_path / "r.html").read_text()
    assert not set(report) & set("\x00\x1b\u202e")


@pytest.mark.parametrize(
    "words",
    [
        ("rank", "--docs", "docs.jsonl", "--strategy", "bm25"),
        ("search", "--corpus", "docs.jsonl", "--pipeline", "bm25"),
    ],
    ids=["rank", "search"],
)
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("\x00\x1b", "the query is empty of characters that can be seen; ask something"),
        ("\ud800", "the query is empty of characters that can be seen; ask something"),
        ("x" * 10**7, f"the query has 10000000 characters and may have {LONGEST_QUERY}; ask in fewer words"),
    ],
    ids=["controls", "surrogate", "long"],
)
def test_a_query_that_asks_nothing_or_too_much_is_one_sentence(cli, written, words, query, sentence):
    written("docs.jsonl", documents(HOSTILE))
    ended = cli(*words, "--query", query)
    assert (ended.code, ended.out, ended.err) == (Exit.USAGE, "", f"llmrerank: {sentence}\n")


def test_ten_thousand_equal_documents(cli, written, tmp_path):
    given = [{"id": f"d{n}", "text": "a roman road"} for n in range(10_000)]
    docs = written("docs.jsonl", given)
    ended = cli("rank", "--query", "roman", "--docs", docs, "--strategy", "bm25", "--json", "--top", "10")
    assert [hit["id"] for hit in ended.json["hits"]] == [f"d{n}" for n in range(10)]
    ended = cli("search", "--query", "roman", "--corpus", docs, "--pipeline", "bm25 % 5", "--json")
    assert [hit["id"] for hit in ended.json["hits"]] == [f"d{n}" for n in range(5)]
    line = {"id": "1", "query": "roman", "documents": given}
    ended, found = batched(cli, tmp_path / "out.jsonl", "--input", written("in.jsonl", [line]), "--top", "3")
    assert [hit["id"] for hit in found["1"]["hits"]] == ["d0", "d1", "d2"]


@pytest.mark.slow
def test_ten_megabytes_and_a_hundred_thousand_candidates(cli, written, tmp_path):
    huge = written(
        "huge.jsonl", [{"id": "huge", "text": "roman roads. " * 800_000}, {"id": "x", "text": "x"}]
    )
    for words in (
        ("rank", "--docs", huge, "--strategy", "bm25"),
        ("search", "--corpus", huge, "--pipeline", "bm25"),
    ):
        ended = cli(*words, "--query", "roman roads", "--json")
        assert ended.code == Exit.DONE, ended.err[:500]
        assert ended.json["hits"][0]["id"] == "huge"
    many = written("many.jsonl", [{"id": f"d{n}", "text": f"road {n % 101}"} for n in range(100_000)])
    for words in (
        ("rank", "--docs", many, "--strategy", "bm25"),
        ("search", "--corpus", many, "--pipeline", "bm25"),
    ):
        ended = cli(*words, "--query", "road 77", "--top", "3", "--json")
        assert ended.code == Exit.DONE, ended.err[:500]
        assert {hit["text"] for hit in ended.json["hits"]} == {"road 77"}
    ended = cli(
        *("compare", "--docs", many, "--queries", written("q.jsonl", [{"_id": "1", "text": "road 77"}])),
        *("--strategies", "bm25 % 100", "--json"),
    )
    assert ended.code == Exit.DONE, ended.err[:500]
