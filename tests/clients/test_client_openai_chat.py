"""What the transport makes of everything an endpoint can send."""

import asyncio
import threading
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpcore2
import httpx
import pytest
from chat_endpoint import BASE_URL, KEY, bodies, make_client, replies

from llmrerank.calls import FENCE, PairCall
from llmrerank.clients.address import Address
from llmrerank.errors import CallError, ConfigError, ContentFiltered, PermanentError, TransientError
from llmrerank.testing.stub_server import StubResponse, StubServer

CHAT = "/chat/completions"


def test_an_answer(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies("yes"))
    call = ask(f"{FENCE}text{FENCE}", fence="a1b2", seed=7)
    reply = send(call)
    assert (reply.text, reply.finish_reason, reply.attempts, reply.cached) == ("yes", "stop", 1, False)
    assert (reply.usage.input, reply.usage.output, reply.counted) == (10, 2, True)
    assert bodies(endpoint) == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "a1b2texta1b2"}],
            "temperature": 0.0,
            "seed": 7,
            "max_tokens": 8,
        }
    ]
    assert endpoint.calls[0].request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_transient_statuses_are_tried_again(endpoint, send, ask, waits, status):
    endpoint.post(CHAT).mock(side_effect=replies((status, "busy"), (status, "busy"), "yes"))
    reply = send(ask())
    assert (reply.text, reply.attempts, len(waits)) == ("yes", 3, 2)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 422, 451, 501])
def test_permanent_statuses_are_not(endpoint, send, ask, waits, status):
    endpoint.post(CHAT).mock(side_effect=replies((status, "no such thing")))
    call = ask()
    with pytest.raises(PermanentError, match="no such thing") as caught:
        send(call)
    assert (caught.value.status, caught.value.call, waits) == (status, call, [])


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        ((429, {"message": "You exceeded", "code": "insufficient_quota"}), PermanentError, "no quota left"),
        ((401, "Incorrect API key"), PermanentError, "key from OPENAI_API_KEY"),
        ((403, "not for you"), PermanentError, "does not allow 'm'"),
        ((404, {"message": "gone", "code": "model_not_found"}), PermanentError, "no model 'm'.*--base-url"),
        ((400, {"message": "x", "code": "content_filter"}), ContentFiltered, "refused this content"),
        (
            (400, {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
            ContentFiltered,
            "ref",
        ),
        (
            (400, {"message": "x", "code": "context_length_exceeded"}),
            PermanentError,
            "passage_tokens or window",
        ),
        ((413, "too large"), PermanentError, "passage_tokens or window"),
        (
            (400, "This model's maximum context length is 512 tokens; reduce max_tokens"),
            PermanentError,
            "window",
        ),
        ((400, "messages must not be empty"), PermanentError, "messages must not be empty"),
    ],
)
def test_each_failure_has_its_sentence(endpoint, send, ask, reply, kind, sentence):
    endpoint.post(CHAT).mock(side_effect=replies(reply))
    with pytest.raises(kind, match=sentence) as caught:
        send(ask())
    assert str(caught.value).count("\n") == 0
    assert len(endpoint.calls) == 1


def http_date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "1.5"}, 1.5, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25, 0.25),
        (lambda: {"retry-after": http_date(30)}, 5, 30),
        (lambda: {"retry-after": http_date(-30)}, 0.2, 0.5),
        ({"retry-after": "soon"}, 0.2, 0.5),
        ({"retry-after": "nan"}, 0.2, 0.5),
    ],
)
def test_retry_after(endpoint, send, ask, waits, headers, least, most):
    headers = headers() if callable(headers) else headers  # a date is made when it is sent
    endpoint.post(CHAT).mock(side_effect=replies((429, "slow down", headers), "yes"))
    assert send(ask()).text == "yes"
    assert least <= waits[0] <= most


def test_a_wait_longer_than_the_time_left_fails_at_once(endpoint, send, ask, waits):
    endpoint.post(CHAT).mock(side_effect=replies((429, "slow down", {"retry-after": "3600"})))
    with pytest.raises(TransientError, match="asks to wait 3600 s") as caught:
        send(ask())
    assert (caught.value.retry_after, waits) == (3600, [])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (httpcore2.ConnectError("refused"), "cannot reach http://endpoint.test/v1: is the server running"),
        (httpcore2.ReadError("reset"), "cannot reach"),
        (httpcore2.RemoteProtocolError("gone"), "cannot reach"),
        (httpcore2.ReadTimeout("slow"), "no answer within 60 s"),
    ],
)
def test_connection_failures_are_transient(endpoint, send, ask, waits, error, sentence):
    endpoint.post(CHAT).mock(side_effect=error)
    with pytest.raises(TransientError, match=sentence):
        send(ask())
    assert len(waits) == 2


def test_a_server_that_is_down(send, ask):
    with StubServer(lambda _: "yes") as server:
        url = server.base_url
    with pytest.raises(TransientError, match="is the server running"):
        send(ask(), base_url=url, retries=0)


