"""What holds for every algorithm and wrapper, under judges that are perfect, noisy, silent or hostile."""

import random
from math import log2
from statistics import fmean

import pytest
from playing import best_first, drawn, hostile, noisy, oracle, play, silent

from llmrerank.algorithms.acurank import AcuRank
from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.batches import Batches
from llmrerank.algorithms.blocks import Blocks
from llmrerank.algorithms.consistent import Consistent
from llmrerank.algorithms.full import Full
from llmrerank.algorithms.fused import Fused
from llmrerank.algorithms.graph import Graph
from llmrerank.algorithms.guarded import Guarded
from llmrerank.algorithms.head import Head
from llmrerank.algorithms.pairwise import Pairwise
from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.algorithms.setwise import Setwise
from llmrerank.algorithms.sliding import Sliding
from llmrerank.algorithms.top_down import TopDown
from llmrerank.algorithms.tournament import Tournament
from llmrerank.errors import ConfigError
from llmrerank.registry import Kind, entries
from llmrerank.rounds import Done, Pool, Round, ScoredOrder, Verdict, advance
from llmrerank.spec import Call
from llmrerank.strategies import Strategy
from llmrerank.types import Detail


def registered():
    """The algorithm of every strategy that this package registers, with the options it has by itself."""
    return [
        Strategy.of(Call(entry.name)).algorithm
        for entry in entries(Kind.STRATEGY)
        if entry.target.judge.__module__.startswith("llmrerank.")
    ]


WITH_OPTIONS = [
    Sliding(),
    Sliding(window=2, stride=1),
    Sliding(window=5, stride=5, passes=2),
    Pointwise(),
    Batches(),
    Batches(batch=7),
    Full(),
    TopDown(),
    TopDown(cut=20),
    TopDown(window=2),
    TopDown(window=7),
    TopDown(window=7, cut=3),
    Setwise(),
    Setwise(children=9),
    Setwise(children=4, method="insertion"),
    Pairwise(),
    Pairwise(method="sliding"),
    Pairwise(method="all"),
    Tournament(),
    Tournament(tournaments=3, seed=5),
    Graph(),
    Graph(window=2),
    Graph(window=6),
    Blocks(),
    Blocks(window=10, replicas=4, method="bradley-terry"),
    Blocks(window=3, replicas=3, method="pagerank"),
    AcuRank(),
    AcuRank(window=2, calls=70, tolerance=0.2),
    AcuRank(window=30, calls=1),
    Adaptive(),
    Adaptive(window=2, rounds=(1, 3, 1)),
    Adaptive(rounds=(5, 2, 1, 1)),
    Adaptive(stop=True),
    Adaptive(window=6, rounds=(5,), stop=True),
    Fused(inner=Sliding()),
    Fused(inner=Adaptive(), weight=0.2),
    Head(inner=Adaptive(window=8), depth=30),
    Head(inner=Setwise(), depth=1),
    Consistent(inner=Full(), times=3),
    Consistent(inner=Sliding(window=8, stride=4), times=3, method="kemeny"),
    Consistent(inner=TopDown(), times=2),
    Consistent(inner=Pairwise(), times=1),
    Head(inner=Consistent(inner=Fused(inner=AcuRank(window=5)), times=2), depth=40),
    Guarded(inner=Sliding()),
    Guarded(inner=Sliding(window=5, stride=3), places=0),
    Guarded(inner=Full(), places=3, seed=4),
    Guarded(inner=Setwise(), places=2),
    Guarded(inner=Pairwise(), places=5),
    Guarded(inner=Pointwise(), places=1),
    Guarded(inner=Batches(batch=7), places=1),
    Guarded(inner=Adaptive(), places=4),
    Guarded(inner=AcuRank(), places=None),
    Guarded(inner=Guarded(inner=TopDown(window=7), places=8), places=3),
    Consistent(inner=Guarded(inner=Sliding(), places=5), times=2),
    Fused(inner=Guarded(inner=Graph(), places=2)),
    Head(inner=Guarded(inner=Tournament(), places=3), depth=40),
    Guarded(inner=Head(inner=Blocks(), depth=40), places=3),
]
REGISTERED = list(dict.fromkeys(registered()))
ALGORITHMS = list(dict.fromkeys([*WITH_OPTIONS, *REGISTERED]))
NAMED = pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)


