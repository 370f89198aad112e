"""Identical calls share one flight, and only so many are under way at once."""

import asyncio
import threading

import pytest

from llmrerank.clients.flight import SingleFlight
from llmrerank.clients.limit import Limited
from llmrerank.clients.stack import chat_client
from llmrerank.errors import (
    PermanentError,
)
from llmrerank.settings import Settings
from llmrerank.testing.scripted import Scripted
from llmrerank.testing.stub_server import StubServer


class Held:
    """Answers when it is let go, and says who has come."""

    def __init__(self, answer="yes"):
        self.answer = answer
        self.arrived = asyncio.Event()
        self.go = asyncio.Event()
        self.now = self.most = 0

    async def __call__(self, call):
        self.now += 1
        self.most = max(self.most, self.now)
        self.arrived.set()
        try:
            await self.go.wait()
        finally:
            self.now -= 1
        return self.answer


async def until_idle():
    """Let every task run as far as it can without anything happening outside."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_identical_calls_are_sent_once(ask):
    async def run():
        held = Held()
        inner = Scripted(held)
        client = SingleFlight(inner)
        tasks = [asyncio.create_task(client.send(ask(text))) for text in "aabaa"]
        await until_idle()
        held.go.set()
        replies = await asyncio.gather(*tasks)
        assert (await client.send(ask("a"))).cached is False
        return inner.calls, replies

    calls, answered = asyncio.run(run())
    assert calls == [ask("a"), ask("b"), ask("a")]
    assert [reply.cached for reply in answered] == [False, True, False, True, True]


def test_clients_of_one_model_share_a_flight(ask):
    async def run():
        held = Held()
        inner = Scripted(held)
        tasks = [asyncio.create_task(SingleFlight(inner).send(ask())) for _ in range(2)]
        await until_idle()
        held.go.set()
        await asyncio.gather(*tasks)
        return len(inner.calls)

    assert asyncio.run(run()) == 1


def test_cancelling_the_first_does_not_cancel_the_second(ask):
    async def run():
        held = Held()
        client = SingleFlight(Scripted(held))
        first, second = (asyncio.create_task(client.send(ask())) for _ in range(2))
        await held.arrived.wait()
        first.cancel()
        await until_idle()
        assert first.cancelled()
        held.go.set()
        return (await second).text

    assert asyncio.run(run()) == "yes"


def test_cancelling_all_cancels_the_call(ask):
    async def run():
        held = Held()
        client = SingleFlight(Scripted(held))
        tasks = [asyncio.create_task(client.send(ask())) for _ in range(3)]
        await held.arrived.wait()
        for task in tasks:
            task.cancel()
        late = asyncio.create_task(client.send(ask()))
        await asyncio.gather(*tasks, return_exceptions=True)
        held.go.set()
        assert (await late).text == "yes"
        return held.now, asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(run()) == (0, set())


def test_a_failure_is_shared_within_a_client_and_tried_again_by_another(ask):
    async def run():
        held = Held()
        answers = [PermanentError("my key"), "yes"]

        async def answer(call):
            await held(call)
            return answers.pop(0)

        inner = Scripted(answer)
        mine, other = SingleFlight(inner), SingleFlight(inner)
        tasks = [asyncio.create_task(client.send(ask())) for client in (mine, mine, other)]
        await until_idle()
        held.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True), len(inner.calls)

    (first, second, third), sent = asyncio.run(run())
    assert isinstance(first, PermanentError)
    assert isinstance(second, PermanentError)
    assert (third.text, third.cached, sent) == ("yes", False, 2)


# The limit


@pytest.mark.parametrize("parallel", [1, 3])
def test_so_many_at_once(ask, parallel):
    async def run():
        held = Held()
        client = Limited(Scripted(held), parallel=parallel)
        tasks = [asyncio.create_task(client.send(ask(str(n)))) for n in range(8)]
        await until_idle()
        held.go.set()
        await asyncio.gather(*tasks)
        await client.aclose()
        return held.most

    assert asyncio.run(run()) == parallel


def test_cached_answers_take_no_place(tmp_path, ask):
    async def run():
        client = chat_client(
            Settings(model="m", base_url=server.base_url, parallel=1, cache=tmp_path / "answers.db")
        )
        await client.send(ask("known"))
        slow = asyncio.create_task(client.send(ask("slow")))
        await asyncio.to_thread(arrived.wait)
        assert (await client.send(ask("known"))).cached
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        await client.aclose()

    arrived = threading.Event()
    waiting = threading.Event()

    def answer(body):
        if body["messages"][0]["content"] == "slow":
            arrived.set()
            waiting.wait(0.2)
        return "yes"

    with StubServer(answer) as server:
        asyncio.run(run())
        waiting.set()


def test_waiting_for_a_place_is_not_part_of_the_timeout(ask):
    async def run():
        client = chat_client(
            Settings(model="m", base_url=server.base_url, parallel=1, timeout=1.0, retries=0)
        )
        answered = await asyncio.gather(*(client.send(ask(str(n))) for n in range(8)))
        await client.aclose()
        return [reply.text for reply in answered]

    with StubServer(lambda _: "yes", delay=0.15) as server:
        assert asyncio.run(run()) == ["yes"] * 8
