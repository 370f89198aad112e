"""The choice: the best under the bounds, the same from the same figures, with a reason for every other."""

import json
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import DOCUMENTS, LISTWISE, QUERIES, measurements

from llmrerank.errors import ConfigError
from llmrerank.limits import Price, Prices
from llmrerank.planner import Measurements, outlook, plan
from llmrerank.planner.plan import WORTH
from llmrerank.planner.shapes import GRID
from llmrerank.settings import Settings

PRICED = Settings(prices=Prices({"small": Price(input=1.0, output=10.0)}))


def test_as_many_candidates_are_passed_on_as_the_latency_allows():
    # A list of n documents takes 2 ms and 5 ms for each: 300 ms are reached between 50 and 75.
    made = plan(measurements(), docs=DOCUMENTS, latency=0.3)
    assert made.chosen.pipeline == "bm25 % 50 >> bi-encoder"
    assert (
        made.chosen.p95.value
        <= 0.3
        < outlook(made.measurements, "bm25 % 75 >> bi-encoder", docs=DOCUMENTS).p95.value
    )
    more, alone = made.rejected
    assert more.outlook.pipeline == "bm25 % 75 >> bi-encoder"
    assert more.reason.startswith("p95 381 ms is over 300 ms; it would bring 0.300 nDCG@10 more")
    assert alone.outlook.pipeline == "bm25 % 10"
    assert alone.reason.endswith("nDCG@10 less")
    assert made.weighed == 1 + sum(size <= 100 for size in GRID)


@settings(max_examples=8)
@given(st.floats(0.001, 3.0), st.floats(0.0, 0.03), st.integers(10, 10**8))
def test_the_choice_keeps_within_the_bounds_and_nothing_within_them_is_better(latency, cost, docs):
    stored = measurements(asked=(LISTWISE,))
    bounds = {"docs": docs, "latency": latency, "cost": cost, "settings": PRICED}
    if outlook(stored, "bm25 % 10", docs=docs).p95.value > latency:
        with pytest.raises(ConfigError, match="no pipeline"):
            plan(stored, **bounds)
        return
    made = plan(stored, **bounds)
    assert made.chosen.p95.value <= latency
    assert made.chosen.cost[1] <= cost
    for one in made.rejected:
        other = one.outlook
        if other.p95.value <= latency and other.cost[1] <= cost:
            assert other.quality.value <= made.chosen.quality.value + WORTH
    assert made.to_dict() == plan(stored, **bounds).to_dict()


def test_a_cut_off_that_is_written_stays_and_one_that_is_not_is_chosen():
    stored = measurements()
    fixed = plan(stored, docs=DOCUMENTS, latency=1, pipelines=["bm25 % 20 >> bi-encoder", "bm25"])
    assert fixed.chosen.pipeline == "bm25 % 20 >> bi-encoder"
    assert fixed.weighed == 2
    free = plan(stored, docs=DOCUMENTS, latency=1, pipelines=["bm25 >> bi-encoder"])
    assert free.chosen.pipeline == "bm25 % 100 >> bi-encoder"


def test_what_gains_nothing_is_not_chosen_however_fast():
    stored = measurements()
    flat = replace(stored, queries=tuple(replace(one, grades={}) for one in stored.queries))
    made = plan(flat, docs=DOCUMENTS, latency=10)
    assert made.chosen.pipeline == "bm25 % 10"
    assert "not worth" in made.rejected[0].reason


def test_local_models_and_strategies_that_ask_are_put_one_behind_the_other():
    stored = measurements(asked=(LISTWISE,))
    made = plan(stored, docs=DOCUMENTS, latency=5, settings=PRICED)
    # The model finds everything; an LLM behind it has nothing left to gain.
    assert made.chosen.pipeline == "bm25 % 100 >> bi-encoder"
    kinds = {
        " >> ".join(s.split(" %")[0] for s in one.outlook.pipeline.split(" >> ")) for one in made.rejected
    }
    assert kinds == {"bm25", "bm25 >> listwise", "bm25 >> bi-encoder >> listwise"}
    cheap = plan(stored, docs=DOCUMENTS, latency=0.05, settings=PRICED)
    assert cheap.chosen.pipeline == "bm25 % 10"


def test_an_impossible_bound_says_what_the_cheapest_plan_needs():
    with pytest.raises(ConfigError) as caught:
        plan(measurements(), docs=40_000, latency=0.001)
    said = str(caught.value)
    assert said.startswith("no pipeline answers 95 of 100 queries within 1 ms over 40,000 documents")
    assert "the cheapest, 'bm25 % 10', needs 7" in said
    assert "extrapolated x10 beyond what was measured" in said
    stored = measurements(asked=(LISTWISE,))
    asks = ["bm25 >> listwise"]
    with pytest.raises(ConfigError, match=r"no pipeline keeps within 0.0001 USD .* give --cost 0\.00"):
        plan(stored, docs=1000, latency=60, cost=0.0001, pipelines=asks, settings=PRICED)
    with pytest.raises(ConfigError, match="a bound on cost needs prices"):
        plan(stored, docs=1000, latency=60, cost=1.0, pipelines=asks)