def test_the_timeout_is_for_the_whole_request(send, ask):
    with (
        StubServer(lambda _: "late", delay=30) as server,
        pytest.raises(TransientError, match=r"no answer within 0.05 s"),
    ):
        send(ask(), base_url=server.base_url, retries=0, timeout=0.05)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(200, json={"error": {"message": "bad", "code": 400}}), PermanentError),
        (httpx.Response(200, json={"error": {"message": "model is overloaded"}}), TransientError),
        (httpx.Response(200, json={"error": {"message": "x", "code": 502}}), TransientError),
        (httpx.Response(200, json={"object": "error", "message": "nope", "code": 40000}), PermanentError),
        (httpx.Response(200, json=[{"error": {"message": "x", "code": 503}}]), TransientError),
        (httpx.Response(200, json={"detail": "Not here"}), PermanentError),
        (httpx.Response(200, json={"choices": []}), TransientError),
        (httpx.Response(200, json={"choices": None}), PermanentError),
        (httpx.Response(200, json={"choices": [{"error": {"message": "x", "code": 500}}]}), TransientError),
        (httpx.Response(200, json={"choices": [{"finish_reason": "stop"}]}), PermanentError),
        (httpx.Response(200, json={"choices": [{"finish_reason": "error", "message": {}}]}), TransientError),
        (httpx.Response(200, json={"hello": "world"}), PermanentError),
        (httpx.Response(200, json="yes"), PermanentError),
        (httpx.Response(200, html="<html>Please log in</html>"), PermanentError),
        (httpx.Response(200, text='{"choices": [{"mess'), TransientError),
        (httpx.Response(200, text=""), TransientError),
        (httpx.Response(502, html="<html>Bad Gateway</html>"), TransientError),
        (httpx.Response(404, text="404 page not found"), PermanentError),
    ],
)
def test_what_is_no_completion_is_never_an_answer(endpoint, send, ask, response, kind):
    endpoint.post(CHAT).mock(return_value=response)
    with pytest.raises(kind) as caught:
        send(ask(), retries=0)
    assert "<html>" not in str(caught.value)


def test_an_empty_answer_is_a_reply(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies({"message": {"content": None}}))
    assert send(ask()).text is None


def test_a_refusal_is_marked(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies({"message": {"content": None, "refusal": "I cannot help."}}))
    reply = send(ask())
    assert (reply.text, reply.finish_reason) == ("I cannot help.", "content_filter")


def test_a_pair_is_not_for_a_chat_model(send):
    with pytest.raises(ConfigError, match="scores no pairs"):
        send(PairCall(query="q", document="d"))


def test_the_key_is_told_to_nobody(endpoint, send, ask, waits):
    echo = f"Incorrect API key provided: {KEY}."
    endpoint.post(CHAT).mock(side_effect=replies((401, echo)))
    with pytest.raises(CallError) as caught:
        send(ask())
    told = "".join(traceback.format_exception(caught.value))
    assert "Incorrect API key" in told
    assert KEY not in told + repr(caught.value)
    assert KEY not in repr(make_client(waits)) + repr(vars(make_client(waits)))


@pytest.mark.parametrize("key", ["sk-\nx", "sk-ключ"])
def test_a_key_no_header_can_hold(send, ask, key):
    with pytest.raises(ConfigError, match="characters that no key has") as caught:
        send(ask(), key=key)
    assert key not in "".join(traceback.format_exception(caught.value))


def test_openai_itself_needs_a_key(send, ask):
    with pytest.raises(ConfigError, match="set OPENAI_API_KEY"):
        send(ask(), base_url="https://api.openai.com/v1", key=None)


def test_a_local_server_needs_none(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies("yes"))
    assert send(ask(), key=None).text == "yes"


@pytest.mark.parametrize(
    "given",
    [
        "http://host:8080/v1",
        "http://host:8080/v1/",
        " http://host:8080/v1/chat/completions",
        "http://host:8080/v1/chat/completions/",
        "http://user:word@host:8080/v1",
        "http://host:8080/v1?api-version=3",
    ],
)
def test_spellings_of_one_address(given):
    address = Address.of(given)
    assert address.shown == "http://host:8080/v1"
    assert "word" not in repr(address)


@pytest.mark.parametrize(
    "given", ["localhost:8080", "ftp://host/v1", "http://", "http://host:port/v1", "file:///x"]
)
def test_no_addresses(given):
    with pytest.raises(ConfigError, match="http://localhost:8080/v1"):
        Address.of(given)


def test_no_credentials_in_the_sentence():
    with pytest.raises(ConfigError) as caught:
        Address.of("ftp://user:word@host/v1?key=abc")
    assert "word" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_the_address_of_the_environment(monkeypatch):
    assert Address.of(None).shown == "https://api.openai.com/v1"
    assert Address.of(None).needs_key
    monkeypatch.setenv("OPENAI_BASE_URL", BASE_URL + "/")
    assert Address.of(None).shown == BASE_URL


def test_query_parameters_go_along(endpoint, send, ask):
    route = endpoint.post(CHAT, params={"api-version": "3"}).mock(side_effect=replies("yes"))
    send(ask(), base_url=BASE_URL + "?api-version=3")
    assert route.called


def test_cancelling_leaves_nothing_behind(ask, waits):
    async def run(url: str) -> set[asyncio.Task[object]]:
        client = make_client(waits, base_url=url)
        tasks = [asyncio.create_task(client.send(ask(str(n)))) for n in range(3)]
        await asyncio.to_thread(arrived.wait)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        await client.aclose()
        return asyncio.all_tasks() - {asyncio.current_task()}

    arrived = threading.Event()

    def never(_: object) -> str:
        arrived.set()
        return "never"

    with StubServer(never, delay=60) as server:
        assert asyncio.run(run(server.base_url)) == set()


def test_a_real_server_keeps_its_connection(send, ask):
    with StubServer(lambda body: StubResponse(status=503) if len(server.requests) == 1 else "yes") as server:
        first, second = send(ask("1"), ask("2"), base_url=server.base_url)
    assert (first.text, first.attempts, second.attempts) == ("yes", 2, 1)


def test_half_a_surrogate_pair_in_a_document(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies("yes"))
    assert send(ask("broken \ud83d text")).text == "yes"
    assert bodies(endpoint)[0]["messages"][0]["content"] == "broken ? text"
