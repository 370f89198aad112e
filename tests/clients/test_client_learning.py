"""What answers teach: log-probabilities that do not come, room for reasoning, and the first call alone."""

import asyncio
import threading

import pytest
from chat_endpoint import BASE_URL, bodies, make_client, replies, with_logprobs

from llmrerank.calls import TokenChoice
from llmrerank.clients.capabilities import capabilities
from llmrerank.errors import TransientError
from llmrerank.testing.stub_server import StubResponse, StubServer

CHAT = "/chat/completions"


def refusal(message, *, status=400, **fields):
    return status, {"message": message, **fields}


def otherwise(ask, text="q"):
    return ask(text, logprobs=5, otherwise=ask(text + " in words", max_tokens=16))


def test_log_probabilities(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(with_logprobs("yes", ("yes", -0.1), ("no", -2.5))))
    reply = send(otherwise(ask))
    assert reply.choices == (TokenChoice("yes", -0.1), TokenChoice("no", -2.5))
    assert (reply.answers, reply.attempts) == ("call", 1)
    assert capabilities(BASE_URL, "m").logprobs is True


def test_otherwise_where_none_came(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies("yes", "yes, it is", "no"))
    first, second = send(otherwise(ask), otherwise(ask, "r"))
    assert (first.text, first.answers, first.attempts) == ("yes, it is", "otherwise", 2)
    assert (first.usage.input, first.usage.output) == (20, 4)
    assert any("log-probabilities" in note for note in first.notes)
    assert (second.text, second.answers, second.attempts) == ("no", "otherwise", 1)
    assert [body["messages"][0]["content"] for body in bodies(endpoint)] == ["q", "q in words", "r in words"]
    assert "logprobs" not in bodies(endpoint)[2]


def test_otherwise_where_they_are_refused(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(refusal("logprobs are not supported"), "fine"))
    reply = send(otherwise(ask))
    assert (reply.text, reply.answers, reply.attempts) == ("fine", "otherwise", 2)
    assert capabilities(BASE_URL, "m").logprobs is False


def test_otherwise_for_one_answer_whose_first_token_is_not_known(endpoint, send, ask):
    hidden = with_logprobs("yes", ("<think>", -0.1)) | {"message": {"content": "yes", "reasoning": "hm"}}
    endpoint.post(CHAT).mock(side_effect=replies(hidden, "yes", with_logprobs("no", ("no", -0.2))))
    first, second = send(otherwise(ask), otherwise(ask, "r"))
    assert (first.answers, second.answers) == ("otherwise", "call")


def test_without_an_otherwise_the_reply_says_nothing_of_choices(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies("yes"))
    reply = send(ask(logprobs=5))
    assert (reply.choices, reply.answers, reply.attempts) == (None, "call", 1)


def test_an_empty_answer_teaches_nothing_of_log_probabilities(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies({"message": {"content": None}}))
    assert send(otherwise(ask)).answers == "call"
    assert capabilities(BASE_URL, "m").logprobs is None


# Room for reasoning


def cut_off(text="", **fields):
    return {"finish_reason": "length", "message": {"content": text, **fields}}


def test_a_model_that_reasons_gets_room(endpoint, send, ask):
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 8,
        "completion_tokens_details": {"reasoning_tokens": 8},
    }
    endpoint.post(CHAT).mock(side_effect=replies(cut_off() | {"usage": usage}, "yes", "no"))
    first, second = send(ask("1"), ask("2"))
    assert [body["max_tokens"] for body in bodies(endpoint)] == [8, 2056, 2056]
    assert (first.text, first.attempts, first.usage.output, first.usage.reasoning) == ("yes", 2, 10, 8)
    assert second.attempts == 1
    assert any("2048" in note for note in second.notes)
    assert capabilities(BASE_URL, "m").reasons is True


@pytest.mark.parametrize("text", ["<think>well", " <THINK>well", "[THINK]well"])
def test_more_room_where_the_first_was_too_small(endpoint, send, ask, text):
    endpoint.post(CHAT).mock(side_effect=replies(cut_off(text), cut_off(text), "yes", "yes"))
    first, _ = send(ask("1"), ask("2"))
    assert [body["max_tokens"] for body in bodies(endpoint)] == [8, 2056, 8200, 8200]
    assert first.attempts == 3


