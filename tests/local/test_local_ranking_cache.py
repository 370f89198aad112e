"""Rankings of local models, kept: the weights are part of what decides them, in every stage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

from tiny_models import sentences, tiny_bi_encoder, tiny_cross_encoder

from llmrerank import Ranking, rerank
from llmrerank.trace import Recalled

DOCUMENTS = sentences(12)


def ranked(strategy: str, cache: Path) -> tuple[Ranking, int]:
    ranking = rerank("red cat", DOCUMENTS, strategy=strategy, cache=cache)
    return ranking, len(ranking.trace.of(Recalled))


@pytest.mark.parametrize(
    "strategy",
    [
        "cross-encoder(model={cross!r})",
        "hybrid(bm25, dense(model={bi!r})) % 8 >> cross-encoder(model={cross!r}) % 5",
        "dense(model={bi!r}) % 5",
    ],
)
def test_another_model_in_the_same_folder_is_asked_anew(tmp_path: Path, strategy: str) -> None:
    cross, bi = tmp_path / "cross", tmp_path / "bi"
    tiny_cross_encoder(cross)
    tiny_bi_encoder(bi)
    strategy = strategy.format(cross=str(cross), bi=str(bi))
    cache = tmp_path / "c.sqlite"
    (first, anew), (again, looked_up) = ranked(strategy, cache), ranked(strategy, cache)
    assert (anew, looked_up) == (0, 1)
    assert again.hits == first.hits
    assert (again.trace.pairs, again.trace.cached) == (0, first.trace.pairs)
    shutil.rmtree(bi)
    tiny_bi_encoder(bi, seed=1)
    tiny_cross_encoder(cross, seed=1)
    assert ranked(strategy, cache)[1] == 0
