"""An algorithm run by a function: what it counts, what it mends, what it refuses."""

import pytest

from llmrerank.errors import ConfigError, IncompatibleJudge, UnknownName
from llmrerank.testing import Simulation, simulate


def backwards(slate):
    """The highest position is the best document."""
    return sorted(slate, reverse=True)


@pytest.mark.parametrize(
    ("spec", "calls", "documents", "rounds"),
    [
        ("sliding", 9, 180, 9),
        ("listwise(window=20, stride=10)", 9, 180, 9),
        ("fuse(sliding, weight=0)", 9, 180, 9),
        ("adaptive(rounds=(5, 1, 1))", 7, 140, 3),
        ("adaptive(rounds=(5, 2, 1, 1))", 9, 180, 4),
        ("head(adaptive, depth=50)", 7, 90, 3),
        ("consistency(sliding, times=5)", 45, 900, 9),
    ],
)
def test_slates_documents_and_rounds_are_counted(spec, calls, documents, rounds):
    shown = []

    def judge(slate):
        shown.append(slate)
        return backwards(slate)

    ran = simulate(spec, judge, size=100, top=10)
    assert (ran.calls, ran.documents, ran.rounds) == (calls, documents, rounds)
    assert (len(shown), sum(map(len, shown))) == (calls, documents)
    assert sorted(ran.order) == list(range(100))


def test_the_judge_decides_and_wrappers_act():
    assert simulate("sliding", backwards, size=30, top=10).order[:10] == tuple(range(29, 19, -1))
    assert simulate("head(sliding, depth=5)", backwards, size=8, top=3).order == (4, 3, 2, 1, 0, 5, 6, 7)
    assert simulate("fuse(sliding, weight=1)", backwards, size=8, top=3).order == tuple(range(8))


@pytest.mark.parametrize(
    ("answer", "order"),
    [
        ((2, 0, 3, 1), (2, 0, 3, 1)),
        ((2,), (2, 0, 1, 3)),
        ((9, 2, 2, -1, 0), (2, 0, 1, 3)),
        ((3, "1", 3.5, None), (3, 0, 1, 2)),
        ((), (0, 1, 2, 3)),
        ((7, 8), (0, 1, 2, 3)),
    ],
)
def test_answers_are_repaired_and_never_asked_for_again(answer, order):
    asked = []

    def judge(slate):
        asked.append(slate)
        return answer

    assert simulate("sliding", judge, size=4, top=4) == Simulation(
        order=order, calls=1, documents=4, rounds=1
    )
    assert asked == [(0, 1, 2, 3)]


def test_unnamed_documents_of_a_window_are_tied_and_all_invented_is_no_evidence():
    named = simulate("adaptive(window=5)", lambda slate: [max(slate)], size=10, top=3, prior=[0.0] * 10)
    assert named.order[0] == 9
    prior = tuple(float(10 - position) for position in range(10))
    nothing = simulate("adaptive(window=5)", lambda slate: [77], size=10, top=3, prior=prior)
    assert nothing.order == tuple(range(10))


def test_the_seed_reaches_what_shuffles_unless_the_spec_gives_one():
    def slates(spec, seed):
        shown = []

        def judge(slate):
            shown.append(slate)
            return backwards(slate)

        simulate(spec, judge, size=60, top=10, seed=seed)
        return shown

    for spec, fixed in [
        ("adaptive", "adaptive(seed=1)"),
        ("fuse(adaptive)", "fuse(adaptive(seed=1))"),
        ("consistency(sliding)", "consistency(sliding, seed=1)"),
    ]:
        assert slates(spec, 1) == slates(spec, 1) == slates(fixed, 2)
        assert slates(spec, 1) != slates(spec, 2)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_small_pools(size):
    ran = simulate("adaptive", backwards, size=size, top=10)
    assert ran.order == tuple(reversed(range(size)))
    assert ran.calls == ran.rounds == (size > 1)


@pytest.mark.parametrize(
    "spec", ["pointwise", "graded", "cross-encoder", "fuse(pointwise)", "chunks(sliding)"]
)
def test_an_order_is_not_enough_where_scores_are_needed(spec):
    with pytest.raises(IncompatibleJudge, match="only order"):
        simulate(spec, backwards, size=30, top=10)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("bm25", "first stage"),
        ("sliding % 10", "without '>>' and '%'"),
        ("sliding >> sliding", "without '>>' and '%'"),
        ("sliding(window=1)", "window must be 2"),
        ("fuse", "needs inner"),
        ("sliding(", "cannot read"),
    ],
)
def test_what_cannot_be_meant_is_said(spec, says):
    with pytest.raises(ConfigError, match=says):
        simulate(spec, backwards, size=30, top=10)
    with pytest.raises(UnknownName, match="did you mean 'sliding'"):
        simulate("slidng", backwards, size=30, top=10)


def test_pools_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="top must be"):
        simulate("sliding", backwards, size=3, top=0)
    with pytest.raises(ConfigError, match="2 first-stage scores for 3"):
        simulate("sliding", backwards, size=3, top=1, prior=(1.0, 2.0))


def test_what_the_judge_raises_comes_out():
    def judge(slate):
        raise RuntimeError("out of paper")

    with pytest.raises(RuntimeError, match="out of paper"):
        simulate("sliding", judge, size=3, top=1)
