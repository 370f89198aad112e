"""Figures and cases that are published or follow by hand, algorithm by algorithm."""

import random
from statistics import fmean

import pytest
from playing import best_first, drawn, noisy, oracle, play

from llmrerank.algorithms.acurank import AcuRank
from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.blocks import Blocks
from llmrerank.algorithms.consistent import Consistent
from llmrerank.algorithms.full import Full
from llmrerank.algorithms.fused import Fused
from llmrerank.algorithms.graph import Graph
from llmrerank.algorithms.head import Head
from llmrerank.algorithms.pairwise import Pairwise
from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.algorithms.setwise import Setwise
from llmrerank.algorithms.sliding import Sliding, windows
from llmrerank.algorithms.top_down import TopDown
from llmrerank.algorithms.tournament import Tournament
from llmrerank.errors import ConfigError
from llmrerank.rounds import Pool, Verdict, advance
from llmrerank.types import Detail


def order_of(*positions, slate=None, **more):
    return Verdict(slate=slate or tuple(sorted(positions)), tiers=tuple((p,) for p in positions), **more)


def means(algorithm, *, detail=Detail.ORDER, lists=30):
    """Mean calls, documents and rounds over drawn lists with a perfect judge."""
    taken = []
    for seed in range(lists):
        hidden, prior = drawn(seed)
        taken.append(play(algorithm, 100, oracle(hidden, detail), prior=prior).taken)
    return tuple(fmean(one[name] for one in taken) for name in ("calls", "documents", "rounds"))


FIXED = [
    (Pointwise(), 100, 100, 1),
    (Sliding(), 9, 180, 9),
    (Sliding(passes=2), 12, 240, 12),
    (Tournament(), 13, 185, 5),
    (Tournament(tournaments=2), 26, 370, 5),
    (Pairwise(method="all"), 9900, 19800, 1),
    (Pairwise(method="sliding"), 1890, 3780, 117),
    (Consistent(inner=Sliding(), times=20), 180, 3600, 9),
    (Blocks(), 10, 200, 1),
    (Full(), 1, 100, 1),
    (Adaptive(), 7, 140, 3),
    (Adaptive(rounds=(5, 2, 1, 1)), 9, 180, 4),
    (Head(inner=Sliding(), depth=20), 1, 20, 1),
    (Fused(inner=Sliding()), 9, 180, 9),
]


@pytest.mark.parametrize(("algorithm", "calls", "documents", "rounds"), FIXED, ids=lambda value: str(value))
def test_fixed_costs_for_a_hundred_documents(algorithm, calls, documents, rounds):
    cost = algorithm.cost(100, 10)
    spans = (cost.calls, cost.documents, cost.rounds)
    assert [(s.least, s.most) for s in spans] == [(n, n) for n in (calls, documents, rounds)]


@pytest.mark.parametrize(
    ("algorithm", "published", "slack"),
    [
        (TopDown(), (8.0, 134, 4.0), 0.06),
        (TopDown(cut=20), (7, 124, 3), 0.02),
        (Graph(), (6.3, 126, 2.3), 0.06),
        (Graph(window=10), (14.0, 140, 5.0), 0.06),
        # Levels of the heap are built side by side, so there are fewer rounds than calls.
        (Pairwise(), (512, 1024, None), 0.04),
        (Setwise(children=2), (129, 385, None), 0.04),
        (Setwise(children=3), (78, 310, None), 0.04),
        (Setwise(children=9), (31, 303, None), 0.04),
        (Setwise(children=19), (21, 409, None), 0.04),
    ],
    ids=str,
)
def test_mean_costs_of_a_perfect_judge_are_the_published_ones(algorithm, published, slack):
    for found, expected in zip(means(algorithm), published, strict=True):
        assert expected is None or abs(found - expected) <= slack * expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, []),
        (3, [(0, 3)]),
        (10, [(0, 10)]),
        (20, [(0, 20)]),
        (21, [(1, 21), (0, 11)]),
        (25, [(5, 25), (0, 15)]),
        (30, [(10, 30), (0, 20)]),
        (95, [(75, 95), (65, 85), (55, 75), (45, 65), (35, 55), (25, 45), (15, 35), (5, 25), (0, 15)]),
        (100, [(80 - 10 * step, 100 - 10 * step) for step in range(9)]),
    ],
)
def test_published_windows(size, expected):
    assert list(windows(size, window=20, stride=10)) == expected


