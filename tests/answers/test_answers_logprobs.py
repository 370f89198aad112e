"""Readings of the first token's log-probabilities, with numbers worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.answers import logprobs
from llmrerank.errors import ConfigError

LOG = math.log


def test_spellings_of_a_side_are_summed() -> None:
    tokens = [("Yes", LOG(0.4)), (" yes", LOG(0.2)), ("No", LOG(0.2)), ("maybe", LOG(0.1))]
    answer = logprobs.yes_no(tokens)
    assert answer.value == pytest.approx(LOG(0.6 / 0.2))
    assert answer.probability == pytest.approx(0.75)
    assert not answer.bounded


@pytest.mark.parametrize(
    "token", ["Yes", " yes", "ĠYES", "▁yes", "**Yes**", '"yes"', "yes.", "\nYes", "Ｙｅｓ", "Ġ**Yes"]
)
def test_spelling(token: str) -> None:
    assert logprobs.spelling(token) == "yes"


def test_a_missing_side_is_bounded_by_the_smallest_returned() -> None:
    answer = logprobs.yes_no([("Yes", LOG(0.9)), ("The", LOG(0.05)), ("It", LOG(0.01))])
    assert answer.value == pytest.approx(LOG(0.9 / 0.01))
    assert answer.bounded
    mirrored = logprobs.yes_no([("No", LOG(0.9)), ("The", LOG(0.05)), ("It", LOG(0.01))])
    assert mirrored.value == pytest.approx(-LOG(0.9 / 0.01))


def test_a_lone_alternative_is_bounded_by_the_room_it_leaves() -> None:
    answer = logprobs.yes_no([("yes", LOG(0.9))])
    assert answer.value == pytest.approx(LOG(0.9 / 0.1))
    certain = logprobs.yes_no([("yes", 0.0)])
    assert certain.value == pytest.approx(24 * LOG(2))
    assert certain.bounded


@pytest.mark.parametrize(
    "tokens", [[], [("<think>", -0.1), ("Okay", -3.0)], [("yes", -math.inf)], [("no", math.nan)]]
)
def test_neither_side_is_an_error_and_never_zero(tokens: list[tuple[str, float]]) -> None:
    answer = logprobs.yes_no(tokens)
    assert answer.unparsed
    assert answer.value is None
    assert answer.probability is None


@pytest.mark.parametrize("nothing", [-math.inf, math.nan, math.inf, -9999.0])
def test_values_that_are_no_evidence_count_as_not_returned(nothing: float) -> None:
    answer = logprobs.yes_no([("yes", -0.5), ("no", nothing), ("the", -4.0)])
    assert answer.value == pytest.approx(3.5)
    assert answer.bounded


def test_a_token_listed_twice_counts_once() -> None:
    assert logprobs.yes_no([("yes", -0.5), ("yes", -0.5), ("no", -1.5)]).value == pytest.approx(1.0)
    assert logprobs.yes_no([("yes", -0.5), ("yes", -2.5), ("no", -1.5)]).value == pytest.approx(1.0)


def test_saturated_probabilities_still_rank() -> None:
    surer = logprobs.yes_no([("yes", -1e-12), ("no", -60.0)])
    sure = logprobs.yes_no([("yes", -1e-12), ("no", -50.0)])
    assert surer.probability == sure.probability == 1.0
    assert surer.value is not None
    assert sure.value is not None
    assert surer.value > sure.value


def test_far_small_probabilities_do_not_underflow() -> None:
    assert logprobs.yes_no([("yes", -2000.0), ("no", -2001.0)]).value == pytest.approx(1.0)
    assert logprobs.yes_no([("no", -2000.0), ("yes", -8000.0)]).probability == 0.0


def test_other_words() -> None:
    answer = logprobs.yes_no([("True", -0.1), ("False", -2.1)], positive=("true",), negative=("false",))
    assert answer.value == pytest.approx(2.0)


@pytest.mark.parametrize(("positive", "negative"), [("yes", "Yes!"), ("**", "no")])
def test_words_that_cannot_be(positive: str, negative: str) -> None:
    with pytest.raises(ConfigError, match=r"^the words for yes \[.*\] and for no \[.*\] must differ"):
        logprobs.yes_no([], positive=(positive,), negative=(negative,))


def test_expected_grade() -> None:
    scale = {"0": 0.0, "1": 1.0, "2": 2.0, "3": 3.0}
    tokens = [("3", LOG(0.5)), ("2", LOG(0.25)), (" 2", LOG(0.05)), ("1", LOG(0.1)), ("0", LOG(0.1))]
    answer = logprobs.graded(tokens, scale)
    assert answer.value == pytest.approx(0.5 * 3 + 0.3 * 2 + 0.1)
    assert not answer.bounded


def test_missing_labels_stand_at_the_bound() -> None:
    answer = logprobs.graded([("3", LOG(0.8)), ("the", LOG(0.1))], {"1": 1.0, "3": 3.0})
    assert answer.value == pytest.approx((0.8 * 3 + 0.1) / 0.9)
    assert answer.bounded
    assert logprobs.graded([("the", -0.1)], {"1": 1.0}).unparsed


def test_a_label_of_several_tokens_is_known_by_its_first() -> None:
    scale = {"Highly relevant": 2.0, "Partly relevant": 1.0, "Not relevant": 0.0}
    tokens = [("Highly", LOG(0.5)), ("Part", LOG(0.25)), ("Not", LOG(0.25)), ("N", -9.0)]
    assert logprobs.graded(tokens, scale).value == pytest.approx(1.25)
    assert logprobs.graded([("Hi", -1.0)], scale).value is not None
    assert logprobs.graded([("H", -1.0)], scale).unparsed


@pytest.mark.parametrize("scale", [{}, {"a": 1.0, "A.": 2.0}, {"a": math.inf}, {"*": 1.0}])
def test_scales_that_cannot_be(scale: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"^a scale needs labels that differ in spelling"):
        logprobs.graded([], scale)


def test_letters_take_the_largest_spelling() -> None:
    answer = logprobs.letters(
        [("B", -1.0), (" C", -0.9), ("b", -0.5), (" b", -2.0), ("[A", -3.0), ("D", -4.0)], 3
    )
    assert answer.order == (1, 2, 0)
    assert answer.scores == (-3.0, -0.5, -0.9)
    assert answer.flags == frozenset()
    assert answer.named == 3


def test_letters_not_returned_follow_in_order() -> None:
    answer = logprobs.letters([("D", -0.1), ("B", -2.0), ("the", -3.0)], 5)
    assert answer.order == (3, 1, 0, 2, 4)
    assert answer.flags == {"missing"}
    assert answer.named == 2
    assert not answer.usable


def test_no_letter_at_all_is_unparsed() -> None:
    answer = logprobs.letters([("<think>", -0.1), ("Sure", -3.0)], 3)
    assert answer.order == (0, 1, 2)
    assert answer.flags == {"unparsed"}


def test_equal_letters_keep_input_order_and_a_foreign_winner_is_told() -> None:
    answer = logprobs.letters([("Z", -0.1), ("B", -2.0), ("A", -2.0)], 2)
    assert answer.order == (0, 1)
    assert answer.flags == {"out_of_range"}


@pytest.mark.parametrize("winner", ["7", "^", "zebra", "A"])
def test_what_is_no_foreign_letter_is_not_told_as_one(winner: str) -> None:
    answer = logprobs.letters([("Z", -9.0), ("B", -2.0), ("A", -2.0), (winner, -0.1)], 2)
    assert answer.flags == frozenset()


FLOATS = st.floats(allow_nan=True, allow_infinity=True)
TOKENS = st.lists(
    st.tuples(st.sampled_from(["yes", "No", " A", "b", "1", "2", "x", ""]) | st.text(max_size=4), FLOATS)
)


@given(TOKENS)
def test_any_alternatives_give_finite_numbers(tokens: list[tuple[str, float]]) -> None:
    for answer in (logprobs.yes_no(tokens), logprobs.graded(tokens, {"1": -1.0, "2": 5.0})):
        assert (
            answer.value is None or math.isfinite(answer.value) or max(abs(log) for _, log in tokens) > 1e300
        )
    graded = logprobs.graded(tokens, {"1": -1.0, "2": 5.0})
    assert graded.value is None or -1.0 <= graded.value <= 5.0
    letters = logprobs.letters(tokens, 4)
    assert sorted(letters.order) == [0, 1, 2, 3]
