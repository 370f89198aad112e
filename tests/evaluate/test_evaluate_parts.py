"""A dataset of parts: each from its own file, or in place of what a folder or a collection has."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llmrerank.errors import ConfigError, DataError, MissingExtra
from llmrerank.evaluate.dataset import Dataset
from llmrerank.retrieve.corpus import read_documents
from llmrerank.retrieve.run import Run
from llmrerank.spec import parse

RUN = "q1 Q0 b.md 1 2.0 t\nq1 Q0 a.md 2 1.0 t\nq2 Q0 a.md 1 1.0 t\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a new user has: questions in a table, answers in a folder, a few judgements, a stored run."""
    (tmp_path / "texts").mkdir()
    for name, text in (("a.md", "# Apples\nred"), ("b.md", "# Bears\nbrown"), ("c.png", "")):
        (tmp_path / "texts" / name).write_text(text)
    (tmp_path / "questions.csv").write_text("Question\nwhat is red?\nwhat is brown?\nwhat is blue?\n")
    (tmp_path / "qrels.txt").write_text("q1 0 a.md 1\nq2 0 b.md 1\n")
    (tmp_path / "first.trec").write_text(RUN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_of_questions_and_a_folder_of_texts(desk: Path) -> None:
    dataset = Dataset.open(documents="texts", queries="questions.csv")
    assert (dataset.name, dataset.folder, dataset.judged) == ("questions", None, False)
    assert (dataset.queries[0].id, dataset.queries[0].text) == ("q1", "what is red?")
    assert dataset.warnings == ("1 file is left out of texts, neither text nor Markdown: 1 .png",)
    assert str(dataset.complete(parse("cross-encoder"))) == "bm25 % 100 >> cross-encoder"
    assert [document.title for document in dataset.source().corpus or ()] == ["Apples", "Bears"]
    with pytest.raises(DataError, match="the dataset questions has no judgements; give --qrels FILE"):
        dataset.check()


def test_a_trec_run_with_judgements_and_any_documents(desk: Path) -> None:
    dataset = Dataset.open(
        documents="texts", queries="questions.csv", qrels="qrels.txt", candidates="first.trec", name="Mine"
    )
    assert (dataset.name, dataset.judged) == ("Mine", True)
    assert [query.id for query in dataset.queries] == ["q1", "q2"]
    assert dataset.check()[1:] == ("1 of 3 queries in questions.csv have no judgements and are left out",)
    assert str(dataset.default_first_stage()) == "run % 100"
    found = Run().open(dataset.source()).search(dataset.queries, k=9)
    assert [[hit.document.title for hit in ranking] for ranking in found] == [["Bears", "Apples"], ["Apples"]]
    # Without documents the run alone tells which ids there are; its texts are missed when it is opened.
    assert Dataset.open(queries="questions.csv", qrels="qrels.txt", candidates="first.trec").check()
    (desk / "other.txt").write_text("q1 0 x 1\n")
    other = Dataset.open(queries="questions.csv", qrels="other.txt", candidates="first.trec")
    with pytest.raises(DataError, match=r"no document of theirs \(such as 'x'\) is in the candidates"):
        other.check()


def test_candidates_with_texts_are_a_dataset_by_themselves(desk: Path) -> None:
    line = {
        "query": {"qid": "q1", "text": "what"},
        "candidates": [{"docid": "a.md", "doc": {"contents": "red"}}],
    }
    (desk / "found.jsonl").write_text(json.dumps(line))
    dataset = Dataset.open(candidates="found.jsonl", qrels="qrels.txt")
    assert (dataset.name, dataset.check()) == (
        "found",
        ("1 of 2 judged queries have no text in the candidates and are left out",),
    )
    [ranking] = Run().open(dataset.source()).search(dataset.queries, k=9)
    assert [hit.document.text for hit in ranking] == ["red"]


@pytest.fixture
def folder(desk: Path) -> Path:
    folder = desk / "beir"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a.md", "text": "an apple"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "red"}\n')
    (folder / "qrels.txt").write_text("q1 0 a.md 1\n")
    (folder / "candidates.jsonl").write_text("")
    return folder


def test_parts_take_the_place_of_those_of_a_folder(folder: Path) -> None:
    assert str(Dataset.open(folder).default_first_stage()) == "run % 100"
    mine = Dataset.open(folder, qrels="qrels.txt")
    assert mine.warnings == ("1 of 2 judged queries have no text in queries.jsonl and are left out",)
    assert mine.candidates is not None
    other = Dataset.open(folder, documents="texts")
    assert other.corpus is not None
    assert [document.title for document in other.corpus] == ["Apples", "Bears"]
    assert (other.name, other.folder, other.candidates) == ("beir", folder, None)
    # The candidates of the folder belong to its own documents.
    assert str(other.default_first_stage()) == "bm25 % 100"
    assert str(Dataset.open(folder, documents="texts", candidates="first.trec").candidates) == "first.trec"


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"where": "texts"}, "texts is no dataset folder but 2 documents without queries; .*--queries FILE"),
        ({"where": "questions.csv"}, r"questions\.csv is a file and no dataset folder; name it as a part"),
        ({"documents": "texts"}, "there are no queries; give --queries FILE"),
        ({"documents": "gone", "queries": "questions.csv"}, "there are no documents gone"),
        ({"documents": "texts", "queries": "gone.csv"}, r"there is no file gone\.csv"),
        ({"queries": "questions.csv", "candidates": "gone.trec"}, r"no candidates file gone\.trec$"),
        (
            {"queries": "questions.csv", "split": "dev"},
            "--split dev chooses among the judgements of a dataset f",
        ),
        ({"where": "beir", "split": "x", "qrels": "qrels.txt"}, "--split x chooses .* --qrels names others"),
        ({"queries": "questions.csv", "document_columns": "text=a"}, "no documents whose columns"),
        ({"queries": "questions.csv", "qrels_columns": "grade=a"}, "no judgements whose columns"),
        ({"candidates": "first.trec"}, "there are no queries; give --queries FILE"),
        (
            {"queries": "questions.csv", "qrels": "other.txt"},
            r"the judgements other\.txt match nothing: no query of theirs \(such as '7'\) is in "
            r"questions\.csv \(such as 'q1'\)",
        ),
    ],
)
def test_parts_that_cannot_be(desk: Path, folder: Path, parts: dict[str, Any], sentence: str) -> None:
    (desk / "other.txt").write_text("7 0 a.md 1\n")
    with pytest.raises(ConfigError, match=sentence):
        Dataset.open(**parts)


