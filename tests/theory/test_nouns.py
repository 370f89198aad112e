"""Pools, verdicts and rounds refuse what cannot be, each in its own sentence."""

from __future__ import annotations

import math
import re

import pytest

from llmrerank.errors import ConfigError
from llmrerank.rounds import Pool, Round, Span, Verdict


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"size": -1}, "a pool cannot have -1 documents"),
        ({"top": 0}, "top must be 1 or more, got 0"),
        ({"prior": (1.0, 2.0)}, "2 first-stage scores for 3 documents"),
        ({"prior": (1.0, math.nan, 2.0)}, "first-stage scores must be finite numbers"),
        ({"earlier": (1, 2)}, "2 earlier ranks for 3 documents"),
    ],
)
def test_a_pool_that_cannot_be(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(says)}$"):
        Pool(**{"size": 3, "top": 3} | fields)


def test_more_wanted_than_there_are_is_all_and_an_empty_pool_is_one() -> None:
    assert Pool(size=3, top=9).top == 3
    assert Pool(size=0, top=9).top == 9


PARTITION = "are no ordered partition of the slate (4, 2)"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"tiers": ((2,),)}, f"tiers ((2,),) {PARTITION}"),
        ({"tiers": ((2, 4), ())}, f"tiers ((2, 4), ()) {PARTITION}"),
        ({"tiers": ((2,), (4,), (2,))}, f"tiers ((2,), (4,), (2,)) {PARTITION}"),
        ({"tiers": ((2,), (3,))}, f"tiers ((2,), (3,)) {PARTITION}"),
        ({"scores": (1.0,)}, "1 scores for a slate of 2"),
        ({"strengths": (1.0, 2.0, 3.0)}, "3 scores for a slate of 2"),
    ],
)
def test_a_verdict_that_cannot_be(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        Verdict(**{"slate": (4, 2), "tiers": ((2,), (4,))} | fields)


def test_a_tie_says_nothing_and_is_a_failure_only_if_it_is_called_one() -> None:
    tie = Verdict.tie((4, 2))
    assert (tie.order, tie.tells, tie.degraded) == ((4, 2), False, False)
    assert Verdict.tie((4, 2), degraded=True).degraded
    assert Verdict(slate=(4, 2), tiers=((4, 2),), scores=(None, 0.0)).tells


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"slates": ()}, "a round needs at least one slate"),
        ({"order": (0, 1, 3)}, "the order of a round must be a permutation of the pool"),
        ({"slates": ((0, 1), ())}, "a slate cannot be empty"),
        ({"slates": ((0, 1, 0),)}, "the slate (0, 1, 0) repeats a position or leaves the pool of 3"),
        ({"slates": ((2, 3),)}, "the slate (2, 3) repeats a position or leaves the pool of 3"),
        ({"slates": ((-1, 2),)}, "the slate (-1, 2) repeats a position or leaves the pool of 3"),
    ],
)
def test_a_round_that_cannot_be(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        Round(**{"slates": ((0, 2),), "order": (0, 1, 2)} | fields)


def test_a_span_reads_as_one_number_or_two() -> None:
    assert (str(Span(3, 3)), str(Span(3, 12))) == ("3", "3-12")
