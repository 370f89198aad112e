"""Dataset folders: every form that is read, and every sentence about what cannot be."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate import Dataset
from llmrerank.spec import parse
from llmrerank.types import Example

CORPUS = [
    {"_id": "d3", "title": "Third", "text": "three"},
    {"_id": "d1", "title": "", "text": "one"},
    {"_id": "d2", "title": "Second", "text": "two"},
]
QUERIES = [{"_id": "q2", "text": "second question"}, {"_id": "q1", "text": "first question"}]
TABLE = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nq2\td2\t2\n"
TREC = "q1 0 d1 3\n"
CANDIDATES = [
    {
        "query": {"qid": 7, "text": "a question"},
        "candidates": [{"docid": 70, "score": 1.5, "rank": 1, "doc": {"contents": "seventy"}}],
    }
]


def write_jsonl(path: Path, values: Sequence[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(value) + "\n" for value in values)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_jsonl(tmp_path / "corpus.jsonl", CORPUS)
    write_jsonl(tmp_path / "queries.jsonl", QUERIES)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(TABLE)
    return tmp_path


def candidates_only(path: Path, name: str = "candidates.jsonl") -> Path:
    path.mkdir(exist_ok=True)
    write_jsonl(path / name, CANDIDATES)
    (path / "qrels.txt").write_text("7 0 70 1\n")
    return path


def test_reads_a_beir_folder(folder: Path) -> None:
    dataset = Dataset.open(folder)
    assert [(query.id, query.text) for query in dataset.queries] == [
        ("q2", "second question"),
        ("q1", "first question"),
    ]
    assert dataset.qrels == {"q2": {"d2": 2}, "q1": {"d1": 1, "d2": 0}}
    assert list(dataset.qrels) == ["q2", "q1"]
    assert dataset.corpus is not None
    assert [document.id for document in dataset.corpus] == ["d3", "d1", "d2"]
    assert dataset.corpus[0].title == "Third"
    assert len(dataset.corpus) == 3
    assert dataset.name == folder.name
    assert (dataset.instruction, dataset.examples, dataset.relevance) == ("", (), 1)
    assert dataset.check() == ()


def test_reads_packed_files(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "corpus.jsonl.gz", CORPUS)
    write_jsonl(tmp_path / "queries.jsonl.gz", QUERIES)
    (tmp_path / "qrels.txt").write_text("q1 0 d1 1\nq2 Q0 d2 -1\n")
    dataset = Dataset.open(tmp_path)
    assert dataset.qrels == {"q2": {"d2": -1}, "q1": {"d1": 1}}
    assert dataset.corpus is not None
    assert dataset.corpus[1].id == "d1"


def test_only_judged_queries_run(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    assert [query.id for query in Dataset.open(folder).queries] == ["q1"]


def test_without_judgements_every_query_is_there_but_nothing_can_be_measured(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").unlink()
    dataset = Dataset.open(folder)
    assert len(dataset.queries) == 2
    assert not dataset.qrels
    with pytest.raises(DataError, match=r"no judgements; expected qrels/test\.tsv or qrels\.txt"):
        dataset.check()


def test_the_table_of_the_test_split_comes_before_trec_judgements(folder: Path) -> None:
    (folder / "qrels.txt").write_text(TREC)
    assert Dataset.open(folder).qrels["q1"] == {"d1": 1, "d2": 0}
    (folder / "qrels" / "test.tsv").unlink()
    assert Dataset.open(folder).qrels["q1"] == {"d1": 3}


def test_another_split_is_chosen_by_name(folder: Path) -> None:
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td3\t1\n")
    assert Dataset.open(folder, split="train").qrels == {"q1": {"d3": 1}}
    with pytest.raises(ConfigError, match=r"no split 'trian'.*did you mean 'train'"):
        Dataset.open(folder, split="trian")
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(ConfigError, match=r"name a split \(--split\): train"):
        Dataset.open(folder)


def test_a_split_of_trec_judgements_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no split 'dev'.*qrels\.txt, which need no split"):
        Dataset.open(candidates_only(tmp_path), split="dev")


def test_a_table_without_header_loses_no_judgement(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\nq2\td2\t1\n")
    assert Dataset.open(folder).qrels == {"q1": {"d1": 1}, "q2": {"d2": 1}}


def test_windows_lines_a_byte_order_mark_and_a_last_line_without_end(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_bytes(
        b"\xef\xbb\xbfquery-id\tcorpus-id\tscore\r\nq1\td1\t1\r\n\r\nq1\td2\t2"
    )
    assert Dataset.open(folder).qrels == {"q1": {"d1": 1, "d2": 2}}


def test_queries_come_from_the_candidates_where_there_is_no_query_file(tmp_path: Path) -> None:
    dataset = Dataset.open(candidates_only(tmp_path))
    assert [(query.id, query.text) for query in dataset.queries] == [("7", "a question")]
    assert dataset.corpus is None
    assert dataset.candidates == tmp_path / "candidates.jsonl"
    assert dataset.check() == ()


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("query-id\tcorpus-id\tscore\nq1\td1\n", r"test\.tsv, line 2: .*3 columns between tabs.*this has 2"),
        ("query-id\tcorpus-id\tscore\nq1 d1 1\n", r"test\.tsv, line 2: .*this has 1"),
        (
            "query-id\tcorpus-id\tscore\nq1\td1\t1.0\n",
            r"line 2: the grade must be a whole number, got '1\.0'",
        ),
        (
            "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td1\t2\n",
            "line 3: document 'd1' has the grades 1 and 2",
        ),
        ("query-id\tcorpus-id\tscore\n", r"test\.tsv holds no judgements"),
        ("", r"test\.tsv holds no judgements"),
    ],
)
def test_malformed_tables_name_file_and_line(folder: Path, lines: str, sentence: str) -> None:
    (folder / "qrels" / "test.tsv").write_text(lines)
    with pytest.raises(DataError, match=sentence):
        Dataset.open(folder)


def test_malformed_trec_judgements_name_file_and_line(tmp_path: Path) -> None:
    candidates_only(tmp_path)
    (tmp_path / "qrels.txt").write_text("7 0 70 1\n7 70 1\n")
    with pytest.raises(DataError, match=r"qrels\.txt, line 2: .*4 columns.*this has 3"):
        Dataset.open(tmp_path)


def test_judgements_that_match_no_query(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nx9\td1\t1\n")
    sentence = r"match nothing: no query of theirs \(such as 'x9'\) is in queries\.jsonl \(such as 'q2'\)"
    with pytest.raises(DataError, match=sentence):
        Dataset.open(folder)


def test_judgements_that_match_no_document(folder: Path, tmp_path: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tx1\t1\n")
    with pytest.raises(DataError, match=r"no document of theirs \(such as 'x1'\) is in the corpus"):
        Dataset.open(folder).check()
    other = candidates_only(tmp_path / "other")
    (other / "qrels.txt").write_text("7 0 71 1\n")
    with pytest.raises(DataError, match=r"\(such as '71'\) is in the candidates \(such as '70'\)"):
        Dataset.open(other).check()


def test_judgements_that_match_in_part_are_told(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text(TABLE + "q1\tgone\t1\nq9\td1\t1\n")
    dataset = Dataset.open(folder)
    assert dataset.check() == (
        "1 of 3 judged queries have no text in queries.jsonl and are left out",
        "1 of 3 judged documents are not in the corpus",
    )


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"_id": "q1"}, r"queries\.jsonl, line 1: the query 'q1' needs 'text'"),
        ({"_id": "q1", "text": "  "}, "line 1: the query 'q1' needs 'text'"),
        ({"_id": "q1", "text": 5}, "line 1: the query 'q1' needs 'text'"),
        ({"text": "what"}, "line 1: a query needs '_id'"),
        ({"_id": True, "text": "what"}, "line 1: a query needs '_id'"),
    ],
)
def test_malformed_queries_name_file_and_line(folder: Path, query: dict[str, Any], sentence: str) -> None:
    write_jsonl(folder / "queries.jsonl", [query])
    with pytest.raises(DataError, match=sentence):
        Dataset.open(folder)


def test_a_faulty_query_that_nobody_judged_stops_nothing(folder: Path) -> None:
    write_jsonl(folder / "queries.jsonl", [{"_id": "q9", "text": ""}, *QUERIES])
    assert len(Dataset.open(folder).queries) == 2


def test_a_query_that_is_there_twice(folder: Path) -> None:
    write_jsonl(folder / "queries.jsonl", [*QUERIES, QUERIES[0]])
    with pytest.raises(DataError, match=r"queries\.jsonl, line 3: the query 'q2' is there twice"):
        Dataset.open(folder)


def test_broken_json_names_file_and_line(folder: Path) -> None:
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "a"}\n{"_id": \n')
    with pytest.raises(DataError, match=r"queries\.jsonl, line 2"):
        Dataset.open(folder)


def test_a_folder_without_queries(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no queries in .*expected queries\.jsonl or candidates\.jsonl"):
        Dataset.open(tmp_path)
    (tmp_path / "queries.jsonl").write_text("")
    with pytest.raises(DataError, match=r"no queries in .*queries\.jsonl"):
        Dataset.open(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no dataset folder .*nowhere"):
        Dataset.open(tmp_path / "nowhere")


def test_two_documents_of_one_id(folder: Path) -> None:
    write_jsonl(folder / "corpus.jsonl", [*CORPUS, CORPUS[0]])
    dataset = Dataset.open(folder)
    with pytest.raises(DataError, match="'d3'"):
        dataset.check()


def test_the_corpus_is_read_when_it_is_wanted(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text("broken\n")
    dataset = Dataset.open(folder)
    assert dataset.corpus is not None
    with pytest.raises(DataError, match=r"corpus\.jsonl, line 1"):
        len(dataset.corpus)


def test_reads_the_card(folder: Path) -> None:
    (folder / "dataset.toml").write_text(
        'name = "Small"\ninstruction = "Find the number."\nrelevance_level = 2\n'
        '[[examples]]\nquery = "a"\ndocument = "b"\nlabel = "yes"\n'
    )
    dataset = Dataset.open(folder)
    assert dataset.name == "Small"
    assert dataset.instruction == "Find the number."
    assert dataset.relevance == 2
    assert dataset.examples == (Example(query="a", document="b", label="yes"),)


def test_every_fault_of_the_card_is_told_at_once(folder: Path) -> None:
    (folder / "dataset.toml").write_text(
        'nmae = "x"\nlevel = 1\nrelevance_level = true\ninstruction = 3\n'
        '[[examples]]\nquery = "a"\ntext = "b"\n'
    )
    with pytest.raises(ConfigError) as caught:
        Dataset.open(folder)
    for part in (
        "dataset.toml: ",
        "unknown key 'nmae'; did you mean 'name'?",
        "unknown key 'level'",
        "'relevance_level' must be a whole number of 1 or more, got True",
        "'instruction' must be a string, got 3",
        "example 1: unknown key 'text'",
        "example 1: 'document' must be given as a string",
        "example 1: 'label' must be given as a string",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("text", ["name = ", "examples = 3", "relevance_level = 0", "examples = [1]"])
def test_a_card_that_cannot_be_read(folder: Path, text: str) -> None:
    (folder / "dataset.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"dataset\.toml"):
        Dataset.open(folder)


def test_pools_hold_all_judged_documents_in_corpus_order(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("h\th\th\nq1\td2\t2\nq1\td1\t0\nq1\td3\t1\nq1\tgone\t1\n")
    source = Dataset.open(folder).source()
    assert source.pools["q1"] == ("d3", "d1", "d2")
    assert list(source.pools) == ["q1"]
    assert source.folder == folder


def test_pools_without_a_corpus_are_sorted_by_id(tmp_path: Path) -> None:
    candidates_only(tmp_path)
    (tmp_path / "qrels.txt").write_text("7 0 72 0\n7 0 70 1\n7 0 71 2\n")
    assert Dataset.open(tmp_path).source().pools["7"] == ("70", "71", "72")


def test_the_first_stage_put_in_front(folder: Path, tmp_path: Path) -> None:
    dataset = Dataset.open(folder)
    assert str(dataset.default_first_stage()) == "bm25 % 100"
    assert str(dataset.complete(parse("cross-encoder % 10"))) == "bm25 % 100 >> cross-encoder % 10"
    assert str(dataset.complete(parse("bm25 % 5"))) == "bm25 % 5"
    write_jsonl(folder / "candidates.jsonl.gz", CANDIDATES)
    both = Dataset.open(folder)
    assert str(both.complete(parse("cross-encoder"))) == "run % 100 >> cross-encoder"
    assert both.corpus is not None
    other = candidates_only(tmp_path / "other", "candidates.splade.jsonl")
    assert str(Dataset.open(other).default_first_stage()) == "run(path='candidates.splade.jsonl') % 100"


def test_candidates_are_named_relative_to_the_folder_then_to_the_working_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(folder / "candidates.tasb.jsonl", CANDIDATES)
    write_jsonl(folder / "candidates.jsonl", CANDIDATES)
    work = tmp_path / "work"
    work.mkdir()
    write_jsonl(work / "mine.jsonl", CANDIDATES)
    monkeypatch.chdir(work)
    named = Dataset.open(folder, candidates="candidates.tasb.jsonl")
    assert named.source().candidates == folder / "candidates.tasb.jsonl"
    assert named.candidate_files == (folder / "candidates.tasb.jsonl", folder / "candidates.jsonl")
    assert Dataset.open(folder, candidates="mine.jsonl").candidates == Path("mine.jsonl")
    assert Dataset.open(folder).candidates == folder / "candidates.jsonl"
    with pytest.raises(ConfigError, match=r"no candidates file gone\.jsonl"):
        Dataset.open(folder, candidates="gone.jsonl")


def test_malformed_candidates_name_file_and_line(tmp_path: Path) -> None:
    candidates_only(tmp_path)
    write_jsonl(tmp_path / "candidates.jsonl", [{"query": "what"}])
    with pytest.raises(DataError, match=r"candidates\.jsonl, line 1: candidates need a 'query'"):
        Dataset.open(tmp_path)
    write_jsonl(tmp_path / "candidates.jsonl", [{"query": {"qid": "7", "text": "a"}, "candidates": {}}])
    with pytest.raises(DataError, match=r"candidates\.jsonl, line 1: 'candidates' must be a list"):
        Dataset.open(tmp_path).check()