def test_the_smallest_windows_judge_the_head():
    assert list(windows(3, window=2, stride=1)) == [(1, 3), (0, 2)]


def test_top_down_ends_after_two_rounds_where_nothing_beats_the_pivot():
    hidden = list(range(100, 0, -1))
    played = play(TopDown(), 100, oracle(hidden))
    assert (played.taken, played.order[:20]) == (
        {"calls": 6, "documents": 105, "rounds": 2},
        list(range(20)),
    )
    assert [slate[0] for slate in played.rounds[1]] == [9] * 5, "the pivot is the last wanted place"


def test_the_pivot_is_in_the_middle_where_more_than_a_window_is_wanted():
    hidden = random.Random(4).sample(range(1000), 100)
    played = play(TopDown(), 100, oracle(hidden), top=100)
    assert played.order == best_first(hidden)
    assert {slate[0] for slate in played.rounds[1]} == {best_first(hidden[:20])[9]}


def test_a_chunk_whose_answer_lost_the_pivot_is_asked_about_again_and_then_admitted():
    hidden = list(range(12, 0, -1))  # nothing of the rest is better than the head

    def judge(slate, deaf):
        if set(slate) == {1, 4, 5, 6}:
            named = (4, 5) if deaf or slate[0] == 1 else (1, 4, 5)
            rest = tuple(p for p in slate if p not in named)
            return Verdict(slate=slate, tiers=(*((p,) for p in named), rest), repaired=frozenset({"missing"}))
        return oracle(hidden)(slate)

    algorithm = TopDown(window=4)
    heard = play(algorithm, 12, lambda slate: judge(slate, deaf=False), top=2)
    assert heard.rounds[2] == ((6, 5, 4, 1),)
    assert len(heard.rounds) == 3
    assert heard.order[:2] == [0, 1]
    deaf = play(algorithm, 12, lambda slate: judge(slate, deaf=True), top=2)
    assert deaf.rounds[3] == ((0, 4, 5, 6),), "the whole chunk joins the candidates"
    assert deaf.order[:2] == [0, 1]


def test_a_failed_chunk_stays_behind_the_pivot():
    hidden = list(range(12))  # the last is the best
    played = play(
        TopDown(window=4),
        12,
        lambda slate: Verdict.tie(slate, degraded=True) if 11 in slate else oracle(hidden)(slate),
        top=2,
    )
    assert 11 not in played.order[:4]


def test_groups_of_a_tournament():
    played = play(Tournament(), 100, oracle(list(range(100))))
    assert [sorted(map(len, slates)) for slates in played.rounds] == [[20] * 5, [10] * 5, [20], [10], [5]]
    assert [set(slate) for slate in played.rounds[0]] == [set(range(start, 100, 5)) for start in range(5)]
    assert any(list(slate) != sorted(slate) for slate in played.rounds[0]), "shuffled inside the group"


def test_a_group_that_fails_sends_its_first_in_first_stage_order():
    played = play(Tournament(), 100, lambda slate: Verdict.tie(slate, degraded=True))
    assert [set(slate) for slate in played.rounds[2]] == [set(range(20))]


def liking_the_first(hidden, liking):
    """Log-odds of the truth, plus as much for whoever is shown first."""

    def judge(slate):
        one, other = slate
        odds = hidden[one] - hidden[other] + liking
        tiers = ((one,), (other,)) if odds > 0 else ((other,), (one,))
        return Verdict(slate=slate, tiers=tiers, strengths=(odds / 2, -odds / 2))

    return judge


@pytest.mark.parametrize("method", ["heapsort", "sliding", "all"])
def test_log_probabilities_in_both_orders_cancel_a_liking_for_a_place(method):
    hidden = random.Random(8).sample(range(100), 30)
    judge = liking_the_first(hidden, liking=1000.0)
    assert play(Pairwise(method=method), 30, judge, top=8).order[:8] == best_first(hidden)[:8]


def test_in_words_a_win_needs_both_orders():
    def judge(slate):
        return order_of(*(slate if 0 in slate else sorted(slate, reverse=True)), slate=slate)

    # Whoever is shown first beats 0, so 0 ties with all; among the others the later one wins.
    assert play(Pairwise(method="all"), 4, judge).order == [3, 0, 2, 1]


def test_too_many_documents_for_every_pair_are_refused_before_any_call():
    algorithm = Pairwise(method="all")
    for refused in (lambda: algorithm.cost(101, 10), lambda: advance(algorithm.plan(Pool(size=101, top=1)))):
        with pytest.raises(ConfigError, match="101 documents are more than the 100"):
            refused()


