"""The fit against brute force, and what the adaptive schedule promises."""

import itertools
import math
import random

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.plackett_luce import SHARPNESS, means, mode
from llmrerank.errors import ConfigError
from llmrerank.rounds import Done, Pool, Verdict, advance


def ordered(*positions):
    return Verdict(slate=tuple(sorted(positions)), tiers=tuple((p,) for p in positions))


def log_posterior(theta, mean, orders):
    """Written out from the model, for rows of singletons."""
    total = -0.5 * sum((t - m) ** 2 for t, m in zip(theta, mean, strict=True))
    for order in orders:
        for place in range(len(order) - 1):
            rest = [math.exp(SHARPNESS * theta[p]) for p in order[place:]]
            total += SHARPNESS * theta[order[place]] - math.log(sum(rest))
    return total


@given(st.lists(st.permutations(range(5)), min_size=1, max_size=4), st.integers(0, 99))
def test_no_step_in_any_direction_is_higher_than_the_mode(orders, seed):
    rnd = random.Random(seed)
    mean = numpy.array([rnd.uniform(-1, 1) for _ in range(5)])
    theta, deviations = mode(mean, [ordered(*order) for order in orders])
    best = log_posterior(theta, mean, orders)
    assert all(deviation > 0 for deviation in deviations)
    for _ in range(20):
        aside = theta + numpy.array([rnd.gauss(0, 0.05) for _ in range(5)])
        assert log_posterior(aside, mean, orders) <= best + 1e-9


def test_documents_that_an_answer_did_not_name_have_lost_and_nothing_more():
    named_only = Verdict(slate=(0, 1, 2, 3), tiers=((2,), (0, 1, 3)))
    theta, _ = mode(numpy.zeros(4), [named_only])
    assert theta[2] > theta[0]
    assert theta[0] == pytest.approx(theta[1]) == pytest.approx(theta[3])


def test_evidence_of_a_judge_that_failed_is_none():
    theta, _ = mode(numpy.array([0.3, 0.1]), [Verdict.tie((0, 1), degraded=True)])
    assert list(theta) == [0.3, 0.1]


def test_first_stage_scores_are_standardised_and_ranks_stand_in_for_them():
    assert list(means(Pool(size=2, top=1, prior=(9.0, 7.0)))) == [0.5, -0.5]
    assert list(means(Pool(size=2, top=1, prior=(4.0, 4.0)))) == [0.0, 0.0]
    by_rank = means(Pool(size=100, top=10))
    assert all(a > b for a, b in itertools.pairwise(by_rank))


def shows(algorithm, size, hidden, top=10):
    plan, slates = algorithm.plan(Pool(size=size, top=top)), []
    step = advance(plan)
    while not isinstance(step, Done):
        slates += step.asked.slates
        step = advance(
            plan,
            [
                Verdict(slate=s, tiers=tuple((p,) for p in sorted(s, key=lambda p: -hidden[p])))
                for s in step.asked.slates
            ],
        )
    return step.result, slates


@pytest.mark.parametrize(("rounds", "calls", "sets"), [((5, 1, 1), 7, 0.75), ((5, 2, 1, 1), 9, 0.85)])
def test_a_perfect_judge_gets_the_ten_best_of_a_hundred_in_most_lists(rounds, calls, sets):
    right = 0
    for trial in range(60):
        rnd = random.Random(trial)
        relevance = [rnd.gauss(0, 1) for _ in range(100)]
        first_stage = sorted(range(100), key=lambda p: -(relevance[p] + rnd.gauss(0, 1)))
        hidden = [relevance[p] for p in first_stage]
        order, slates = shows(Adaptive(rounds=rounds), 100, hidden)
        assert len(slates) == calls
        right += set(order[:10]) == set(sorted(range(100), key=lambda p: -hidden[p])[:10])
    assert right / 60 >= sets


@given(size=st.integers(3, 60), window=st.integers(2, 25), seed=st.integers(0, 9))
def test_no_window_is_too_large_and_none_is_shown_twice_in_one_order(size, window, seed):
    algorithm = Adaptive(window=window, rounds=(2, 2, 1, 1), seed=seed)
    _, slates = shows(algorithm, size, random.Random(seed).sample(range(100), size))
    assert all(len(slate) <= window for slate in slates)
    if window > 4:
        assert len(set(slates)) == len(slates)


def test_every_leading_place_that_must_be_right_is_read_again():
    _, slates = shows(Adaptive(window=10, rounds=(5, 1)), 100, list(range(100)), top=30)
    assert len({position for slate in slates[10:] for position in slate}) == 30


@pytest.mark.parametrize("options", [{"window": 1}, {"rounds": ()}, {"rounds": (5, 0)}])
def test_values_that_cannot_be_meant_are_refused(options):
    with pytest.raises(ConfigError):
        Adaptive(**options)