def sizes(algorithm):
    """The sizes at which something changes, and the usual one."""
    window = getattr(algorithm, "window", None) or 5
    largest = 60 if algorithm == Pairwise(method="all") else 100
    return sorted({0, 1, 2, 3, window - 1, window, window + 1, 2 * window + 1, 49, largest})


def inside(span, number):
    return span.least <= number <= span.most


def check(algorithm, size, judge, top):
    played = play(algorithm, size, judge, top)
    everything = list(range(size))
    assert sorted(played.order) == everything
    assert all(sorted(order) == everything for order in played.orders)
    if played.orders:
        assert played.orders[0] == everything, "nothing is known before the first round"
    cost = algorithm.cost(size, top)
    for name, number in played.taken.items():
        assert inside(getattr(cost, name), number), (name, number, cost)
    window = getattr(algorithm, "window", None)
    assert window is None or all(len(slate) <= window for slate in played.slates)
    return played


@NAMED
def test_permutations_at_the_stated_cost_whatever_the_judge_says(algorithm):
    for size in sizes(algorithm):
        for top in (1, 10, 25):
            seed = f"{size} {top}"
            hidden = random.Random(seed).sample(range(1000), size)
            check(algorithm, size, oracle(hidden), top)
            check(algorithm, size, hostile(random.Random(seed)), top)


@NAMED
def test_the_same_verdicts_give_the_same_order_and_the_same_questions(algorithm):
    for size in (7, sizes(algorithm)[-1]):
        one, other = (play(algorithm, size, hostile(random.Random(size))) for _ in range(2))
        assert (one.order, one.rounds) == (other.order, other.rounds)


@NAMED
def test_a_judge_that_says_nothing_leaves_the_order_alone(algorithm):
    for size in sizes(algorithm):
        played = check(algorithm, size, silent(random.Random(size)), 10)
        assert played.order == list(range(size))
        played = check(algorithm, size, Verdict.tie, 10)
        assert played.order == list(range(size))


@NAMED
def test_no_document_or_one_needs_no_comparison(algorithm):
    for size in (0, 1):
        played = play(algorithm, size, oracle([1.0]))
        assert len(played.slates) == (size if algorithm.needs is Detail.SCORES else 0)
        assert played.order == list(range(size))


def whole(algorithm):
    """Whether a pool that fits it is one question: not where only two are compared, or the head is judged."""
    inner = getattr(algorithm, "inner", algorithm)
    return inner.needs is not Detail.SCORES and not isinstance(inner, Pairwise | Consistent | Guarded)


@pytest.mark.parametrize(
    "algorithm", [a for a in ALGORITHMS if whole(a) and not isinstance(a, Head | Fused | Guarded)], ids=str
)
def test_a_pool_that_fits_one_slate_is_asked_about_once_and_that_is_the_answer(algorithm):
    size = getattr(algorithm, "window", None) or 12
    hidden = random.Random(3).sample(range(1000), size)
    played = play(algorithm, size, oracle(hidden), top=4)
    assert len(played.slates) == getattr(algorithm, "times", 1)
    assert played.order == best_first(hidden)


EXACT = [
    Pointwise(),
    Batches(batch=9),
    Full(),
    TopDown(),
    TopDown(window=2),
    TopDown(window=3),
    TopDown(window=9),
    Setwise(children=2),
    Setwise(children=7),
    Setwise(children=3, method="insertion"),
    Setwise(children=8, method="insertion"),
    Pairwise(),
    Pairwise(method="sliding"),
    Pairwise(method="all"),
    Graph(),
    Graph(window=2),
    Graph(window=7),
    Consistent(inner=Full(), times=3),
    Consistent(inner=Graph(window=6), times=2, method="kemeny"),
    Guarded(inner=Full(), places=2),
    Guarded(inner=TopDown(window=9), places=0),
    Guarded(inner=Setwise(children=2), places=3),
    Guarded(inner=Pairwise(), places=3),
]


