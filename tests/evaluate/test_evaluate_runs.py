"""TREC run files: written so that trec_eval reads the order that was meant, whole or not at all."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.errors import DataError
from llmrerank.evaluate import read_run, run_file_name, write_run

_IDS = st.text(st.characters(exclude_categories=("Z", "C"), exclude_characters="{"), min_size=1, max_size=8)


def test_six_columns_and_falling_scores(tmp_path: Path) -> None:
    path = tmp_path / "out" / "1-x.trec"
    write_run(path, {"q1": ["b", "a", "c"], "q2": [], "q3": ["a"]}, tag="bm25 % 100")
    assert path.read_text() == (
        "q1 Q0 b 1 3 bm25-%-100\nq1 Q0 a 2 2 bm25-%-100\nq1 Q0 c 3 1 bm25-%-100\nq3 Q0 a 1 1 bm25-%-100\n"
    )
    assert read_run(path) == {"q1": ["b", "a", "c"], "q3": ["a"]}


@given(st.dictionaries(_IDS, st.lists(_IDS, unique=True, min_size=1), min_size=1, max_size=4))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, run: dict[str, list[str]]
) -> None:
    path = tmp_path_factory.mktemp("runs") / "a.trec.gz"
    write_run(path, run, tag="x")
    assert read_run(path) == run


def test_the_rank_column_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.trec.gz"
    path.write_bytes(gzip.compress(b"q Q0 low 1 -3.5 x\n\nq Q0 high 2 7 x\n"))
    assert read_run(path) == {"q": ["high", "low"]}


def test_a_run_that_is_not_there_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.trec"):
        read_run(tmp_path / "gone.trec")
    (tmp_path / "bad.trec").write_text("q Q0 a 1 2 x\nq Q0 b 1 high x\n")
    with pytest.raises(DataError, match=r"bad\.trec, line 2"):
        read_run(tmp_path / "bad.trec")


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"q 1": ["a"]}, "the query id 'q 1' is empty or holds white space"),
        ({"q": ["a", "b c"]}, "the document id 'b c'"),
        ({"q": [""]}, "the document id ''"),
        ({"q": ["a\u2003b"]}, "the document id"),
        ({"q": ["a", "a"]}, "document 'a' stands twice under query 'q'"),
    ],
)
def test_what_no_reader_could_tell_is_not_written(
    tmp_path: Path, run: dict[str, list[str]], sentence: str
) -> None:
    path = tmp_path / "a.trec"
    path.write_text("old\n")
    with pytest.raises(DataError, match=sentence):
        write_run(path, run, tag="x")
    assert path.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["a.trec"]


def test_a_failed_replacement_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.trec").mkdir()
    with pytest.raises(OSError, match=r"a\.trec"):
        write_run(tmp_path / "a.trec", {"q": ["a"]}, tag="x")
    assert os.listdir(tmp_path) == ["a.trec"]


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        ("bm25", "1-bm25.trec"),
        ("bm25 % 100", "1-bm25-100.trec"),
        ("bm25(k1=1.2) % 100 >> cross-encoder % 10", "1-bm25-k1-1-2-100-cross-encoder-10.trec"),
        ("run(path='../x/größe.trec')", "1-run-path-x-gr-e-trec-.trec"),
    ],
)
def test_the_name_of_a_row(strategy: str, name: str) -> None:
    assert run_file_name(1, strategy) == name


def test_a_long_name_fits_a_file_system() -> None:
    name = run_file_name(12, "bm25 >> " * 100 + "listwise")
    assert len(name) < 220
    assert name.startswith("12-bm25-bm25-")