def test_two_documents_of_one_id_are_told_by_their_places(desk: Path) -> None:
    (desk / "docs.csv").write_text("id,text\n1,a\n2,b\n1,c\n1,d\n")
    corpus = Dataset.open(documents="docs.csv", queries="questions.csv").corpus
    assert corpus is not None
    with pytest.raises(
        DataError, match=r"docs\.csv: two documents have the id '1', number 1 and number 3, and 1 more"
    ):
        len(corpus)


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Registers a collection of ir_datasets that is made of local files; nothing is fetched."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    irds = pytest.importorskip("ir_datasets", reason="needs ir_datasets ([datasets])")
    names = []

    def register(name: str, *, of: tuple[Any, ...] = (), **files: str) -> str:
        for part, content in files.items():
            (tmp_path / part).write_text(content)
        local = {part: irds.util.LocalDownload(tmp_path / part) for part in files}
        parts = list(of)
        if "docs" in files:
            parts.append(irds.formats.TsvDocs(local["docs"]))
        if "queries" in files:
            parts.append(irds.formats.TsvQueries(local["queries"]))
        if "qrels" in files:
            parts.append(irds.formats.TrecQrels(local["qrels"], {}))
        if "run" in files:
            parts.append(irds.formats.TrecScoredDocs(local["run"]))
        irds.registry.register(name, irds.Dataset(*parts))
        names.append(name)
        return f"irds:{name}"

    yield register
    for name in names:
        del irds.registry._registered[name]


WHOLE = {
    "docs": "d1\tone\nd2\ttwo\nd3\tthree\n",
    "queries": "1\tfirst\n2\tsecond\n3\tthird\n",
    "qrels": "1 0 d1 2\n2 0 d3 0\n",
    "run": "1 Q0 d2 1 2.5 t\n1 Q0 d1 2 1.5 t\n2 Q0 d3 1 1.0 t\n",
}


