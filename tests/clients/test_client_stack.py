"""The whole client: discovery of the model, event loops, forks; and the fakes that stand for it."""

import asyncio
import json
import os
import threading

import pytest
from chat_endpoint import BASE_URL, replies

from llmrerank.calls import Message, PairCall
from llmrerank.clients.stack import chat_client
from llmrerank.errors import (
    CallError,
    ConfigError,
    PermanentError,
)
from llmrerank.settings import Settings
from llmrerank.testing.scripted import Scripted
from llmrerank.testing.stub_server import StubResponse, StubServer, completion


def stacked(ask, *texts, **settings):
    async def run():
        client = chat_client(Settings(base_url=BASE_URL, retries=0, **settings))
        before = (client.identity.model, client.knows(ask()))
        try:
            answered = await asyncio.gather(*(client.send(ask(text)) for text in texts))
            return before, client.identity.model, answered
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_the_only_model_is_asked_for_once(endpoint, ask):
    models = endpoint.get("/models").respond(json={"data": [{"id": "only"}]})
    endpoint.post("/chat/completions").mock(side_effect=lambda request: replies("yes")[0])
    before, model, answered = stacked(ask, "1", "2", "3")
    assert (before, model, models.call_count) == (("", False), "only", 1)
    assert [reply.text for reply in answered] == ["yes"] * 3
    assert json.loads(endpoint.calls[-1].request.content)["model"] == "only"


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        ({"json": {"data": [{"id": "a"}, {"id": "b"}]}}, "serves a, b; say which with --model"),
        ({"json": {"data": [{"id": f"m{n}"} for n in range(20)]}}, "and 12 more"),
        ({"json": {"data": []}}, "serves no model yet"),
        ({"status_code": 404}, "keeps no list of models; say which with --model"),
    ],
)
def test_models_that_nobody_chose(endpoint, ask, response, sentence):
    endpoint.get("/models").respond(**response)
    with pytest.raises(ConfigError, match=sentence):
        stacked(ask, "1")


def test_a_failure_while_asking_is_the_endpoints(endpoint, ask):
    endpoint.get("/models").respond(503, json={"error": {"message": "loading"}})
    with pytest.raises(CallError, match="loading"):
        stacked(ask, "1")


# Loops and forks


def test_each_loop_has_its_own_connections(ask):
    with StubServer(lambda _: "yes") as server:
        client = chat_client(Settings(model="m", base_url=server.base_url))

        async def run(text):
            answered = await asyncio.gather(*(client.send(ask(f"{text}{n}")) for n in range(3)))
            await client.aclose()
            return [reply.text for reply in answered]

        assert asyncio.run(run("a")) == ["yes"] * 3
        assert asyncio.run(run("b")) == ["yes"] * 3
        results = []
        threads = [
            threading.Thread(target=lambda n=n: results.append(asyncio.run(run(f"t{n}")))) for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [["yes"] * 3] * 3


def test_a_client_is_used_again_after_it_was_closed(ask):
    async def run():
        for text in ("1", "2"):
            await client.send(ask(text))
            await client.aclose()

    with StubServer(lambda _: "yes") as server:
        client = chat_client(Settings(model="m", base_url=server.base_url))
        asyncio.run(run())
        assert len(server.requests) == 2


def test_a_forked_child_connects_anew(ask):
    with StubServer(lambda body: body["messages"][0]["content"]) as server:
        client = chat_client(Settings(model="m", base_url=server.base_url))

        async def run(text):
            return (await client.send(ask(text))).text

        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(run("parent")) == "parent"
        child = os.fork()
        if child == 0:
            fresh = asyncio.new_event_loop()
            os._exit(0 if fresh.run_until_complete(run("child")) == "child" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert loop.run_until_complete(run("parent again")) == "parent again"
        loop.run_until_complete(client.aclose())
        loop.close()


def test_nothing_is_opened_before_the_first_call(tmp_path):
    chat_client(Settings(model="m", cache=tmp_path / "c", record=tmp_path / "r", replay=None))
    assert list(tmp_path.iterdir()) == []


# The fakes


def test_a_stub_server_gives_whole_replies(ask):
    def answer(body):
        return {
            "text": "plain",
            "whole": completion("whole", usage={"prompt_tokens": 7, "completion_tokens": 3}),
            "error": StubResponse(status=401, body={"error": {"message": "who are you"}}),
        }[body["messages"][0]["content"]]

    async def run():
        client = chat_client(Settings(model="m", base_url=server.base_url, retries=0))
        answered = await asyncio.gather(
            *(client.send(ask(text)) for text in ("text", "whole", "error")), return_exceptions=True
        )
        await client.aclose()
        return answered

    with StubServer(answer) as server:
        plain, whole, error = asyncio.run(run())
    assert (plain.text, whole.text, whole.usage.total) == ("plain", "whole", 10)
    assert isinstance(error, PermanentError)


def test_a_scripted_client(ask):
    script = Scripted(lambda call: 0.5 if isinstance(call, PairCall) else ValueError("mine"), local=True)
    pair = PairCall(query="q", document="d")
    assert asyncio.run(script.send(pair)).score == 0.5
    with pytest.raises(ValueError, match="mine"):
        asyncio.run(script.send(ask()))
    assert script.calls == [pair, ask()]
    assert script.identity.local
    assert ask().messages == (Message("user", "Is it relevant?"),)
