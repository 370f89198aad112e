"""Retries: bounded in number and in time, over all requests of a call."""

import asyncio

import pytest
from chat_endpoint import Waits

from llmrerank.clients.retry import Retrying
from llmrerank.errors import PermanentError, TransientError


class Clock:
    """A clock that only a wait moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


class Line:
    """Fails as told, then answers."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    async def __call__(self):
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def persist(line, *, patience=None, **options):
    clock = Clock()
    retrying = Retrying(None, sleep=clock.sleep, clock=clock, **options)
    patience = patience or retrying.patience()
    try:
        return asyncio.run(retrying.persist(line, patience)), clock.waited, patience
    except TransientError as error:
        return error, clock.waited, patience


def busy(retry_after=None):
    return TransientError("busy", status=429, retry_after=retry_after)


def test_waits_double_with_a_random_part():
    result, waited, patience = persist(Line(*[busy()] * 8, "done"), retries=8)
    assert (result, patience.sent) == ("done", 9)
    for wait, longest in zip(waited, [0.5, 1, 2, 4, 8, 16, 20, 20], strict=True):
        assert longest / 2 <= wait <= longest


def test_the_random_part_is_seeded():
    runs = [persist(Line(*[busy()] * 3, "done"), seed=seed)[1] for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_the_number_is_bounded():
    error, waited, patience = persist(Line(*[busy()] * 9), retries=3)
    assert str(error) == "busy (tried 4 times)"
    assert (error.status, len(waited), patience.sent) == (429, 3, 4)


def test_no_retries():
    error, waited, _ = persist(Line(busy()), retries=0)
    assert (str(error), waited) == ("busy", [])


def test_the_time_is_bounded():
    error, waited, _ = persist(Line(*[busy(40)] * 9), retries=9, seconds=100)
    assert waited == [40, 40]
    assert "asks to wait 40 s and 20 s are left" in str(error)


def test_patience_is_for_the_whole_call():
    _, _, patience = persist(Line(busy(), busy(), "done"), retries=3)
    error, _, patience = persist(Line(*[busy()] * 5), patience=patience)
    assert (str(error), patience.sent) == ("busy (tried 5 times)", 5)


def test_permanent_errors_pass():
    waits = Waits()
    retrying = Retrying(None, sleep=waits)
    with pytest.raises(PermanentError):
        asyncio.run(retrying.persist(Line(PermanentError("no")), retrying.patience()))
    assert waits == []
