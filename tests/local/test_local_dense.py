"""The dense first stage: exact search, an index that lasts and belongs to one corpus."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

import numpy
from tiny_models import sentences, tiny_bi_encoder

from llmrerank.clients.encoder import Encoder
from llmrerank.errors import ConfigError, DataError
from llmrerank.retrieve.dense import Dense
from llmrerank.retrieve.nearest import nearest
from llmrerank.retrieve.retriever import Source
from llmrerank.types import Document, Query

TEXTS = [*sentences(20), "", *sentences(5)]
CORPUS = [Document(id=str(place), text=text) for place, text in enumerate(TEXTS)]
QUERY = Query(text="red cat")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bi_encoder(tmp_path_factory.mktemp("bi") / "tiny")


def ids_and_scores(model: Path, source: Source, *, k: int = 10) -> list[tuple[str | int, float | None]]:
    (ranking,) = Dense(model=str(model)).open(source).search([QUERY], k=k)
    return [(hit.document.id, hit.score) for hit in ranking]


@settings(deadline=None)
@given(
    rows=st.integers(0, 60),
    k=st.integers(1, 70),
    block=st.integers(1, 70),
    distinct=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_nearest_is_what_sorting_everything_gives(
    rows: int, k: int, block: int, distinct: int, seed: int
) -> None:
    chance = numpy.random.default_rng(seed)
    unique = chance.normal(size=(distinct, 8)).astype(numpy.float32)
    unique /= numpy.linalg.norm(unique, axis=1, keepdims=True)
    matrix = unique[chance.integers(0, distinct, size=rows)] if rows else unique[:0]
    queries = unique[: min(3, distinct)]
    for query, (found, products) in zip(queries, nearest(matrix, queries, k, block=block), strict=True):
        exact = numpy.sum(matrix.astype(float) * query.astype(float), axis=1)
        wanted = sorted(range(rows), key=lambda row: (-exact[row], row))[:k]
        assert found.tolist() == wanted
        assert products.tolist() == exact[wanted].tolist()


def test_an_index_gives_what_memory_gives_and_lasts(model: Path, tmp_path: Path) -> None:
    in_memory = ids_and_scores(model, Source(corpus=CORPUS))
    made = ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path))
    (folder,) = tmp_path.iterdir()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    loaded = ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path))
    assert in_memory == made == loaded
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert json.loads((folder / "manifest.json").read_text())["stage"] == "dense"


def test_vectors_are_mapped_and_hold_no_objects(model: Path, tmp_path: Path) -> None:
    ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path))
    vectors = numpy.load(next(tmp_path.glob("*/vectors.npy")), mmap_mode="r", allow_pickle=False)
    assert vectors.shape == (len(CORPUS), 32)
    assert vectors.dtype == numpy.float32


def test_an_index_of_another_corpus_is_refused(model: Path, tmp_path: Path) -> None:
    ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path))
    changed = [Document(id="0", text="something else"), *CORPUS[1:]]
    with pytest.raises(DataError, match="was built for another corpus than the corpus; delete that folder"):
        ids_and_scores(model, Source(corpus=changed, index=tmp_path))


def test_other_weights_make_another_index(model: Path, tmp_path: Path) -> None:
    ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path / "index"))
    other = tiny_bi_encoder(tmp_path / "tiny", seed=1)
    ids_and_scores(other, Source(corpus=CORPUS, index=tmp_path / "index"))
    assert len(list((tmp_path / "index").iterdir())) == 2


def test_a_damaged_index_is_refused(model: Path, tmp_path: Path) -> None:
    ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path))
    path = next(tmp_path.glob("*/vectors.npy"))
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(DataError, match="is damaged"):
        ids_and_scores(model, Source(corpus=CORPUS, index=tmp_path))


def test_a_build_that_breaks_leaves_no_index(tmp_path: Path, model: Path) -> None:
    class Breaking(list[Document]):
        def __getitem__(self, place: object) -> Document:  # type: ignore[override]
            raise RuntimeError("broken off")

    with pytest.raises(RuntimeError, match="broken off"):
        Dense(model=str(model)).open(Source(corpus=Breaking(CORPUS), index=tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("k", [1, 10, 1000])
def test_equal_texts_tie_in_corpus_order_and_nothing_is_invented(model: Path, k: int) -> None:
    corpus = [*CORPUS, *(Document(id=f"again-{document.id}", text=document.text) for document in CORPUS)]
    retriever = Dense(model=str(model)).open(Source(corpus=corpus))
    found = [(hit.document.id, hit.score) for hit in retriever.search([QUERY], k=k)[0]]
    assert len(found) == min(k, len(corpus))
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    places = {document.id: place for place, document in enumerate(corpus)}
    for (first, one), (second, other) in pairwise(found):
        assert one != other or places[first] < places[second]
    everything = {hit.document.id: hit.score for hit in retriever.search([QUERY], k=len(corpus))[0]}
    assert all(everything[f"again-{document.id}"] == everything[document.id] for document in CORPUS)


def test_dense_agrees_with_the_encoder(model: Path) -> None:
    from llmrerank.clients.models import find

    encoder = Encoder(find("bi-encoder", str(model)))
    vectors = encoder.encode(TEXTS, role="document")
    (query,) = encoder.encode([QUERY.text], role="query")
    scores = dict(ids_and_scores(model, Source(corpus=CORPUS), k=len(CORPUS)))
    assert [scores[str(place)] for place in range(len(TEXTS))] == pytest.approx(
        (vectors @ query).tolist(), abs=1e-5
    )


def test_an_empty_corpus_and_no_queries(model: Path, tmp_path: Path) -> None:
    assert ids_and_scores(model, Source(corpus=[])) == []
    assert ids_and_scores(model, Source(corpus=[], index=tmp_path)) == []
    assert Dense(model=str(model)).open(Source(corpus=CORPUS)).search([], k=5) == []


def test_dense_without_a_corpus_says_what_to_give() -> None:
    with pytest.raises(ConfigError, match="'dense' searches a corpus and the corpus has none"):
        Dense().open(Source())


def test_dense_needs_a_depth(model: Path) -> None:
    with pytest.raises(ConfigError, match="1 document or more"):
        ids_and_scores(model, Source(corpus=CORPUS), k=0)


def test_the_spec_is_kept_in_the_ranking(model: Path) -> None:
    (ranking,) = Dense(model=str(model)).open(Source(corpus=CORPUS)).search([QUERY], k=1)
    assert ranking.strategy == f"dense(model={str(model)!r})"
    assert [(hit.rank, hit.previous_rank) for hit in ranking] == [(1, 1)]
