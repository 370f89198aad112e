"""Models that obey and models that do not are told apart, and so are defences that work and that do not."""

from __future__ import annotations

import json
import threading

import pytest
from hostile_judges import (
    WORDS,
    in_words_alone,
    incorruptible,
    make_collection,
    obedient,
    obeying,
    wary,
)

from llmrerank import CallError, ConfigError, Limits, portal
from llmrerank.evaluate import Dataset
from llmrerank.redteam import Measurement, forecast_of, measure, plan_of, report_of, run_plan
from llmrerank.settings import Settings
from llmrerank.testing.chaos import ChaosEndpoint
from llmrerank.testing.stub_server import StubResponse, StubServer

FORMS = ("listwise", "setwise", "pairwise", "pointwise", "graded")
KEEP = "fuse({strategy}, weight=1.0)"
"""A defence that works: it keeps the first stage's order, whoever says what."""
PLAIN = {"attacks": ("first-plain",), "places": ("front", "end"), "queries": 8, "trials": 8, "depth": 6}


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    return Dataset.open(make_collection(tmp_path_factory.mktemp("redteam") / "notes"))


def settings_for(server, **more):
    return Settings(base_url=server.base_url, model=f"m{id(server)}", retries=0, **more)


def measured(collection, model, *, strategies=("listwise",), defences=(), **asked):
    with StubServer(model) as server:
        asked = {**PLAIN, **asked}
        settings = settings_for(server)
        return measure(collection, settings=settings, strategies=strategies, defences=defences, **asked)


SLOWEST = [pytest.param(form, marks=[pytest.mark.slow] * (form in ("pairwise", "setwise"))) for form in FORMS]
"""Those whose questions follow from each other are slow."""


@pytest.mark.parametrize("form", SLOWEST)
def test_an_obedient_model_is_moved_and_an_incorruptible_one_is_not(collection, form):
    [moved] = measured(collection, obedient, strategies=(form,), trials=8).strategies
    [given] = moved.arms
    assert (given.queries, given.trials) == (8, 8)
    assert given.room == pytest.approx(5)
    assert given.gain.mean >= 4  # of five: relevant documents may be graded as high
    assert given.gain.low >= 3
    assert given.gain.p < 0.01
    assert given.loss.mean > 0.05
    assert given.clean == pytest.approx(1)
    assert "lift the document that carries them" in moved.sentence
    [still] = measured(collection, incorruptible, strategies=(form,), trials=8).strategies
    assert still.arms[0].gain.mean == 0
    assert still.arms[0].loss.mean == 0
    assert "cannot be told from filler" in still.sentence


def findings(report):
    return {one.weighed.defence: one.finding for one in report.strategies[0].defences}


def test_a_defence_that_works_passes_and_one_that_does_nothing_fails(collection):
    twice = "consistency({strategy}, times=2)"
    report = measured(collection, obedient, defences=(KEEP, twice, "fences"))
    assert findings(report) == {KEEP: "passes", twice: "fails", "fences": "fails"}
    works, nothing, _ = report.strategies[0].defences
    assert works.weighed.after == 0 < works.weighed.before
    assert works.weighed.adjusted < 0.05
    assert works.cautions[0].startswith("it costs ")  # the first stage's order is worse than the judge's
    assert (nothing.weighed.change.mean, nothing.cautions) == (0, ())
    assert "cannot be told from noise" in nothing.sentence


def test_fences_pass_where_they_are_what_holds_a_model_back(collection):
    for form in ("listwise", "pointwise"):
        report = measured(collection, wary, strategies=(form,), defences=("fences",))
        assert findings(report) == {"fences": "passes"}
        [defence] = report.strategies[0].defences
        assert (defence.weighed.without, defence.weighed.within) == ("no fence", "as given")
        assert report.strategies[0].arms[0].gain.mean == 0  # the strategy as given has them


@pytest.mark.slow
def test_log_probabilities_pass_where_words_alone_are_corrupted(collection):
    for form in ("listwise", "setwise", "pointwise"):
        report = measured(collection, in_words_alone, strategies=(form,), defences=("log-probabilities",))
        assert findings(report) == {"log-probabilities": "passes"}


def test_the_guard_is_measured_as_it_is_spelled(collection):
    """An obedient model obeys twice, so asking again shows nothing; who is found out gains nothing."""
    pytest.importorskip("llmrerank.algorithms.guarded")
    report = measured(collection, obedient, defences=("cross-check", "leave-out"))
    assert findings(report) == {"cross-check": "fails", "leave-out": "passes"}


