"""Agreement, the pull of places and nDCG, against what they must be."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.evaluate.measures import Measures
from llmrerank.evaluate.quality_figures import Reading, agreement, ndcg, places, tau

strengths = st.dictionaries(st.integers(0, 30), st.integers(0, 5).map(float), min_size=2, max_size=12)


def reading(order):
    return Reading.of_tiers(range(len(order)), [[place] for place in order])


def test_tau_counts_pairs_in_order():
    straight = Reading(shown=(0, 1, 2, 3), ranks=(1, 2, 3, 4))
    assert tau(straight, Reading(shown=(3, 2, 1, 0), ranks=(4, 3, 2, 1))) == 1.0  # the same, shown otherwise
    assert tau(straight, Reading(shown=(0, 1, 2, 3), ranks=(4, 3, 2, 1))) == -1.0
    one_swap = Reading(shown=(0, 1, 2, 3), ranks=(2, 1, 3, 4))
    assert tau(straight, one_swap) == pytest.approx(4 / 6)
    tied = Reading(shown=(0, 1, 2, 3), ranks=(1.5, 1.5, 3, 4))
    assert tau(straight, tied) == pytest.approx(5 / (6 * 5) ** 0.5)


def test_tau_is_none_where_there_is_no_order():
    flat = Reading.of_strengths({0: 1.0, 1: 1.0, 2: 1.0})
    assert tau(flat, reading([0, 1, 2])) is None
    assert tau(reading([0]), reading([0])) is None
    assert agreement([[flat, flat], [flat]]) is None


@given(strengths, strengths)
def test_tau_is_symmetric_and_within_its_range(one, other):
    there, back = (
        tau(Reading.of_strengths(a), Reading.of_strengths(b)) for a, b in ((one, other), (other, one))
    )
    assert there == back or there == pytest.approx(back)
    assert there is None or -1 - 1e-9 <= there <= 1 + 1e-9


@given(strengths)
def test_ranks_of_ties_add_up(one):
    made = Reading.of_strengths(one)
    assert sum(made.ranks) == len(one) * (len(one) + 1) / 2
    best = min(made.ranks)
    assert {one[d] for d, rank in zip(made.shown, made.ranks, strict=True) if rank == best} == {
        max(one.values())
    }


def test_chance_agrees_with_nothing_and_is_pulled_by_no_place():
    dice = random.Random(5)
    groups = [[reading(dice.sample(range(20), 20)) for _ in range(2)] for _ in range(40)]
    assert abs(agreement(groups)) < 0.1
    pull = places([one for group in groups for one in group])
    assert pull.share < 0.05
    assert abs(pull.correlation) < 0.1
    assert fmean(pull.means) == pytest.approx(10.5)


def test_a_pull_of_both_ends_is_seen_where_a_correlation_is_not():
    ends_first = sorted(range(10), key=lambda place: min(place, 9 - place))
    pull = places([reading(ends_first)] * 5)
    assert pull.share == pytest.approx(1)
    assert abs(pull.correlation) < 0.2


def test_readings_that_order_nothing_have_no_pull():
    assert places([]) is None
    assert places([reading([0, 1, 2])]) is None
    assert places([Reading.of_strengths({0: 1.0, 1: 1.0})] * 3) is None


def test_the_largest_tie_is_what_is_tied():
    assert reading([0, 1, 2]).tied == 0.0
    assert Reading.of_strengths({0: 1.0, 1: 1.0, 2: 0.0, 3: 2.0}).tied == 0.5


@given(
    st.dictionaries(st.sampled_from("abcdefghijklmno"), st.integers(0, 3), min_size=1),
    st.permutations(list("abcdefghijklmno")),
)
def test_ndcg_is_that_of_ir_measures(grades, order):
    pytest.importorskip("ir_measures")
    found = Measures(["nDCG@10"]).evaluate({"q": grades}, {"q": order}).means["nDCG@10"]
    assert ndcg(order, grades) == pytest.approx(found, abs=1e-6)
