"""The wallet and the clock: what is refused, at which number, in which words; what the books say after."""

from __future__ import annotations

import pytest

from llmrerank.errors import ConfigError
from llmrerank.limits import Ledger, Price, Prices
from llmrerank.types import Limits, Usage

PRICES = Prices({"m": Price(input=2.0, output=8.0)})
FREE = Usage()
CALL = Usage(input=250_000, output=125_000)
COST = 1.5  # of CALL at these prices


class Clock:
    """Stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def ledger(**limits: float) -> Ledger:
    return Ledger(limits=Limits(**limits), prices=PRICES, clock=Clock())


def refused(ledger: Ledger, *, calls: int = 1, expected: Usage = CALL, model: str = "m"):
    return ledger.refuse(calls=calls, expected=expected, model=model)


def test_a_price_is_for_a_million_tokens_of_each_kind():
    price = Price(input=3.0, output=7.0)
    assert price.of(Usage(input=1_000_000, output=0)) == 3.0
    assert price.of(Usage(input=0, output=1_000_000)) == 7.0
    assert price.of(Usage(input=2_000_000, output=1_000_000)) == 13.0


def test_without_limits_nothing_is_refused():
    assert refused(ledger(), calls=10**9, expected=Usage(input=10**12, output=0), model="unknown") is None


def test_a_deadline_refuses_when_it_has_passed_and_not_before():
    one = ledger(seconds=5.0)
    assert one.seconds_left == 5.0
    one.clock.now = 104.0
    assert one.seconds_left == 1.0
    assert refused(one) is None
    one.clock.now = 105.0
    assert refused(one) == ("seconds", "the deadline of 5 s has passed")
    one.clock.now = 999.0
    assert one.seconds_left == 0.0


def test_calls_may_reach_their_limit_and_not_exceed_it():
    one = ledger(calls=3)
    one.reserve(calls=2, expected=FREE, model="m")
    assert refused(one, calls=1) is None
    assert refused(one, calls=2) == ("calls", "2 more calls would exceed the limit of 3 (2 made)")
    one.reserve(calls=1, expected=FREE, model="m")
    assert refused(one, calls=1) == ("calls", "1 more call would exceed the limit of 3 (3 made)")


def test_tokens_may_reach_their_limit_and_not_exceed_it():
    one = ledger(tokens=100)
    one.reserve(calls=1, expected=Usage(input=30, output=10), model="m")
    one.reserve(calls=1, expected=Usage(input=30, output=10), model="m")
    assert refused(one, expected=Usage(input=10, output=10)) is None
    assert refused(one, expected=Usage(input=10, output=11)) == (
        "tokens",
        "about 21 more tokens would exceed the limit of 100 (80 used)",
    )


def test_cost_may_reach_its_limit_and_not_exceed_it():
    one = ledger(cost=3 * COST)
    one.reserve(calls=1, expected=CALL, model="m")
    one.reserve(calls=1, expected=CALL, model="m")
    assert refused(one) is None
    one.reserve(calls=1, expected=CALL, model="m")
    assert refused(one) == ("cost", "about 1.5000 USD more would exceed the limit of 4.5 USD (4.5000 spent)")
    assert refused(one, calls=0) is None


@pytest.mark.parametrize(
    ("model", "whose"), [("x", "a price for 'x'"), ("", "the model's name and its price")]
)
def test_a_limit_on_cost_needs_a_price(model, whose):
    with pytest.raises(ConfigError, match=f"^a limit on cost needs {whose}; give a price file"):
        refused(ledger(cost=1.0), model=model)


def test_what_was_expected_of_a_call_gives_way_to_what_it_used():
    one = ledger()
    one.reserve(calls=2, expected=Usage(input=500_000, output=250_000), model="m")
    assert (one.calls, one.tokens, one.cost) == (2, 750_000, 2 * COST)
    one.settle(expected=CALL, actual=Usage(input=100_000, output=0), model="m")
    assert (one.calls, one.tokens) == (2, 475_000)
    assert one.cost == pytest.approx(COST + 0.2)
    one.settle(expected=CALL, actual=None, model="m")  # never answered
    assert (one.calls, one.tokens) == (1, 100_000)
    assert one.cost == pytest.approx(0.2)


def test_answers_that_were_billed_are_calls():
    one = ledger()
    one.reserve(calls=1, expected=CALL, model="m")
    one.settle(expected=CALL, actual=CALL, model="m", answered=3)
    assert (one.calls, one.tokens, one.cost) == (3, 375_000, COST)


def test_a_model_without_a_price_costs_nothing_that_is_known():
    one = ledger()
    one.reserve(calls=1, expected=CALL, model="x")
    one.settle(expected=CALL, actual=Usage(input=1, output=1), model="x")
    assert (one.calls, one.tokens, one.cost) == (1, 2, 0.0)