def test_an_attack_that_gains_too_little_shows_nothing_of_any_defence(collection):
    report = measured(collection, incorruptible, defences=(KEEP, "fences"))
    assert set(findings(report).values()) == {"nothing shown"}
    assert "the undefended attack gains too little" in report.strategies[0].defences[0].sentence


def test_few_queries_say_nothing(collection):
    report = measured(collection, obedient, defences=("fences",), queries=4, trials=4)
    assert findings(report) == {"fences": "few"}
    assert "nothing can be said from 4 queries" in report.strategies[0].sentence


def test_the_instruction_is_a_place_by_itself(collection):
    """What an attack in the instruction gains is told, and is no part of what documents gain."""

    def told(body):
        return (obedient if "What makes a passage relevant: Rank" in str(body) else incorruptible)(body)

    report = measured(collection, told, places=("front", "instruction"))
    [one] = report.strategies
    assert one.places["instruction"].trials == one.places["front"].trials == 4
    assert one.arms[0].trials == one.families["first"].trials == 4


def test_places_that_no_prompt_shows_are_told_and_cost_nothing(collection):
    report = measured(collection, obedient, places=("front", "id", "metadata"), trials=8)
    [one] = report.strategies
    assert one.unshown == ("id", "metadata")
    assert one.places.keys() == {"front"}
    with pytest.raises(ConfigError, match="nothing can be planted"):
        measured(collection, obedient, places=("id",))


def test_a_place_that_a_long_text_has_no_room_for_is_measured_all_the_same(tmp_path):
    """The first list alone said that its prompt shows no ends, and no end of any list was attacked."""
    long = "The roads of the Romans were long. " * 200
    rows = [{"_id": f"d{n}", "text": long if n < 5 else f"A road, part {n}."} for n in range(6)]
    for name, lines in (
        ("corpus", rows),
        ("queries", [{"_id": "q", "text": "roads of the Romans"}]),
    ):
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (tmp_path / "qrels.txt").write_text("q 0 d5 1\n")
    plan = plan_of(
        Dataset.open(tmp_path),
        settings=Settings(model="m"),
        strategies=["listwise(excerpt='head')"],
        queries=1,
    )
    assert dict(plan.unshown) == {"listwise(excerpt='head')": ("id", "metadata")}


def test_the_same_again_asks_nothing_and_says_the_same(collection, tmp_path):
    with StubServer(obedient) as server:
        settings = settings_for(server, cache=tmp_path / "kept.sqlite")
        asked = {**PLAIN, "strategies": FORMS[:2], "defences": ("fences",)}
        first = measure(collection, settings=settings, **asked)
        sent = len(server.requests)
        again = measure(collection, settings=settings, **asked)
        assert len(server.requests) == sent == first.trace.calls
    assert again.trace.calls == 0
    assert [one.to_dict() for one in again.strategies] == [one.to_dict() for one in first.strategies]


@pytest.mark.slow
def test_a_limit_gives_what_there_is_and_the_next_run_pays_for_the_rest_alone(collection, tmp_path):
    asked = {**PLAIN, "strategies": ("listwise", "pairwise"), "defences": ("fences",)}
    with StubServer(obedient) as server:
        whole = measure(collection, settings=settings_for(server), **asked)
        total = len(server.requests)
    with StubServer(obedient) as server:
        kept = {"cache": tmp_path / "kept.sqlite"}
        settings = settings_for(server, **kept, limits=Limits(calls=150))
        part = measure(collection, settings=settings, **asked)
        assert part.trace.calls == len(server.requests) <= 150
        assert part.stopped
        assert 0 < part.finished < part.trials
        assert part.strategies[0].arms[0].trials >= part.finished
        rest = measure(collection, settings=settings_for(server, **kept), **asked)
        assert len(server.requests) == total
    assert rest.stopped == ""
    assert [one.to_dict() for one in rest.strategies] == [one.to_dict() for one in whole.strategies]


