"""What is concluded from many verdicts: closures, skills, scores of pairs, votes; by other ways as well."""

import itertools
import math
import random

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.algorithms.ascent import View, climbed
from llmrerank.algorithms.closure import Closure
from llmrerank.algorithms.dealing import consecutive, strided
from llmrerank.algorithms.pair_scores import bradley_terry, page_rank, pair_wins, win_rates
from llmrerank.algorithms.skills import NOISE, Belief, chance_above, updated
from llmrerank.algorithms.votes import EXACT, borda, kemeny
from llmrerank.rounds import Verdict


def order_of(*positions):
    return Verdict(slate=tuple(sorted(positions)), tiers=tuple((p,) for p in positions))


def tiers_of(*tiers, **more):
    return Verdict(slate=tuple(sorted(p for tier in tiers for p in tier)), tiers=tiers, **more)


@given(st.lists(st.permutations(range(6)).map(lambda p: p[:3]), max_size=6))
def test_a_closure_holds_what_a_path_of_wins_leads_to(orders):
    closure = Closure(6)
    for order in orders:
        closure.learn(order_of(*order))
    edges = {(a, b) for order in orders for a, b in itertools.combinations(order, 2)}
    reached = set(edges)
    while more := {(a, d) for a, b in reached for c, d in edges if b == c} - reached:
        reached |= more
    for one, other in itertools.permutations(range(6), 2):
        assert bool(closure.below[one] >> other & 1) == ((one, other) in reached)
        assert closure.above[other] >> one & 1 == closure.below[one] >> other & 1
    for one in range(6):
        tier = {p for p in range(6) if {(one, p), (p, one)} <= reached} | {one}
        assert closure.tier(one) == sum(1 << p for p in tier)
        assert closure.losses(one) == len({p for p, q in reached if q == one} - tier)
        assert closure.wins(one) == len({q for p, q in reached if p == one} - tier)
        known = {q for p, q in reached if p == one} | {p for p, q in reached if q == one} | {one}
        assert closure.resolved(one) == (len(known) == 6)


def test_ties_are_tiers_but_what_was_not_named_is_not_known():
    closure = Closure(4)
    assert not closure.learn(Verdict.tie((0, 1), degraded=True), ties=True)
    assert closure.learn(tiers_of((0, 1), (2, 3), repaired=frozenset({"missing"})), ties=True)
    assert closure.tier(0) == 0b0011
    assert closure.tier(2) == 0b0100
    assert not closure.learn(tiers_of((0,), (2,)), ties=True), "nothing new"
    assert closure.learn(tiers_of((2, 3)), ties=True)
    assert all(map(closure.resolved, range(4)))


def test_two_documents_are_updated_as_the_closed_form_says():
    before = {0: Belief(25, 25 / 3), 1: Belief(27, 5.0)}
    after = updated(before, order_of(0, 1))
    spread = math.sqrt(2 * NOISE**2 + (25 / 3) ** 2 + 25)
    score = (25 - 27) / spread
    density = math.exp(-(score**2) / 2) / math.sqrt(2 * math.pi)
    rise = density / (0.5 * math.erfc(-score / math.sqrt(2)))
    shrink = rise * (rise + score)
    for position, sign in ((0, 1), (1, -1)):
        variance = before[position].deviation ** 2
        assert after[position].mean == pytest.approx(
            before[position].mean + sign * variance / spread * rise, abs=1e-3
        )
        assert after[position].deviation ** 2 == pytest.approx(
            variance * (1 - variance / spread**2 * shrink), rel=1e-3
        )


def test_three_documents_are_updated_about_as_sampling_says():
    before = {0: Belief(22, 6.0), 1: Belief(25, 8.0), 2: Belief(30, 5.0)}
    draw = numpy.random.default_rng(1)
    skills = numpy.stack([draw.normal(b.mean, b.deviation, 400_000) for b in before.values()])
    shown = skills + draw.normal(0, NOISE, skills.shape)
    for verdict, happened in (
        (order_of(0, 1, 2), (shown[0] > shown[1]) & (shown[1] > shown[2])),
        (tiers_of((1,), (0, 2)), (shown[1] > shown[0]) & (shown[1] > shown[2])),
        (tiers_of((0, 2), (1,)), (shown[1] < shown[0]) & (shown[1] < shown[2])),
    ):
        after = updated(before, verdict)
        for position in range(3):
            kept = skills[position][happened]
            assert after[position].mean == pytest.approx(kept.mean(), abs=0.35)
            assert after[position].deviation == pytest.approx(kept.std(), abs=0.35)


@given(st.lists(st.tuples(st.floats(0.1, 60), st.floats(0.05, 20)), min_size=2, max_size=9), st.data())
def test_beliefs_stay_beliefs(numbers, data):
    before = {position: Belief(*pair) for position, pair in enumerate(numbers)}
    order = data.draw(st.permutations(range(len(numbers))))
    after = updated(before, order_of(*order))
    assert all(math.isfinite(b.mean) and 0 < b.deviation < math.inf for b in after.values())
    assert all(after[p].deviation <= before[p].deviation * (1 + 1e-9) for p in before)
    assert after[order[0]].mean >= before[order[0]].mean - 1e-9
    assert after[order[-1]].mean <= before[order[-1]].mean + 1e-9