def test_an_answer_that_never_begins_is_returned(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=[*replies(*[cut_off("<think>")] * 3)])
    reply = send(ask())
    assert (reply.text, reply.finish_reason, reply.attempts) == ("<think>", "length", 3)


def test_a_model_that_repeats_line_breaks_gets_one_chance(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(*[cut_off("\n\n")] * 3))
    send(ask("1"), ask("2"))
    assert [body["max_tokens"] for body in bodies(endpoint)] == [8, 40, 8]


def test_a_blank_before_the_answer_needs_little_room(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(cut_off("\n"), "\nyes", "\nno"))
    first, second = send(ask("1", max_tokens=1), ask("2", max_tokens=1))
    assert (first.text, first.attempts, second.attempts) == ("\nyes", 2, 1)
    assert [body["max_tokens"] for body in bodies(endpoint)] == [1, 33, 33]


def test_reasoning_that_nobody_tells_of(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(cut_off(), cut_off(None), "yes", "no"))
    send(ask("1"), ask("2"))
    assert [body["max_tokens"] for body in bodies(endpoint)] == [8, 40, 2056, 2056]


def test_an_answer_that_is_cut_off_is_an_answer(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(cut_off("[2] > [1] >"), cut_off("<think>x</think>[2]")))
    assert [reply.attempts for reply in send(ask("1"), ask("2"))] == [1, 1]


def test_room_that_does_not_fit_the_model_is_taken_away(endpoint, send, ask):
    too_long = refusal("maximum context length is 2048", code="context_length_exceeded")
    thought = {"message": {"content": "yes", "reasoning": "hm"}}
    endpoint.post(CHAT).mock(side_effect=replies(thought, too_long, "no"))
    _, second = send(ask("1"), ask("2"))
    assert second.text == "no"
    assert [body["max_tokens"] for body in bodies(endpoint)] == [8, 2056, 40]


# The gate


def test_the_first_call_goes_alone(ask, waits):
    first = threading.Event()

    def answer(body):
        if not first.is_set():
            first.set()
            seen.append(len(server.requests))
            return StubResponse(status=400, body={"error": {"message": "'seed' is not supported"}})
        return "yes"

    seen: list[int] = []

    async def run():
        client = make_client(waits, base_url=server.base_url)
        answered = await asyncio.gather(*(client.send(ask(str(n))) for n in range(20)))
        await client.aclose()
        return answered

    with StubServer(answer, delay=0.01) as server:
        answered = asyncio.run(run())
        sent = server.requests
    assert seen == [1]
    assert sorted(reply.attempts for reply in answered) == [1] * 19 + [2]
    assert sum("seed" in body for body in sent) == 1


def test_what_the_first_call_did_not_show_is_learnt_by_one_more(ask, waits):
    async def run():
        client = make_client(waits, base_url=server.base_url)
        await client.send(ask("plain"))
        await asyncio.gather(*(client.send(otherwise(ask, str(n))) for n in range(10)))
        await client.aclose()

    with StubServer(lambda _: "yes") as server:
        asyncio.run(run())
        assert sum("logprobs" in body for body in server.requests) == 1


def test_a_first_call_that_fails_lets_the_others_through_at_once(ask, waits):
    async def run():
        client = make_client(waits, base_url=server.base_url, retries=1)
        failed = await asyncio.gather(*(client.send(ask(str(n))) for n in range(8)), return_exceptions=True)
        await client.aclose()
        return failed

    with StubServer(lambda _: StubResponse(status=500), delay=0.05) as server:
        failed = asyncio.run(run())
        assert server.most_at_once > 1
    assert all(isinstance(error, TransientError) for error in failed)
    assert len(server.requests) == 16


def test_a_first_call_that_is_cancelled_lets_the_others_through(ask, waits):
    arrived = threading.Event()

    def answer(body):
        arrived.set()
        return "yes"

    async def run():
        client = make_client(waits, base_url=server.base_url)
        first, second = (asyncio.create_task(client.send(ask(str(n)))) for n in range(2))
        await asyncio.to_thread(arrived.wait)
        first.cancel()
        reply = await second
        await client.aclose()
        return reply

    with StubServer(answer, delay=0.2) as server:
        assert asyncio.run(run()).text == "yes"
