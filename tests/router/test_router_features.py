"""Every feature on examples worked by hand, and over any text there is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.ranking import Hit, Ranking
from llmrerank.router.evidence import Evidence
from llmrerank.router.features import DESCRIPTIONS, features_of
from llmrerank.router.order_evidence import entropy, margin, near_duplicates
from llmrerank.router.query_text import language_of, query_features
from llmrerank.router.score_shape import gap, head_gap, nqc, score_features, smv, wig
from llmrerank.types import Document

SCORES = [4.0, 2.0, 2.0, 0.0]


def text(query):
    return {one.name: one.value for one in query_features(query)}


def of(**more):
    return {one.name: one for one in features_of(Evidence(query="roman roads", **more))}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("roman roads", {"words": 2, "content_words": 2, "clauses": 1, "question": 0, "constraints": 0}),
        ("", {"words": 0, "content_words": 0, "clauses": 0, "question": 0}),
        (
            "how do I train a neural network?",
            {"words": 7, "content_words": 3, "question": 1, "explanation": 1},
        ),
        # joining words: because, which; strong marks: the semicolon
        ("it fails because of a lock, which is held; why?", {"clauses": 4, "question": 1}),
        ("cats without fur, not dogs", {"negations": 2, "content_words": 3}),
        ("is a tree better than a heap", {"comparisons": 2, "question": 1}),
        # one quotation, a version, a year, a bound
        ('"deadlock detected" in v12.4 since 2019 with n >= 3', {"constraints": 5}),
        ("wie trainiert man ein netz ohne daten", {"english": 0, "explanation": 1, "negations": 1}),
        ("how do you train a network without data", {"english": 1}),
        ("comment entraîner un réseau sans données", {"english": 0, "negations": 1}),
    ],
)
def test_what_the_words_of_a_query_tell(query, expected):
    found = text(query)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "query", ["神経回路の訓練方法は?", "как обучить нейронную сеть", "كيف تدرب شبكة عصبية"]
)
def test_other_scripts_are_counted_and_what_needs_word_lists_is_none_and_says_why(query):
    found = {one.name: one for one in query_features(query)}
    assert found["words"].value >= 3
    for name in ("clauses", "negations", "comparisons", "explanation", "english"):
        assert found[name].value is None
        assert "no word lists for" in found[name].why


def test_a_language_is_told_by_its_function_words_or_not_at_all():
    assert language_of("the cat of my aunt") == "en"
    assert language_of("die katze von meiner tante und ich") == "de"
    assert language_of("asyncio gather timeout") is None
    assert language_of("кошка моей тёти") is None


def test_the_published_predictors_on_four_scores():
    assert nqc(SCORES) == pytest.approx(math.sqrt(2) / 2)  # deviations 2, 0, 0, -2 over a mean of 2
    assert wig(SCORES, words=4, depth=1) == pytest.approx((4 - 2) / (2 * 2))
    assert smv(SCORES) == pytest.approx(4 * math.log(2) / 4 / 2)
    assert gap(SCORES) == 0.5
    assert head_gap(SCORES) == 1.0


@given(st.lists(st.floats(0.01, 100), min_size=3, max_size=30), st.floats(0.1, 50))
def test_the_predictors_do_not_depend_on_the_unit_of_scores(scores, factor):
    scores = sorted(scores, reverse=True)
    for one, other in zip(
        score_features(scores, "bm25", words=3),
        score_features([score * factor for score in scores], "bm25", words=3),
        strict=True,
    ):
        if one.value is not None and other.value is not None:
            assert other.value == pytest.approx(one.value, rel=1e-6, abs=1e-9)


def test_certainty_on_scores_worked_by_hand():
    assert margin(SCORES) == pytest.approx(2 / math.sqrt(2))
    assert entropy([1.0, 1.0, 0.0], head=2) == pytest.approx(1.0)
    best = 1 / (1 + math.exp(-2))  # two scores one deviation from their mean: two apart
    expected = -(best * math.log(best) + (1 - best) * math.log(1 - best)) / math.log(2)
    assert entropy([2.0, 0.0]) == pytest.approx(expected)


def test_near_duplicates_share_half_of_their_shingles():
    first = "the cat sat on the mat by the door"
    assert near_duplicates([first, first + " today", "dogs bark at night in the yard"]) == pytest.approx(
        1 / 3
    )
    assert near_duplicates(["one", "two"]) == 0.0


def test_agreement_is_told_between_the_orders_and_between_the_fused_rankings():
    keys = [str(place) for place in range(10)]
    found = of(cheap="bi-encoder", before=keys, after=keys, parts=[keys, keys])
    assert found["agreement"].value == pytest.approx(1.0)
    assert found["first_agreement"].value == pytest.approx(1.0)
    turned = of(cheap="bi-encoder", before=keys, after=keys[::-1])
    assert turned["agreement"].value < 0.7
    assert turned["first_agreement"].value is None


@pytest.mark.parametrize(
    ("more", "name", "why"),
    [
        ({}, "idf_max", "no index of words"),
        ({"idf": ()}, "idf_mean", "no term"),
        ({}, "nqc", "gives no scores"),
        ({"first": SCORES, "first_kind": "rrf"}, "gap", "reciprocal ranks"),
        ({"first": [1.0, 1.0, 1.0], "first_kind": "bm25"}, "gap", "one score"),
        ({"first": [2.0, 1.0, -1.0], "first_kind": "cosine"}, "wig", "below 0"),
        ({"first": SCORES, "first_kind": "logit"}, "smv", "no zero"),
        ({"before": ["1", "2"], "after": ["1", "2"]}, "agreement", "keeps the order"),
        ({"cheap": "listwise", "after": ["1", "2"]}, "margin", "'listwise' gives an order without scores"),
        ({"scores": [1.0, 1.0, 1.0], "score_kind": "bm25"}, "entropy", "one score"),
        ({}, "near_duplicates", "not at hand"),
    ],
)
def test_what_is_missing_is_none_and_says_why(more, name, why):
    found = of(**more)[name]
    assert found.value is None
    assert why in found.why


def test_idf_is_the_rarest_and_the_mean():
    found = of(idf=(1.0, 5.0, 3.0))
    assert (found["idf_max"].value, found["idf_mean"].value) == (5.0, 3.0)


@given(
    st.text() | st.text(alphabet="abc défg ?!;\"'中日한אبन", max_size=400),
    st.lists(st.floats(-1e6, 1e6), max_size=30),
    st.sampled_from(["bm25", "cosine", "logit", "probability", "rrf", "none"]),
)
def test_any_query_over_any_scores_has_every_feature_once_finite_and_always_the_same(query, scores, kind):
    hits = tuple(
        Hit(rank=rank, previous_rank=rank, score=score, document=Document(text=f"{query} {rank}", id=rank))
        for rank, score in enumerate(sorted(scores, reverse=True), start=1)
    )
    ranking = Ranking(query=query, strategy="x", hits=hits, score_kind=kind)
    found = features_of(Evidence.of(ranking, ranking, cheap="keep"))
    assert [one.name for one in found] == list(DESCRIPTIONS)
    assert all(one.value is None or math.isfinite(one.value) for one in found)
    assert found == features_of(Evidence.of(ranking, ranking, cheap="keep"))


def test_a_huge_query_takes_no_longer_than_what_is_read_of_it():
    assert text("why " * 1_000_000) == text("why " * 2_500)
