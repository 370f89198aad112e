"""Stored runs and judged pools."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from llmrerank.errors import ConfigError, DataError
from llmrerank.retrieve.pool import Judged
from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.run import Run
from llmrerank.types import Document, Query

CORPUS = [Document(id=name, title=name.upper(), text=f"text {name}") for name in "abcde"]
TREC = "q1 Q0 b 1 9.5 tag\nq1 Q0 a 2 8 tag\nq2 Q0 c 1 3e-1 tag\n"
FLEA = Query(id="q1", text="flea")


def line(qid: object, text: str | None, candidates: Sequence[object]) -> str:
    return json.dumps({"query": {"qid": qid, "text": text}, "candidates": candidates}) + "\n"


def written(path: Path, content: str) -> Path:
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def found(source: Source, *queries: Query, path: str | None = None, k: int = 9) -> list[list[Any]]:
    retriever = Run(path=path).open(source)
    return [[hit.document.id for hit in ranking] for ranking in retriever.search(queries, k=k)]


@pytest.mark.parametrize("name", ["first.trec", "first.trec.gz", "bm25.run"])
def test_a_trec_run_over_a_corpus(tmp_path: Path, name: str) -> None:
    written(tmp_path / name, TREC)
    retriever = Run(path=name).open(Source(corpus=CORPUS, folder=tmp_path))
    one, two, three = retriever.search([FLEA, Query(id="q2", text="x"), Query(id="q3", text="y")], k=9)
    assert [(hit.document, hit.score, hit.rank, hit.previous_rank) for hit in one] == [
        (CORPUS[1], 9.5, 1, 1),
        (CORPUS[0], 8.0, 2, 2),
    ]
    assert [hit.score for hit in two] == [0.3]
    assert len(three) == 0
    assert one.strategy == f"run(path={name!r})"
    assert one.score_kind == three.score_kind == "utility"


def test_trec_order_is_score_then_rank_then_file(tmp_path: Path) -> None:
    rows = [("a", 9, 1.0), ("b", 3, 2.0), ("c", 2, 2.0), ("d", 2, 2.0), ("e", 1, -1.0)]
    content = "".join(f"q1 Q0 {docid} {rank} {score} tag\n" for docid, rank, score in rows)
    written(tmp_path / "r.trec", content)
    source = Source(corpus=CORPUS, folder=tmp_path)
    assert found(source, FLEA, path="r.trec") == [["c", "d", "b", "a", "e"]]
    assert found(source, FLEA, path="r.trec", k=2) == [["c", "d"]]


def test_a_file_of_the_dataset_goes_before_one_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, here = tmp_path / "dataset", tmp_path / "here"
    (dataset / "runs").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    source = Source(corpus=CORPUS, folder=dataset)
    with pytest.raises(DataError, match=r"there is no run file r.trec in .*dataset or in the working folder"):
        found(source, FLEA, path="r.trec")
    written(here / "r.trec", "q1 Q0 a 1 1 t\n")
    assert found(source, FLEA, path="r.trec") == [["a"]]
    written(dataset / "r.trec", "q1 Q0 b 1 1 t\n")
    assert found(source, FLEA, path="r.trec") == [["b"]]
    assert found(source, FLEA, path=str(here / "r.trec")) == [["a"]]
    written(dataset / "runs" / "s.trec", "q1 Q0 c 1 1 t\n")
    assert found(source, FLEA, path="runs/s.trec") == [["c"]]


CANDIDATES = [
    {"docid": "y", "score": 1.5, "rank": 2, "doc": {"contents": "text y"}},
    {"docid": "x", "score": 2.5, "rank": 1, "doc": {"title": "X", "text": "text x", "url": "u"}},
]


@pytest.mark.parametrize("name", ["candidates.jsonl", "candidates.jsonl.gz"])
def test_bare_run_reads_the_candidates_of_the_folder(tmp_path: Path, name: str) -> None:
    written(tmp_path / name, line("q1", "flea", CANDIDATES))
    retriever = Run().open(Source(folder=tmp_path))
    [ranking] = retriever.search([FLEA], k=9)
    assert [(hit.document.id, hit.document.title, hit.document.text) for hit in ranking] == [
        ("x", "X", "text x"),
        ("y", "", "text y"),
    ]
    assert [hit.score for hit in ranking] == [2.5, 1.5]
    assert dict(ranking[0].document.metadata) == {"url": "u"}
    assert (ranking.strategy, ranking.score_kind) == ("run", "utility")


def test_the_named_candidates_go_first_and_bare_run_needs_some(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'run' has nothing to read: .*name a file"):
        Run().open(Source(folder=tmp_path))
    with pytest.raises(ConfigError, match="'run' has nothing to read: the shelf has"):
        Run().open(Source(corpus=CORPUS, name="the shelf"))
    written(tmp_path / "candidates.jsonl", line("q1", "flea", CANDIDATES))
    other = written(tmp_path / "other.jsonl", line("q1", "flea", CANDIDATES[:1]))
    assert found(Source(folder=tmp_path, candidates=other), FLEA) == [["y"]]


def test_queries_are_found_by_id_then_by_text(tmp_path: Path) -> None:
    content = line(1, "one", CANDIDATES[:1]) + line("", "two", CANDIDATES[1:])
    written(tmp_path / "candidates.jsonl", content)
    source = Source(folder=tmp_path)
    queries = [
        Query(id="1", text="anything"),
        Query(text="one"),
        Query(id="new", text="two"),
        Query(text="TWO"),
    ]
    assert found(source, *queries) == [["y"], ["y"], ["x"], []]
    retriever = Run().open(source)
    assert [retriever.knows(query) for query in queries] == [True, True, True, False]


def test_candidates_may_be_written_in_several_ways(tmp_path: Path) -> None:
    candidates = [
        {"docid": 3, "contents": "direct"},
        {"docid": "4", "doc": "a string"},
        {"id": "5", "doc": {"body": "b", "docid": "other"}},
    ]
    written(tmp_path / "candidates.jsonl", line("q1", None, candidates))
    [ranking] = Run().open(Source(folder=tmp_path)).search([FLEA], k=9)
    texts = [(hit.document.id, hit.document.text, hit.score) for hit in ranking]
    assert texts == [("3", "direct", None), ("4", "a string", None), ("5", "b", None)]
    assert ranking.score_kind == "none"


def test_scores_that_are_partly_missing_are_left_out(tmp_path: Path) -> None:
    candidates = [{"docid": "a", "score": 1.0}, {"docid": "b", "rank": 1}]
    written(tmp_path / "candidates.jsonl", line("q1", "flea", candidates))
    [ranking] = Run().open(Source(folder=tmp_path, corpus=CORPUS)).search([FLEA], k=9)
    assert [(hit.document.id, hit.score) for hit in ranking] == [("a", None), ("b", None)]
    assert ranking.score_kind == "none"


def test_texts_come_from_the_corpus_then_the_file_then_the_other_candidates(tmp_path: Path) -> None:
    rows = [{"docid": name, "doc": {"contents": f"own {name}"}} for name in ("a", "x")]
    rows.append({"docid": "z"})
    written(tmp_path / "candidates.jsonl", line("q1", "flea", rows))
    more = [{"docid": name, "doc": {"contents": f"other {name}"}} for name in ("a", "x", "z")]
    written(tmp_path / "candidates.tasb.jsonl.gz", line("q9", "cat", more))
    written(tmp_path / "r.trec", "q1 Q0 z 1 3 t\nq1 Q0 x 2 2 t\nq1 Q0 a 3 1 t\n")
    source = Source(folder=tmp_path, corpus=CORPUS)
    for path, order in ((None, "axz"), ("r.trec", "zxa")):
        [ranking] = Run(path=path).open(source).search([FLEA], k=9)
        expected = {"a": "text a", "x": "own x", "z": "other z"}
        assert [hit.document.text for hit in ranking] == [expected[name] for name in order]


def test_whole_numbers_as_ids_meet_their_digits(tmp_path: Path) -> None:
    written(tmp_path / "r.trec", "7 Q0 12 1 3 t\n")
    source = Source(folder=tmp_path, corpus=[Document(id=12, text="t")])
    assert found(source, Query(id="7", text="x"), path="r.trec") == [[12]]


def test_documents_without_text_are_said(tmp_path: Path) -> None:
    written(tmp_path / "r.trec", "q1 Q0 a 1 3 t\nq1 Q0 zz 2 2 t\nq1 Q0 yy 3 1 t\n")
    with pytest.raises(
        DataError, match=r"3 of the 3 documents that the run .*r.trec names have no text, 'a'"
    ):
        found(Source(folder=tmp_path), FLEA, path="r.trec")
    source = Source(folder=tmp_path, corpus=CORPUS)
    with pytest.raises(
        DataError, match=r"2 of the 3 documents .* have no text, 'zz' for one; give the corpus"
    ):
        found(source, FLEA, path="r.trec")
    assert found(source, FLEA, path="r.trec", k=1) == [["a"]]


def test_a_run_of_another_dataset_is_said(tmp_path: Path) -> None:
    written(tmp_path / "r.trec", TREC)
    source = Source(folder=tmp_path, corpus=CORPUS)
    with pytest.raises(DataError, match="none of the queries, '7' for one; its own are like 'q1'"):
        found(source, Query(id="7", text="x"), Query(id="8", text="y"), path="r.trec")
    assert found(source, Query(id="7", text="x"), FLEA, path="r.trec") == [[], ["b", "a"]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("q1 Q0 a 1\n", "line 1: expected 'query Q0 document rank score tag'"),
        (TREC + "\nq2 Q0 a one 1 t\n", "line 5: the rank must be a finite number, got 'one'"),
        ("q1 Q0 a 1 nan t\n", "line 1: the score must be a finite number"),
        ("q1 Q0 a 1 1 t\nq1 Q0 b 2 1 t\nq1 Q0 a 3 0 t\n", "line 3: the document 'a' stands twice .* 'q1'"),
        (line("1", "x", []) + '{"query": {"qi', "line 2: this is not JSON.*cut off"),
        (line("1", "x", []) + "plain\n", "line 2: this is not JSON"),
        ('{"query": {"qid": "1"}}\n', "line 1: expected an object with 'query' and a list of 'candidates'"),
        ('{"query": 7, "candidates": []}\n', "line 1: expected an object with 'query'"),
        (line("", "", []), "line 1: the query has neither 'qid' nor 'text'"),
        (line([1], "x", []), "line 1: the 'qid' of the query must be"),
        (line("1", "x", []) * 2, "line 2: the query '1' has a list already"),
        (line("1", "x", ["a"]), "line 1: a candidate must be an object"),
        (line("1", "x", [{"doc": "t"}]), "line 1: the 'docid' of a candidate must be"),
        (line("1", "x", [{"docid": "a", "doc": [1]}]), "line 1: the 'doc' of candidate 'a' must be"),
        (
            line("1", "x", [{"docid": "a", "doc": {"text": 1}}]),
            "line 1, candidate 'a': 'text' must be a string",
        ),
        (
            line("1", "x", [{"docid": "a", "score": "high"}]),
            "line 1: the score of 'a' must be a finite number",
        ),
        (line("1", "x", [{"docid": "a", "rank": True}]), "line 1: the rank of 'a' must be a finite number"),
        (line("1", "x", [{"docid": "a"}, {"docid": "a"}]), "line 1: the document 'a' stands twice .* '1'"),
    ],
)
@pytest.mark.parametrize("name", ["some.file", "some.file.gz"])
def test_faults_name_the_file_and_the_line(tmp_path: Path, content: str, fault: str, name: str) -> None:
    path = written(tmp_path / name, content)
    with pytest.raises(DataError, match=fault) as caught:
        Run(path=name).open(Source(folder=tmp_path, corpus=CORPUS))
    assert str(path) in str(caught.value)


def test_pool_hands_out_judged_documents_in_corpus_order() -> None:
    source = Source(corpus=CORPUS, pools={"q1": ["d", "a", "gone", "d"], "q2": ["b"], "q3": []})
    retriever = Judged().open(source)
    one, two, three = retriever.search([Query(id=f"q{n}", text="x") for n in (1, 2, 3)], k=9)
    assert [(hit.document.id, hit.score, hit.rank, hit.previous_rank) for hit in one] == [
        ("a", None, 1, 1),
        ("d", None, 2, 2),
    ]
    assert [hit.document for hit in two] == [CORPUS[1]]
    assert len(three) == 0
    assert (one.strategy, one.score_kind) == ("pool", "none")
    [cut] = retriever.search([FLEA], k=1)
    assert [hit.document.id for hit in cut] == ["a"]


def test_pool_says_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="'pool' searches a corpus and the shelf has none"):
        Judged().open(Source(pools={"q1": ["a"]}, name="the shelf"))
    with pytest.raises(ConfigError, match="the shelf has no judgements"):
        Judged().open(Source(corpus=CORPUS, name="the shelf"))
    with pytest.raises(DataError, match="none of the 2 judged documents is in the shelf, 'x' for one"):
        Judged().open(Source(corpus=CORPUS, pools={"q1": ["y", "x"]}, name="the shelf"))
    retriever = Judged().open(Source(corpus=CORPUS, pools={"q1": ["a"]}))
    with pytest.raises(ConfigError, match="no judgements for the query 'q9'"):
        retriever.search([Query(id="q9", text="x")], k=9)
