"""`tantivy`: an index that grows and shrinks, against a dictionary; what can go wrong with its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank import Pipeline
from llmrerank.errors import ConfigError, DataError
from llmrerank.ranking import Ranking
from llmrerank.retrieve.bm25 import Bm25
from llmrerank.retrieve.conditions import parse_conditions
from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.tantivy import Tantivy
from llmrerank.retrieve.tantivy_index import TantivyIndex
from llmrerank.trace import Warned
from llmrerank.types import Document, Query, documents_from

WORDS = ["ant", "bee", "cat", "dog"]


def search(stage: Tantivy, query: str, source: Source | None = None, k: int = 1000) -> Ranking:
    [ranking] = stage.open(source or Source()).search([Query(text=query)], k=k)
    return ranking


def ids(ranking: Ranking) -> list[str | int]:
    return [hit.document.id for hit in ranking]


numbers = st.sampled_from(["1", "2", "3", 4, 5])
metadata = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from([1999, 2000, 2000.5, 2001, "2000", [1999, 2001], None]),
        "lang": st.sampled_from(["en", "de", ["en", "fr"]]),
        "open": st.booleans(),
    },
)
documents = st.builds(
    lambda identifier, text, more: Document(id=identifier, text=" ".join(text), metadata=more),
    numbers,
    st.lists(st.sampled_from(WORDS), max_size=4),
    metadata,
)
steps = st.one_of(
    st.tuples(st.just("add"), st.lists(documents, max_size=6)),
    st.tuples(st.just("delete"), st.lists(st.one_of(numbers, st.just("9")), max_size=3)),
    st.tuples(st.just("reopen"), st.none()),
)
wheres = st.sampled_from(
    [
        None,
        "year == 2000",
        "2000 <= year < 2001",
        "year > 1999 and lang in ('en', 'fr')",
        "year >= '1'",
        "open == True",
        "nothing == 1",
        "nothing > 1",
    ]
)


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(steps, max_size=5),
    where=wheres,
    query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
)
def test_adding_and_deleting_is_as_in_a_dictionary(
    steps: list[tuple[str, Any]], where: str | None, query: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "index"
        index, held = TantivyIndex.create(folder, language=None), dict[str, Document]()
        for step, argument in steps:
            if step == "add":
                assert index.add(iter(argument), every=4) == len(argument)
                for document in argument:
                    held.pop(str(document.id), None)
                    held[str(document.id)] = document
            elif step == "delete":
                gone = {str(one) for one in argument} & held.keys()
                assert index.delete(argument) == len(gone)
                for one in gone:
                    del held[one]
            else:
                index = TantivyIndex.open(folder)
            assert len(index) == len(held)
        assert index.find({"1", "2", "3", "4", "5", "9"}) == held
        ranking = search(Tantivy(path=str(folder), where=where, language=None), " ".join(query))
        conditions = parse_conditions(where) if where else ()
        expected = {
            one
            for one, document in held.items()
            if set(document.text.split()) & set(query)
            and all(condition.holds(document.metadata) for condition in conditions)
        }
        assert {str(hit.document.id) for hit in ranking} == expected
        assert len(ranking) == len(expected)
        assert all(held[str(hit.document.id)] == hit.document for hit in ranking)
        places = list(held)
        keys = [(-(hit.score or 0.0), places.index(str(hit.document.id))) for hit in ranking]
        assert keys == sorted(keys)


def test_documents_come_back_as_they_went_in(tmp_path: Path) -> None:
    documents = [
        Document(
            id=7, text="cat \ud800 \n é", title="Über", metadata={"a": {"b": [1, None]}, "é": "x" * 999}
        ),
        Document(id='x y\t"', text="", title="cat"),
    ]
    TantivyIndex.create(tmp_path / "made" / "index").add(documents)
    found = TantivyIndex.open(tmp_path / "made" / "index")
    assert found.find({"7", 'x y\t"'}) == {"7": documents[0], 'x y\t"': documents[1]}
    assert ids(search(Tantivy(path=str(found.folder)), "CATS")) == ['x y\t"', 7]


@pytest.mark.parametrize(
    "query",
    [
        'cat AND "dog',
        "terms:cat dog",
        "+cat -dog",
        "(cat [dog TO",
        "cat~ dog^5 *",
        'facts:"year" cat OR dog \\',
        "id:1 place:[0 TO 9] cat: dog",
    ],
)
def test_a_query_is_words_and_never_syntax(query: str) -> None:
    corpus = documents_from(["a cat", "a dog", "a cat, a dog", "year facts terms"])
    [expected] = Bm25().open(Source(corpus=corpus)).search([Query(text=query)], k=9)
    assert ids(search(Tantivy(), query, Source(corpus=corpus))) == ids(expected)


def test_long_documents_score_nearly_as_with_exact_lengths() -> None:
    corpus = documents_from([f"cat {'dog ' * number} bee" for number in range(0, 400, 7)])
    [expected] = Bm25().open(Source(corpus=corpus)).search([Query(text="cat bee")], k=99)
    exact = {hit.document.id: hit.score for hit in expected}
    for hit in search(Tantivy(), "cat bee", Source(corpus=corpus)):
        assert hit.score == pytest.approx(exact[hit.document.id], rel=0.1)


def test_rarity_is_that_of_bm25() -> None:
    corpus = documents_from(["cat", "cat dog", "dog eel", ""])
    [expected] = Bm25().open(Source(corpus=corpus)).search([Query(text="cat eel fox")], k=9)
    assert search(Tantivy(), "cat eel fox", Source(corpus=corpus)).idf == pytest.approx(expected.idf)


def test_an_index_of_a_corpus_is_built_once_and_knows_its_metadata(tmp_path: Path) -> None:
    corpus = [Document(id=str(year), text="cat", metadata={"year": year}) for year in range(2000, 2010)]
    stage = Tantivy(where="year > 2006")
    for _ in range(2):
        assert ids(search(stage, "cat", Source(corpus=corpus, index=tmp_path))) == ["2007", "2008", "2009"]
    [folder] = tmp_path.iterdir()
    assert folder.name.startswith("tantivy-")
    with pytest.raises(DataError, match="another corpus"):
        search(stage, "cat", Source(corpus=[Document(id=d.id, text=d.text) for d in corpus], index=tmp_path))


def test_a_key_that_no_document_has_is_said() -> None:
    source = Source(corpus=[Document(id="1", text="cat", metadata={"year": 2001, "lang": "en"})])
    slip = search(Tantivy(where="yaer == 2001 and lang == 'en'"), "cat", source)
    [warned] = slip.trace.of(Warned)
    assert not slip.hits
    assert "no document has 'yaer' in its metadata" in warned.message
    assert warned.message.endswith("there are lang, year")
    assert not search(Tantivy(where="year == 1066"), "cat", source).trace.of(Warned)


def test_an_index_is_searched_without_a_corpus_beside_other_stages(tmp_path: Path) -> None:
    corpus = documents_from([{"id": f"d{number}", "text": "cat " * number} for number in range(1, 5)])
    TantivyIndex.create(tmp_path / "index").add(corpus)
    source = Source(folder=tmp_path)
    assert Pipeline("tantivy(path='index') % 2", source=source).search("cat").documents == [*corpus[:1:-1]]
    assert len(Pipeline("tantivy", source=Source(folder=tmp_path / "index")).search("cat")) == 4
    fused = Pipeline("hybrid(bm25, tantivy(path='index'))", source=Source(corpus=corpus, folder=tmp_path))
    assert len(fused.search("cat")) == 4


def test_a_search_sees_the_index_as_it_was_opened(tmp_path: Path) -> None:
    index = TantivyIndex.create(tmp_path / "index")
    index.add(documents_from(["cat"]))
    opened = Tantivy(path=str(index.folder)).open(Source())
    index.add(documents_from([{"id": "new", "text": "cat"}]))
    [before] = opened.search([Query(text="cat")], k=9)
    assert len(before) == 1
    assert len(search(Tantivy(path=str(index.folder)), "cat")) == 2


def test_what_was_committed_outlives_a_document_that_cannot_be_kept(tmp_path: Path) -> None:
    index = TantivyIndex.create(tmp_path / "index")

    def stream() -> Iterator[Document]:
        yield from documents_from(["cat"] * 5)
        yield Document(id="bad", text="cat", metadata={"a": object()})

    with pytest.raises(DataError, match="metadata of the document 'bad' is no JSON"):
        index.add(stream(), every=2)
    assert len(TantivyIndex.open(index.folder)) == 4
    assert index.add(documents_from(["cat"] * 6)) == 6
    assert len(index) == 6
    with pytest.raises(DataError, match="longer than 1,000 characters"):
        index.add([Document(id="x" * 1001, text="")])


def manifest(folder: Path, **changed: object) -> None:
    path = folder / "llmrerank.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def damage(folder: Path, kind: str) -> None:
    if kind == "foreign":
        (folder / "llmrerank.json").unlink()
    elif kind == "no object":
        (folder / "llmrerank.json").write_text("[]")
    elif kind == "no json":
        (folder / "llmrerank.json").write_bytes(b"\xff")
    elif kind == "another version":
        manifest(folder, analysis=0)
    elif kind == "no meta":
        (folder / "meta.json").write_text("{")
    else:
        for path in folder.glob("*.*"):
            if path.suffix in (".term", ".store", ".idx", ".fast"):
                left = b"" if kind == "emptied" else path.read_bytes()[: path.stat().st_size // 2]
                path.unlink()  # what is mapped already must keep its bytes
                path.write_bytes(left)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("foreign", "no index of llmrerank"),
        ("no object", "describes no index"),
        ("no json", "cannot be read"),
        ("another version", "made by another version .'analysis' is 0"),
        ("no meta", "tantivy cannot read it"),
        ("emptied", "tantivy cannot read it"),
        ("cut off", "tantivy cannot read it"),
    ],
)
def test_a_folder_that_is_not_in_order_is_refused_in_one_sentence(
    tmp_path: Path, kind: str, fault: str
) -> None:
    index = TantivyIndex.create(tmp_path / "index")
    index.add(documents_from([f"cat {number}" for number in range(50)]))
    damage(index.folder, kind)
    with pytest.raises(DataError, match=fault) as caught:
        search(Tantivy(path=str(index.folder)), "cat")
    assert "\n" not in str(caught.value)
    assert str(index.folder) in str(caught.value)


def test_other_ways_to_be_wrong(tmp_path: Path) -> None:
    index = TantivyIndex.create(tmp_path / "index", language="de")
    with pytest.raises(ConfigError, match=r"write tantivy\(language='de'\)"):
        Tantivy(path=str(index.folder)).open(Source())
    with pytest.raises(DataError, match="holds something already"):
        TantivyIndex.create(index.folder)
    with pytest.raises(DataError, match="there is no index"):
        TantivyIndex.open(tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot write the index folder"):
        TantivyIndex.create(index.folder / "meta.json" / "below")
    with pytest.raises(ConfigError, match="unknown language 'klingon'"):
        TantivyIndex.create(tmp_path / "other", language="klingon")
    with pytest.raises(ConfigError, match="cannot read the condition"):
        Tantivy(where="year ==")
    assert Tantivy(path="x").decided_by() is None
    assert Tantivy().decided_by()


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    first = TantivyIndex.create(tmp_path / "index")
    second = TantivyIndex.open(first.folder)

    def stream() -> Iterator[Document]:
        yield Document(id="a", text="cat")
        with pytest.raises(DataError, match="another process is writing"):
            second.add(documents_from(["dog"]))

    assert first.add(stream()) == 1
    assert second.add(documents_from(["dog"])) == 1
    assert len(second) == 2


def test_who_opened_an_index_before_others_wrote_to_it_knows_what_they_wrote(tmp_path: Path) -> None:
    first = TantivyIndex.create(tmp_path / "index")
    late, later = TantivyIndex.open(first.folder), TantivyIndex.open(first.folder)
    first.add([Document(id="a", text="a cat"), Document(id="b", text="another cat")])
    assert late.add([Document(id="a", text="no dog")]) == 1
    found = search(Tantivy(path=str(first.folder)), "cat dog")
    assert sorted((str(hit.document.id), hit.document.text) for hit in found) == [
        ("a", "no dog"),
        ("b", "another cat"),
    ]
    assert [hit.document.id for hit in search(Tantivy(path=str(first.folder)), "cat cat")] == ["b"]
    first.add(Document(id=str(number), text="a cat") for number in range(10))
    assert later.delete(["a", "b", "nobody"]) == 2
    assert len(later) == 10


@pytest.mark.parametrize("of_its_own", [True, False])
def test_an_index_written_over_while_it_is_open_is_a_sentence(tmp_path: Path, of_its_own: bool) -> None:
    corpus = documents_from([f"cat {number}" for number in range(50)])
    if of_its_own:
        TantivyIndex.create(tmp_path / "index").add(corpus)
        opened = Tantivy(path=str(tmp_path / "index")).open(Source())
    else:
        opened = Tantivy().open(Source(corpus=corpus, index=tmp_path))
    asked = [Query(text="cat")]
    assert len(opened.search(asked, k=5)[0]) == 5
    [postings] = tmp_path.glob("*/*.idx")
    held = postings.read_bytes()
    beside = postings.with_name("beside")
    beside.write_bytes(held[:3])
    beside.replace(postings)  # a file that takes its place leaves what is mapped alone
    assert len(opened.search(asked, k=5)[0]) == 5
    [terms] = tmp_path.glob("*/*.term")
    os.truncate(terms, 10)  # as copying over it begins
    with pytest.raises(DataError, match="was overwritten while the index was open") as caught:
        opened.search(asked, k=5)
    # What was made from a corpus can be made again; another one may be all there is of its documents.
    assert ("delete that folder" in str(caught.value)) is not of_its_own
    assert ("put a copy in its place" in str(caught.value)) is of_its_own


def script(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, **more},
        check=False,
    )


INDEXING = """
    import os, resource
    from llmrerank.errors import DataError
    from llmrerank.retrieve.tantivy_index import TantivyIndex
    from llmrerank.types import Document

    index = TantivyIndex.open(os.environ["FOLDER"])
    many = (Document(id=str(n), text=f"cat w{n} " + "x%d " % (n * 7919)  * 9) for n in range(20_000))
    def stream():
        for n, document in enumerate(many):
            if n == 10_000:
                LAST
            yield document
    try:
        index.add(stream(), every=5_000)
    except DataError as error:
        print(error)
