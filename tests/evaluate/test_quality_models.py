"""Models that judge in known ways are found out."""

from __future__ import annotations

import pytest
from quality_judges import TOPICS, blind, chance, dull, make_collection, perfect, place, prose

from llmrerank import CallError, ConfigError, Limits, portal
from llmrerank.evaluate import Dataset
from llmrerank.evaluate.quality import aquality
from llmrerank.evaluate.quality_forecast import quality_forecast
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    return Dataset.open(make_collection(tmp_path_factory.mktemp("quality") / "topics"))


def measure(collection, model, *, queries=TOPICS, **settings):
    with StubServer(model) as server:
        settings = Settings(base_url=server.base_url, model=f"m{id(server)}", retries=0, **settings)
        quality = portal.run(lambda: aquality(collection, settings=settings, queries=queries))
        return quality, len(server.requests)


def found(quality):
    return {verdict.strategy: verdict.finding for verdict in quality.verdicts}


def by_name(quality):
    return {measured.strategy: measured for measured in quality.measured}


def test_a_perfect_judge_takes_the_whole_way_and_is_used(collection):
    quality, _ = measure(collection, perfect)
    assert found(quality) == {"pointwise": "lifts", "listwise": "lifts"}
    for measured in quality.measured:
        assert measured.first == pytest.approx(0.304, abs=0.001)
        assert measured.ndcg == measured.best == 1.0
        assert measured.taken == 1.0
        assert measured.agreement > 0.6
        assert measured.answers.unusable == measured.answers.repaired == measured.answers.absent == 0
    listwise = by_name(quality)["listwise"]
    assert listwise.agreement == 1.0
    assert listwise.places.share < 0.1
    assert abs(listwise.places.correlation) < 0.2
    assert quality.advice.startswith("use listwise")  # as good as pointwise, with one call instead of twenty
    assert (listwise.calls, by_name(quality)["pointwise"].calls) == (1, pytest.approx(20, abs=0.2))


def test_a_judge_of_places_is_noise_and_is_told_so(collection):
    quality, _ = measure(collection, place)
    listwise = by_name(quality)["listwise"]
    assert found(quality) == {"pointwise": "same", "listwise": "place"}
    assert abs(listwise.agreement) < 0.2
    assert listwise.places.correlation == pytest.approx(1)
    assert listwise.places.share == pytest.approx(1)
    assert listwise.places.means == tuple(range(1, 21))
    assert (
        "is noise on this model: what it returns is the place in the window" in quality.verdicts[1].sentence
    )
    assert "neither beats its first stage" in quality.advice


def test_chance_is_noise_without_a_place(collection):
    quality, _ = measure(collection, chance)
    listwise = by_name(quality)["listwise"]
    assert found(quality)["listwise"] == "noise"
    assert abs(listwise.agreement) < 0.2
    assert listwise.places.share < 0.2


def test_a_judge_that_never_looks_at_the_query_is_blind(collection):
    quality, _ = measure(collection, blind)
    assert found(quality) == {"pointwise": "blind", "listwise": "blind"}
    for measured in quality.measured:
        assert measured.agreement == measured.other == 1.0


def test_one_grade_for_all_is_the_first_stage(collection):
    quality, _ = measure(collection, dull)
    pointwise = by_name(quality)["pointwise"]
    assert found(quality)["pointwise"] == "same"
    assert (pointwise.tied, pointwise.agreement, pointwise.difference.p) == (1.0, None, 1.0)


def test_prose_cannot_be_read(collection):
    quality, _ = measure(collection, prose, queries=6)
    assert found(quality) == {"pointwise": "unreadable", "listwise": "unreadable"}
    for measured in quality.measured:
        assert measured.answers.clean == measured.answers.repaired == 0
        assert measured.agreement is None


def test_what_only_one_strategy_can_do_is_advised(collection):
    def mixed(body):
        return place(body) if "Rank " in body["messages"][-1]["content"] else perfect(body)

    quality, _ = measure(collection, mixed)
    assert found(quality) == {"pointwise": "lifts", "listwise": "place"}
    assert quality.advice == "use pointwise; leave listwise alone with this model"


def test_the_forecast_is_what_is_sent(collection):
    forecast = quality_forecast(collection, settings=Settings(), queries=TOPICS)
    quality, requests = measure(collection, perfect)
    assert {name: estimate.calls.most for name, estimate in forecast.items()} == {
        "pointwise": 20 * 12 + 2 * 20 * 3,
        "listwise": 3 * 12 + 3,
    }
    # One answer more: that the endpoint gives no log-probabilities has to be found out.
    assert requests == quality.trace.calls == sum(e.calls.most for e in forecast.values()) + 1


def test_a_second_time_is_free_and_says_the_same(collection, tmp_path):
    cache = tmp_path / "answers.sqlite"
    with StubServer(perfect) as server:
        settings = Settings(base_url=server.base_url, model="kept", cache=cache)
        first, again = (
            portal.run(lambda: aquality(collection, settings=settings, queries=5)) for _ in range(2)
        )
    assert again.trace.calls == 0
    assert all(one.seconds is not None for one in first.measured)
    assert all(one.seconds is None for one in again.measured)
    assert [one.ndcg for one in again.measured] == [one.ndcg for one in first.measured]
    assert found(again) == found(first)


def test_a_limit_leaves_figures_of_what_was_finished(collection):
    quality, requests = measure(collection, perfect, limits=Limits(calls=100))
    assert requests <= 100
    assert quality.trace.exhausted.limit == "calls"
    finished = {one.strategy: one.queries for one in quality.measured}
    assert 0 < finished["pointwise"] < TOPICS
    assert found(quality)["pointwise"] == "few"


def test_an_endpoint_that_always_fails_raises_its_error(collection):
    with pytest.raises(CallError):
        measure(collection, lambda body: StubResponse(status=500, body="broken"))


def test_one_query_that_fails_is_told_and_the_rest_is_measured(collection):
    def failing(body):
        text = body["messages"][-1]["content"]
        return StubResponse(status=400, body="no") if "about delta?" in text else perfect(body)

    quality, _ = measure(collection, failing)
    assert list(quality.failures) == ["delta"]
    assert {one.queries for one in quality.measured} == {TOPICS - 1}


@pytest.mark.parametrize("queries", [0, TOPICS + 1])
def test_more_queries_than_there_are_is_refused(collection, queries):
    with pytest.raises(ConfigError, match="ask for 1 to 12"):
        measure(collection, perfect, queries=queries)
