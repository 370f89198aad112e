"""The engine keeps the books: success, repair, re-asking, degradation, limits, deadline, cancellation."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.algorithms.sliding import Sliding
from llmrerank.calls import ChatCall, Message, Reply
from llmrerank.clients.client import Identity
from llmrerank.engine import Job, judge_pool
from llmrerank.errors import AnswerError, ConfigError, PermanentError, TransientError
from llmrerank.judges import Opinion, Question
from llmrerank.limits import Ledger, Price, Prices
from llmrerank.rounds import Pool
from llmrerank.trace import Called, Degraded, Exhausted, Repaired, Retried, Trace
from llmrerank.types import Detail, Document, Limits, Usage


@dataclass
class NumberJudge:
    """Shows texts that are numbers; the client answers with their places, best first, as JSON."""

    gives: Detail = Detail.SCORES
    capacity: int | None = None
    score_kind: str = "utility"
    carrier: ClassVar[str] = "chat"

    def ask(self, question, documents, *, attempt=0):
        texts = [document.text for document in documents]
        call = ChatCall(messages=(Message("user", json.dumps(texts)),), max_tokens=10, seed=attempt)
        [reply] = yield [call]
        if reply.text is None:
            return Opinion(tiers=(tuple(range(len(texts))),), flags=frozenset({"unparsed"}), usable=False)
        named = json.loads(reply.text)
        rest = tuple(place for place in range(len(texts)) if place not in named)
        flags = frozenset({"missing"}) if rest else frozenset()
        return Opinion(
            tiers=(*((place,) for place in named), *((rest,) if rest else ())),
            scores=tuple(float(text) for text in texts),
            flags=flags,
            raw=reply.text,
        )


@dataclass
class Endpoint:
    """Answers from a function of the texts shown and of how often it was asked; counts what is sent."""

    answer: object
    identity: Identity = field(default_factory=lambda: Identity(model="m", endpoint="http://e/v1"))
    sent: list = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    known: set = field(default_factory=set)

    def knows(self, call):
        return call.key in self.known

    async def send(self, call):
        texts = json.loads(call.messages[0].content)
        self.sent.append(texts)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            reply = self.answer(texts, call.seed)
            if asyncio.iscoroutine(reply):
                reply = await reply
            else:
                await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Reply):
            return reply
        return Reply(text=reply, usage=Usage(input=100, output=10), cached=call.key in self.known)

    async def aclose(self):
        pass


def best_first(texts, seed=0):
    return json.dumps(sorted(range(len(texts)), key=lambda place: -float(texts[place])))


def job(client, texts, *, algorithm=None, limits=None, prices=None, on_error="keep", progress=None):
    return Job(
        stage="test",
        algorithm=algorithm or Sliding(window=4, stride=2),
        judge=NumberJudge(),
        client=client,
        question=Question(query="q"),
        documents=[Document(id=str(i), text=str(t)) for i, t in enumerate(texts)],
        pool=Pool(size=len(texts), top=2),
        ledger=Ledger(limits=limits or Limits(), prices=prices or Prices()),
        on_error=on_error,
        progress=progress,
    )


def run(one):
    return asyncio.run(judge_pool(one))


def test_windows_are_judged_in_turn_and_booked():
    client = Endpoint(best_first)
    outcome = run(job(client, [1, 5, 3, 2, 9, 7, 8, 6]))
    assert outcome.order[:2] == (4, 6)
    trace = Trace(outcome.events)
    assert (trace.calls, trace.rounds, trace.cached, trace.degraded, trace.repaired) == (3, 3, 0, 0, 0)
    assert trace.paid == Usage(input=300, output=30)
    assert trace.cost is None
    assert outcome.kind == "utility"
    assert outcome.scores == (1.0, 5.0, 3.0, 2.0, 9.0, 7.0, 8.0, 6.0)


def test_an_empty_pool_and_a_lone_document_cost_nothing():
    for texts in ([], [7]):
        client = Endpoint(best_first)
        outcome = run(job(client, texts))
        assert outcome.order == tuple(range(len(texts)))
        assert client.sent == []


def test_slates_of_a_round_run_at_once_and_equal_calls_are_sent_once():
    client = Endpoint(best_first)
    told = []
    outcome = run(job(client, [3, 1, 3, 2], algorithm=Pointwise(), progress=told.append))
    assert outcome.order == (0, 2, 3, 1)
    assert client.most == 3
    assert sorted(map(tuple, client.sent)) == [("1",), ("2",), ("3",)]
    assert Trace(outcome.events).calls == 3
    assert [p.done for p in told] == [1, 2, 3, 4]


def test_an_incomplete_answer_is_used_and_counted():
    client = Endpoint(lambda texts, seed: "[3, 1, 2]")
    outcome = run(job(client, [1, 2, 3, 4]))
    assert outcome.order == (3, 1, 2, 0)
    [repaired] = Trace(outcome.events).of(Repaired)
    assert repaired.flags == ("missing",)
    assert repaired.raw == "[3, 1, 2]"


def test_an_unusable_answer_is_asked_about_once_more_in_another_order():
    def answer(texts, seed):
        return None if seed == 0 else best_first(texts)

    client = Endpoint(lambda texts, seed: Reply(text=answer(texts, seed)))
    outcome = run(job(client, [1, 2, 3, 4]))
    assert outcome.order == (3, 2, 1, 0)
    assert len(client.sent) == 2
    assert client.sent[0] != client.sent[1]
    assert sorted(client.sent[0]) == sorted(client.sent[1])
    assert outcome.scores == (1.0, 2.0, 3.0, 4.0)
    [retried] = Trace(outcome.events).of(Retried)
    assert "unparsed" in retried.reason


def test_what_stays_unusable_keeps_its_order_and_is_marked():
    client = Endpoint(lambda texts, seed: Reply(text=None if "9" in texts else best_first(texts)))
    outcome = run(job(client, [1, 5, 3, 2, 9, 7, 8, 6]))
    assert outcome.order == (1, 2, 3, 0, 4, 5, 6, 7)
    assert outcome.degraded == {2, 3, 4, 5, 6, 7}
    assert [event.slate for event in Trace(outcome.events).of(Degraded)] == [(4, 5, 6, 7), (2, 3, 4, 5)]


def test_unusable_answers_can_be_raised_instead():
    client = Endpoint(lambda texts, seed: Reply(text=None))
    with pytest.raises(AnswerError, match="no usable answer after 2 askings"):
        run(job(client, [1, 2], on_error="raise"))


def test_one_failing_call_of_many_degrades_its_document_only():
    def answer(texts, seed):
        return TransientError("503") if texts == ["5"] else best_first(texts)

    client = Endpoint(answer)
    outcome = run(job(client, [1, 5, 3], algorithm=Pointwise()))
    assert outcome.order == (2, 0, 1)
    assert outcome.degraded == {1}
    [degraded] = Trace(outcome.events).of(Degraded)
    assert degraded.reason == "503"
    assert client.under_way == 0


def test_if_nothing_is_answered_the_failure_is_raised():
    client = Endpoint(lambda texts, seed: TransientError("down"))
    with pytest.raises(TransientError, match="down"):
        run(job(client, [1, 5, 3], algorithm=Pointwise()))


def test_a_permanent_failure_ends_everything_and_cancels_the_others():
    async def hold():
        await asyncio.Event().wait()

    def answer(texts, seed):
        return PermanentError("401") if texts == ["5"] else hold()

    client = Endpoint(answer)
    with pytest.raises(PermanentError):
        run(job(client, [1, 5, 3], algorithm=Pointwise()))
    assert client.under_way == 0


def test_raise_ends_at_the_first_failure():
    client = Endpoint(lambda texts, seed: TransientError("x") if texts == ["5"] else best_first(texts))
    with pytest.raises(TransientError):
        run(job(client, [1, 5, 3], algorithm=Pointwise(), on_error="raise"))


def test_a_round_that_does_not_fit_is_not_sent():
    client = Endpoint(best_first)
    outcome = run(job(client, [1, 5, 3], algorithm=Pointwise(), limits=Limits(calls=2)))
    assert client.sent == []
    assert outcome.order == (0, 1, 2)
    assert Trace(outcome.events).exhausted.limit == "calls"


@pytest.mark.parametrize("most", range(4))
def test_a_limit_on_calls_gives_the_best_order_so_far(most):
    client = Endpoint(best_first)
    outcome = run(job(client, [1, 5, 3, 2, 9, 7, 8, 6], limits=Limits(calls=most)))
    assert len(client.sent) == most
    assert sorted(outcome.order) == list(range(8))
    assert (Trace(outcome.events).exhausted is None) == (most == 3)
    assert outcome.order.index(4) == {0: 4, 1: 4, 2: 2, 3: 0}[most]


def test_the_call_for_a_second_asking_must_fit_too():
    client = Endpoint(lambda texts, seed: Reply(text=None))
    outcome = run(job(client, [1, 2, 3], limits=Limits(calls=1)))
    assert len(client.sent) == 1
    assert Trace(outcome.events).of(Exhausted)[0].limit == "calls"


def test_cached_calls_are_free():
    client = Endpoint(best_first)
    first = job(client, [1, 5, 3], algorithm=Pointwise())
    run(first)
    for text in ("1", "3"):
        call = ChatCall(messages=(Message("user", json.dumps([text])),), max_tokens=10)
        client.known.add(call.key)
    outcome = run(job(client, [1, 5, 3], algorithm=Pointwise(), limits=Limits(calls=1)))
    trace = Trace(outcome.events)
    assert (trace.calls, trace.cached) == (1, 2)
    assert trace.saved == Usage(input=200, output=20)
    assert trace.exhausted is None


def test_limits_on_tokens_and_cost_are_asked_before_sending():
    client = Endpoint(best_first)
    outcome = run(job(client, [1, 2, 3], limits=Limits(tokens=5)))
    assert client.sent == []
    assert Trace(outcome.events).exhausted.limit == "tokens"
    prices = Prices({"m": Price(input=1e6, output=1e6)})
    outcome = run(job(client, [1, 2, 3], limits=Limits(cost=1.0), prices=prices))
    assert client.sent == []
    assert Trace(outcome.events).exhausted.limit == "cost"
    with pytest.raises(ConfigError, match="needs a price for 'm'"):
        run(job(client, [1, 2, 3], limits=Limits(cost=1.0)))


def test_spending_is_settled_by_what_was_used():
    client = Endpoint(best_first)
    one = job(
        client,
        [1, 2, 3],
        limits=Limits(tokens=10_000, cost=1.0),
        prices=Prices({"m": Price(input=1.0, output=2.0)}),
    )
    outcome = run(one)
    assert one.ledger.tokens == 110
    assert one.ledger.cost == pytest.approx(120 / 1e6)
    assert Trace(outcome.events).cost == pytest.approx(120 / 1e6)


def test_the_deadline_keeps_what_was_answered():
    async def hold():
        await asyncio.Event().wait()

    def answer(texts, seed):
        return hold() if texts == ["5"] else best_first(texts)

    client = Endpoint(answer)
    outcome = run(job(client, [1, 5, 3], algorithm=Pointwise(), limits=Limits(seconds=0.05)))
    assert outcome.order == (2, 0, 1)
    assert outcome.degraded == {1}
    assert Trace(outcome.events).exhausted.limit == "seconds"
    assert client.under_way == 0


def test_cancelling_leaves_nothing_behind():
    async def hold():
        await asyncio.Event().wait()

    client = Endpoint(lambda texts, seed: hold())

    async def scene():
        task = asyncio.ensure_future(judge_pool(job(client, [1, 5, 3], algorithm=Pointwise())))
        while client.under_way < 3:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.under_way == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scene())


def test_books_do_not_depend_on_the_order_of_replies():
    def slow_for(first):
        async def answer(texts):
            for _ in range(5 if texts == [first] else 1):
                await asyncio.sleep(0)
            return Reply(text=best_first(texts), usage=Usage(input=int(texts[0]), output=1))

        return Endpoint(lambda texts, seed: answer(texts))

    books = [
        [
            (e.slate, e.usage)
            for e in run(job(slow_for(first), [4, 5, 6], algorithm=Pointwise())).events
            if isinstance(e, Called)
        ]
        for first in ("4", "6")
    ]
    assert (
        books[0]
        == books[1]
        == [
            ((0,), Usage(input=4, output=1)),
            ((1,), Usage(input=5, output=1)),
            ((2,), Usage(input=6, output=1)),
        ]
    )
