"""The benchmark of ten million passages: what it makes up is the same every time, at every size."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def passages() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import synthetic_passages

        yield synthetic_passages
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_what_is_made_up_depends_on_its_number_alone(
    passages: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passages, "SLICE", 50)
    monkeypatch.setattr(passages, "_WORDS", 250_000)
    made = passages.MadeUp()
    everything = list(made.documents(0, 120))
    assert [document.id for document in everything] == [str(number) for number in range(120)]
    assert list(made.documents(30, 101)) == everything[30:101]
    assert len({document.text for document in everything}) == 120
    vectors = numpy.concatenate(list(made.vectors(0, 120)))
    assert vectors.shape == (120, passages.DIMENSIONS)
    assert numpy.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    numpy.testing.assert_array_equal(numpy.concatenate(list(made.vectors(30, 101))), vectors[30:101])
    queries = made.queries(9, 120)
    assert queries == made.queries(9, 120)
    for query, direction in zip(queries, made.query_vectors(queries), strict=True):
        assert set(query.text.split()) & set(everything[query.target].text.split())
        assert int(numpy.argmax(vectors @ direction)) == query.target


def test_the_page_is_made_of_figures(
    passages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import ten_million

    time = {"p50": 1.0, "p95": 2.0, "p99": 30.0}
    names = ("lexical", "vectors", "fusion", "texts", "rerank", "whole")
    lexical = {**time, "cpu": time, "success": 1.0}
    memory = {"peak": 2e9, "anonymous": 1e9}
    one = {"bytes": 3e9, "shallow": lexical, "deep": lexical, "filtered": lexical}
    figures = {
        "search": {
            "docs": 300_000,
            "queries": 9,
            "dimensions": 384,
            "stages": dict.fromkeys(names, time),
            "success": dict.fromkeys(names[:3], 0.5),
            "missed": 0.75,
            "reranker": "cross-encoder",
            "memory": memory,
        },
        "vectors": {"seconds": 60.0, "cpu": 90.0, "bytes": 4e9, "memory": memory},
        "indexing": [{"seconds": 30.0, "cpu": 60.0, "memory": memory}] * 2,
        "lexical": {"300000": one, "100000": one},
    }
    text = ten_million.page(figures)
    assert "| indexing words and texts | 5,000 | 1.0 | 2.0 | 2.00 GB | 3.00 GB |" in text
    assert "| end to end | 1.00 | 2.00 | 30 |  |" in text
    assert text.index("| 100,000 |") < text.index("| 300,000 |")
    monkeypatch.setattr(ten_million, "PAGE", tmp_path / "scale.md")
    ten_million.PAGE.write_text(f"before\n{ten_million.BEGIN}\nold\n{ten_million.END}\nafter\n")
    ten_million.write(text)
    assert ten_million.PAGE.read_text() == f"before\n{ten_million.BEGIN}\n{text}{ten_million.END}\nafter\n"
    assert ten_million.BEGIN in (BENCHMARKS.parent / "docs" / "scale.md").read_text()