def test_passes_side_by_side_never_share_a_document():
    hidden = random.Random(5).sample(range(1000), 30)
    played = play(Pairwise(method="sliding"), 30, oracle(hidden), top=6)
    for slates in played.rounds:
        shown = [p for slate in slates[::2] for p in slate]
        assert len(shown) == len(set(shown))


def test_a_heap_level_is_one_round():
    played = play(Setwise(children=3), 40, oracle(list(range(40, 0, -1))), top=1)
    assert [len(slates) for slates in played.rounds] == [9, 3, 1]
    assert played.rounds[2] == ((0, 1, 2, 3),)


def test_nothing_sinks_after_the_last_root():
    for top, calls in ((1, 1), (2, 2), (9, 9), (10, 9)):
        assert play(Setwise(children=9), 10, oracle(range(10), Detail.BEST), top).taken["calls"] == calls
    assert play(Setwise(children=9), 10, oracle(range(10)), 10).taken["calls"] == 1, "an order says it all"


def test_of_contradicting_orders_the_majority_counts_and_then_the_latest():
    hidden = list(range(30, 0, -1))

    def judge(slate):
        ordered = best_first(hidden) if 0 in slate else [2, 1, *range(3, 30)]
        return order_of(*(p for p in ordered if p in slate), slate=slate)

    # 1 stood before 2 while 0 was there, and stands behind it once 0 is gone.
    assert play(Setwise(children=9), 30, judge, top=2).order[:2] == [0, 2]


def test_insertion_asks_only_about_whom_beats_the_last():
    hidden = list(range(50, 0, -1))
    played = play(Setwise(children=5, method="insertion"), 50, oracle(hidden, Detail.BEST), top=5)
    assert played.slates[-9:] == [(4, *range(start, min(start + 5, 50))) for start in range(5, 50, 5)], (
        "nobody beats the fifth"
    )


def test_a_graph_reads_all_at_once_and_then_only_what_is_open():
    hidden, prior = drawn(3)
    played = play(Graph(), 100, oracle(hidden), prior=prior)
    assert [len(slates) for slates in played.rounds[:2]] == [5, 1]
    assert [set(slate) for slate in played.rounds[0]] == [set(range(start, 100, 5)) for start in range(5)]
    groups = [best_first(hidden[start::5])[0] * 5 + start for start in range(5)]
    assert set(groups) <= set(played.rounds[1][0])


def test_a_window_that_fails_twice_leaves_the_order_as_it_is():
    hidden = random.Random(9).sample(range(1000), 60)
    windows_shown = []

    def judge(slate):
        if len(windows_shown) >= 3:
            windows_shown.append(slate)
            return Verdict.tie(slate, degraded=True)
        windows_shown.append(slate)
        return oracle(hidden)(slate)

    played = play(Graph(), 60, judge)
    assert len(played.slates) == 5
    assert played.slates[3] == played.slates[4][::-1], "asked again in another order"


def test_a_latin_square_of_blocks_repeats_no_pair():
    played = play(Blocks(window=7, replicas=8), 49, oracle(list(range(49))))
    pairs = [frozenset((a, b)) for slate in played.slates for a in slate for b in slate if a < b]
    assert len(pairs) == len(set(pairs)) == 49 * 48 // 2
    even = play(Blocks(window=4, replicas=3), 16, oracle(list(range(16))))
    pairs = [frozenset((a, b)) for slate in even.slates for a in slate for b in slate if a < b]
    assert len(pairs) == len(set(pairs))


def test_blocks_are_of_equal_size_and_a_lost_one_costs_little():
    hidden = random.Random(6).sample(range(1000), 95)
    played = play(Blocks(replicas=4), 95, oracle(hidden))
    assert {len(slate) for slate in played.slates} == {19}
    for block in range(4):
        assert len({p for slate in played.slates[5 * block : 5 * block + 5] for p in slate}) == 95
    lost = iter([True] + [False] * 19)
    after = play(
        Blocks(replicas=4),
        95,
        lambda slate: Verdict.tie(slate, degraded=True) if next(lost) else oracle(hidden)(slate),
    )
    assert len(set(after.order[:10]) & set(best_first(hidden)[:10])) >= 6


def test_acurank_judges_neighbours_and_never_asks_the_same_twice():
    hidden, prior = drawn(2)
    played = play(AcuRank(), 100, oracle(hidden), prior=prior)
    assert played.rounds[0] == tuple(tuple(range(start, start + 20)) for start in range(0, 100, 20))
    assert len(set(played.slates)) == len(played.slates) <= 20
    assert set(played.order[:10]) == set(best_first(hidden)[:10])


