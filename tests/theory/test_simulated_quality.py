"""What schedules are worth under a judge that errs: no language model, and fixed seeds.

A document's relevance is normal, its first-stage score `0.6 * relevance + normal`; the judge sorts what it is
shown by relevance plus an error that it draws anew for every document in every call.
"""

import zlib
from functools import cache

import numpy as np
import pytest

from llmrerank.testing import simulate

LISTS, SIZE, TOP = 400, 100, 10
DISCOUNT = 1 / np.log2(np.arange(2, TOP + 2))
EXACT = [
    "full",
    "graph",
    "graph(window=10)",
    "pairwise",
    "pairwise(method='sliding')",
    "setwise",
    "setwise(children=9)",
    "sliding",
    "top-down",
]
"""Those that promise the true top ten, in order, from a judge that does not err."""


@cache
def lists():
    """Relevance in first-stage order, first-stage scores, and gains: 5 of grade 3, 8 of 2, 18 of 1."""
    draw = np.random.default_rng(2026)
    made = []
    for _ in range(LISTS):
        relevance = draw.normal(size=SIZE)
        score = 0.6 * relevance + draw.normal(size=SIZE)
        relevance, score = relevance[np.argsort(-score)], np.sort(score)[::-1]
        gain = np.zeros(SIZE)
        for best, value in ((31, 1), (13, 3), (5, 7)):
            gain[np.argsort(-relevance)[:best]] = value
        made.append((relevance, tuple(score), gain))
    return made


@cache
def heads(spec, noise, count=LISTS):
    """The first ten places of each list; every algorithm has its own stream of errors."""
    errors = np.random.default_rng([zlib.crc32(spec.encode()), round(10 * noise)])
    found = []
    for number, (relevance, prior, _) in enumerate(lists()[:count]):

        def judge(slate, relevance=relevance):
            seen = relevance[list(slate)] + errors.normal(0, noise, len(slate))
            return [slate[place] for place in np.argsort(-seen)]

        ran = simulate(spec, judge, size=SIZE, top=TOP, prior=prior, seed=number)
        found.append(list(ran.order[:TOP]))
    return found


def best(count):
    """The true first ten of each list."""
    return [list(np.argsort(-relevance)[:TOP]) for relevance, _, _ in lists()[:count]]


def quality(found):
    """Mean nDCG@10."""
    pairs = [
        (gain[head] @ DISCOUNT, np.sort(gain)[::-1][:TOP] @ DISCOUNT)
        for head, (_, _, gain) in zip(found, lists(), strict=False)
    ]
    return np.mean([value / ideal for value, ideal in pairs])


@pytest.mark.parametrize(("noise", "gain"), [(0.3, 0.02), pytest.param(0.7, 0.05, marks=pytest.mark.slow)])
def test_adaptive_is_not_below_a_sliding_pass_and_its_longer_schedule_is_above(noise, gain):
    sliding = quality(heads("sliding", noise))
    assert quality(heads("adaptive(rounds=(5, 1, 1))", noise)) >= sliding
    assert quality(heads("adaptive(rounds=(5, 2, 1, 1))", noise)) >= sliding + gain


@pytest.mark.parametrize("spec", EXACT)
def test_without_noise_the_exact_ones_are_exact(spec):
    assert heads(spec, 0, 40) == best(40)


@pytest.mark.parametrize(("rounds", "least"), [((5, 1, 1), 0.82), ((5, 2, 1, 1), 0.88)])
def test_without_noise_adaptive_finds_nearly_the_best_ten(rounds, least):
    found = heads(f"adaptive(rounds={rounds})", 0, 200)
    assert np.mean([set(one) == set(true) for one, true in zip(found, best(200), strict=True)]) >= least
    assert quality(found) > 0.998
