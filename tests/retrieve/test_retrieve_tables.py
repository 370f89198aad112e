"""Documents of tables and of folders of texts: what is read, and every sentence about what cannot be."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.errors import ConfigError, DataError, UnknownName
from llmrerank.retrieve.corpus import left_out, read_documents
from llmrerank.retrieve.tables import DOCUMENTS, open_delimited, read_columns

TABLE = 'DocID,Title,Body,year\r\n007,Seven,"a, ""quoted"" text\nin two lines",1999\r\n\r\n8,,plain,\r\n'
READ = [
    ("007", "Seven", 'a, "quoted" text\nin two lines', {"year": "1999"}),
    ("8", "", "plain", {"year": ""}),
]


def written(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(path: Path, columns: Any = None) -> list[tuple[Any, str, str, dict[str, Any]]]:
    documents = read_documents(path, columns)
    return [(one.id, one.title, one.text, dict(one.metadata)) for one in documents]


def parquet(path: Path, columns: dict[str, list[Any]]) -> Path:
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow ([datasets])")
    from pyarrow import parquet as writer

    writer.write_table(pyarrow.table(columns), path)
    return path


@pytest.mark.parametrize("name", ["docs.csv", "docs.CSV", "docs.csv.gz"])
def test_csv_with_quotes_line_ends_and_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    assert read(written(tmp_path / name, TABLE)) == READ
    assert read(written(tmp_path / f"marked.{name}", b"\xef\xbb\xbf" + TABLE.encode())) == READ


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_between_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    content = f"id{delimiter}text\n1{delimiter}one, two\n"
    assert read(written(tmp_path / "docs.csv", content)) == [("1", "", "one, two", {})]


@pytest.mark.parametrize("name", ["docs.tsv", "docs.tab.gz"])
def test_a_quote_in_a_tsv_file_that_knows_none_swallows_nothing(tmp_path: Path, name: str) -> None:
    content = 'pid\tpassage\n1\t"Hello, she said\n2\t5" wide\n3\t"all ""quoted"""\n4\tends"\n'
    assert [row[2] for row in read(written(tmp_path / name, content))] == [
        '"Hello, she said',
        '5" wide',
        'all "quoted"',
        'ends"',
    ]


def test_a_tsv_file_with_quoted_cells_that_hold_line_ends(tmp_path: Path) -> None:
    content = 'id\ttext\n1\t"one\ntwo"\n2\t"a\tb"\n'
    assert [row[2] for row in read(written(tmp_path / "docs.tsv", content))] == ["one\ntwo", "a\tb"]


def test_a_tsv_file_of_two_columns_may_lack_the_header(tmp_path: Path) -> None:
    assert read(written(tmp_path / "collection.tsv", "10\tone\n11\ttwo\n")) == [
        ("10", "", "one", {}),
        ("11", "", "two", {}),
    ]
    with pytest.raises(DataError, match=r"looks like 'text'; it has '10', 'one'"):
        read(written(tmp_path / "collection.csv", "10,one\n11,two\n"))


def test_documents_without_ids_are_numbered_and_texts_may_be_long(tmp_path: Path) -> None:
    long = "word " * 40_000
    documents = read_documents(written(tmp_path / "docs.csv", f"text\n{long}\nshort\n"))
    assert [(one.id, len(one.text)) for one in documents] == [("0", 200_000), ("1", 5)]


COLUMN_TESTS = [
    ("No,Subject,Question\n1,s,q\n", "id=No,text=Question,title=Subject", ("1", "s", "q", {})),
    ("No,Subject,Question\n1,s,q\n", {"text": "question"}, ("0", "", "q", {"No": "1", "Subject": "s"})),
    ("id,title,text\n1,t,x\n", "text=title", ("1", "", "t", {"text": "x"})),
    ('id,"a,b"\n1,x\n', 'text="a,b"', None),
    ('id,"a,b"\n1,x\n', '"text=a,b"', ("1", "", "x", {})),
    ("id,,content\n1,two,x\n", None, ("1", "", "x", {"column 2": "two"})),
    ("Doc-ID,Name,Abstract\n1,n,x\n", None, ("1", "n", "x", {})),
    ("id,doc_id,text,body\n1,2,t,b\n", None, ("1", "", "t", {"doc_id": "2", "body": "b"})),
]


@pytest.mark.parametrize(("content", "columns", "row"), COLUMN_TESTS)
def test_columns_are_guessed_or_said(tmp_path: Path, content: str, columns: Any, row: Any) -> None:
    path = written(tmp_path / "docs.csv", content)
    if row is None:
        with pytest.raises(ConfigError, match="columns are said as id=No,text=Question"):
            read(path, columns)
    else:
        assert read(path, columns) == [row]


def test_keys_of_json_can_be_said_too(tmp_path: Path) -> None:
    path = written(tmp_path / "d.jsonl", '{"No": 4, "Frage": "q", "text": "x"}\n{"No": 5, "text": "y"}\n')
    with pytest.raises(DataError, match=r"d\.jsonl, line 2 has no column 'Frage' for 'text'"):
        read(path, "id=No,text=Frage")
    written(path, path.read_text().splitlines()[0])
    assert read(path, "id=No,text=Frage") == [(4, "", "q", {"text": "x"})]


def test_columns_that_cannot_be() -> None:
    with pytest.raises(UnknownName, match=r"unknown field 'txt' in the columns of documents; did you mean"):
        read_columns("txt=a", DOCUMENTS)
    with pytest.raises(ConfigError, match="name 'text' twice"):
        read_columns("text=a,text=b", DOCUMENTS)


