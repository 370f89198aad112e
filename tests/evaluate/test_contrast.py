"""Contrasts with a baseline: chances, intervals, correction, and the least difference that shows."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.errors import ConfigError
from llmrerank.evaluate.contrast import (
    Contrast,
    contrasts,
    detectable_over,
    holm,
    least_difference,
)
from llmrerank.evaluate.noise import difference
from llmrerank.evaluate.resampling import EXACT, bounds, chances

TENTHS = st.integers(0, 10).map(lambda tenth: tenth / 10)


def _row(values: Any) -> dict[str, float]:
    return {f"q{place}": float(value) for place, value in enumerate(values)}


def _against(gaps: Any) -> Contrast:
    """The contrast of a row that scores so much more than a baseline of noughts."""
    [_, found] = contrasts([_row(0.0 for _ in gaps), _row(gaps)])
    assert found is not None
    return found


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, float]]:
    queries = draw(st.integers(1, 9))
    rows = draw(st.lists(st.lists(TENTHS, min_size=queries, max_size=queries), min_size=2, max_size=4))
    return [_row(row) for row in rows]


@settings(max_examples=25, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_a_row_is_told_apart_alike_wherever_it_stands(table: list[dict[str, float]], random: Any) -> None:
    order = list(range(len(table)))
    random.shuffle(order)
    found = contrasts(table)
    moved = contrasts([table[row] for row in order], baseline=order.index(0))
    assert found[0] is None
    for place, row in enumerate(order):
        ours, theirs = found[row], moved[place]
        if row == 0:
            assert theirs is None
            continue
        assert ours is not None
        assert theirs is not None
        assert ours.to_dict() == theirs.to_dict()
        assert 0.0 < ours.p <= ours.adjusted <= 1.0
        assert ours.low - 1e-12 <= ours.high
        assert ours.wins + ours.ties + ours.losses == len(table[0])


@settings(max_examples=25, deadline=None)
@given(tables())
def test_turned_around_a_contrast_is_its_mirror(table: list[dict[str, float]]) -> None:
    one, other = contrasts(table[:2])[1], contrasts(table[:2], baseline=1)[0]
    assert one is not None
    assert other is not None
    assert one.mean == pytest.approx(-other.mean, abs=1e-12)
    assert one.p == pytest.approx(other.p, abs=1e-12)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)
    assert (one.wins, one.losses) == (other.losses, other.wins)


@pytest.mark.parametrize("queries", [1, 2, 5, EXACT])
def test_few_queries_are_enumerated(queries: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    gaps = np.random.default_rng(queries).normal(0.1, 0.2, queries).round(1)
    gaps[0] = 0.3
    every = [abs(np.dot(signs, gaps)) for signs in itertools.product((1, -1), repeat=queries)]
    expected = sum(reached >= abs(gaps.sum()) - 1e-9 for reached in every) / len(every)
    assert _against(gaps).p == pytest.approx(expected)
    if queries > 1:
        theirs = stats.permutation_test(
            (gaps, np.zeros(queries)),
            lambda a, b: np.mean(a) - np.mean(b),
            permutation_type="samples",
            n_resamples=np.inf,
        )
        assert _against(gaps).p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("shift", [0.0, 0.04, 0.08])
def test_many_queries_are_sampled(shift: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    gaps = np.random.default_rng(5).normal(shift, 0.2, 60)
    theirs = stats.permutation_test(
        (gaps, np.zeros(60)),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        rng=np.random.default_rng(1),
    )
    assert _against(gaps).p == pytest.approx(theirs.pvalue, abs=0.025)
    assert difference(list(gaps), [0.0] * 60).p == _against(gaps).p
    assert _against(gaps) == _against(gaps)


def test_what_is_equal_is_no_difference() -> None:
    same = _row([0.1, 0.2, 0.3])
    rounded = {query: score + 1e-12 for query, score in same.items()}
    for found in contrasts([same, dict(reversed(same.items())), rounded])[1:]:
        assert found is not None
        assert (found.p, found.adjusted, found.ties) == (1.0, 1.0, 3)
        assert (found.mean, found.low, found.high) == (0.0, 0.0, 0.0)
        assert not found.significant
    clear = _against([0.1, 0.2, 0.1, 0.2, 0.3, 0.1, 0.2])
    assert clear.p == pytest.approx(2 / 2**7)
    assert (clear.wins, clear.ties, clear.losses) == (7, 0, 0)
    assert clear.significant
    assert 0.1 <= clear.low < clear.mean < clear.high <= 0.3


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([0.04]) == (0.04,)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_never_lowers(given_chances: list[float]) -> None:
    adjusted = holm(given_chances)
    assert all(p <= after <= 1.0 for p, after in zip(given_chances, adjusted, strict=True))
    pairs = sorted(zip(given_chances, adjusted, strict=True))
    assert [after for _, after in pairs] == sorted(adjusted)
    assert holm(given_chances[::-1]) == pytest.approx(adjusted[::-1])


def test_false_alarms_and_intervals_where_nothing_differs() -> None:
    """500 systems that differ from the baseline by noise alone, over 50 queries."""
    gaps = np.random.default_rng(7).normal(0.0, 0.2, (50, 500))
    alarms = (chances(gaps, seed=1) < 0.05).mean()
    assert 0.03 <= alarms <= 0.075
    low, high = bounds(gaps, seed=1)
    assert 0.92 <= ((low <= 0.0) & (high >= 0.0)).mean() <= 0.97


def test_the_detectable_difference_is_detected_four_times_out_of_five() -> None:
    truth = least_difference(0.2, 50)
    assert truth == pytest.approx((1.959964 + 0.841621) * 0.2 / 50**0.5, abs=1e-6)
    gaps = np.random.default_rng(3).normal(truth, 0.2, (50, 500))
    assert 0.75 <= (chances(gaps, seed=1) < 0.05).mean() <= 0.84


def test_detectable_over_a_table() -> None:
    baseline, copy = _row([0.0] * 4), _row([0.0] * 4)
    rows = [_row([0.1, -0.1, 0.1, -0.1]), _row([0.3, -0.3, 0.3, -0.3]), _row([0.2, -0.2, 0.2, -0.2])]
    expected = least_difference(0.2 * (4 / 3) ** 0.5, 4)
    assert detectable_over([baseline, copy, *rows]) == pytest.approx(expected)
    assert detectable_over([*rows, baseline], baseline=3) == pytest.approx(expected)
    assert detectable_over([baseline, copy]) is None
    assert detectable_over([baseline, _row([0.1] * 4)]) is None
    assert detectable_over([baseline]) is None
    assert detectable_over([_row([0.1]), _row([0.2])]) is None


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ConfigError, match=r"no row 2 to be the baseline; rows count from 0 to 1"):
        contrasts([_row([1.0]), _row([1.0])], baseline=2)
    with pytest.raises(ConfigError, match="no queries"):
        contrasts([{}, {}])
    with pytest.raises(ConfigError, match="different queries"):
        contrasts([{"a": 1.0}, {"b": 1.0}])
    assert contrasts([_row([1.0])]) == (None,)


def test_many_queries_take_little_memory() -> None:
    """4,000 queries: the flips alone would be 320 MB at once."""
    draw = np.random.default_rng(0)
    rows = [_row(draw.random(4000)) for _ in range(3)]
    tracemalloc.start()
    contrasts(rows)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40e6
