"""A fitted router: what is planted is learnt, files are read strictly, strange queries go to the rules."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.errors import ConfigError
from llmrerank.router.curves import area, curve_of, line_at, mixture
from llmrerank.router.feature import Feature
from llmrerank.router.features import DESCRIPTIONS, FeatureSet
from llmrerank.router.fitting import fit
from llmrerank.router.judged import judge
from llmrerank.router.learned import Learned
from llmrerank.router.model import Gain, Input, RouterModel
from llmrerank.router.outcomes import Outcomes
from llmrerank.router.rules import Rules
from llmrerank.stages import Course

ARMS = ("keep", "head(listwise, depth=20)")


def features(**values):
    """Features of which all but those given have no value."""
    return FeatureSet(
        tuple(
            Feature(name=name, value=values[name])
            if name in values
            else Feature(name=name, value=None, why="not in this test")
            for name in DESCRIPTIONS
        )
    )


def planted(size=120, *, seed=1, effect=0.2, noise=0.05):
    """The dearer arm gains where the entropy is high and loses where it is low; the rest is noise."""
    chance = random.Random(seed)
    told, scores = [], []
    for _ in range(size):
        values = {name: chance.gauss(0, 1) for name in ("words", "nqc", "margin", "entropy", "wig")}
        told.append(features(**values, candidates=50.0))
        cheap = chance.uniform(0.2, 0.6)
        scores.append((cheap, cheap + effect * values["entropy"] + chance.gauss(0, noise)))
    return Outcomes(
        dataset="planted",
        measure="nDCG@10",
        unit="calls",
        arms=ARMS,
        costs=(0.0, 1.0),
        queries=tuple(str(place) for place in range(size)),
        features=tuple(told),
        scores=tuple(scores),
    )


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("sklearn")
    return fit(planted(), figures={"held_out": 0.5})


def test_what_was_planted_is_learnt_and_stands_above_every_mixture_of_fixed_arms(model):
    weights = dict(zip([one.name for one in model.inputs], model.gains[0].weights, strict=True))
    assert weights["entropy"] == pytest.approx(0.2, abs=0.02)
    assert all(abs(weight) < 0.02 for name, weight in weights.items() if name != "entropy")
    assert "candidates" not in weights  # it does not vary
    judged = judge(planted())
    fitted, oracle = judged["fitted"], judged["oracle"]
    assert fitted.versus_line.low > 0.03
    assert fitted.versus_cheap.low > 0
    assert 0.85 < fitted.area <= 1.0
    assert oracle.area == pytest.approx(1.0)
    assert (oracle.regret, fitted.regret < judged["always keep"].regret) == (0.0, True)
    assert judged["always keep"].versus_cheap.mean == 0.0


def test_where_there_is_nothing_to_learn_the_better_fixed_arm_is_left():
    pytest.importorskip("sklearn")
    outcomes = planted(effect=0.0, noise=0.1)
    better = Outcomes(
        **{
            **{name: getattr(outcomes, name) for name in outcomes.__slots__},
            "scores": tuple((one, one + 0.1) for one, _ in outcomes.scores),
        }
    )
    judged = judge(better)
    assert judged["fitted"].shares[1] > 0.9
    assert judged["fitted"].versus_line.mean == pytest.approx(0.0, abs=1e-9)


def test_a_file_holds_everything_and_nothing_else(model, tmp_path):
    model.save(tmp_path / "router.json")
    assert RouterModel.load(tmp_path / "router.json") == model
    assert Learned.load(str(tmp_path / "router.json")).model == model


def test_a_route_by_a_file_decides_by_it(model, tmp_path):
    path = tmp_path / "router.json"
    model.save(path)
    course = Course.of(f"bm25 >> route(keep, head(listwise, depth=20), by={str(path)!r})")
    decider = course.steps[0].route.decider
    varied = {"words": 0.0, "nqc": 0.0, "margin": 0.0, "wig": 0.0}
    sure = decider.decide(features(**varied, entropy=-2.0, candidates=50.0), ARMS)
    unsure = decider.decide(features(**varied, entropy=2.0, candidates=50.0), ARMS)
    assert (sure.arm, unsure.arm) == (0, 1)
    shares = {part.name: part.weight for part in unsure.parts}
    assert shares["entropy"] > 0.3 > abs(shares["words"])
    assert "predicted gain in nDCG@10 over keep" in unsure.reason


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features_version": 0}, "fitted to version 0 of the features and this is version"),
        ({"schema": 9}, "schema is 9"),
        ({"kind": "llmrerank calibration"}, "no fitted router"),
        ({"arms": ["keep"]}, "'arms' must be two or more"),
        ({"costs": [1.0]}, "'costs' must hold a number for each arm"),
        ({"costs": [2.0, 1.0]}, "'costs' must never fall"),
        ({"costs": [0.0, 10**400]}, "no number has 401 digits"),
        ({"worth": -1}, "'worth' must be"),
        ({"queries": True}, "'queries' must be"),
        ({"gains": []}, "'gains' must hold an object for each arm but the first"),
        ({"inputs": [{"name": "luck"}]}, "the feature 'luck', which nobody knows"),
        ({"inputs": [{"name": []}]}, "the feature [], which nobody knows"),
        ({"surprise": 1}, "unknown: surprise"),
    ],
)
def test_a_foreign_or_impossible_file_is_refused_in_a_sentence(model, tmp_path, change, said):
    path = tmp_path / "router.json"
    path.write_text(json.dumps({**model.to_dict(), **change}))
    with pytest.raises(ConfigError) as caught:
        RouterModel.load(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"x": NaN}', "[" * 100_000])
def test_what_is_no_router_at_all_is_refused_too(tmp_path, text):
    path = tmp_path / "router.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"no fitted router|not JSON"):
        RouterModel.load(path)


def test_arms_that_were_not_fitted_are_refused_when_the_route_is_written(model, tmp_path):
    path = tmp_path / "router.json"
    model.save(path)
    with pytest.raises(ConfigError, match=r"fitted to the arms keep, .*and pointwise is none of them"):
        Course.of(f"route(keep, pointwise, by={str(path)!r})")
    values = {name: getattr(model, name) for name in model.__slots__}
    values |= {"arms": ("keep", "bi-encoder", "full"), "costs": (0.0, 1.0, 2.0), "gains": model.gains * 2}
    RouterModel(**values).save(path)
    with pytest.raises(ConfigError, match=r"of which keep is the cheap one, not bi-encoder"):
        Course.of(f"route(bi-encoder, full, by={str(path)!r})")


def test_a_query_unlike_the_fitted_ones_is_left_to_the_rules_and_that_is_said(model):
    usual = {"words": 0.0, "nqc": 0.0, "margin": 0.0, "entropy": 0.0, "wig": 0.0, "candidates": 50.0}
    learned = Learned(name="x", model=model)
    assert not learned.decide(features(**usual), ARMS).abstained
    strange = features(**{**usual, "words": 5000.0, "content_words": 4000.0, "negations": 3.0})
    choice = learned.decide(strange, ARMS)
    assert "words is 5e+03, outside" in choice.abstained
    assert choice.arm == Rules().decide(strange, ARMS).arm == 1
    assert "the fitted router abstains" in choice.reason
    assert "inputs have no value" in learned.decide(features(candidates=50.0), ARMS).abstained


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=2), st.floats(0, 0.5))
def test_a_prediction_is_the_sum_by_hand_and_the_toll_is_its_share(values, worth):
    gain = Gain(intercept=0.1, weights=(0.2, -0.1), x=(-10.0, 10.0), y=(-10.0, 10.0))
    inputs = tuple(
        Input(name=name, mean=1.0, scale=2.0, low=-99.0, high=99.0) for name in ("words", "entropy")
    )
    model = RouterModel(
        arms=("keep", "full", "pairwise"),
        costs=(1.0, 2.0, 5.0),
        unit="calls",
        measure="nDCG@10",
        worth=worth,
        inputs=inputs,
        gains=(gain, gain),
        dataset="d",
        queries=20,
    )
    found = model.predicted(model.standardised(features(words=values[0], entropy=values[1])))
    expected = 0.1 + 0.2 * (values[0] - 1) / 2 - 0.1 * (values[1] - 1) / 2
    assert found == [0.0, pytest.approx(expected, abs=1e-9), pytest.approx(expected, abs=1e-9)]
    assert [model.toll(arm) for arm in range(3)] == [0.0, pytest.approx(worth / 4), pytest.approx(worth)]


def test_too_few_queries_are_no_ground_for_a_router():
    pytest.importorskip("sklearn")
    with pytest.raises(ConfigError, match="12 queries are too few"):
        fit(planted(12))


def test_curves_on_two_queries_by_hand():
    """One query gains 0.4 by the dearer arm, the other loses 0.2."""
    scores, costs = [(0.2, 0.6), (0.5, 0.3)], (0.0, 1.0)
    line, best = mixture(scores, costs), curve_of(scores, scores, costs)
    assert line.points == ((0.0, pytest.approx(0.35)), (1.0, pytest.approx(0.45)))
    assert best.points == ((0.0, pytest.approx(0.35)), (0.5, pytest.approx(0.55)), (1.0, pytest.approx(0.45)))
    # under the line 0.4; under the oracle's 0.225 + 0.25
    assert area(best, line, best) == pytest.approx(1.0)
    assert area(line, line, best) == pytest.approx(0.0)
    blind = curve_of([(0.0, 1.0), (0.0, 1.0)], scores, costs)
    assert blind.points == line.points
    worst = curve_of([(0.0, 1.0), (0.0, 2.0)], scores, costs)
    # 0.15 + 0.175 under the curve that sends the wrong query first
    assert area(worst, line, best) == pytest.approx(-1.0)


def test_an_arm_below_the_line_of_its_neighbours_is_no_corner_of_it():
    scores, costs = [(0.1, 0.15, 0.5)], (0.0, 0.5, 1.0)
    assert mixture(scores, costs).points == ((0.0, 0.1), (1.0, 0.5))
    assert line_at(scores, costs, 0.25) == ((0, 0.75), (2, 0.25))