def test_acurank_stops_where_calls_end_and_where_nothing_is_learnt():
    hidden, prior = drawn(2)
    for calls in (1, 5, 6, 7):
        assert play(AcuRank(calls=calls), 100, oracle(hidden), prior=prior).taken["calls"] == max(5, calls)
    failed = play(AcuRank(), 100, lambda slate: Verdict.tie(slate, degraded=True), prior=prior)
    assert failed.taken["calls"] == 5


def test_copies_of_documents_that_never_meet_vote_by_their_scores():
    hidden = random.Random(7).sample(range(100), 12)
    assert play(Consistent(inner=Pointwise(), times=3), 12, oracle(hidden)).order == best_first(hidden)


def test_copies_share_rounds_and_the_first_is_not_shuffled():
    played = play(Consistent(inner=Sliding(), times=4, seed=2), 100, oracle(list(range(100))))
    assert [len(slates) for slates in played.rounds] == [4] * 9
    assert played.rounds[0][0] == tuple(range(80, 100))
    assert len({frozenset(slate) for slate in played.rounds[0]}) == 4


def test_copies_even_out_a_liking_for_a_place():
    hidden = [40, 30, 20, 10, 0]

    def judge(slate):
        """Lets a document rise by its place in the slate alone, and by its worth a little."""
        return order_of(*sorted(slate, key=lambda p: slate.index(p) * 11 - hidden[p]), slate=slate)

    worth_first = list(reversed(range(5)))
    hidden = [hidden[p] for p in worth_first]
    alone = play(Full(), 5, judge).order
    several = play(Consistent(inner=Full(), times=400), 5, judge).order
    assert alone != best_first(hidden)
    assert several == best_first(hidden)


def test_votes_without_evidence_are_dropped_and_documents_without_a_place_share_one():
    answers = iter(
        [
            Verdict(slate=(0, 1, 2, 3), tiers=((3,), (0, 1, 2)), repaired=frozenset({"missing"})),
            None,
            None,
        ]
    )

    def judge(slate):
        said = next(answers)
        return said if said is not None else Verdict.tie(slate, degraded=True)

    assert play(Consistent(inner=Full(), times=3), 4, judge).order == [3, 0, 1, 2]
    assert play(Consistent(inner=Full(), times=3), 4, lambda s: Verdict.tie(s, degraded=True)).order == [
        0,
        1,
        2,
        3,
    ]


def test_a_shuffled_copy_is_told_what_the_first_stage_thought():
    pools = []

    class Watched(Full):
        def plan(self, pool):
            pools.append(pool)
            return Full.plan(self, pool)

    def shown(prior):
        pools.clear()
        played = play(Consistent(inner=Watched(), times=3), 6, oracle(range(6)), prior=prior)
        return zip(played.slates, pools, strict=True)

    for slate, pool in shown(prior=(9.0, 7.0, 5.0, 5.0, 2.0, 1.0)):
        assert pool.prior == tuple((9.0, 7.0, 5.0, 5.0, 2.0, 1.0)[p] for p in slate)
    first, *shuffled = shown(prior=())
    assert first[1].prior == ()
    for slate, pool in shuffled:
        assert best_first(pool.prior) == best_first([-p for p in slate]), "better places have higher scores"


def test_the_tail_behind_a_head_is_left_alone():
    played = play(Head(inner=Sliding(window=4, stride=2), depth=10), 30, oracle(list(range(30))))
    assert played.order[10:] == list(range(10, 30))
    assert {p for slate in played.slates for p in slate} == set(range(10))


def test_adaptive_stops_where_little_is_open():
    for noise, published in ((0, 7.0), (0.3, 8.4)):
        calls = []
        for seed in range(30):
            hidden, prior = drawn(seed)
            judge = noisy(hidden, random.Random(seed), noise)
            calls.append(play(Adaptive(stop=True), 100, judge, prior=prior).taken["calls"])
        assert 6 <= min(calls) <= max(calls) <= 11
        assert fmean(calls) == pytest.approx(published, abs=0.4)
    assert play(Adaptive(stop=True, rounds=(5, 2)), 100, Verdict.tie).taken["rounds"] == 7
    assert play(Adaptive(stop=True), 30, Verdict.tie, top=30).taken["rounds"] == 2
