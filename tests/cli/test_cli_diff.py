"""diff on the command line."""

from __future__ import annotations

import json

import pytest

from llmrerank.cli.exits import Exit

WIDEST = 100


@pytest.fixture
def runs(tmp_path, dataset):
    """Two runs over the dataset: the second puts the judged document of q2 first, and lacks q1's last."""
    lists = {
        "a.trec": {"q1": ["d0", "d1", "d4"], "q2": ["d5", "d0", "d1"]},
        "b.trec": {"q1": ["d0", "d1"], "q2": ["d1", "d5", "d2"]},
    }
    for name, found in lists.items():
        lines = [
            f"{query} Q0 {document} {rank} {10 - rank} tag\n"
            for query, documents in found.items()
            for rank, document in enumerate(documents, start=1)
        ]
        (tmp_path / name).write_text("".join(lines))
    return str(tmp_path / "a.trec"), str(tmp_path / "b.trec"), "--dataset", dataset


def test_measures_then_the_queries_that_changed_most(cli, runs):
    ended = cli("diff", *runs, "--metrics", "RR@10", "nDCG@10")
    assert (ended.code, ended.err) == (Exit.DONE, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"A: {runs[0]}"[:WIDEST]
    [measured] = [line.split() for line in lines if line.startswith("RR@10")]
    assert measured[:4] == ["RR@10", "0.6667", "1.0000", "+0.3333"]
    assert measured[-3:] == ["1", "1", "0"]
    first, second = ended.out.index("q2: which animals bark"), ended.out.index("q1: which animals purr")
    assert first < second
    assert "RR@10 0.3333 → 1.0000 (+0.6667)" in ended.out
    assert "    none → 3  d2  birds sing" in ended.out
    assert "    2 → none  d0  animals that purr: cats" in ended.out
    assert "relevant documents that moved: d1 (grade 1): 3 → 1" in ended.out
    assert "measured the same; overlap 0.67" in ended.out
    assert max(map(len, lines)) <= WIDEST


def test_how_many_queries_are_told_of(cli, runs):
    assert "q1:" not in cli("diff", *runs, "--limit", "1").out
    assert "1 query that changed less; --all shows them" in cli("diff", *runs, "--limit", "1").out
    assert "--all shows them" not in cli("diff", *runs, "--all").out
    both = cli("diff", *runs, "--all", "--limit", "1")
    assert both.code == Exit.USAGE
    assert "--all and --limit" in both.err


def test_json_has_all_of_it(cli, runs):
    report = cli("diff", *runs, "--json").json
    assert (report["schema"], report["a"], report["queries"]) == (1, runs[0], 2)
    measured = report["measures"]["RR@10"]
    assert (measured["wins"], measured["ties"], measured["losses"]) == (1, 1, 0)
    assert [one["id"] for one in report["per_query"]] == ["q2", "q1"]
    assert report["per_query"][0]["moved"] == [{"id": "d1", "grade": 1, "before": 3, "after": 1}]
    assert len(cli("diff", *runs, "--json", "--limit", "1").json["per_query"]) == 1
    assert cli("diff", *runs, "--json", "--query", "q1").json["per_query"][0]["id"] == "q1"


def test_one_query_side_by_side(cli, runs):
    ended = cli("diff", *runs, "--query", "q2")
    assert ended.code == Exit.DONE
    rows = [[side.split() for side in line.split(" | ")] for line in ended.out.splitlines() if " | " in line]
    assert [row[0][:4] for row in rows[1:]] == [
        ["1", "↓1", "[", "]"],
        ["2", "gone", "[", "]"],
        ["3", "↑2", "[1]", "d1"],
    ]
    assert [row[1][:4] for row in rows[1:]] == [
        ["1", "↑2", "[1]", "d1"],
        ["2", "↓1", "[", "]"],
        ["3", "new", "[", "]"],
    ]
    unknown = cli("diff", *runs, "--query", "q3")
    assert (unknown.code, unknown.out) == (Exit.USAGE, "")
    assert "no query 'q3' in common; known: q1, q2" in unknown.err


def test_without_judgements_nothing_is_measured_and_that_is_said(cli, runs, tmp_path):
    (tmp_path / "animals" / "qrels" / "test.tsv").unlink()
    ended = cli("diff", *runs)
    assert ended.code == Exit.DONE
    assert "no judgements: nothing is measured" in ended.err
    assert "RR@10" not in ended.out
    assert "grade" not in ended.out
    assert "overlap" in ended.out


def test_what_is_left_out_is_said(cli, runs, tmp_path):
    path = tmp_path / "a.trec"
    path.write_text(path.read_text().replace("q1 ", "elsewhere "))
    ended = cli("diff", *runs)
    assert "left out: 1 query in B only, such as 'q1'" in ended.err
    assert "1 query of the runs without judgements or without text, such as 'elsewhere'" in ended.err


def test_nothing_that_a_document_says_moves_the_cursor(cli, runs, tmp_path):
    corpus = tmp_path / "animals" / "corpus.jsonl"
    texts = [json.loads(line) for line in corpus.read_text().splitlines()]
    texts[2]["title"] = "t\x1b[2J\u202etitle\x9b31m"
    corpus.write_text("".join(json.dumps(one) + "\n" for one in texts))
    for words in (("--all",), ("--query", "q2")):
        out = cli("diff", *runs, *words).out
        assert "title" in out
        assert not {"\x1b", "\u202e", "\x9b"} & set(out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.trec", "b.trec", "--dataset", "animals"), "nowhere.trec"),
        (("a.trec", "b.trec", "--dataset", "nowhere"), "nowhere"),
        (("a.trec", "b.trec"), "--dataset"),
        (("a.trec", "b.trec", "--dataset", "animals", "--metrics", "nDGC@10"), "did you mean 'nDCG"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(cli, runs, words, said):
    ended = cli("diff", *words)
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert said in ended.err
