"""Properties that hold for every registered algorithm, and the published windows of the sliding one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.batches import Batches
from llmrerank.algorithms.fused import Fused
from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.algorithms.sliding import Sliding, windows
from llmrerank.errors import ConfigError
from llmrerank.rounds import Done, Pool, Round, Verdict, advance

ALGORITHMS = [
    Sliding(),
    Sliding(window=2, stride=1),
    Sliding(window=5, stride=5, passes=2),
    Pointwise(),
    Batches(),
    Batches(batch=7),
    Adaptive(),
    Adaptive(window=2, rounds=(1, 3, 1)),
    Adaptive(rounds=(5, 2, 1, 1)),
    Fused(inner=Sliding()),
    Fused(inner=Pointwise(), weight=0.2),
]
SIZES = [0, 1, 2, 19, 20, 21, 25, 95, 100]


def verdict(slate, value):
    """An exact judge: sorts by a hidden value, higher first."""
    ordered = sorted(slate, key=lambda position: -value[position])
    return Verdict(
        slate=slate, tiers=tuple((p,) for p in ordered), scores=tuple(float(value[p]) for p in slate)
    )


def drive(algorithm, size, judge, top=10):
    """Run a plan; return the order, the slates by round, and the provisional orders."""
    plan = algorithm.plan(Pool(size=size, top=top))
    rounds, orders = [], []
    step = advance(plan)
    while not isinstance(step, Done):
        rounds.append(step.asked.slates)
        orders.append(step.asked.order)
        step = advance(plan, [judge(slate) for slate in step.asked.slates])
    return list(step.result), rounds, orders


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_results_are_permutations_at_the_stated_cost(algorithm, size):
    hidden = random.Random(size).sample(range(1000), size)
    order, rounds, orders = drive(algorithm, size, lambda slate: verdict(slate, hidden))
    assert sorted(order) == list(range(size))
    assert all(sorted(o) == list(range(size)) for o in orders)
    cost = algorithm.cost(size, 10)
    assert cost.calls.least == cost.calls.most == sum(map(len, rounds))
    assert cost.rounds.least == cost.rounds.most == len(rounds)
    assert cost.documents.least == cost.documents.most == sum(len(s) for slates in rounds for s in slates)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
@given(size=st.integers(0, 60), data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_judge_without_evidence_leaves_the_order_alone(algorithm, size, data):
    order, _, _ = drive(algorithm, size, lambda slate: Verdict.tie(slate, degraded=data.draw(st.booleans())))
    assert order == list(range(size))


@given(size=st.integers(0, 130), window=st.integers(2, 30), data=st.data())
@settings(max_examples=60, deadline=None)
def test_one_pass_settles_what_it_promises(size, window, data):
    stride = data.draw(st.integers(1, window - 1))
    hidden = data.draw(st.permutations(range(size)))
    order, _, _ = drive(Sliding(window=window, stride=stride), size, lambda slate: verdict(slate, hidden))
    best = sorted(range(size), key=lambda position: -hidden[position])
    settled = size if size <= window else window - stride
    assert order[:settled] == best[:settled]


@given(hidden=st.permutations(range(40)))
def test_scores_sort_everything_in_one_round(hidden):
    order, rounds, _ = drive(Pointwise(), 40, lambda slate: verdict(slate, hidden))
    assert order == sorted(range(40), key=lambda position: -hidden[position])
    assert len(rounds) == 1


def test_failed_documents_stand_last_in_their_order():
    value = [0.1, 0.9, 0.5, 0.9]

    def judge(slate):
        return Verdict.tie(slate, degraded=True) if slate[0] == 1 else verdict(slate, value)

    assert drive(Pointwise(), 4, judge)[0] == [3, 2, 0, 1]


def test_ties_keep_the_first_stage_order_and_strengths_break_saturated_scores():
    def judge(slate):
        return Verdict(
            slate=slate, tiers=(slate,), scores=(1.0,), strengths=({0: 40.0, 1: 50.0, 2: 40.0}[slate[0]],)
        )

    assert drive(Pointwise(), 3, judge)[0] == [1, 0, 2]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, []),
        (3, [(0, 3)]),
        (20, [(0, 20)]),
        (21, [(1, 21), (0, 11)]),
        (25, [(5, 25), (0, 15)]),
        (30, [(10, 30), (0, 20)]),
        (95, [(75, 95), (65, 85), (55, 75), (45, 65), (35, 55), (25, 45), (15, 35), (5, 25), (0, 15)]),
    ],
)
def test_published_windows(size, expected):
    assert list(windows(size, window=20, stride=10)) == expected


def test_the_smallest_windows_judge_the_head():
    assert list(windows(3, window=2, stride=1)) == [(1, 3), (0, 2)]


@pytest.mark.parametrize(
    "options", [{"window": 1}, {"stride": 0}, {"stride": 21}, {"passes": 0}, {"window": 1, "passes": 0}]
)
def test_windows_that_cannot_work_are_refused(options):
    with pytest.raises(ConfigError) as caught:
        Sliding(**options)
    assert all(name in str(caught.value) for name in options)


def test_wanting_more_places_than_a_pass_settles_is_said():
    assert Sliding().cautions(Pool(size=100, top=10)) == ()
    assert Sliding().cautions(Pool(size=15, top=15)) == ()
    assert "settles the first 10" in Sliding().cautions(Pool(size=100, top=11))[0]


def test_nouns_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="partition"):
        Verdict(slate=(1, 2), tiers=((1,),))
    with pytest.raises(ValueError, match="partition"):
        Verdict(slate=(1, 2), tiers=((1,), (), (2,)))
    with pytest.raises(ValueError, match="cannot be empty"):
        Round(slates=((),), order=(0,))
    with pytest.raises(ValueError, match="permutation"):
        Round(slates=((0,),), order=(0, 0))
    with pytest.raises(ValueError, match="leaves the pool"):
        Round(slates=((0, 3),), order=(0, 1))
    with pytest.raises(ConfigError, match="top must be"):
        Pool(size=3, top=0)
    with pytest.raises(ConfigError, match="finite"):
        Pool(size=1, top=1, prior=(float("nan"),))
    assert Pool(size=3, top=9).top == 3


@given(hidden=st.permutations(range(30)), weight=st.floats(0, 1))
@settings(max_examples=40)
def test_fused_orders_are_weighted_reciprocal_ranks(hidden, weight):
    alone, _, _ = drive(Pointwise(), 30, lambda slate: verdict(slate, hidden))
    order, _, _ = drive(Fused(inner=Pointwise(), weight=weight), 30, lambda slate: verdict(slate, hidden))
    share = {p: (1 - weight) / (61 + alone.index(p)) + weight / (61 + p) for p in range(30)}
    assert [share[p] for p in order] == sorted(share.values(), reverse=True)
    if weight == 0:
        assert order == alone
    if weight == 1:
        assert order == list(range(30))


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_share_is_from_0_to_1(weight):
    with pytest.raises(ConfigError, match="weight"):
        Fused(inner=Pointwise(), weight=weight)
