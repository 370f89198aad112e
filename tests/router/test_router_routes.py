"""Routes as stages: what they are, which arm runs, what limits do, and what the books say."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmrerank import ConfigError, Limits, Pipeline, Reranker, portal, rerank
from llmrerank.explain import explain
from llmrerank.overlap import rbo
from llmrerank.prediction import predicted
from llmrerank.registry import Kind, entries
from llmrerank.router.preview import apreview
from llmrerank.settings import Settings
from llmrerank.spec import parse
from llmrerank.stages import Course
from llmrerank.testing.stub_server import StubServer
from llmrerank.trace import Exhausted, Routed, StageDone
from llmrerank.trace_file import TracedQuery, event_from_dict, event_to_dict, story_of
from llmrerank.types import Query

SIMPLE = "base64 encode and decode"
COMPLEX = (
    "Several downloads run as coroutines. When one goes wrong the others should be stopped right away rather "
    "than carry on in the background, and I want to see everything that failed, not only the first."
)
CORPUS = [
    {"id": "wait", "text": "Wait for coroutines and stop the others when one failed, rather than carry on."},
    {"id": "base64", "text": "Encode bytes as base64 and decode them: encode, decode, base64."},
    {"id": "download", "text": "Downloads run in the background and everything goes on."},
    {"id": "task", "text": "A group of tasks: the first that failed stops the others."},
    {"id": "hash", "text": "Encode a digest."},
    *({"id": f"other{n}", "text": f"Something about topic {n} and the others."} for n in range(12)),
]
ROUTE = "route(keep, head(listwise, depth=20), adaptive)"


def backwards(body):
    """An LLM that turns every window over."""
    labels = re.findall(r"^\[(\d+)\]$", body["messages"][-1]["content"], re.MULTILINE)
    return " > ".join(f"[{label}]" for label in reversed(labels))


@pytest.fixture(scope="module")
def endpoint():
    with StubServer(backwards) as server:
        yield server


def searched(endpoint, query, spec=f"bm25 % 15 >> {ROUTE}", corpus=CORPUS, **more):
    made = Settings(base_url=endpoint.base_url, model="stub", **more)
    with Pipeline(spec, corpus=corpus, settings=made) as pipeline:
        return pipeline.search(query)


def ids(ranking):
    return [hit.document.id for hit in ranking]


def test_a_simple_query_keeps_the_order_and_a_complex_one_goes_to_the_llm(endpoint):
    simple, complex_ = searched(endpoint, SIMPLE), searched(endpoint, COMPLEX)
    [kept], [sent] = simple.trace.of(Routed), complex_.trace.of(Routed)
    assert (kept.strategy, simple.trace.calls) == ("keep", 0)
    assert ids(simple) == ids(searched(endpoint, SIMPLE, "bm25 % 15"))
    assert sent.strategy == "head(listwise, depth=20)"
    assert complex_.trace.calls == 1
    assert ids(complex_) == ids(searched(endpoint, COMPLEX, "bm25 % 15"))[::-1]
    assert "the query is complex" in sent.reason
    assert dict(sent.features)["negations"] >= 1
    assert dict(sent.features)["idf_max"] > dict(sent.features)["idf_mean"] > 0
    assert dict(sent.features)["agreement"] is None


def test_the_dearer_arm_goes_on_from_the_order_of_the_cheap_one(endpoint):
    """The LLM that turns everything over is shown what the cheap arm, another one, turned over before it."""
    twice = searched(endpoint, COMPLEX, "bm25 % 15 >> route(full, listwise)")
    assert ids(twice) == ids(searched(endpoint, COMPLEX, "bm25 % 15"))
    assert [done.stage for done in twice.trace.of(StageDone)] == ["bm25", "full", "listwise"]
    assert [place.stage for place in twice[0].history] == ["bm25", "full", "listwise"]


def test_two_runs_are_one(endpoint):
    one, other = searched(endpoint, COMPLEX), searched(endpoint, COMPLEX)
    assert ids(one) == ids(other)
    assert one.trace.of(Routed) == other.trace.of(Routed)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(min_size=1).filter(lambda text: text.strip().isprintable() and text.strip()),
    count=st.integers(0, 12),
)
def test_whatever_is_asked_the_documents_are_all_there_once(endpoint, query, count):
    texts = [f"worth {place % 5}" for place in range(count)]
    ranking = rerank(query, texts, strategy=ROUTE, base_url=endpoint.base_url, model="stub")
    assert sorted(hit.previous_rank for hit in ranking) == list(range(1, count + 1))
    assert len(ranking.trace.of(Routed)) == 1


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(calls=0), "1 more call would exceed the limit of 0"),
        (Limits(tokens=10), "would exceed the limit of 10"),
        (Limits(seconds=0.0), "deadline"),
    ],
)
def test_where_a_limit_forbids_the_dearer_arm_the_cheap_one_stays_and_that_is_said(endpoint, limits, said):
    ranking = searched(endpoint, COMPLEX, limits=limits)
    [routed], [stopped] = ranking.trace.of(Routed), ranking.trace.of(Exhausted)
    assert (routed.strategy, ranking.trace.calls, ranking.degraded) == ("keep", 0, True)
    assert said in routed.reason
    assert said in stopped.reason
    assert ids(ranking) == ids(searched(endpoint, COMPLEX, "bm25 % 15"))


def test_a_limit_that_allows_the_arm_between_takes_that(endpoint):
    """Two reasons, a complex query and a head that scores alike, ask for more than one call."""
    query = "marble quarries, not slate, rather than other stone"
    spec = "bm25 % 30 >> route(keep, head(listwise, depth=20), pairwise)"
    stone = "A stone lies on the long way to the sea and to the hills."
    corpus = [f"Marble quarries and slate {'by ' * (n % 3)}" for n in range(12)] + [stone] * 18
    free = searched(endpoint, query, spec, corpus)
    bound = searched(endpoint, query, spec, corpus, limits=Limits(calls=1))
    assert free.trace.of(Routed)[0].strategy == "pairwise"
    assert "; the cheap order is undecided" in free.trace.of(Routed)[0].reason
    assert bound.trace.of(Routed)[0].strategy == "head(listwise, depth=20)"
    assert bound.trace.calls == 1
    assert bound.trace.of(Exhausted)[0].limit == "calls"


def test_auto_without_a_chat_model_stays_on_this_machine_and_says_so(monkeypatch):
    monkeypatch.setattr("llmrerank.clients.models.at_hand", lambda kind: None)
    with Reranker("bm25 >> auto") as reranker:
        ranking = reranker.rank(COMPLEX, CORPUS)
        estimate = reranker.estimate(COMPLEX, CORPUS)
    [routed] = ranking.trace.of(Routed)
    assert (routed.strategy, routed.stage) == ("keep", "auto")
    assert "no chat model is configured" in routed.reason
    assert (ranking.trace.calls, estimate.calls.most, estimate.cost) == (0, 0, (0.0, 0.0))
    assert ids(ranking) == ids(rerank(COMPLEX, CORPUS, strategy="bm25"))


def test_auto_takes_the_llm_where_one_is_configured(endpoint, monkeypatch):
    monkeypatch.setattr("llmrerank.clients.models.at_hand", lambda kind: None)
    ranking = searched(endpoint, COMPLEX, "bm25 >> auto % 5")
    assert ranking.trace.of(Routed)[0].strategy == "head(listwise, depth=20)"
    assert (ranking.trace.calls, len(ranking)) == (1, 5)


@pytest.mark.parametrize("kind", ["cross-encoder", "bi-encoder"])
def test_the_cheap_arm_of_auto_is_the_local_model_at_hand(kind, monkeypatch):
    monkeypatch.setattr("llmrerank.clients.models.at_hand", lambda asked: "here" if asked == kind else None)
    assert str(Course.of("auto").steps[0].route.arms[0]) == kind


def test_auto_in_a_comparison_a_preset_and_with_options_is_a_stage_like_any_other():
    assert {entry.name for entry in entries(Kind.ROUTE)} == {"auto", "route"}
    for spec in ("auto", f"bm25 % 50 >> {ROUTE} % 5", "route(bi-encoder, listwise(window=10))"):
        course = Course.of(spec)
        assert Course.of(str(course.spec)) == course
        assert parse(str(course.spec)) == course.spec
    spelled = Course.of("route(a=keep, b=head(listwise, depth=50), c=listwise(window=20, stride=5))").spec
    assert str(spelled) == "route(keep, head(listwise), listwise(stride=5))"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("route(keep)", "needs b"),
        ("route(listwise, keep)", "keep costs nothing and can only be the first arm"),
        ("route(listwise, listwise(window=20))", "the arm listwise stands there twice"),
        ("route(keep, bm25)", "first stage and cannot stand where"),
        ("route(keep, fast)", "preset and cannot stand where"),
        ("route(keep, lstwise)", "did you mean 'listwise'"),
        ("keep", "cannot stand where"),
        ("head(auto)", "is a route and cannot stand where"),
        ("route(keep, listwise, by='nowhere.json')", "cannot read the router nowhere.json"),
    ],
)
def test_what_cannot_be_a_route_is_refused_in_one_sentence(spec, said):
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        Course.of(spec)
    assert "\n" not in str(caught.value)


def test_a_prediction_is_a_span_from_the_cheap_arm_to_the_dearest():
    # cheap: 15 pairs in one round; dearer: 1 call in 1 round, or 210 calls
    found = predicted(Course.of("bm25 % 15 >> route(bi-encoder, full, listwise(window=5, stride=2))"), 1000)
    assert (found.pairs.least, found.pairs.most) == (15, 15)
    dearest = predicted(Course.of("bm25 % 15 >> listwise(window=5, stride=2)"), 1000)
    assert (found.calls.least, found.calls.most) == (0, dearest.calls.most)
    assert (found.rounds.least, found.rounds.most) == (1, 1 + dearest.rounds.most)


def test_an_estimate_is_one_too(endpoint):
    made = Settings(base_url=endpoint.base_url, model="stub")
    with Reranker("route(keep, full, listwise(window=5, stride=2))", settings=made) as reranker:
        found = reranker.estimate(COMPLEX, CORPUS)
    with Reranker("listwise(window=5, stride=2)", settings=made) as reranker:
        dearest = reranker.estimate(COMPLEX, CORPUS)
    assert (found.calls.least, found.calls.most) == (0, dearest.calls.most)
    assert found.tokens_in.most == dearest.tokens_in.most
    assert found.cost is None
    assert found.prompt is not None


def test_thresholds_are_refused_where_an_arm_gives_scores_that_mean_nothing(endpoint):
    with (
        Reranker(ROUTE, settings=Settings(base_url=endpoint.base_url)) as reranker,
        pytest.raises(ConfigError, match="threshold on scores that mean nothing"),
    ):
        reranker.rank("q", CORPUS, min_score=0.5)


def test_a_trace_file_keeps_the_decision_and_its_story_has_no_stage_that_did_not_run(endpoint):
    for query, stages in ((SIMPLE, ["bm25"]), (COMPLEX, ["bm25", "head(listwise, depth=20)"])):
        ranking = searched(endpoint, query)
        [routed] = ranking.trace.of(Routed)
        assert event_from_dict(event_to_dict(routed)) == routed
        story = story_of(TracedQuery.of(Query(text=query), ranking, seconds=1.0))
        assert [stage.name for stage in story] == stages
        assert routed in story[0].notes
    bound = searched(endpoint, COMPLEX, limits=Limits(calls=0))
    assert [one.name for one in story_of(TracedQuery.of(Query(text="q"), bound, seconds=1.0))] == ["bm25"]


def test_explain_follows_the_arm_that_was_taken(endpoint):
    made = Settings(base_url=endpoint.base_url, model="stub")
    with Pipeline(f"bm25 % 15 >> {ROUTE}", corpus=CORPUS, settings=made) as pipeline:
        found = explain(pipeline, COMPLEX, ["wait"])
        stages = [stand.stage for stand in found.accounts[0].stands]
        assert stages == ["bm25", "head(listwise, depth=20)"]
        assert found.accounts[0].rank == ids(pipeline.search(COMPLEX)).index("wait") + 1


def test_a_preview_decides_as_a_search_does_and_sends_nothing(endpoint):
    made = Settings(base_url=endpoint.base_url, model="stub")
    with Pipeline(f"bm25 % 15 >> {ROUTE}", corpus=CORPUS, settings=made) as pipeline:
        for query in (SIMPLE, COMPLEX):
            before = len(endpoint.requests)
            shown = portal.run(lambda query=query: apreview(pipeline, query))
            assert len(endpoint.requests) == before
            assert shown.routed == pipeline.search(query).trace.of(Routed)[0]
            assert [arm for arm, _ in shown.arms] == ["keep", "head(listwise, depth=20)", "adaptive"]
            assert shown.arms[1][1].calls.most == 1
    for spec, said in (
        ("bm25 >> full >> auto", "'full' asks a model behind an endpoint"),
        ("bm25", "no stage of 'bm25' is a route"),
    ):
        with (
            Pipeline(spec, corpus=CORPUS, settings=made) as pipeline,
            pytest.raises(ConfigError, match=said),
        ):
            portal.run(lambda pipeline=pipeline: apreview(pipeline, "q"))


def test_what_is_kept_of_a_reranker_is_judged_as_its_order(endpoint):
    """`keep` behind a reranker: that one turned the order over, and rare words trust a first stage only."""
    query = "others topic"
    first = ids(searched(endpoint, query, spec="bm25 % 15"))
    [routed] = searched(endpoint, query, spec=f"bm25 % 15 >> full >> {ROUTE}").trace.of(Routed)
    agreement = dict(routed.features)["agreement"]
    assert agreement == pytest.approx(rbo(first, first[::-1]))
    assert ("the orders before and after the cheap arm agree to" in routed.reason) is (agreement < 0.3)
    kept = searched(endpoint, SIMPLE, spec=f"bm25 % 15 >> route(keep, full) >> {ROUTE}")
    assert [dict(one.features)["agreement"] for one in kept.trace.of(Routed)] == [None, None]


def test_a_route_in_the_middle_passes_on_as_many_as_it_is_told(endpoint):
    for query in (SIMPLE, COMPLEX):
        ranking = searched(endpoint, query, f"bm25 % 15 >> {ROUTE} % 2 >> full")
        assert len(ranking) == 2
        assert ranking.trace.of(StageDone)[-1].documents_in == 2
