"""Indexes on disk: found again, refused for another corpus, whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.errors import DataError
from llmrerank.retrieve.bm25 import Bm25
from llmrerank.retrieve.index_folder import fingerprint, open_index
from llmrerank.retrieve.retriever import Source
from llmrerank.types import Document, Query, documents_from

CORPUS = documents_from(["cats sleep", "dogs bark", "cats and dogs", ""])


def scores(
    stage: Bm25, corpus: Sequence[Document], index: Path | None
) -> list[tuple[str | int, float | None]]:
    [ranking] = stage.open(Source(corpus=corpus, index=index)).search([Query(text="cat dog")], k=9)
    return [(hit.document.id, hit.score) for hit in ranking]


def only(folder: Path) -> Path:
    [found] = folder.iterdir()
    return found


def test_an_index_is_built_once_and_gives_the_same_results(tmp_path: Path) -> None:
    root = tmp_path / "made" / "on the way"
    fresh = scores(Bm25(), CORPUS, None)
    assert scores(Bm25(), CORPUS, root) == fresh
    folder = only(root)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert scores(Bm25(), CORPUS, root) == fresh
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert folder.name.startswith("bm25-")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["corpus"] == fingerprint(CORPUS)
    assert manifest["settings"]["k1"] == 1.2


def test_the_index_is_plain_arrays_and_json(tmp_path: Path) -> None:
    scores(Bm25(), CORPUS, tmp_path)
    for path in only(tmp_path).iterdir():
        if path.suffix == ".npy":
            assert isinstance(numpy.load(path, mmap_mode="r", allow_pickle=False), numpy.memmap)
        else:
            json.loads(path.read_text(encoding="utf-8"))


def test_other_options_are_another_folder(tmp_path: Path) -> None:
    for stage in (Bm25(), Bm25(k1=0.9), Bm25(b=0.4), Bm25(language=None), Bm25(language="de")):
        scores(stage, CORPUS, tmp_path)
    assert len(list(tmp_path.iterdir())) == 5
    scores(Bm25(k1=2), CORPUS, tmp_path)
    scores(Bm25(k1=2.0), CORPUS, tmp_path)
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize(
    "other",
    [
        CORPUS[:-1],
        tuple(reversed(CORPUS)),
        (*CORPUS[:-1], Document(id="3", text="a change")),
        (*CORPUS[:-1], Document(id="4", text="")),
        (*CORPUS[:-1], Document(id=3, text="")),
        (*CORPUS[:-1], Document(id="3", text="", title="a title")),
    ],
)
def test_another_corpus_is_refused(tmp_path: Path, other: tuple[Document, ...]) -> None:
    scores(Bm25(), CORPUS, tmp_path)
    folder = only(tmp_path)
    with pytest.raises(DataError, match="another corpus than the shelf; delete that folder") as caught:
        Bm25().open(Source(corpus=other, index=tmp_path, name="the shelf"))
    assert str(folder) in str(caught.value)
    assert scores(Bm25(), CORPUS, tmp_path)


def test_a_corpus_without_terms_has_an_index_too(tmp_path: Path) -> None:
    empty = documents_from(["", "the"])
    assert scores(Bm25(), empty, tmp_path) == scores(Bm25(), empty, tmp_path) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", "\xff"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, content: str) -> None:
    scores(Bm25(), CORPUS, tmp_path)
    folder = only(tmp_path)
    (folder / "manifest.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match="delete that folder") as caught:
        scores(Bm25(), CORPUS, tmp_path)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("harm", ["missing", "short", "garbled"])
def test_damaged_files_are_refused(tmp_path: Path, harm: str) -> None:
    scores(Bm25(), CORPUS, tmp_path)
    for path in sorted(only(tmp_path).iterdir()):
        content = path.read_bytes()
        if harm == "missing":
            path.unlink()
        elif harm == "short":
            path.write_bytes(content[:-2])
        else:
            path.write_bytes(b"?" * len(content))
        with pytest.raises(DataError, match="delete that folder"):
            scores(Bm25(), CORPUS, tmp_path)
        path.write_bytes(content)
    assert scores(Bm25(), CORPUS, tmp_path)


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_index(tmp_path, "dense", corpus="c", settings={}, build=build)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write the index folder .*; choose another"):
        scores(Bm25(), CORPUS, file)


def test_the_second_of_two_builders_uses_the_first_ones_index(tmp_path: Path) -> None:
    def build(content: str, then: object = None) -> None:
        def write(folder: Path) -> None:
            (folder / "data").write_text(content)
            if callable(then):
                then()

        folder = open_index(tmp_path, "dense", corpus="c", settings={"model": "m"}, build=write)
        assert (folder / "data").read_text() == "second"

    # The second process starts and ends while the first one builds.
    build("first", then=lambda: build("second"))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
def test_processes_may_build_at_the_same_time(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from llmrerank.retrieve.bm25 import Bm25\n"
        "from llmrerank.retrieve.retriever import Source\n"
        "from llmrerank.types import Query, documents_from\n"
        "corpus = documents_from([f'cat number{n}' for n in range(3000)])\n"
        "found = Bm25().open(Source(corpus=corpus, index=Path(sys.argv[1])))\n"
        "print(found.search([Query(text='number7 cat')], k=1)[0][0].document.id)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in processes] == ["7"] * 4
    assert [process.returncode for process in processes] == [0] * 4
    assert len(list(tmp_path.iterdir())) == 1


document = st.builds(Document, id=st.one_of(st.integers(), st.text()), text=st.text(), title=st.text())


@settings(deadline=None)
@given(st.lists(document, max_size=4), st.lists(document, max_size=4))
def test_fingerprints_are_equal_exactly_for_equal_corpora(
    first: list[Document], second: list[Document]
) -> None:
    same = [(d.id, d.title, d.text) for d in first] == [(d.id, d.title, d.text) for d in second]
    assert (fingerprint(first) == fingerprint(second)) is same
    assert fingerprint(iter(first)) == fingerprint(first)


def test_fingerprints_do_not_run_fields_together() -> None:
    one = [Document(id="1", title="ab", text="c")]
    other = [Document(id="1", title="a", text="bc")]
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint([Document(id="1", text="\ud800")])
