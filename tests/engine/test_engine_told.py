"""What is told of a pool while it is judged and in its books: who asked, in which round, why it ended."""

import asyncio
import time
from dataclasses import dataclass, replace

import pytest
from test_engine import Endpoint, NumberJudge, best_first, job, run

from llmrerank.algorithms.full import Full
from llmrerank.algorithms.head import Head
from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.algorithms.sliding import Sliding
from llmrerank.calls import PairCall, Reply
from llmrerank.clients.client import Identity
from llmrerank.engine import Progress, judge_pool
from llmrerank.errors import ConfigError
from llmrerank.judges import Opinion
from llmrerank.rounds import Round
from llmrerank.trace import Called, Degraded, RoundDone, Scored, Trace, Warned
from llmrerank.types import Detail, Limits

EIGHT = [1, 5, 3, 2, 9, 7, 8, 6]  # three windows of four, from behind
WINDOWS = [(4, 5, 6, 7), (2, 3, 4, 6), (0, 1, 4, 6)]


def test_the_books_name_stage_round_and_slate():
    begun = time.perf_counter()
    trace = Trace(run(job(Endpoint(best_first), EIGHT)).events)
    took = time.perf_counter() - begun
    assert [(one.stage, one.round, one.slate) for one in trace.of(Called)] == [
        ("test", number, slate) for number, slate in enumerate(WINDOWS, 1)
    ]
    rounds = trace.of(RoundDone)
    assert [(one.stage, one.round, one.slates) for one in rounds] == [("test", n, 1) for n in (1, 2, 3)]
    assert all(one.seconds >= 0 for one in rounds)
    assert sum(one.seconds for one in rounds) <= took


def test_progress_counts_the_slates_of_each_round():
    told = []
    run(job(Endpoint(best_first), [1, 5, 3], algorithm=Pointwise(), progress=told.append))
    assert told == [Progress(stage="test", round=1, done=done, slates=3) for done in (1, 2, 3)]
    told.clear()
    run(job(Endpoint(best_first), EIGHT, progress=told.append))
    assert told == [Progress(stage="test", round=number, done=1, slates=1) for number in (1, 2, 3)]


def test_a_witness_is_told_every_call_with_its_reply():
    seen = []
    run(replace(job(Endpoint(best_first), EIGHT), witness=seen.append))
    assert [(one.stage, one.round, one.slate) for one in seen] == [
        ("test", number, slate) for number, slate in enumerate(WINDOWS, 1)
    ]
    assert (seen[0].call.messages[-1].content, seen[0].reply.text) == ('["9", "7", "8", "6"]', "[0, 2, 1, 3]")


def test_after_each_round_the_result_so_far_is_told():
    told = []
    outcome = run(replace(job(Endpoint(best_first), EIGHT), provisional=told.append))
    assert [one.order for one in told] == [
        (0, 1, 2, 3, 4, 6, 5, 7),
        (0, 1, 4, 6, 2, 3, 5, 7),
        (4, 6, 1, 0, 2, 3, 5, 7),
    ]
    assert told[0].scores == (None, None, None, None, 9.0, 7.0, 8.0, 6.0)
    assert told[-1] == outcome


def test_what_a_schedule_cannot_promise_is_in_the_books():
    one = job(Endpoint(best_first), [1, 2, 3], algorithm=Head(inner=Full(), depth=1))
    [warned] = Trace(run(one).events).of(Warned)
    assert warned.stage == "test"
    assert warned.message.startswith("only the first 1 documents are judged, and 2 places are wanted")


def test_a_limit_is_told_with_its_sentence():
    one = job(Endpoint(best_first), EIGHT, limits=Limits(calls=2))
    ended = Trace(run(one).events).exhausted
    assert (ended.stage, ended.limit) == ("test", "calls")
    assert ended.reason == "1 more call would exceed the limit of 2 (2 made)"


def test_a_deadline_is_told_with_its_sentence():
    async def hold():
        await asyncio.Event().wait()

    client = Endpoint(lambda texts, seed: hold() if texts == ["5"] else best_first(texts))
    one = job(client, [1, 5, 3], algorithm=Pointwise(), limits=Limits(seconds=0.05))
    trace = Trace(run(one).events)
    ended = trace.exhausted
    assert (ended.stage, ended.limit) == ("test", "seconds")
    assert ended.reason == "the deadline of 0.05 s passed"
    assert [lost.reason for lost in trace.of(Degraded)] == [ended.reason]


class Twice(Full):
    """Asks the same slate again, for an independent answer."""

    def plan(self, pool):
        order = range(pool.size)
        yield Round(slates=(tuple(order),), order=order)
        yield Round(slates=(tuple(order),), order=order, again=True)
        return order


@dataclass
class SeedJudge(NumberJudge):
    """Keeps the seeds under which it was asked; its scores are their number."""

    def __post_init__(self):
        self.seeds = []

    def ask(self, question, documents, *, attempt=0):
        self.seeds.append(question.seed)
        opinion = yield from super().ask(question, documents, attempt=attempt)
        return replace(opinion, scores=(float(len(self.seeds)),) * len(documents))


def test_asked_again_is_under_another_seed_and_shows_the_first_scores():
    judge = SeedJudge()
    one = job(Endpoint(best_first), [1, 2, 3], algorithm=Twice())
    outcome = run(replace(one, judge=judge, question=replace(one.question, seed=7)))
    first, second = judge.seeds
    assert first == 7
    assert second > first  # some endpoints take no seed below 0
    assert outcome.scores == (1.0, 1.0, 1.0)


LONG = ["0" * 20_000 + str(number) for number in range(4)]


def reads(tokens):
    async def context():
        return tokens

    return context


def test_a_prompt_of_the_whole_pool_must_fit_into_the_model():
    client = Endpoint(best_first)
    one = job(client, LONG, algorithm=Full())
    with pytest.raises(ConfigError, match=r"^test: 4 documents in one prompt .* reads 5000 at once"):
        run(replace(one, context=reads(5000)))
    assert client.sent == []
    for context in (reads(10**6), reads(None), None):
        assert run(replace(one, context=context)).order == (3, 2, 1, 0)


def test_windows_of_a_pool_are_not_held_against_the_model():
    one = job(Endpoint(best_first), LONG, algorithm=Sliding(window=2, stride=1))
    assert run(replace(one, context=reads(5000))).order[0] == 3


@dataclass
class LocalJudge:
    """Scores pairs, as a local model does."""

    gives: Detail = Detail.SCORES
    capacity: int | None = 1
    score_kind: str = "utility"
    carrier: str = "pairs"

    def ask(self, question, documents, *, attempt=0):
        [reply] = yield [PairCall(query=question.query, document=documents[0].text)]
        return Opinion(tiers=((0,),), scores=(float(reply.text),))


class LocalModel:
    """Scores a pair by its document, a number."""

    identity = Identity(model="local-m", endpoint="here", local=True)

    def knows(self, call):
        return False

    async def send(self, call):
        return Reply(text=call.document)

    async def aclose(self):
        pass


def test_scored_pairs_are_booked_under_their_model():
    one = replace(job(LocalModel(), [1, 5, 3], algorithm=Pointwise()), judge=LocalJudge())
    outcome = asyncio.run(judge_pool(one))
    assert outcome.order == (1, 2, 0)
    [scored] = Trace(outcome.events).of(Scored)
    assert (scored.stage, scored.round, scored.model, scored.pairs) == ("test", 1, "local-m", 3)
