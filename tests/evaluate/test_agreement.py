"""What rankings tell without judgements: overlap, moves, spread, and whether the order matters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.errors import ConfigError
from llmrerank.evaluate.agreement import Agreement, agreements
from llmrerank.evaluate.evaluator import Evaluation
from llmrerank.evaluate.moves import moves
from llmrerank.evaluate.sensitivity import Sensitivity
from llmrerank.evaluate.spread import Spread, changed, spread_of
from llmrerank.overlap import overlap, rbo
from llmrerank.trace import Trace

RANKINGS = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)
PERSISTENCES = st.floats(0.05, 0.95)


def _published(a: Sequence[str], b: Sequence[str], p: float) -> float:
    """Equation 32 of Webber, Moffat and Zobel (2010), term by term."""
    s, l = sorted((len(a), len(b)))  # noqa: E741 - the letters of the paper
    x = [len(set(a[:d]) & set(b[:d])) for d in range(l + 1)]
    first = sum(x[d] / d * p**d for d in range(1, l + 1))
    second = sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, l + 1))
    return (1 - p) / p * (first + second) + ((x[l] - x[s]) / l + x[s] / s) * p**l


def test_overlap() -> None:
    assert overlap("abcd", "dcba") == 1.0
    assert overlap("abcd", "abxy") == 0.5
    assert overlap("abcd", "wxyz") == 0.0
    assert overlap("abcd", "ab") == 0.5
    assert overlap("abc", "cba", depth=1) == 0.0
    assert (overlap("", ""), overlap("", "a")) == (1.0, 0.0)
    with pytest.raises(ConfigError, match="depth"):
        overlap("a", "a", depth=0)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("xy", "xz", 1 / 2 + 1 / 8 + 1 / 8),
        ("x", "yx", 1 / 8 + 1 / 8),
        ("xw", "xyw", 5 / 6),
        ("x", "xyz", 1.0),
        ("xyz", "xyz", 1.0),
        ("xyz", "uvw", 0.0),
        ("", "x", 0.0),
        ("", "", 1.0),
    ],
)
def test_rbo_by_hand(a: str, b: str, expected: float) -> None:
    assert rbo(a, b, p=0.5) == pytest.approx(expected)
    assert rbo(b, a, p=0.5) == rbo(a, b, p=0.5)


@given(RANKINGS.filter(len), RANKINGS.filter(len), PERSISTENCES)
def test_rbo_is_what_was_published(a: list[str], b: list[str], p: float) -> None:
    found = rbo(a, b, p=p)
    assert found == pytest.approx(_published(a, b, p))
    assert found == rbo(b, a, p=p)
    assert 0.0 <= found <= 1.0
    assert rbo(a, a, p=p) == pytest.approx(1.0)
    assert rbo(a, [document.upper() for document in b], p=p) == 0.0


@given(st.permutations("abcdefgh"), st.sets(st.integers(0, 7), min_size=1), PERSISTENCES)
def test_more_in_common_is_never_less(order: list[str], foreign: set[int], p: float) -> None:
    """Foreign documents give way to those that are missing, one after another."""
    whole = "abcdefgh"
    ranking = [document.upper() if place in foreign else document for place, document in enumerate(order)]
    before = rbo(whole, ranking, p=p)
    for place in sorted(foreign):
        ranking[place] = order[place]
        assert rbo(whole, ranking, p=p) >= before - 1e-12
        before = rbo(whole, ranking, p=p)


def test_a_swap_matters_less_the_deeper_it_is() -> None:
    def swapped(place: int) -> str:
        return "abcdefgh"[:place] + "abcdefgh"[place + 1] + "abcdefgh"[place] + "abcdefgh"[place + 2 :]

    found = [rbo("abcdefgh", swapped(place)) for place in range(7)]
    assert found == sorted(found)
    assert found[0] < found[-1] < 1.0


def test_rbo_looks_no_deeper_than_asked() -> None:
    assert rbo("abcd", "abdc", depth=2) == pytest.approx(1.0)
    assert rbo("abcd", "abdc", depth=3) < 1.0
    for p in (0.0, 1.0):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            rbo("a", "a", p=p)
    with pytest.raises(ConfigError, match="depth"):
        rbo("a", "a", depth=0)


def test_agreements_of_every_two_rows() -> None:
    first = {"1": ["a", "b"], "2": ["c", "d"], "3": ["e"]}
    second = {"1": ["a", "b"], "2": ["x", "y"]}
    alone = {"9": ["a"]}
    [pair] = agreements([first, second, alone])
    assert pair == Agreement(first=0, second=1, overlap=0.5, rbo=pytest.approx(0.5), queries=2)
    assert agreements([first]) == ()
    same = agreements([first, first, first])
    assert [(one.first, one.second, one.queries) for one in same] == [(0, 1, 3), (0, 2, 3), (1, 2, 3)]
    assert {round(one.rbo, 12) for one in same} == {1.0}


def test_moves_from_the_first_stage() -> None:
    found = moves([[1, 30, 2], [4, 2, 3]], depth=3)
    assert (found.documents, found.depth) == (6, 3)
    assert found.mean == pytest.approx((0 + 28 + 1 + 3 + 0 + 0) / 6)
    assert found.new == pytest.approx(2 / 6)
    counted = {(one.least, one.most): one.documents for one in found.buckets if one.documents}
    assert counted == {(-3, -1): 1, (0, 0): 3, (1, 3): 1, (11, 30): 1}
    assert sum(one.documents for one in found.buckets) == 6
    ends = [(one.least, one.most) for one in found.buckets]
    assert ends[0][0] is None
    assert ends[-1][1] is None
    assert all(most + 1 == least for (_, most), (least, _) in pairwise(ends))
    assert moves([[50, 3]], depth=1).new == 1.0
    nothing = moves([])
    assert (nothing.documents, nothing.mean, nothing.new) == (0, 0.0, 0.0)


def _evaluation(mean: float) -> Evaluation:
    return Evaluation(means={"nDCG@10": mean}, per_query={"nDCG@10": {"1": mean}})


def test_the_spread_of_repetitions() -> None:
    found = spread_of([_evaluation(mean) for mean in (0.4, 0.6, 0.5)])
    expected = Spread(mean=pytest.approx(0.5), deviation=pytest.approx(0.1), least=0.4, most=0.6)
    assert found == {"nDCG@10": expected}
    assert spread_of([_evaluation(0.4)])["nDCG@10"].deviation == 0.0
    runs = [{"1": ["a", "b"], "2": ["c", "d"]}, {"1": ["a", "b"], "2": ["d", "c"], "3": ["x"]}]
    assert changed(runs) == 0.5
    assert changed([*runs, {"2": ["c", "d"]}]) == 1.0
    assert changed([{"1": ["a", "b"]}, {"1": ["a", "c"]}], depth=1) == 0.0
    assert changed([{"1": ["a"]}, {}]) == changed([]) == 0.0


def test_a_strategy_that_minds_the_order() -> None:
    same, other = {"1": ["a", "b"]}, {"1": ["b", "c"]}
    steady = Sensitivity.of(
        {"as found": (_evaluation(0.4), same), "reversed": (_evaluation(0.4), same)}, trace=Trace()
    )
    assert (steady.overlap, steady.rbo) == pytest.approx((1.0, 1.0))
    found = Sensitivity.of(
        {
            "as found": (_evaluation(0.4), same),
            "reversed": (_evaluation(0.6), other),
            "shuffled": (_evaluation(0.5), same),
        },
        trace=Trace(),
    )
    assert found.measures == {"nDCG@10": {"as found": 0.4, "reversed": 0.6, "shuffled": 0.5}}
    assert found.overlap == pytest.approx((0.5 + 1.0 + 0.5) / 3)
    assert found.rbo is not None
    assert found.rbo < 1.0
    unanswered = Sensitivity.of(
        {"as found": (_evaluation(0.4), same), "reversed": (_evaluation(0.0), {})}, trace=Trace()
    )
    assert unanswered.rbo is None
    assert unanswered.to_dict()["overlap"] is None
