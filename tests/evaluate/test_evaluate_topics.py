"""Queries and judgements in every form that is read, and every sentence about what cannot be."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.qrels import read_qrels
from llmrerank.evaluate.topics import read_topics

TREC = """<top>

<num> Number: 301
<title> Topic: International Organized Crime

<desc> Description:
Identify organizations that participate
in crime.

<narr> Narrative:
A relevant document must <b>name</b> one.

</top>

<TOP><num>302</num>
<title>
Poliomyelitis
<desc> Description: Is it under control?
</top> stray words
"""


def written(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def asked(path: Any, columns: Any = None) -> dict[str, str]:
    topics = read_topics(path, columns)
    return {identifier: topic.query(identifier).text for identifier, topic in topics.items()}


QUERY_FILES = [
    ("q.jsonl", '{"_id": "a", "text": "one"}\n{"id": 2, "query": "two"}\n', None, {"a": "one", "2": "two"}),
    ("q.json.gz", '{"qid": "a", "text": "one"}\n', None, {"a": "one"}),
    ("q.jsonl", '{"text": "one"}\n{"text": "two"}\n', None, {"q1": "one", "q2": "two"}),
    ("q.jsonl", '{"Nr": 5, "Frage": "one"}\n', "id=Nr,text=Frage", {"5": "one"}),
    ("q.csv", "Question\nwhat, then?\n".replace("what, then?", '"what, then?"'), None, {"q1": "what, then?"}),
    ("q.csv", "No,Question\n1,one\n2,two\n", "id=No", {"1": "one", "2": "two"}),
    ("q.tsv", "query-id\ttext\n a \tone\n", None, {"a": "one"}),
    ("q.tsv", "19335\tanthropological definition\n", None, {"19335": "anthropological definition"}),
    ("q.txt.gz", "19335\tone\n47923\ttwo\n", None, {"19335": "one", "47923": "two"}),
    (
        "q.txt",
        "\ufeff one thing \n\ntwo\tthings\tmore\n",
        None,
        {"q1": "one thing", "q2": "two\tthings\tmore"},
    ),
    ("q", '\n {"_id": "a", "text": "one"}\n', None, {"a": "one"}),
    ("topics.301-302", TREC, None, {"301": "International Organized Crime", "302": "Poliomyelitis"}),
    (
        "topics.gz",
        TREC,
        "text=desc",
        {"301": "Identify organizations that participate in crime.", "302": "Is it under control?"},
    ),
]


@pytest.mark.parametrize(("name", "content", "columns", "queries"), QUERY_FILES)
def test_queries(tmp_path: Path, name: str, content: str, columns: Any, queries: dict[str, str]) -> None:
    assert asked(written(tmp_path / name, content), columns) == queries


def test_queries_of_parquet_and_of_a_stream(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow ([datasets])")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"number": [3, 4], "query": ["one", "two"]}), tmp_path / "q.parquet")
    assert asked(tmp_path / "q.parquet") == {"3": "one", "4": "two"}
    assert asked(io.BytesIO(b"one\ntwo\n")) == {"q1": "one", "q2": "two"}


@pytest.mark.parametrize(
    ("name", "content", "columns", "sentence"),
    [
        (
            "q.csv",
            "id,text\n1,a\n2,b\n1,c\n",
            None,
            r"q\.csv, line 4: the query '1' is there twice, first at .*2",
        ),
        ("q.csv", "id,text\n1,a\n,b\n", None, r"q\.csv, line 3: a query needs '_id'"),
        ("q.csv", "id,text\n1,a\n2, \n", None, r"q\.csv, line 3: the query '2' needs 'text'"),
        (
            "q.csv",
            "a,b\n1,a\n",
            None,
            r"no column of the queries looks like 'text'; it has 'a', 'b'; .*--query-c",
        ),
        (
            "q.jsonl",
            '{"_id": "a", "text": "x"}\n{"text": "y"}\n',
            None,
            r"q\.jsonl, line 2: a query needs '_id'",
        ),
        ("q.txt", "\n", None, r"there are no queries in .*q\.txt"),
        ("q.csv", "", None, r"there are no queries in .*q\.csv"),
        ("q.txt", "a\tone\n\ttwo\n", None, "line 2: a query needs '_id'"),
        ("q.txt", "one\n", "text=a", "plain lines, which have no columns"),
        ("q.xml", "<?xml version='1.0'?>\n<topics/>\n", None, "is XML, which is not read"),
        ("topics", "<top>\n<title> x\n</top>\n", None, r"topics, line 1: the topic has no number, <num>"),
        (
            "topics",
            TREC,
            "text=narrative",
            r"topics has no column 'narrative' for 'text'; did you mean 'narr'",
        ),
    ],
)
def test_queries_that_cannot_be_read(
    tmp_path: Path, name: str, content: str, columns: Any, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        asked(written(tmp_path / name, content), columns)


JUDGEMENT_FILES = [
    ("qrels.txt", "q1 0 d1 3\nq1 Q0 d2 -1\n", None),
    ("qrels.trec.gz", "q1\t0\td1\t3\nq1\t0\td2\t-1\n", None),
    ("qrels.csv", "q1,d1,3\nq1,d2,-1\n", None),
    ("qrels.csv", "Grade,Doc ID,Query ID\n3,d1,q1\n-1,d2,q1\n", None),
    (
        "qrels.csv",
        "who;Frage;Dokument;Note\nme;q1;d1;3\nyou;q1;d2;-1\n",
        "query=Frage,document=Dokument,grade=Note",
    ),
    ("qrels.tsv", "a\tb\tc\nq1\td1\t3\nq1\td2\t-1\n", None),
    ("qrels.tsv.gz", "query_id\titeration\tdoc_id\trelevance\nq1\t0\td1\t3\nq1\t0\td2\t-1\n", None),
    ("qrels.tsv", "q1\t0\td1\t3\nq1\t0\td2\t-1\n", None),
]


@pytest.mark.parametrize(("name", "content", "columns"), JUDGEMENT_FILES)
def test_judgements(tmp_path: Path, name: str, content: str, columns: Any) -> None:
    assert read_qrels(written(tmp_path / name, content), columns) == {"q1": {"d1": 3, "d2": -1}}


def test_judgements_of_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow ([datasets])")
    from pyarrow import parquet

    path = tmp_path / "qrels.parquet"
    parquet.write_table(pyarrow.table({"qid": [1, 1], "docid": [7, 8], "label": [3.0, 0.0]}), path)
    assert read_qrels(path) == {"1": {"7": 3, "8": 0}}
    parquet.write_table(pyarrow.table({"qid": [1], "docid": [7], "label": [0.5]}), path)
    with pytest.raises(DataError, match=r"qrels\.parquet, row 1: the grade must be a whole number, got 0\.5"):
        read_qrels(path)
    parquet.write_table(
        pyarrow.table({"qid": [1], "docid": pyarrow.array([None], "string"), "label": [1]}), path
    )
    with pytest.raises(DataError, match=r"row 1: a judgement needs the ids"):
        read_qrels(path)


@pytest.mark.parametrize(
    ("name", "content", "columns", "sentence"),
    [
        (
            "qrels.csv",
            "doc_key,query_id,grade\nd1,q1,1\n",
            None,
            r"looks like 'document'; it has 'doc_key'.*--qrels",
        ),
        ("qrels.csv", "a,b,c,d,e\n1,2,3,4,5\n", None, "looks like 'query' and 'document' and 'grade'"),
        (
            "qrels.csv",
            "query,document,grade\nq1,,1\n",
            None,
            r"qrels\.csv, line 2: a judgement needs the ids",
        ),
        (
            "qrels.csv",
            "query,document,grade\nq1,d1,\n",
            None,
            r"line 2: the grade must be a whole number, got ''",
        ),
        ("qrels.csv", "", None, "holds no judgements"),
        ("qrels.txt", "q1 0 d1 1\n", "grade=a", "has TREC's four columns, without names"),
        ("qrels.txt", "q1 0 d1 ²\n", None, r"qrels\.txt, line 1: the grade must be a whole number"),
    ],
)
def test_judgements_that_cannot_be_read(
    tmp_path: Path, name: str, content: str, columns: Any, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_qrels(written(tmp_path / name, content), columns)