def test_a_whole_collection(collection: Callable[..., str]) -> None:
    dataset = Dataset.open(collection("small/test", **WHOLE))
    assert (dataset.name, dataset.folder) == ("small/test", None)
    assert [(query.id, query.text) for query in dataset.queries] == [("1", "first"), ("2", "second")]
    assert dataset.qrels == {"1": {"d1": 2}, "2": {"d3": 0}}
    assert dataset.check() == ("1 of 3 queries in irds:small/test have no judgements and are left out",)
    assert str(dataset.complete(parse("cross-encoder"))) == "run % 100 >> cross-encoder"
    found = Run().open(dataset.source()).search(dataset.queries, k=9)
    assert [[hit.document.text for hit in ranking] for ranking in found] == [["two", "one"], ["three"]]
    assert dataset.corpus is not None
    # The run, the check and the first documents came without the others.
    assert [document.id for document in dataset.corpus[:2]] == ["d1", "d2"]
    assert dataset.corpus._documents is None
    assert [document.id for document in dataset.corpus] == ["d1", "d2", "d3"]
    named = Run(path="irds:small/test").open(dataset.source())
    assert [hit.score for hit in named.search(dataset.queries, k=1)[0]] == [2.5]


def test_parts_of_collections(desk: Path, collection: Callable[..., str]) -> None:
    whole = collection("small/test", **WHOLE)
    (desk / "qrels.txt").write_text("1 0 d1 1\n")
    assert Dataset.open(whole, qrels="qrels.txt").qrels == {"1": {"d1": 1}}
    mine = Dataset.open(documents=whole, queries="questions.csv")
    assert (len(mine.queries), mine.corpus is not None and len(mine.corpus), mine.judged) == (3, 3, False)
    (desk / "mine.tsv").write_text("1\tmy own words\n")
    replaced = Dataset.open(whole, queries="mine.tsv")
    assert ([query.text for query in replaced.queries], replaced.candidates) == (["my own words"], None)


class Page(NamedTuple):
    doc_id: str
    title: str | None
    body: bytes
    links: tuple[str, ...] = ()
    depth: int = 0

    def default_text(self) -> str:
        return self.body.decode()


class Topic(NamedTuple):
    query_id: str
    title: str
    narrative: str

    def default_text(self) -> str:
        return self.title


def test_fields_of_a_collection_are_told_by_their_names(desk: Path, collection: Callable[..., str]) -> None:
    irds = pytest.importorskip("ir_datasets", reason="needs ir_datasets ([datasets])")

    class Pages(irds.formats.BaseDocs):
        docs_cls = staticmethod(lambda: Page)
        docs_iter = staticmethod(lambda: iter([Page("p", "A page", b"words"), Page("r", None, b"more")]))

    class Topics(irds.formats.BaseQueries):
        queries_cls = staticmethod(lambda: Topic)
        queries_iter = staticmethod(lambda: iter([Topic("1", "short", "a long story")]))

    pages = collection("pages", of=(Pages(), Topics()))
    assert [(one.id, one.title, one.text, dict(one.metadata)) for one in read_documents(pages)] == [
        ("p", "A page", "words", {"depth": 0}),
        ("r", "", "more", {"depth": 0}),
    ]
    assert [one.title for one in read_documents(pages, "title=doc_id")] == ["p", "r"]
    assert Dataset.open(pages).queries[0].text == "short"
    assert Dataset.open(pages, query_columns="text=narrative").queries[0].text == "a long story"
    with pytest.raises(DataError, match="has no column 'desc' for 'text'"):
        Dataset.open(pages, query_columns="text=desc")


def test_collections_that_cannot_be(collection: Callable[..., str], desk: Path) -> None:
    bare = collection("bare", docs="d1\tone\n")
    collection("bare/dev", queries="1\tfirst\n")
    with pytest.raises(ConfigError, match="irds:bare has no queries; parts of it are irds:bare/dev"):
        Dataset.open(bare)
    with pytest.raises(ConfigError, match="irds:bare/dev has no documents"):
        Dataset.open(queries="questions.csv", documents="irds:bare/dev")
    with pytest.raises(ConfigError, match="no collection 'vaswanii'; did you mean 'vaswani'"):
        Dataset.open("irds:vaswanii")
    with pytest.raises(ConfigError, match="irds:bare has no stored run"):
        Run(path="irds:bare").open(mine := Dataset.open(documents=bare, queries="questions.csv").source())
    assert mine.corpus is not None
    (desk / "docs").unlink()
    with pytest.raises(DataError, match="cannot read the documents of irds:bare: "):
        len(mine.corpus)


def test_without_the_package(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(MissingExtra, match=r'irds:vaswani needs .* pip install "llmrerank\[datasets\]"'):
        Dataset.open("irds:vaswani")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"reading q\.parquet needs an optional package"):
        Dataset.open(queries="q.parquet")