def test_the_cost_that_is_said_to_be_needed_is_enough():
    stored = measurements(asked=(LISTWISE,))
    bounds = {"docs": 1000, "latency": 60, "pipelines": ["bm25 >> listwise"], "settings": PRICED}
    for price in (0.0001, 0.37, 1.0):
        bounds["settings"] = Settings(prices=Prices({"small": Price(input=price, output=10 * price)}))
        with pytest.raises(ConfigError) as caught:
            plan(stored, **bounds, cost=0.0)
        needed = re.search(r"give --cost ([0-9.]+) or more", str(caught.value))[1]
        cost = plan(stored, **bounds, cost=float(needed)).chosen.cost[1]
        assert cost <= float(needed) <= cost * 1.2 + 0.0001


def test_the_best_of_many_settings_by_few_queries_says_how_much_of_it_is_luck():
    """A model that scores by lot, tried on five queries of twenty, beside what it is worth on all of them."""
    errors, lucks = [], []
    for seed in range(12):
        chance = random.Random(seed)
        whole = measurements()
        [scorer] = whole.scorers
        drawn = tuple({document: chance.random() for document in one} for one in scorer.scores)
        some = set(chance.sample(range(QUERIES), 5))
        few = tuple(scores if query in some else {} for query, scores in enumerate(drawn))
        made = plan(
            replace(whole, scorers=(replace(scorer, scores=few),)), docs=DOCUMENTS, latency=60, seed=seed
        )
        true = outlook(
            replace(whole, scorers=(replace(scorer, scores=drawn),)), made.chosen.pipeline, docs=DOCUMENTS
        )
        errors.append(made.chosen.quality.value - true.quality.value)
        lucks.append(made.luck)
        assert made.chosen.quality.low <= true.quality.value <= made.chosen.quality.high
        assert made.to_dict()["luck"] == pytest.approx(made.luck, abs=1e-6)
    assert 0.4 * sum(errors) < sum(lucks) < 2.5 * sum(errors)
    assert plan(measurements(), docs=DOCUMENTS, latency=1, pipelines=["bm25 % 20 >> bi-encoder"]).luck == 0


@pytest.mark.parametrize(
    ("name", "value"), [("docs", 0), ("latency", 0.0), ("latency", -1.0), ("cost", -1.0)]
)
def test_bounds_that_mean_nothing_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be"):
        plan(measurements(), **{"docs": 1000, "latency": 1.0, name: value})


def test_saved_measurements_make_the_same_plan(tmp_path):
    stored = measurements(asked=(LISTWISE,))
    stored.save(tmp_path / "m.json")
    again = Measurements.load(tmp_path / "m.json")
    assert again == stored
    assert plan(again, docs=10**7, latency=20).to_dict() == plan(stored, docs=10**7, latency=20).to_dict()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v.update(kind="router"), "these are no measurements of a plan"),
        (lambda v: v.update(schema=2), "their schema is 2 and this version reads 1"),
        (lambda v: v.pop("first"), "'first' is missing"),
        (lambda v: v.update(latencies=[]), "unknown key 'latencies'"),
        (lambda v: v.update(first=[]), "'first' is empty: a plan needs a first stage"),
        (lambda v: v["first"][0].pop("found"), "'first[0]' must hold depths, found"),
        (lambda v: v["first"][0]["sizes"]["250"].pop(), f"the seconds of {QUERIES} queries"),
        (lambda v: v["first"][0]["found"][3].append(10**6), "'found' must hold numbers of documents"),
        (lambda v: v["scorers"][0]["lists"].clear(), "'lists' must hold documents, tokens and seconds"),
        (lambda v: v["scorers"][0]["scores"].pop(), "'scores' must hold one object for each"),
        (lambda v: v["scorers"][0]["scores"][0].update({"x": 1.0}), "'scores' must hold numbers by number"),
        (lambda v: v["asked"][0].update(seconds=[-1.0]), "tokens and seconds of 0 or more"),
        (lambda v: v["queries"][0].update(grades={"1": "high"}), "grades that are no grades of documents"),
        (lambda v: v["queries"][0].update(relevant="some"), "'relevant' must be a whole number"),
        (lambda v: v["first"][0].update(stage=[]), "must be a text"),
        (lambda v: v.update(lengths=["long"]), "'lengths' must hold whole numbers"),
    ],
)
def test_a_file_of_measurements_is_read_strictly(tmp_path, change, said):
    values = json.loads(json.dumps(measurements(asked=(LISTWISE,)).to_dict()))
    change(values)
    path = tmp_path / "m.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError) as caught:
        Measurements.load(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