@pytest.mark.parametrize(
    ("content", "columns", "sentence"),
    [
        (
            "a,b\n1,2\n",
            None,
            r"no column of the documents looks like 'text'; it has 'a', 'b'; .*--doc-columns",
        ),
        ("name,price\n1,2\n", None, "looks like 'text'; it has 'name', 'price'"),
        ("id,text\n1,2\n", "text=Texte", r"docs\.csv has no column 'Texte' for 'text'; did you mean 'text'"),
        ("id,text\n1,x\n2,y,z\n", None, r"docs\.csv, line 3: a row has 2 columns .*; this has 3; quote"),
        ('id,text\n1,"x\ny"\n2\n', None, r"docs\.csv, line 4: .*: id, text; this has 1"),
        ("text,text\n1,2\n", None, "line 1: two columns are called 'text'"),
        ('id,text\n1,x\n2,"open\n3,y\n', None, r"docs\.csv, line 3: this is not CSV \(unexpected end"),
        ('id,text\n1,"a" b\n', None, r"line 2: this is not CSV"),
        ("id,text\r1,x\r2,y\r", None, "line 1: this is not CSV"),
        ("id,text\n ,x\n", None, r"docs\.csv, line 2: the id of the document is empty"),
        (b"id,text\n1,\xe9\n", None, r"docs\.csv, line 2: byte 3 is not UTF-8"),
        ("id,text\n1,x\n".encode("utf-16"), None, r"docs\.csv, line 1: .*UTF-16"),
        ("", None, r"docs\.csv holds no documents"),
        ("\n\n", None, r"docs\.csv holds no documents"),
        ("id,text\n", None, r"docs\.csv holds no documents"),
        ("id,text\n1,\n", None, r"no document of .*docs\.csv has any text"),
    ],
)
def test_broken_tables_name_file_and_line(tmp_path: Path, content: Any, columns: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(written(tmp_path / "docs.csv", content), columns)


# A tab inside a quoted cell can look like one between cells; a test above has the case that is told apart.
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\t"), max_size=8)


@settings(max_examples=60)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from([",", "\t"]))
def test_what_the_csv_module_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("a", "b"), *rows])
    name = "t.csv" if delimiter == "," else "t.tsv"
    path = written(tmp_path_factory.getbasetemp() / "written" / name, stream.getvalue())
    table = open_delimited(path).table()
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    assert [tuple(values.values()) for _, values in table.rows] == kept


def test_parquet(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "docs.parquet",
        {
            "pid": [7, 8],
            "title": ["T", None],
            "content": ["one", None],
            "day": [datetime.date(2020, 1, 2), None],
            "weight": [math.nan, 0.5],
            "tags": [["a"], []],
            "picture": [b"\x00", b"\x01"],
        },
    )
    assert read(path) == [
        (7, "T", "one", {"day": "2020-01-02", "weight": None, "tags": ["a"]}),
        (8, "", "", {"day": None, "weight": 0.5, "tags": []}),
    ]
    assert json.dumps(read(path)[0][3])
    with pytest.raises(DataError, match="has no column 'picture'"):
        read(path, "text=picture")
    with pytest.raises(DataError, match=r"docs\.parquet, row 1: 'text' must be a string, got list"):
        read(path, "text=tags")
    with pytest.raises(DataError, match=r"row 2: the id of the document is empty"):
        read(path, "id=day,text=content")
    with pytest.raises(DataError, match=r"cannot read .*broken\.parquet as Parquet"):
        read(written(tmp_path / "broken.parquet", "PAR1"))
    with pytest.raises(DataError, match="there is no file"):
        read(tmp_path / "gone.parquet")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    written(folder / "b.txt", b"\xef\xbb\xbfplain\r\nwords")
    written(
        folder / "a" / "deep.md", "---\ntitle: x\n---\n\n```\n# code\n```\ntext\n\n## A *title* ##\n# Next\n"
    )
    written(folder / "a" / "under.Markdown", "> quote\n\nUnderlined\n=====\n\nbody\n")
    written(folder / "a.rst", "Heading\n=======\n")
    written(folder / "none.md", "no heading\n\n---\n\n#hashtag\n")
    for name in (".hidden.txt", ".git/x.md", "picture.png", "scan.PDF", "other.pdf", "Makefile"):
        written(folder / name, b"\xff\xfe")
    return folder


def test_a_folder_of_texts(shelf: Path) -> None:
    documents = read_documents(shelf)
    assert [(one.id, one.title) for one in documents] == [
        ("a.rst", "a"),
        ("a/deep.md", "A *title*"),
        ("a/under.Markdown", "Underlined"),
        ("b.txt", "b"),
        ("none.md", "none"),
    ]
    assert documents[3].text == "plain\nwords"
    assert documents[1].text.startswith("---\ntitle")
    assert left_out(shelf) == (
        f"4 files are left out of {shelf}, neither text nor Markdown: 1 without an end, 2 .pdf, 1 .png",
    )


def test_folders_that_hold_no_documents(shelf: Path, tmp_path: Path) -> None:
    written(shelf / "latin.txt", b"caf\xe9")
    with pytest.raises(DataError, match=r"latin\.txt: byte 4 is not UTF-8"):
        read_documents(shelf)
    empty = tmp_path / "empty"
    written(empty / "a.docx", b"")
    with pytest.raises(
        DataError, match=r"has no corpus\.jsonl .*no text or Markdown files; 1 file is left out"
    ):
        read_documents(empty)
    # The notes of a dataset folder are no documents.
    written(empty / "queries.jsonl", "")
    written(empty / "README.md", "# What this is")
    for reader in (read_documents, left_out):
        with pytest.raises(DataError, match=r"has no corpus\.jsonl"):
            reader(empty)


def test_links_to_folders_are_not_followed(shelf: Path) -> None:
    (shelf / "loop").symlink_to(shelf, target_is_directory=True)
    assert len(read_documents(shelf)) == 5
