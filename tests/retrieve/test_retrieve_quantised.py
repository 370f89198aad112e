"""Quantised vectors: the nearest are found again, whatever the slices were; bad files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from llmrerank.errors import DataError
from llmrerank.retrieve.nearest import nearest
from llmrerank.retrieve.quantised import QuantisedVectors, cells_for, write_vectors

pytest.importorskip("faiss", reason="needs the extra 'ann'")


def made(count: int, seed: int = 0) -> numpy.ndarray:
    vectors = numpy.random.default_rng(seed).standard_normal((count, 32)).astype(numpy.float32)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def test_probing_every_cell_finds_nearly_what_is_nearest(tmp_path: Path) -> None:
    vectors, queries = made(2_000), made(20, seed=1)
    path = tmp_path / "v.faiss"
    write_vectors(path, vectors[:1_500], iter([vectors[:1], vectors[1:700], vectors[700:]]), count=2_000)
    assert [one.name for one in tmp_path.iterdir()] == ["v.faiss"]
    assert path.stat().st_size < vectors.nbytes / 2
    opened = QuantisedVectors(path, probes=10**6)
    assert (len(opened), opened.cells) == (2_000, 64)
    exact = nearest(vectors, queries, 10)
    found = opened.nearest(queries, 10)
    shared = [len(set(a.tolist()) & set(b.tolist())) for (a, _), (b, _) in zip(exact, found, strict=True)]
    assert sum(shared) >= 0.95 * 200
    for (rows, products), query in zip(found, queries, strict=True):
        assert products.tolist() == sorted(products.tolist(), reverse=True)
        assert products == pytest.approx(vectors[rows] @ query, abs=0.02)


def test_few_probes_find_a_vector_itself(tmp_path: Path) -> None:
    vectors = made(500)
    write_vectors(tmp_path / "v", vectors, [vectors], count=500)
    found = QuantisedVectors(tmp_path / "v", probes=1).nearest(vectors, 3)
    assert sum(rows[0] == place for place, (rows, _) in enumerate(found)) >= 495
    [(rows, products)] = QuantisedVectors(tmp_path / "v", probes=1).nearest(vectors[:1], 500)
    assert 0 < len(rows) == len(products) < 500


def test_cells_grow_with_the_root() -> None:
    assert [cells_for(count) for count in (0, 1, 2, 10_000, 1_000_000, 10**8)] == [1, 1, 2, 128, 1024, 4096]


def test_bad_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no vectors"):
        QuantisedVectors(tmp_path / "none")
    (tmp_path / "bad").write_bytes(b"nonsense" * 10)
    with pytest.raises(DataError, match="faiss cannot read it") as caught:
        QuantisedVectors(tmp_path / "bad")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="cannot write the vectors"):
        write_vectors(tmp_path / "no" / "folder", made(9), [made(9)], count=9)
