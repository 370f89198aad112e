"""Files of lines and of documents: every fault names the file and the line."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.errors import DataError
from llmrerank.jsonl import read_lines, text_lines
from llmrerank.retrieve.corpus import read_documents
from llmrerank.types import Document

GOOD = b'{"a": 1}\n\n{"a": "\xc3\xa9"}\r\n{"a": [2]}'
# Names of tests hold these bytes, and must be the same in every process that collects them: no time in them.
PACKED = gzip.compress(GOOD, mtime=0)
IN_PARTS = gzip.compress(GOOD[:9], mtime=0) + gzip.compress(GOOD[9:], mtime=0)
READ = [(1, {"a": 1}), (3, {"a": "é"}), (4, {"a": [2]})]


def written(folder: Path, content: bytes, name: str = "some.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["some.jsonl", "some.jsonl.gz", "some"])
@pytest.mark.parametrize("content", [GOOD, b"\xef\xbb\xbf" + GOOD, PACKED])
def test_lines_are_numbered_whatever_the_packing(tmp_path: Path, name: str, content: bytes) -> None:
    path = written(tmp_path, content, name)
    assert list(read_lines(path)) == READ
    assert list(read_lines(str(path))) == READ


@pytest.mark.parametrize("content", [GOOD, PACKED, IN_PARTS])
def test_streams_stay_open(content: bytes) -> None:
    stream = io.BytesIO(content)
    assert list(read_lines(stream)) == READ
    assert not stream.closed
    text = io.StringIO(GOOD.decode())
    assert list(read_lines(text)) == READ
    assert not text.closed


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PACKED)))
    assert list(read_lines("-")) == READ
    monkeypatch.setattr("sys.stdin", io.StringIO("{"))
    with pytest.raises(DataError, match="standard input, line 1: "):
        list(read_lines("-"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"a": 1}\n{"a":\n', "line 2: this is not JSON: .* at character 6$"),
        (b'{"a": 1}\n{"a": "hal', "line 2: this is not JSON: .*; the file seems to be cut off there"),
        (b'{"a": 1}\n[1]\n', "line 2: expected one JSON object on each line, got an array"),
        (b'"a"\n', "line 1: .* got a string"),
        (b"7\n", "line 1: .* got a number"),
        (b"null\n", "line 1: .* got null"),
        (b'[\n{"a": 1}\n]\n', "line 1: expected one JSON object on each line, not one that spans several"),
        (b'{"a": 1}\n{"a": "\xe9"}\n', "line 2: byte 8 is not UTF-8; save"),
        ('{"a": 1}\n'.encode("utf-16"), "line 1: .* looks like UTF-16"),
        (b"[" * 100_000, "line 1: the JSON is nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}\n", "line 1: this is not JSON"),
        (PACKED[:-12], "gzip data is damaged or ends too early"),
        (PACKED[:-4] + b"abcd", "gzip data is damaged or ends too early"),
        (b"\x1f\x8bnothing of the kind", "gzip data is damaged"),
    ],
)
def test_faults_name_the_file_and_the_line(tmp_path: Path, content: bytes, fault: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=fault) as caught:
        list(read_lines(path))
    assert str(path) in str(caught.value)


def test_a_gzip_that_ends_early_gives_what_came_before(tmp_path: Path) -> None:
    lines = b"".join(b'{"number": %d}\n' % number for number in range(50_000))
    path = written(tmp_path, gzip.compress(lines)[:-2000])
    reader = read_lines(path)
    assert next(reader) == (1, {"number": 0})
    with pytest.raises(DataError, match=r"after line \d{3,}"):
        list(reader)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*nowhere"):
        list(text_lines(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="is a folder; name a file"):
        list(text_lines(tmp_path))
    with pytest.raises(DataError, match="cannot read"):
        list(text_lines("a\0b"))


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), st.one_of(st.integers(-9, 9), st.text(), st.none())), max_size=5))
def test_what_was_written_is_read(objects: list[dict[str, Any]]) -> None:
    content = "".join(json.dumps(value) + "\n" for value in objects).encode()
    for packed in (content, gzip.compress(content)):
        assert [value for _, value in read_lines(io.BytesIO(packed))] == objects


DOCUMENTS = [
    ({"id": "a", "text": "t"}, Document(id="a", text="t")),
    ({"_id": "a", "title": "T", "text": "t"}, Document(id="a", title="T", text="t")),
    ({"docid": 7, "contents": "t"}, Document(id=7, text="t")),
    ({"docid": "a", "body": "t", "url": "u"}, Document(id="a", text="t", metadata={"url": "u"})),
    ({"text": "t", "metadata": {"year": 1}}, Document(id="0", text="t", metadata={"year": 1})),
    ({"_id": "a", "title": "T", "text": None}, Document(id="a", title="T", text="")),
    ({"_id": "a", "title": None, "text": "t"}, Document(id="a", text="t")),
]


@pytest.mark.parametrize(("fields", "document"), DOCUMENTS)
def test_fields_in_use_are_known(fields: dict[str, Any], document: Document) -> None:
    given_text = io.BytesIO(json.dumps(fields).encode())
    [read] = read_documents(given_text)
    assert (read.id, read.title, read.text, dict(read.metadata)) == (
        document.id,
        document.title,
        document.text,
        dict(document.metadata),
    )


def test_plain_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff first one \r\n\n[second]\n{third".encode(), "plain.txt")
    documents = read_documents(path)
    assert [(document.id, document.text) for document in documents] == [
        ("0", "first one"),
        ("1", "[second]"),
        ("2", "{third"),
    ]


def test_json_is_told_by_its_first_line(tmp_path: Path) -> None:
    [document] = read_documents(written(tmp_path, b'\n {"text": "t"}\n', "any.txt"))
    assert document.text == "t"
    with pytest.raises(DataError, match=r"any.jsonl, line 1: this is not JSON"):
        read_documents(written(tmp_path, b"plain words\n", "any.jsonl"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "holds no documents"),
        (b"\n  \n", "holds no documents"),
        (b'{"text": "t"}\n{"id": "a"}\n', "line 2: a document needs 'text' .*; found 'id'"),
        (b'{"text": "t"}\n{"id": "a", "title": ""}\n', "line 2: a document needs 'text'"),
        (b"{}\n", "line 1: a document needs 'text' .*; found nothing"),
        (b'{"text": ["t"]}\n', "line 1: 'text' must be a string, got list"),
        (b'{"text": "t", "id": 1.5}\n', "line 1: 'id' must be a string or an integer"),
        (b'{"text": "t", "title": 1}\n', "line 1: 'title' must be a string"),
        (b'{"text": ""}\n{"text": " "}\n', "no document of .* has any text"),
    ],
)
def test_corpora_without_text_are_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=fault) as caught:
        read_documents(path)
    assert str(path) in str(caught.value)


def test_empty_documents_among_others_are_kept(tmp_path: Path) -> None:
    assert len(read_documents(written(tmp_path, b'{"text": ""}\n{"text": "t"}\n'))) == 2


def test_a_dataset_folder_is_its_corpus(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no corpus.jsonl or corpus.jsonl.gz"):
        read_documents(tmp_path)
    lines = b'{"_id": 1, "text": "t"}\n{"_id": "2", "text": "t"}\n'
    written(tmp_path, gzip.compress(lines), "corpus.jsonl.gz")
    assert [document.id for document in read_documents(str(tmp_path))] == [1, "2"]
    written(tmp_path, lines + b'{"_id": "1", "text": "t"}\n', "corpus.jsonl")
    with pytest.raises(DataError, match="two documents have the id '1'"):
        read_documents(tmp_path)