@pytest.mark.parametrize("algorithm", EXACT, ids=str)
def test_a_perfect_judge_gets_the_first_places_exactly(algorithm):
    rnd = random.Random(1)
    least = Detail.BEST if algorithm.needs is Detail.BEST else Detail.ORDER
    for trial in range(25):
        size, top = rnd.randint(0, 60), rnd.randint(1, 30)
        hidden = rnd.sample(range(1000), size)
        detail = Detail.SCORES if trial % 2 or algorithm.needs is Detail.SCORES else least
        played = check(algorithm, size, oracle(hidden, detail), top)
        assert played.order[:top] == best_first(hidden)[:top], (size, top, detail)


def test_one_pass_settles_what_it_promises():
    rnd = random.Random(2)
    for _ in range(60):
        size, window = rnd.randint(0, 130), rnd.randint(2, 30)
        stride, hidden = rnd.randint(1, window - 1), rnd.sample(range(1000), size)
        played = play(Sliding(window=window, stride=stride), size, oracle(hidden))
        settled = size if size <= window else window - stride
        assert played.order[:settled] == best_first(hidden)[:settled]


def gain(order, hidden):
    """Discounted gain of the first ten, as a share of the best: grades 3, 2, 1 for the best 5, 13, 31."""
    ranked = best_first(hidden)
    grades = {p: 3 if r < 5 else 2 if r < 13 else 1 if r < 31 else 0 for r, p in enumerate(ranked)}
    total, best = (
        sum((2 ** grades[p] - 1) / log2(rank + 2) for rank, p in enumerate(leading[:10]))
        for leading in (order, ranked)
    )
    return total / best


@pytest.mark.parametrize(
    "algorithm",
    [
        *REGISTERED,
        TopDown(cut=20),
        Setwise(children=9),
        Setwise(children=9, method="insertion"),
        Graph(window=10),
        Blocks(method="bradley-terry"),
        Blocks(method="pagerank"),
        Adaptive(stop=True),
        Consistent(inner=Sliding(), times=2),
        Head(inner=Sliding(), depth=60),
        Fused(inner=Adaptive(), weight=0.2),
        Guarded(inner=Sliding()),
        Guarded(inner=Adaptive(), places=20),
    ],
    ids=str,
)
def test_a_judge_that_errs_does_no_harm_and_every_round_helps(algorithm):
    lists = [drawn(seed) for seed in range(8)]
    played = [
        play(algorithm, 100, noisy(hidden, random.Random(number), 0.6), prior=prior)
        for number, (hidden, prior) in enumerate(lists)
    ]
    before, late, after = (
        fmean(gain(order, hidden) for order, (hidden, _) in zip(orders, lists, strict=True))
        for orders in (
            [range(100)] * len(lists),
            [one.orders[-1] for one in played],
            [one.order for one in played],
        )
    )
    assert after > before + 0.15
    assert late >= before - 0.02


def test_equal_scores_and_saturated_ones():
    def judge(slate):
        return Verdict(
            slate=slate, tiers=(slate,), scores=(1.0,), strengths=({0: 40.0, 1: 50.0, 2: 40.0}[slate[0]],)
        )

    assert play(Pointwise(), 3, judge).order == [1, 0, 2]


def test_failed_documents_stand_last_in_their_order():
    value = [0.1, 0.9, 0.5, 0.9]

    def judge(slate):
        return Verdict.tie(slate, degraded=True) if slate[0] == 1 else oracle(value)(slate)

    assert play(Pointwise(), 4, judge).order == [3, 2, 0, 1]


