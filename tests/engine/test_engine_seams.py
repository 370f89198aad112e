"""Where algorithm, judge and client meet: one of many calls fails, and judges that break their word."""

import asyncio
import gc
from dataclasses import replace

import pytest
from test_engine import Endpoint, best_first, job

from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.calls import ChatCall, Message
from llmrerank.engine import judge_pool
from llmrerank.errors import PermanentError, TransientError
from llmrerank.judges import Opinion
from llmrerank.judges.listwise import Listwise
from llmrerank.testing.scripted import Scripted
from llmrerank.trace import Called, Degraded, Repaired, RoundDone, Trace
from llmrerank.types import Detail, Limits

SIXTEEN = list(range(100, 116))
FAILING = 107


class Together:
    """Answers that wait until all sixteen are under way; then one fails and the others go on or hang."""

    def __init__(self, failure, *, hang):
        self.failure, self.hang = failure, hang
        self.client = Endpoint(self.answer)
        self.ended = []

    def answer(self, texts, seed):
        return self._answer(texts)

    async def _answer(self, texts):
        while self.client.under_way < 16 and not self.ended:
            await asyncio.sleep(0)
        self.ended.append(texts)
        if texts == [str(FAILING)]:
            return self.failure
        if self.hang:
            await asyncio.Event().wait()
        for _ in range(3):
            await asyncio.sleep(0)
        return best_first(texts)


def alone(one):
    """Run a job, and see that it leaves no task behind and no complaint about a forgotten one."""
    complaints = []

    async def scene():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        try:
            return await judge_pool(one)
        finally:
            assert asyncio.all_tasks() == {asyncio.current_task()}
            gc.collect()
            await asyncio.sleep(0)

    try:
        return asyncio.run(scene())
    finally:
        gc.collect()
        assert complaints == []


def test_one_of_sixteen_fails_and_its_siblings_finish():
    scene = Together(TransientError("503 overloaded"), hang=False)
    one = job(scene.client, SIXTEEN, algorithm=Pointwise(), limits=Limits(calls=100))
    outcome = alone(one)
    assert scene.client.most == 16
    place = SIXTEEN.index(FAILING)
    assert outcome.order == (*(p for p in reversed(range(16)) if p != place), place)
    assert outcome.degraded == {place}
    trace = Trace(outcome.events)
    [degraded] = trace.of(Degraded)
    assert (degraded.slate, degraded.reason) == ((place,), "503 overloaded")
    assert len(trace.of(Called)) == 15
    assert [done.slates for done in trace.of(RoundDone)] == [16]
    assert scene.client.under_way == 0
    assert one.ledger.calls == 15  # a call without an answer is not paid for


@pytest.mark.parametrize(
    ("failure", "on_error"),
    [(PermanentError("401 no such key"), "keep"), (TransientError("503 overloaded"), "raise")],
    ids=["final", "raise"],
)
def test_a_failure_that_ends_everything_cancels_the_siblings(failure, on_error):
    scene = Together(failure, hang=True)
    with pytest.raises(type(failure), match=str(failure)):
        alone(job(scene.client, SIXTEEN, algorithm=Pointwise(), on_error=on_error))
    assert scene.client.most == 16
    assert scene.client.under_way == 0


def test_two_of_sixteen_fail_for_good_and_one_of_them_is_raised():
    def answer(texts, seed):
        return PermanentError(f"401 for {texts[0]}") if int(texts[0]) % 5 == 0 else best_first(texts)

    client = Endpoint(answer)
    with pytest.raises(PermanentError, match="401 for 1"):
        alone(job(client, SIXTEEN, algorithm=Pointwise()))
    assert client.under_way == 0


class Faulty:
    """A judge of somebody else: its opinion, or its fault, is given by a function of the slate's size."""

    gives = Detail.ORDER
    capacity = None
    score_kind = "none"
    carrier = "chat"

    def __init__(self, conclude):
        self.conclude = conclude

    def ask(self, question, documents, *, attempt=0):
        texts = "[" + ", ".join(f'"{document.text}"' for document in documents) + "]"
        yield [ChatCall(messages=(Message("user", texts),), max_tokens=5, seed=attempt)]
        return self.conclude(len(documents))


def in_order(size):
    return tuple((place,) for place in range(size))


@pytest.mark.parametrize(
    "conclude",
    [
        lambda size: Opinion(tiers=in_order(size - 1)),
        lambda size: Opinion(tiers=in_order(size + 1)),
        lambda size: Opinion(tiers=(*in_order(size - 1), (size + 5,))),
        lambda size: Opinion(tiers=(*in_order(size), (0,))),
        lambda size: Opinion(tiers=in_order(size), strengths=(1.0,)),
        lambda size: Opinion(tiers=(*in_order(size), ())),
    ],
    ids=["drops", "invents", "replaces", "repeats", "counts wrong", "empty tier"],
)
def test_a_judge_that_drops_or_invents_a_document_is_an_error_and_no_ranking(conclude):
    client = Endpoint(best_first)
    one = job(client, SIXTEEN, algorithm=Adaptive(window=4))
    with pytest.raises(ValueError, match=r"tiers|strengths|scores"):
        alone(replace(one, judge=Faulty(conclude)))
    assert client.under_way == 0


def test_an_endpoint_that_drops_or_invents_a_document_is_mended_and_counted():
    """What a model leaves out, repeats or invents is the judge's to mend; algorithms see whole slates."""
    client = Scripted(lambda call: "[2] > [9] > [1] > [2]")
    one = job(client, SIXTEEN[:9], algorithm=Adaptive(window=3))
    outcome = alone(replace(one, judge=Listwise()))
    assert sorted(outcome.order) == list(range(9))
    repaired = Trace(outcome.events).of(Repaired)
    assert len(repaired) == len(client.calls)
    assert {flag for event in repaired for flag in event.flags} == {"missing", "duplicate", "out_of_range"}
    assert outcome.degraded == frozenset()


def test_an_empty_pool_is_an_empty_order():
    client = Scripted(lambda call: "[1]")
    for algorithm in (Adaptive(), Pointwise()):
        outcome = alone(job(client, [], algorithm=algorithm))
        assert (outcome.order, outcome.events, client.calls) == ((), (), [])
