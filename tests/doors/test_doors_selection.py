"""Thresholds, groups and presets: which hits come back, and what is refused before anything is paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank import ConfigError, Document, Pipeline, Reranker, rerank
from llmrerank.errors import UnknownName
from llmrerank.expansion import expand
from llmrerank.prediction import predicted
from llmrerank.ranking import Hit, Ranking
from llmrerank.registry import Entry, Kind, add, discard, entries
from llmrerank.selection import Selection
from llmrerank.spec import parse
from llmrerank.stages import Course
from llmrerank.testing.stub_server import StubServer

CHUNKS = [
    {"id": "a1", "text": "cats purr", "paper": "A"},
    {"id": "b1", "text": "cats and cats and dogs", "paper": "B"},
    {"id": "a2", "text": "cats cats cats", "paper": "A"},
    {"id": "c1", "text": "nothing of it"},
    {"id": "b2", "text": "dogs bark", "paper": "B"},
]


def test_of_each_group_the_best_chunk_comes_back_with_the_others():
    flat = rerank("cats", CHUNKS, strategy="bm25")
    grouped = rerank("cats", CHUNKS, strategy="bm25", group_by="paper")
    assert [hit.document.id for hit in flat][:3] == ["a2", "b1", "a1"]
    assert [hit.document.id for hit in grouped] == ["a2", "b1", "c1"]
    assert [hit.rank for hit in grouped] == [1, 2, 3]
    assert [hit.document.id for hit in grouped[0].group] == ["a1"]
    assert grouped.to_dict()["hits"][1]["group"][0]["id"] == "b2"


def test_top_counts_groups_and_the_judge_sees_all_chunks():
    grouped = rerank("cats", CHUNKS, strategy="bm25", group_by="paper", top=2)
    assert [hit.document.id for hit in grouped] == ["a2", "b1"]
    corpus = [Document(id=str(n), text="cat " * (n + 1), metadata={"of": n % 3}) for n in range(12)]
    with Pipeline("bm25", corpus=corpus) as pipeline:
        assert len(pipeline.search("cat", group_by="of", top=3)) == 3


def test_a_key_that_no_document_has_is_named_with_those_there_are():
    with pytest.raises(ConfigError, match=r"'papers'.*there are paper"):
        rerank("cats", CHUNKS, strategy="bm25", group_by="papers")


def test_a_threshold_keeps_what_scores_so_much():
    flat = rerank("cats", CHUNKS, strategy="bm25")
    least = flat[1].score
    kept = rerank("cats", CHUNKS, strategy="bm25", min_score=least)
    assert [hit.document.id for hit in kept] == [hit.document.id for hit in flat][:2]
    assert len(rerank("cats", CHUNKS, strategy="bm25", min_score=99.0)) == 0


@given(st.lists(st.none() | st.floats(-5, 5), max_size=12), st.floats(-5, 5))
def test_documents_without_a_score_are_left_out_and_that_is_said(scores, least):
    hits = tuple(
        Hit(rank=n, previous_rank=n, score=score, document=Document(id=n, text="t"))
        for n, score in enumerate(scores, start=1)
    )
    ranking = Selection(min_score=least).of(Ranking(query="q", strategy="s", hits=hits, score_kind="logit"))
    assert [hit.score for hit in ranking] == [s for s in scores if s is not None and s >= least]
    assert [hit.rank for hit in ranking] == list(range(1, len(ranking) + 1))
    assert bool(ranking.trace.warnings) == (None in scores)


def test_a_threshold_on_an_order_is_refused_before_anything_is_sent():
    with StubServer(lambda body: "[1]") as server:
        with pytest.raises(ConfigError, match=r"mean nothing.*'listwise'"):
            rerank("q", ["a", "b"], strategy="listwise", base_url=server.base_url, model="m", min_score=0.5)
        assert not server.requests


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True])
def test_a_threshold_is_a_number(value):
    with pytest.raises(ConfigError, match="min_score"):
        rerank("q", ["a"], strategy="bm25", min_score=value)


def test_presets_stand_for_pipelines_that_can_run():
    for entry in entries(Kind.PRESET):
        course = Course.of(entry.name)
        assert course.spec == Course.of(entry.target).spec
        assert str(Course.of(f"{entry.name} % 3").spec).endswith("% 3")
    assert str(predicted(Course.of("fast"), 1000)) == "0 calls, 50 pairs, 1 round"
    assert str(predicted(Course.of("balanced"), 1000)) == "1 call, 50 pairs, 2 rounds"
    assert str(predicted(Course.of("thorough"), 1000)) == "9 calls, 100 pairs, 5 rounds"


@pytest.fixture
def preset():
    """Registers presets for one test."""
    names = []

    def register(name, target):
        names.append(name)
        add(Entry(name=name, kind=Kind.PRESET, target=target, options=(), summary=""))

    yield register
    for name in names:
        discard(name)


def test_a_preset_may_stand_inside_a_pipeline_and_keeps_the_tighter_cut(preset):
    preset("test-cut", "bm25 % 5 >> bi-encoder % 4")
    assert str(expand(parse("test-cut % 9 >> listwise"))) == "bm25 % 5 >> bi-encoder % 4 >> listwise"
    assert str(expand(parse("test-cut % 2"))) == "bm25 % 5 >> bi-encoder % 2"


def test_a_preset_takes_no_options_and_may_not_stand_for_itself(preset):
    preset("test-loop", "test-loop % 3")
    with pytest.raises(ConfigError, match="stands for itself"):
        Course.of("test-loop")
    with pytest.raises(ConfigError, match="takes no options"):
        Course.of("fast(k=3)")
    with pytest.raises(UnknownName, match="fast"):
        Course.of("fasst")
    with pytest.raises(ConfigError, match="can only open"):
        Reranker("bm25 >> fast")


def test_options_go_to_the_last_stage_of_a_preset(preset):
    preset("test-judge", "bm25 % 9 >> listwise")
    with StubServer(lambda body: "[2] > [1]") as server:
        ranking = rerank(
            "cats", CHUNKS, strategy="test-judge", base_url=server.base_url, model="m", window=2, stride=1
        )
    assert ranking.strategy == "bm25 % 9 >> listwise(window=2, stride=1)"
