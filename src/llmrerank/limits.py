"""The wallet and the clock: what may still be spent, asked before anything is sent."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from .counted import counted
from .errors import ConfigError
from .types import Limits, Usage

__all__ = ["FURTHER", "NO_FURTHER", "Ledger", "Price", "Prices"]

FURTHER: ContextVar[Callable[[], bool] | None] = ContextVar("further", default=None)
"""Asked by a client that would put an answered question again: reserves one more call, or says no."""
NO_FURTHER = "a limit allowed no further request"
"""What a reply notes where the answer was no: another limit could have brought a better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million input tokens and a million output tokens."""

    input: float
    output: float

    def of(self, usage: Usage) -> float:
        """US dollars for this usage."""
        return (usage.input * self.input + usage.output * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model name. A model that is not listed has no price: its cost is None, never 0.

    Attributes:
        by_model: Price of each model.
        date: The day from which they are, or None where nobody wrote it down.
    """

    by_model: Mapping[str, Price] = field(default_factory=dict)
    date: datetime.date | None = None

    def cost(self, model: str, usage: Usage) -> float | None:
        """US dollars for this usage of a model, or None where its price is unknown."""
        price = self.by_model.get(model)
        return None if price is None else price.of(usage)


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Spending against limits, shared by everything that runs under them.

    A reservation is made before a call is sent and settled when its usage is known, so limits hold while
    calls run at once. One ledger belongs to one event loop at a time.
    """

    limits: Limits = field(default_factory=Limits)
    prices: Prices = field(default_factory=Prices)
    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, 0 when it has passed, None without one."""
        if self.limits.seconds is None:
            return None
        return max(0.0, self.limits.seconds - (self.clock() - self.started))

    def refuse(self, *, calls: int, expected: Usage, model: str) -> tuple[str, str] | None:
        """Say which limit these calls would break, as (limit, sentence), or None where they fit.

        Args:
            calls: Calls about to be sent.
            expected: Tokens they are expected to use, added up.
            model: Whom they go to, for the price.

        Raises:
            ConfigError: There is a limit on cost and no price for the model.
        """
        limits = self.limits
        if limits.seconds is not None and self.seconds_left == 0.0:
            return "seconds", f"the deadline of {limits.seconds:g} s has passed"
        if limits.calls is not None and self.calls + calls > limits.calls:
            return "calls", (
                f"{counted(calls, 'more call')} would exceed the limit of {limits.calls} ({self.calls} made)"
            )
        if limits.tokens is not None and self.tokens + expected.total > limits.tokens:
            return "tokens", (
                f"about {expected.total} more tokens would exceed the limit of {limits.tokens} "
                f"({self.tokens} used)"
            )
        if limits.cost is not None and calls:
            cost = self.prices.cost(model, expected)
            if cost is None:
                whose = f"a price for '{model}'" if model else "the model's name and its price"
                raise ConfigError(
                    f"a limit on cost needs {whose}; give a price file (--prices) that lists it"
                )
            if self.cost + cost > limits.cost:
                return "cost", (
                    f"about {cost:.4f} USD more would exceed the limit of {limits.cost:g} USD "
                    f"({self.cost:.4f} spent)"
                )
        return None

    def reserve(self, *, calls: int, expected: Usage, model: str) -> None:
        """Count calls as spent before they are sent."""
        self.calls += calls
        self.tokens += expected.total
        self.cost += self.prices.cost(model, expected) or 0.0

    def settle(self, *, expected: Usage, actual: Usage | None, model: str, answered: int = 1) -> None:
        """Replace what was expected of one call by what it used; None: never answered, nothing paid.

        `answered` is how many answers were billed: a first call may have to find out what an endpoint can do.
        """
        used = actual if actual is not None else Usage()
        self.tokens += used.total - expected.total
        self.cost += (self.prices.cost(model, used) or 0.0) - (self.prices.cost(model, expected) or 0.0)
        self.calls += (answered if actual is not None else 0) - 1