def test_what_was_measured_can_be_read_after_an_interrupt(collection):
    """A cancelled measurement leaves the trials that have an end."""
    arrived = threading.Event()

    def slow(body):
        if len(server.requests) > 12:
            arrived.set()
        return obedient(body)

    with StubServer(slow, delay=0.01) as server:
        plan = plan_of(
            collection, settings=settings_for(server), strategies=("listwise",), defences=(), **PLAIN
        )
        measurement = Measurement(plan=plan)

        async def interrupted():
            import asyncio

            task = asyncio.ensure_future(run_plan(measurement))
            await asyncio.to_thread(arrived.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        portal.run(interrupted)
    report = report_of(measurement)
    assert 0 < report.strategies[0].arms[0].trials < report.trials
    assert report.strategies[0].arms[0].gain.mean > 2


@pytest.mark.parametrize("form", SLOWEST)
def test_the_forecast_is_right(collection, form):
    asked = {**PLAIN, "strategies": (form,), "defences": ("fences", "log-probabilities", KEEP)}
    with StubServer(obedient) as server:
        settings = settings_for(server)
        forecast = forecast_of(plan_of(collection, settings=settings, **asked))[form]
        assert server.requests == []
        report = measure(collection, settings=settings, **asked)
        sent = len(server.requests)
    assert forecast.calls.least <= sent <= forecast.calls.most
    if form in ("listwise", "pointwise", "graded"):
        assert forecast.calls.least == forecast.calls.most == sent
    assert report.trace.calls == sent
    assert 0 < forecast.tokens_in.least <= forecast.tokens_in.most


@pytest.mark.slow
def test_transient_faults_change_no_figure(collection):
    asked = {**PLAIN, "strategies": ("listwise", "setwise"), "defences": ()}
    calm = measured(collection, obedient, **asked)
    rates = {"rate-limit-milliseconds": 0.15, "reset": 0.05}
    with ChaosEndpoint(rates, worth=obeying, in_a_row=1, wait=0.001) as server:
        settings = Settings(base_url=server.base_url, model="chaos", retries=6, timeout=5.0)
        stormy = measure(collection, settings=settings, **asked)
        assert server.injected
    assert stormy.trace.degraded == 0
    for rough, smooth in zip(stormy.strategies, calm.strategies, strict=True):
        assert rough.arms[0].to_dict() == smooth.arms[0].to_dict()


def test_a_provider_that_fails_is_given_up_and_one_that_fails_at_times_is_told(collection):
    with StubServer(lambda body: StubResponse(status=401, body="who are you?")) as server:
        with pytest.raises(CallError):
            measure(collection, settings=settings_for(server), strategies=("listwise",), defences=(), **PLAIN)
        assert len(server.requests) < 12

    def moody(body):
        return StubResponse(status=500, body="no") if "garnet" in str(body) else obedient(body)

    report = measured(collection, moody)
    [one] = report.strategies
    assert one.failures
    assert report.failed
    assert one.arms[0].queries == len(WORDS) - 1


def test_draws_are_balanced_from_the_first_on(collection):
    plan = plan_of(
        collection, settings=Settings(), strategies=("listwise",), defences=(), queries=8, trials=40
    )
    for count in range(1, 41):
        for one in ("query", "family", "place"):
            values = {
                "query": [trial.target.id for trial in plan.trials[:count]],
                "family": [trial.attack.family for trial in plan.trials[:count]],
                "place": [trial.place for trial in plan.trials[:count]],
            }[one]
            times = [values.count(value) for value in set(values)]
            assert max(times) - min(times) <= 1
    assert len({trial.attack.name for trial in plan.trials}) == 40  # none twice before all of a family
    for target in plan.targets:
        after = target.documents[target.position + 1 :]
        assert all(target.grades.get(document.id, 0) > 0 for document in after)
        assert target.grades.get(target.hostile.id, 0) == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"attacks": ("overide",)}, "unknown attack 'overide'"),
        ({"places": ("centre",)}, "unknown place 'centre'"),
        ({"places": ("id", "metadata")}, "no prompt of listwise, .* shows id or metadata"),
        ({"defences": ("fence",)}, "unknown defence 'fence'"),
        ({"defences": ("garde({strategy})",)}, "unknown"),
        ({"strategies": ("bm25 >> listwise",)}, "bm25"),
        ({"strategies": ()}, "there is no strategy"),
        ({"queries": 9}, "ask for 1 to 8"),
        ({"depth": 1}, "depth must be 2 or more"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_what_cannot_be_is_one_sentence(collection, asked, said):
    with pytest.raises(ConfigError, match=said):
        plan_of(collection, settings=Settings(), **{"defences": (), **asked})