@pytest.mark.parametrize(
    ("algorithm", "options", "said"),
    [
        (Sliding, {"window": 1}, "window"),
        (Sliding, {"stride": 0}, "stride"),
        (Sliding, {"stride": 21}, "stride"),
        (Sliding, {"window": 1, "passes": 0}, "window.*passes"),
        (TopDown, {"window": 1}, "window"),
        (TopDown, {"cut": 1}, "cut"),
        (TopDown, {"cut": 21}, "cut"),
        (Setwise, {"children": 1}, "children"),
        (Setwise, {"children": 26, "method": "quick"}, "children.*method"),
        (Pairwise, {"method": "bubble"}, "method"),
        (Tournament, {"tournaments": 0}, "tournaments"),
        (Graph, {"window": 1}, "window"),
        (Blocks, {"window": 1, "replicas": 0, "method": "elo"}, "window.*replicas.*method"),
        (AcuRank, {"window": 1, "calls": 0, "tolerance": 0.5}, "window.*calls.*tolerance"),
        (AcuRank, {"tolerance": float("nan")}, "tolerance"),
        (Batches, {"batch": 0}, "batch"),
        (Consistent, {"inner": Full(), "times": 0}, "times"),
        (Consistent, {"inner": Full(), "method": "mean"}, "method"),
        (Head, {"inner": Full(), "depth": 0}, "depth"),
        (Fused, {"inner": Full(), "weight": -0.1}, "weight"),
        (Guarded, {"inner": Full(), "places": -1}, "places"),
        (Fused, {"inner": Full(), "weight": 1.1}, "weight"),
        (Fused, {"inner": Full(), "weight": float("nan")}, "weight"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_before_any_call(algorithm, options, said):
    with pytest.raises(ConfigError, match=said):
        algorithm(**options)


def test_what_a_schedule_cannot_promise_is_said():
    assert Sliding().cautions(Pool(size=100, top=10)) == ()
    assert Sliding().cautions(Pool(size=15, top=15)) == ()
    assert "settles the first 10" in Sliding().cautions(Pool(size=100, top=11))[0]
    assert "settles the first 5" in TopDown(cut=5).cautions(Pool(size=100, top=10))[0]
    assert TopDown(cut=10).cautions(Pool(size=100, top=10)) == ()
    assert "50 documents of 100" in Tournament().cautions(Pool(size=100, top=60))[0]
    assert Tournament().cautions(Pool(size=100, top=50)) == ()
    assert "first 5 documents" in Head(inner=Full(), depth=5).cautions(Pool(size=9, top=6))[0]
    for algorithm in ALGORITHMS:
        assert algorithm.cautions(Pool(size=2, top=1)) == ()


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


def test_an_order_with_scores_is_an_order():
    order = ScoredOrder.by([0.5, 2.0, 0.5], [1.0, 0.1, 0.2])
    assert list(order) == [1, 0, 2]
    assert (order[0], list(order[1:]), len(order)) == (1, [0, 2], 3)
    assert order.deviations == (1.0, 0.1, 0.2)
    assert list(Round(slates=((0,),), order=order).order) == [1, 0, 2]


def test_algorithms_that_fit_numbers_report_them_and_wrappers_pass_on_what_stays_true():
    def last(algorithm, size=40):
        hidden, prior = drawn(1, size)
        plan = algorithm.plan(Pool(size=size, top=10, prior=prior))
        step = advance(plan)
        while not isinstance(step, Done):
            step = advance(plan, [oracle(hidden, Detail.ORDER)(slate) for slate in step.asked.slates])
        return step.result

    for algorithm in (Adaptive(), AcuRank()):
        order = last(algorithm)
        assert isinstance(order, ScoredOrder)
        scores = [order.scores[position] for position in order]
        assert scores == sorted(scores, reverse=True)
        assert all(deviation > 0 for deviation in order.deviations)
        leading = last(Head(inner=algorithm, depth=30))
        assert None not in leading.scores[:30]
        assert set(leading.scores[30:]) == set(leading.deviations[30:]) == {None}
        assert not isinstance(last(Fused(inner=algorithm)), ScoredOrder)
        assert not isinstance(last(algorithm, size=10), ScoredOrder), "one verdict is no fit"
