"""A guard: nobody gains by one judgement alone, suspects are kept apart, and nothing else moves."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playing import best_first, hostile, oracle, play

from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.batches import Batches
from llmrerank.algorithms.consistent import Consistent
from llmrerank.algorithms.full import Full
from llmrerank.algorithms.fused import Fused
from llmrerank.algorithms.graph import Graph
from llmrerank.algorithms.guarded import Guarded
from llmrerank.algorithms.head import Head
from llmrerank.algorithms.holding import inserted, settled
from llmrerank.algorithms.pairwise import Pairwise
from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.algorithms.setwise import Setwise
from llmrerank.algorithms.sliding import Sliding
from llmrerank.algorithms.top_down import TopDown
from llmrerank.algorithms.tournament import Tournament
from llmrerank.moves import MovedOrder, moves_of
from llmrerank.rounds import Done, Pool, ScoredOrder, Verdict, advance
from llmrerank.types import Detail

INNER = [
    Sliding(),
    Sliding(window=5, stride=3),
    Full(),
    TopDown(),
    Setwise(),
    Pairwise(),
    Adaptive(window=8),
    Graph(),
    Tournament(),
    Batches(batch=9),
    Pointwise(),
    Consistent(inner=Sliding(), times=2),
]
COMPARING = [inner for inner in INNER if inner != Pointwise()]
EACH = pytest.mark.parametrize("inner", INNER, ids=str)


def guarded(algorithm, pool, judge, second=None):
    """Every order on the way, the last one, and the slates; `second` judges what is asked again."""
    plan = algorithm.plan(pool)
    step = advance(plan)
    orders, first, later = [], [], []
    while not isinstance(step, Done):
        orders.append(step.asked.order)
        (later if step.asked.again else first).extend(step.asked.slates)
        asked = second if second is not None and step.asked.again else judge
        step = advance(plan, [asked(slate) for slate in step.asked.slates])
    return orders, step.result, first, later


def drawn(seed, size, suspects):
    """A pool whose candidates come with the ranks of an order before, some of them suspicious."""
    rnd = random.Random(seed)
    before = rnd.sample(range(1, size + 1), size)
    return Pool(
        size=size,
        top=rnd.choice((1, 5, 10, 20)),
        earlier=tuple(min(rank, place) for place, rank in enumerate(before, start=1)),
        suspects=frozenset(rnd.sample(range(size), min(suspects, size))),
    )


def too_high(order, pool, places):
    """Who stands higher than an unconfirmed judgement allows; where suspects fell, the others close up."""
    clean = [p for p in range(pool.size) if p not in pool.suspects]
    allowed = {p: rank - places for p, rank in zip(clean, pool.part(clean).ranks, strict=True)}
    others = [p for p in order if p in allowed]
    return [p for rank, p in enumerate(others, start=1) if rank < allowed[p]], [
        p for rank, p in enumerate(order, start=1) if p in pool.suspects and rank < pool.ranks[p]
    ]


@EACH
@pytest.mark.parametrize("places", [0, 3, 10])
@pytest.mark.parametrize("suspects", [0, 3])
def test_without_a_second_judgement_nobody_stands_higher_than_they_may(inner, places, suspects):
    for seed in range(6):
        size = (1, 7, 20, 33, 50, 61)[seed]
        pool = drawn(seed, size, suspects)
        judge = hostile(random.Random(seed))
        if inner in COMPARING:
            judge = oracle(list(range(size)), inner.needs)  # the order turned round: everybody rises too far
        orders, last, first, later = guarded(
            Guarded(inner=inner, places=places), pool, judge, second=lambda s: Verdict.tie(s, degraded=True)
        )
        assert all(sorted(order) == list(range(size)) for order in (*orders, last))
        for order in (*orders, last):
            clean, suspects_ = too_high(order, pool, places)
            assert not clean or inner not in COMPARING, (seed, moves_of(order))
            # At the end of the list there may be nobody else left.
            assert not suspects_, (seed, moves_of(order))
        for slate in first:
            assert not pool.suspects.intersection(slate) or pool.suspects.issuperset(slate)
        assert all(len(pool.suspects.intersection(slate)) <= 1 for slate in later)
        cost = Guarded(inner=inner, places=places).cost(size, pool.top)
        assert len(first) + len(later) <= cost.calls.most
        assert sum(map(len, first)) + sum(map(len, later)) <= cost.documents.most


@pytest.mark.parametrize("inner", COMPARING, ids=str)
def test_who_was_lifted_once_comes_back_to_where_it_belongs(inner):
    """The first judgement is bent by one document, the second is not; an honest one in its place stays."""
    size, liar = 60, 47
    hidden = [float(size - place) for place in range(size)]
    lifted = [*hidden[:liar], 1000.0, *hidden[liar + 1 :]]
    pool = Pool(size=size, top=10)
    algorithm = Guarded(inner=inner, places=10)
    _, last, _, later = guarded(algorithm, pool, oracle(lifted), second=oracle(hidden))
    assert later
    assert list(last).index(liar) >= 25, moves_of(last)
    assert set(range(5)) <= set(last[:9])
    [move] = [move for move in moves_of(last) if move.position == liar]
    assert (move.before, move.rank) == (48, list(last).index(liar) + 1)
    assert move.reason.startswith(f"would have risen from 48 to {move.would}; shown again with ")
    assert move.reason.endswith(f"set back to {move.rank}")
    _, agreed, _, _ = guarded(algorithm, pool, oracle(lifted))
    assert liar in agreed[:2]
    [move] = [move for move in moves_of(agreed) if move.position == liar]
    assert move.reason.endswith("it stays")


# Of the nine that it passes and meets again: none or four are before it, five, seven, all.
@pytest.mark.parametrize(("beaten_by", "place"), [(0, 0), (4, 0), (5, 1), (7, 5), (9, 9)])
def test_a_rise_stays_if_half_of_those_passed_confirm_it_and_else_shrinks(beaten_by, place):
    size, riser = 20, 19
    hidden = [float(size - place) for place in range(size)]
    lifted = [*hidden[:riser], 1000.0]
    middling = [*hidden[:riser], size - beaten_by + 0.5]
    _, last, _, _ = guarded(
        Guarded(inner=Full(), places=10), Pool(size=size, top=10), oracle(lifted), second=oracle(middling)
    )
    assert list(last).index(riser) == place
    assert [p for p in last if p != riser] == list(range(19))


@EACH
def test_where_nothing_is_to_be_guarded_it_is_the_algorithm_within(inner):
    for size in (0, 1, 2, 9, 25, 60):
        hidden = random.Random(size).sample(range(1000), size)
        plain, guard = (
            play(one, size, oracle(hidden, Detail.SCORES))
            for one in (inner, Guarded(inner=inner, places=None))
        )
        assert (plain.order, plain.rounds) == (guard.order, guard.rounds)
        near = Guarded(inner=inner, places=size)
        assert play(near, size, oracle(hidden, Detail.SCORES)).rounds == plain.rounds
    pool = Pool(size=9, top=9, suspects=frozenset({3}))
    _, last, first, later = guarded(Guarded(inner=inner, leave_out=False), pool, oracle(list(range(9))))
    assert any(3 in slate for slate in first)
    assert not later
    assert moves_of(last) == ()


@EACH
def test_a_suspect_is_judged_by_itself_and_never_gains(inner):
    """It would be first by any judgement, and last by any: it stays where it came, or falls."""
    size, suspect = 30, 6
    for worth, least in ((1000.0, suspect), (-1.0, suspect + 1)):
        hidden = [float(size - place) for place in range(size)]
        hidden[suspect] = worth
        pool = Pool(size=size, top=10, suspects=frozenset({suspect}))
        _, last, _, later = guarded(Guarded(inner=inner), pool, oracle(hidden, Detail.SCORES))
        place = list(last).index(suspect)
        assert place == suspect if worth > 0 else place >= least
        assert [p for p in last if p != suspect][:10] == [p for p in range(11) if p != suspect]
        assert any(suspect in slate for slate in later) == (inner.needs is not Detail.SCORES)
        assert [move.position for move in moves_of(last)] == [suspect]


@pytest.mark.parametrize("inner", [*COMPARING, Sliding(window=4, stride=2), Setwise(children=2)], ids=str)
@pytest.mark.parametrize("size", [7, 9, 13, 25, 40])
@pytest.mark.parametrize("places", [0, 10])
def test_what_is_asked_stays_within_the_cost_where_few_are_clean(inner, size, places):
    for clean in (0, 1, 2, 3, 5):
        for top in (1, 3, 10, size):
            pool = Pool(size=size, top=top, suspects=frozenset(range(size - clean)))
            algorithm = Guarded(inner=inner, places=places)
            _, last, first, later = guarded(algorithm, pool, oracle(list(range(size)), inner.needs))
            assert sorted(last) == list(range(size))
            cost = algorithm.cost(size, top)
            assert len(first) + len(later) <= cost.calls.most
            assert sum(map(len, first)) + sum(map(len, later)) <= cost.documents.most


@pytest.mark.parametrize("inner", [Pairwise(), Setwise(children=2), Setwise(), Full()], ids=str)
def test_an_answer_that_fails_says_nothing_of_a_suspect_and_the_others_do(inner):
    def failing(number):
        left = [number]

        def judge(slate):
            left[0] -= 1
            return Verdict.tie(slate, degraded=True) if left[0] >= 0 else answers(slate)

        return judge

    pool = Pool(size=40, top=10, suspects=frozenset({0}))  # it came first, and is the worst of all
    answers = oracle([-1.0, *(float(40 - place) for place in range(1, 40))], inner.needs)
    _, last, _, later = guarded(Guarded(inner=inner), pool, answers)
    assert list(last).index(0) > 20
    for number in range(1, len(later)):
        _, cut, _, _ = guarded(Guarded(inner=inner), pool, answers, second=failing(number))
        assert list(cut).index(0) > 20
        assert "; answers failed; it came" in moves_of(cut)[0].reason
    _, silent, _, _ = guarded(Guarded(inner=inner), pool, answers, second=failing(len(later)))
    assert list(silent).index(0) == 0
    assert "no answer came" in moves_of(silent)[0].reason


def test_when_all_are_suspects_nobody_moves():
    for inner in INNER:
        pool = Pool(size=7, top=7, suspects=frozenset(range(7)))
        _, last, _, _ = guarded(Guarded(inner=inner), pool, oracle(list(range(7))))
        assert list(last) == list(range(7))
        assert len(moves_of(last)) == 7


def test_wrappers_pass_on_what_a_guard_did_and_where_documents_came_from():
    hidden = [float(60 - place) for place in range(60)]
    hidden[47] = 1000.0
    pool = Pool(size=60, top=10, suspects=frozenset({5}))
    inner = Guarded(inner=Sliding(), places=10)
    for around in (
        Head(inner=inner, depth=55),
        Fused(inner=inner, weight=0.1),
        Consistent(inner=inner, times=2),
    ):
        _, last, first, _ = guarded(around, pool, oracle(hidden))
        moves = {move.position: move.before for move in moves_of(last)}
        assert moves.items() >= {47: 48, 5: 6}.items(), around
        if isinstance(around, Head):
            assert not any(5 in slate and len(slate) > 10 for slate in first)


def test_numbers_that_an_algorithm_fits_go_along_but_for_those_who_were_moved():
    size, liar = 40, 33
    hidden = [float(size - place) for place in range(size)]
    lifted = [*hidden[:liar], 1000.0, *hidden[liar + 1 :]]
    pool = Pool(size=size, top=10, suspects=frozenset({2}))
    order, detail = Adaptive(window=8), Detail.ORDER
    _, last, _, _ = guarded(Guarded(inner=order), pool, oracle(lifted, detail), second=oracle(hidden, detail))
    assert isinstance(last, MovedOrder)
    assert isinstance(last.order, ScoredOrder)
    missing = {position for position, score in enumerate(last.order.scores) if score is None}
    assert missing >= {2, liar}
    shown = [last.order.scores[p] for p in last if p not in missing]
    assert shown == sorted(shown, reverse=True)


def test_a_judge_that_compares_nobody_cannot_be_asked_again_and_that_is_said():
    pool = Pool(size=30, top=10)
    [said] = Guarded(inner=Pointwise(), places=10).cautions(pool)
    assert "rises of more than 10 places are not held" in said
    assert Guarded(inner=Pointwise(), places=None).cautions(pool) == ()
    assert Guarded(inner=Sliding(), places=10).cautions(pool) == ()
    hidden = random.Random(1).sample(range(1000), 30)
    assert play(Guarded(inner=Pointwise(), places=0), 30, oracle(hidden)).order == best_first(hidden)


@given(st.permutations(range(12)), st.dictionaries(st.integers(0, 11), st.integers(0, 11)))
def test_settling_holds_everybody_and_changes_no_more_than_it_must(order, wanted):
    least = {
        p: min(wanted.get(p, 0), p) for p in range(12)
    }  # as many may have a place as there are before it
    held = settled(order, least)
    assert sorted(held) == list(range(12))
    assert all(place >= least[p] for place, p in enumerate(held))
    assert settled(order, {}) == list(order)
    if all(place >= least[p] for place, p in enumerate(order)):
        assert held == list(order)


@given(st.integers(0, 8), st.dictionaries(st.integers(100, 105), st.integers(0, 20)))
def test_whoever_is_put_in_stands_no_higher_than_told_unless_nobody_else_is_left(count, places):
    order = inserted(range(count), places)
    assert [p for p in order if p < 100] == list(range(count))
    for place, p in enumerate(order):
        others = [q for q in order[place:] if q < 100]
        assert p < 100 or place >= places[p] or not others


@given(st.data())
def test_the_ranks_of_a_part_close_up_and_are_never_behind_its_places(data):
    size = data.draw(st.integers(1, 12))
    pool = drawn(data.draw(st.integers(0, 999)), size, 2)
    kept = sorted(data.draw(st.sets(st.sampled_from(range(size)), min_size=1)))
    part = pool.part(kept)
    assert all(1 <= rank <= place for place, rank in enumerate(part.ranks, start=1))
    assert all(part.ranks[i] <= pool.ranks[p] for i, p in enumerate(kept))
    assert part.suspects == {i for i, p in enumerate(kept) if p in pool.suspects}
    assert pool.part(range(size)).ranks == pool.ranks or list(pool.part(range(size)).ranks) == list(
        pool.ranks
    )


@pytest.mark.parametrize(
    ("inner", "met"), [(Sliding(), 9), (Setwise(), 6), (Setwise(children=2), 4), (Full(), 9)]
)
def test_a_suspect_meets_enough_others_even_where_slates_are_small(inner, met):
    pool = Pool(size=40, top=10, suspects=frozenset({2}))
    judge = oracle([float(40 - place) for place in range(40)], inner.needs)
    _, last, _, later = guarded(Guarded(inner=inner), pool, judge)
    shown = [position for slate in later for position in slate if position != 2]
    assert len(shown) == len(set(shown)) == met
    assert all(2 in slate for slate in later)
    assert list(last) == list(range(40))
    assert len(later) <= Guarded(inner=inner).cost(40, 10).calls.most - inner.cost(40, 10).calls.most
