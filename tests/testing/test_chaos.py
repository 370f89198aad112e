"""The chaos endpoint: right between its faults, seeded, honest in its counts; what each fault comes to."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from chaotic import ASKING, QUERY, documents, endpoint, sent, settings, spelled

from llmrerank import Reranker, prompts
from llmrerank.errors import ConfigError, PermanentError, TransientError, UnknownName
from llmrerank.judges import Question
from llmrerank.testing.chaos import FAULTS, ChaosEndpoint, evenly, shared_words
from llmrerank.trace import Called, Retried
from llmrerank.types import Document

PICKS = [*ASKING, "listwise(read='json')", "listwise(read='logprobs')", "pointwise(prompt='qwen3-reranker')"]


PLAIN = ("null-content", "length", "refusal", "prose", "garbled", "other-form")


def named(kind):
    return [name for name, fault in FAULTS.items() if fault.kind == kind]


def ranked(server, strategy="full", size=6, **options):
    with Reranker(spelled(strategy), settings=settings(server, **options)) as reranker:
        return reranker.rank(QUERY, documents(size))


def best_first(size):
    return [f"d{place}" for place in sorted(range(size), key=lambda place: -((place * 37 + 11) % 101))]


@pytest.mark.parametrize("strategy", PICKS)
def test_without_faults_it_is_an_oracle_for_every_form_of_question(strategy):
    with endpoint() as server:
        ranking = ranked(server, strategy)
    tied = "grade" in ranking.score_kind and not any(hit.score % 1 for hit in ranking)
    assert tied or [hit.document.id for hit in ranking] == best_first(6)
    assert not ranking.degraded
    assert server.served == server.arrived == sent(ranking.trace) > 0


@pytest.mark.parametrize("name", named("transient"))
def test_what_passes_is_sent_again_and_leaves_no_mark_but_in_the_trace(name):
    """Every request fails once and is served then."""
    with endpoint({name: 1.0}, in_a_row=1) as server:
        ranking = ranked(server)
    assert server.injected == {name: 1}
    assert [hit.document.id for hit in ranking] == best_first(6)
    assert not ranking.trace.degraded
    assert (ranking.trace.calls, server.served) == (1, 1)
    assert [event.attempts for event in ranking.trace.of(Retried)] == [2]
    assert sent(ranking.trace) == server.arrived


@pytest.mark.parametrize("name", [name for name in named("transient") if name != "drip"])
def test_what_does_not_pass_is_the_endpoints_fault_in_one_sentence(name):
    with endpoint({name: 1.0}) as server, pytest.raises(TransientError, match=r"127\.0\.0\.1") as caught:
        ranked(server, retries=0)
    assert server.arrived == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        *(("full", name) for name in named("answer")),
        *((strategy, name) for strategy in ("graded", "setwise") for name in PLAIN),
    ],
)
def test_an_answer_that_says_less_is_repaired_or_asked_again_or_marked(name, strategy):
    with endpoint({name: 1.0}) as server:
        ranking = ranked(server, strategy, size=4)
    trace = ranking.trace
    assert trace.calls == server.arrived
    assert sorted(hit.document.id for hit in ranking) == ["d0", "d1", "d2", "d3"]
    if [hit.document.id for hit in ranking] != best_first(4):
        assert trace.repaired or trace.degraded, "an order that is wrong, and nobody says so"
    if name in ("missing-labels", "duplicated-labels", "invented-labels") and server.injected:
        assert trace.repaired or trace.degraded


@pytest.mark.parametrize("name", named("evidence"))
def test_without_log_probabilities_words_are_read_and_the_trace_says_so(name):
    with endpoint({name: 1.0}) as server:
        ranking = ranked(server, "pointwise")
    assert server.injected[name] >= 1
    assert ranking.score_kind == "grade"
    assert all("log-probabilities" in " ".join(call.notes) for call in ranking.trace.of(Called))


@pytest.mark.parametrize("name", named("harmless"))
def test_the_same_in_another_dress_is_the_same(name):
    with endpoint({name: 1.0}) as server:
        ranking = ranked(server)
    assert server.injected == {name: 1}
    assert [hit.document.id for hit in ranking] == best_first(6)
    assert not ranking.degraded
    assert all(call.counted == (name != "no-usage") for call in ranking.trace.of(Called))


def test_what_lasts_is_not_tried_again():
    for name, kind in (("rate-limit-hours", TransientError), ("web-page", PermanentError)):
        with endpoint({name: 1.0}) as server, pytest.raises(kind):
            ranked(server)
        assert server.arrived == 1


def test_refused_parameters_are_refused_for_good_and_left_out():
    with endpoint({"refused-parameter": 1.0}) as server:
        ranking = ranked(server)
        arrived = server.arrived
        ranked(server)
    assert 2 <= arrived == server.injected["refused-parameter"] + 1
    assert server.arrived == arrived + 1, "what was learnt is kept to"
    [call] = ranking.trace.of(Called)
    assert all("refused" in note or "max_tokens" in note for note in call.notes)


@pytest.mark.parametrize("strategy", ["graded", "decide", "api"])
def test_the_same_requests_meet_the_same_faults_at_any_parallelism(strategy):
    def injected(parallel):
        with endpoint(evenly(0.5, kind="transient") | {"hang": 0, "drip": 0}, seed=3) as server:
            ranked(server, strategy, size=12, parallel=parallel)
            return server.injected

    assert injected(1) == injected(12)


def test_another_seed_is_another_story():
    def injected(seed):
        with endpoint({"status-500": 0.3, "reset": 0.3}, seed=seed) as server:
            ranked(server, "graded", size=6)
            return server.injected

    assert injected(1) == injected(1)
    assert len({tuple(sorted(injected(seed).items())) for seed in range(3)}) > 1


def test_rates_are_checked():
    with pytest.raises(UnknownName, match="did you mean 'hang'"):
        ChaosEndpoint({"hangs": 0.1})
    for rates in ({"hang": 1.2}, {"hang": 0.6, "drip": 0.6}, -0.1):
        with pytest.raises(ConfigError, match="0 to 1"):
            ChaosEndpoint(rates)
    assert sum(evenly(0.3).values()) == pytest.approx(0.3)
    assert set(evenly(0.3, ("hang", "refusal"), kind="answer")) == {"refusal"}


def test_it_serves_asynchronous_code_and_leaves_nothing_open():
    async def work():
        async with endpoint({"status-503": 1.0}, in_a_row=1) as server:
            async with Reranker("full", settings=settings(server)) as reranker:
                ranking = await reranker.arank(QUERY, documents(3))
            return server, ranking

    server, ranking = asyncio.run(work())
    assert [hit.document.id for hit in ranking] == best_first(3)
    assert server.connections == 0


def test_prompts_of_ones_own_have_an_answer_of_ones_own():
    with ChaosEndpoint({"prose": 1.0}, answer=lambda body: "[2] > [1]") as server:
        ranking = ranked(server, size=2)
    assert [hit.document.id for hit in ranking] == ["d1", "d0"]
    assert not server.injected, "nothing is known of such an answer that could be made wrong"
    assert shared_words("", "anything") == 0


def test_it_is_a_program_that_tells_what_it_did():
    words = [sys.executable, "-m", "llmrerank.testing.chaos", "--rate", "1", "--kind", "evidence"]
    asked = {"messages": [{"role": "user", "content": "<Query>: a\n<Document>: a b"}], "model": "m"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
        try:
            url = program.stdout.readline().strip()
            for more in ({}, {"logprobs": True, "top_logprobs": 2, "max_tokens": 1}):
                request = urllib.request.Request(f"{url}/chat/completions", json.dumps(asked | more).encode())
                with urllib.request.urlopen(request) as reply:
                    [choice] = json.loads(reply.read())["choices"]
                assert choice["message"]["content"] == "yes"
                assert not (choice.get("logprobs") or {}).get("content")
            with urllib.request.urlopen(url.removesuffix("/v1") + "/chaos") as page:
                counts = json.loads(page.read())
        finally:
            program.terminate()
    assert (counts["arrived"], counts["served"]) == (2, 1)
    assert sum(counts["injected"].values()) == 1
    assert set(counts["injected"]) <= set(named("evidence"))


def test_as_a_program_it_refuses_what_cannot_be_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words, part in (
            (("--port", port), f"cannot listen on port {port}"),
            (("--rate", "2"), "0 to 1, got 2"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "llmrerank.testing.chaos", *words], capture_output=True, text=True
            )
            assert done.returncode == 2
            assert part in done.stderr
            assert "Traceback" not in done.stderr


def test_the_documentation_lists_every_fault():
    page = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
    rows = page.read_text().partition("| fault | what is sent | kind |")[2].partition("\n\n")[0]
    written = re.findall(r"^\| `([\w-]+)` \| (.*) \| (\w+) \|$", rows, re.MULTILINE)
    assert written == [(fault.name, fault.says, fault.kind) for fault in FAULTS.values()]


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"[]", b"5", b"\xff", b"[" * 100_000),
        *(json.dumps(body).encode() for body in ({}, {"messages": 5}, {"documents": 5, "query": "q"})),
        b'{"messages": [{"role": "system", "content": "Hi"}]}',
        b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}',
        b'{"messages": [{"role": "user", "content": "Query: x\\n\\n--- 0123456789abcdef\\n"}]}',
    ],
)
def test_what_it_cannot_read_is_refused_and_breaks_no_connection(body):
    """A connection that breaks looks like one of its faults, and is counted as none."""
    with endpoint() as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{server.base_url}/chat/completions", body, timeout=10)
        assert caught.value.code == 400
        assert json.load(caught.value)["error"]["message"]
        assert not server.injected


def test_content_in_parts_is_read_as_one_text():
    with endpoint() as server:
        rendered = prompts.load("pointwise").render(Question(query="a b"), [Document(id="d", text="a b")])
        messages = [
            {"role": one.role, "content": [{"type": "text", "text": one.content}]}
            for one in rendered.call(max_tokens=1, seed=0).fenced()
        ]
        body = json.dumps({"messages": messages}).encode()
        with urllib.request.urlopen(f"{server.base_url}/chat/completions", body, timeout=10) as reply:
            assert json.load(reply)["choices"][0]["message"]["content"] in ("yes", "no")