"""


@pytest.mark.parametrize(
    "last", ["os.kill(os.getpid(), 9)", "resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))"]
)
def test_a_kill_or_a_full_disk_leaves_what_was_committed(tmp_path: Path, last: str) -> None:
    """A limit on the size of files stands in for a full disk."""
    index = TantivyIndex.create(tmp_path / "index")
    ended = script(INDEXING.replace("LAST", last), FOLDER=str(index.folder))
    if "kill" in last:
        assert ended.returncode == -9
    else:
        assert ended.returncode == 0
        assert "cannot write the index in" in ended.stdout
        assert "is there room on the disk?" in ended.stdout
        assert ended.stdout.count("\n") == 1
        assert "Traceback" not in ended.stderr
    again = TantivyIndex.open(index.folder)
    assert len(again) in (5_000, 10_000)
    assert again.add(documents_from(["another cat"])) == 1
    assert len(search(Tantivy(path=str(index.folder)), "another")) == 1


def test_without_the_package_the_install_line_is_said(tmp_path: Path) -> None:
    (tmp_path / "tantivy.py").write_text("raise ImportError('not here')")
    code = """
        from llmrerank import Pipeline
        from llmrerank.errors import MissingExtra
        try:
            Pipeline("tantivy", corpus=["cat"]).search("cat")
        except MissingExtra as error:
            print(error)
    """
    ended = script(code, PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    assert 'pip install "llmrerank[tantivy]"' in ended.stdout, ended.stderr


def test_a_range_over_too_many_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmrerank.retrieve.tantivy_engine._RANGE", 3)
    corpus = documents_from([{"id": str(moment), "text": "cat", "moment": moment} for moment in range(4)])
    with pytest.raises(ConfigError, match="'moment' has more than 3 different values"):
        Tantivy(where="moment > 2").open(Source(corpus=corpus))
    assert ids(search(Tantivy(where="moment == 2"), "cat", Source(corpus=corpus))) == ["2"]
