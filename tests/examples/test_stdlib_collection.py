"""The stdlib collection: its maker, its queries and its judgements fit together."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "examples" / "stdlib"


def make(out: Path, *, seed: str) -> str:
    """Run the maker in a process with the given hash seed and return what it says."""
    command = [sys.executable, str(HOME / "make_corpus.py"), "--out", str(out)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == ""
    return done.stderr


def read_lines(path: Path) -> list[dict[str, str]]:
    """The objects of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a tab-separated table with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the maker has filled."""
    out = tmp_path_factory.mktemp("stdlib")
    assert make(out, seed="1").startswith("wrote ")
    return out


def test_the_corpus_is_large_sorted_and_clean(made: Path) -> None:
    corpus = read_lines(made / "corpus.jsonl")
    ids = [document["_id"] for document in corpus]
    assert len(ids) > 3000
    assert ids == sorted(set(ids))
    for document in corpus:
        assert set(document) == {"_id", "title", "text"}
        assert document["title"].startswith(document["_id"])
        assert len(document["text"]) >= 20
        assert " at 0x" not in document["title"]
        parts = document["_id"].split(".")
        assert not any(part.startswith("_") and not part.endswith("__") for part in parts)


@pytest.mark.parametrize(
    "name",
    [
        "argparse.ArgumentParser",  # a class
        "asyncio.Lock",  # of asyncio.locks
        "builtins.sorted",  # in C
        "collections.OrderedDict.move_to_end",  # a method
        "collections.abc.Mapping",  # of _collections_abc
        "collections.deque.rotate",  # a method in C
        "concurrent.futures.ThreadPoolExecutor",  # promised by the package, loaded only when asked for
        "decimal.Decimal.quantize",  # of _pydecimal
        "hashlib.scrypt",  # of _hashlib
        "os.path.join",  # of posixpath
        "os.scandir",  # of posix
    ],
)
def test_things_stand_under_the_name_people_use(made: Path, name: str) -> None:
    assert f'{{"_id": "{name}", ' in (made / "corpus.jsonl").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_same_python_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    make(tmp_path, seed="2")
    for name in ("corpus.jsonl", "corpus.meta.json", "qrels/test.tsv"):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()
    assert not list(tmp_path.rglob("*.part"))


def test_a_corpus_of_the_same_python_is_kept_and_a_broken_one_is_made_again(made: Path) -> None:
    corpus = made / "corpus.jsonl"
    before = corpus.read_bytes()
    assert make(made, seed="1").startswith("kept ")
    corpus.write_bytes(before[: len(before) // 2])
    assert make(made, seed="1").startswith("wrote ")
    assert corpus.read_bytes() == before


def test_every_query_has_a_relevant_document_in_this_python(made: Path) -> None:
    ids = {document["_id"] for document in read_lines(made / "corpus.jsonl")}
    qrels = read_table(made / "qrels" / "test.tsv")
    assert {row["corpus-id"] for row in qrels} <= ids
    queries = {query["_id"] for query in read_lines(made / "queries.jsonl")}
    assert len(queries) == 40
    assert {row["query-id"] for row in qrels if int(row["score"]) >= 2} == queries


def test_judgements_cover_the_pool_and_nothing_else() -> None:
    pool = [(row["query-id"], row["corpus-id"]) for row in read_table(HOME / "pool.tsv")]
    assert len(pool) == len(set(pool))
    assert {(row["query-id"], row["corpus-id"]) for row in read_table(HOME / "pool.by_hand.tsv")} <= set(pool)
    paths = sorted(HOME.glob("judgements*.tsv"))
    assert HOME / "judgements.tsv" in paths
    for path in paths:
        rows = read_table(path)
        assert sorted((row["query-id"], row["corpus-id"]) for row in rows) == sorted(pool), path.name
        assert {row["grade"] for row in rows} <= {"0", "1", "2", "3"}, path.name


def test_the_final_judgements_are_the_merged_ones(tmp_path: Path) -> None:
    for path in [HOME / "agreement.py", *HOME.glob("judgements.pass*.tsv"), *HOME.glob("adjudicated.tsv")]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, str(tmp_path / "agreement.py"), "--merge"]
    subprocess.run(command, check=True, capture_output=True)
    assert read_table(tmp_path / "judgements.tsv") == read_table(HOME / "judgements.tsv")