def test_a_verdict_without_evidence_moves_no_belief():
    before = {0: Belief(25, 8), 1: Belief(20, 8)}
    for verdict in (Verdict.tie((0, 1)), Verdict.tie((0, 1), degraded=True)):
        assert updated(before, verdict) == before
    assert chance_above(before[0], 25) == 0.5


def test_pairs_are_counted_with_half_for_ties_and_nothing_for_failures():
    wins = pair_wins(4, [tiers_of((1,), (0, 2)), order_of(1, 0), Verdict.tie((0, 3), degraded=True)])
    assert wins.tolist() == [[0, 0, 0.5, 0], [2, 0, 1, 0], [0.5, 0, 0, 0], [0, 0, 0, 0]]
    assert win_rates(wins).tolist() == [0.5 / 3, 1.0, 0.25, 0.5]


def test_bradley_terry_of_two_is_the_root_of_its_equation_and_more_are_ordered():
    wins = numpy.array([[0.0, 3.0], [1.0, 0.0]])
    strength = bradley_terry(wins)
    gap = strength[0] - strength[1]
    assert strength[0] == pytest.approx(3 - 4 / (1 + math.exp(-gap)), abs=1e-6)
    assert strength.sum() == pytest.approx(0, abs=1e-6)
    chain = pair_wins(5, [order_of(4, 2), order_of(2, 0), order_of(0, 1), order_of(1, 3)])
    assert numpy.argsort(-bradley_terry(chain)).tolist() == [4, 2, 0, 1, 3]
    assert numpy.argsort(-page_rank(chain)).tolist() == [4, 2, 0, 1, 3]


def test_page_rank_is_a_share_that_a_walk_leaves_as_it_is():
    wins = pair_wins(4, [order_of(2, 0, 1, 3), order_of(0, 2), tiers_of((1, 3))])
    rank = page_rank(wins)
    assert rank.sum() == pytest.approx(1)
    assert rank[0] == pytest.approx(rank[2]), "each beat the other once, and both beat the rest"
    assert rank[2] > rank[1] > rank[3]


@given(st.integers(1, 6), st.integers(0, 99))
def test_the_top_of_a_concave_function_is_found_from_anywhere(size, seed):
    draw = numpy.random.default_rng(seed)
    root = draw.normal(size=(size, size))
    curvature = root @ root.T + 0.1 * numpy.eye(size)
    top = draw.normal(size=size)

    def look(point):
        gap = point - top
        height = -0.5 * gap @ curvature @ gap - (gap**4).sum()
        gradient = -curvature @ gap - 4 * gap**3
        diagonal = numpy.diag(curvature) + 12 * gap**2
        return View(height, gradient, diagonal, lambda v: curvature @ v + 12 * gap**2 * v)

    found, view = climbed(look, 5 * draw.normal(size=size))
    assert numpy.abs(view.gradient).max() < 1e-6
    assert numpy.abs(found - top).max() < 1e-4


def singles(*order):
    return tuple((position,) for position in order)


def test_the_published_example_of_least_disagreement():
    votes = [singles(1, 2, 0, 3), singles(1, 2, 3, 0), singles(1, 2, 0, 3)]
    assert kemeny(votes, 4) == borda(votes, 4) == (1, 2, 0, 3)


def disagreement(order, votes):
    place = {position: number for number, position in enumerate(order)}
    return sum(
        place[better] > place[worse]
        for vote in votes
        for upper, lower in itertools.combinations(vote, 2)
        for better in upper
        for worse in lower
    )


@given(st.lists(st.permutations(range(5)), min_size=1, max_size=5), st.integers(1, 4))
def test_no_order_disagrees_less_and_the_first_of_equals_is_taken(orders, split):
    votes = [(tuple(order[:split]), *singles(*order[split:])) for order in orders]
    every = list(itertools.permutations(range(5)))
    least = min(disagreement(order, votes) for order in every)
    assert kemeny(votes, 5) == next(order for order in every if disagreement(order, votes) == least)


def test_beyond_a_dozen_neighbours_are_swapped_while_that_is_better():
    rnd = random.Random(1)
    size = EXACT + 5
    votes = [singles(*rnd.sample(range(size), size)) for _ in range(5)]
    found = kemeny(votes, size)
    assert sorted(found) == list(range(size))
    assert disagreement(found, votes) <= disagreement(borda(votes, size), votes)
    for place in range(size - 1):
        swapped = list(found)
        swapped[place : place + 2] = reversed(swapped[place : place + 2])
        assert disagreement(swapped, votes) >= disagreement(found, votes)
    alike = [singles(*reversed(range(size)))] * 2
    assert kemeny(alike, size) == tuple(reversed(range(size)))


def test_members_of_a_tier_share_the_mean_of_its_places():
    assert borda([((3,), (0, 1, 2)), singles(1, 3, 0, 2)], 4) == (3, 1, 0, 2)
    assert borda([], 3) == (0, 1, 2)


def test_how_lists_are_dealt():
    assert strided(range(7), 3) == [(0, 3, 6), (1, 4), (2, 5)]
    assert consecutive(range(7), 3) == [(0, 1, 2), (3, 4), (5, 6)]
    assert [len(group) for group in consecutive(range(95), 5)] == [19] * 5
