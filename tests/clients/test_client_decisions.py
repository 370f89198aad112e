"""The client for decision models, against recorded shapes of both dialects."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_endpoint import BASE_URL, KEY, bodies

from llmrerank.answers.decisions import decode, flags_of, read_decisions, spell
from llmrerank.calls import DecisionCall, DecisionQuestion, ListCall, Reply
from llmrerank.clients.address import Address
from llmrerank.clients.deciding import Deciding
from llmrerank.clients.decisions import decision_client
from llmrerank.clients.failures import TooLong
from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.clients.retry import Retrying
from llmrerank.errors import CallError, ConfigError, ContentFiltered, PermanentError, TransientError
from llmrerank.settings import Settings
from llmrerank.types import Usage

SHAPES = {
    name: json.loads((Path(__file__).parent / "decision_shapes" / f"{name}.json").read_text())
    for name in ("openai", "systemone")
}
PATHS = {"openai": "/decisions", "systemone": "/systemone"}
STATE = SHAPES["openai"]["predicates"]["request"]["input"]
LEVELS = ("unrelated", "part", "whole")


def predicates(count: int = 3, *, state: str = STATE) -> DecisionCall:
    questions = tuple(
        DecisionQuestion(
            name=f"passage_{number}", kind="predicate", text=f"Is passage [{number}] relevant to the query?"
        )
        for number in range(1, count + 1)
    )
    return DecisionCall(state=state, questions=questions)


SCORES = DecisionCall(
    state=STATE,
    questions=(
        DecisionQuestion(name="passage_1", kind="score", text="How relevant is passage [1]?", levels=LEVELS),
    ),
)


def recorded(dialect: str, name: str) -> httpx.Response:
    return httpx.Response(200, json=SHAPES[dialect][name]["reply"])


def error(dialect: str, name: str, **headers: str) -> httpx.Response:
    said = SHAPES[dialect]["errors"][name]
    kind = {"text": said["body"]} if isinstance(said["body"], str) else {"json": said["body"]}
    return httpx.Response(said["status"], headers=headers, **kind)


@pytest.fixture
def decide(waits):
    """Send calls, one after another or at once, through a client made for them; the replies in order."""

    def through(*calls: Any, at_once: bool = False, dialect: str = "auto", **options: Any) -> list[Reply]:
        async def run() -> list[Reply]:
            transport = OpenAIChat(Address.of(BASE_URL), key=KEY)
            client = Deciding(
                Retrying(transport, retries=2, sleep=waits),
                transport,
                model="decider",
                dialect=dialect,
                **options,
            )
            try:
                if at_once:
                    return await asyncio.gather(*(client.send(call) for call in calls))
                return [await client.send(call) for call in calls]
            finally:
                await client.aclose()

        return asyncio.run(run())

    return through


@pytest.mark.parametrize("dialect", SHAPES)
@pytest.mark.parametrize(("name", "call"), [("predicates", predicates()), ("scores", SCORES)])
def test_both_dialects_are_asked_as_recorded(endpoint, decide, dialect, name, call):
    endpoint.post(PATHS[dialect]).mock(return_value=recorded(dialect, name))
    (reply,) = decide(call, dialect=dialect)
    assert bodies(endpoint) == [SHAPES[dialect][name]["request"]]
    assert endpoint.calls[0].request.headers["authorization"] == f"Bearer {KEY}"
    expected = {
        ("openai", "predicates"): (0.9731, 0.0124, None),
        ("openai", "scores"): (1.62,),
        ("systemone", "predicates"): (0.94, 0.03, None),
        ("systemone", "scores"): (1.71,),
    }
    assert reply.scores == expected[dialect, name]
    usage = SHAPES[dialect][name]["reply"]["usage"]
    assert (reply.usage.input, reply.usage.output) == (usage["input_tokens"], usage["output_tokens"])
    assert reply.counted
    assert reply.attempts == 1
    assert reply.notes == ()
    assert Reply.from_dict(json.loads(json.dumps(reply.to_dict()))).scores == reply.scores


def test_reasoning_tokens_and_the_reason_of_a_missing_number_are_kept(endpoint, decide):
    endpoint.post("/decisions").mock(
        side_effect=[recorded("openai", "scores"), recorded("openai", "predicates")]
    )
    scored, refused = decide(SCORES, predicates(), dialect="openai")
    assert scored.usage == Usage(input=61, output=9, reasoning=4)
    assert json.loads(refused.text) == {"passage_1": 0.9731, "passage_2": 0.0124, "passage_3": "refused"}
    assert flags_of(refused.text) == {"refused"}


@pytest.mark.parametrize(
    ("answers", "read"),
    [
        pytest.param(
            [
                {"name": "passage_2", "type": "predicate", "probability": 0.2},
                {"name": "passage_1", "type": "predicate", "probability": 0.1},
            ],
            (0.1, 0.2),
            id="another order",
        ),
        pytest.param(
            [{"name": None, "type": "predicate", "probability": 0.1}, {"type": "noul", "noul": 0.2}],
            (0.1, 0.2),
            id="no names: by place",
        ),
        pytest.param(
            [{"type": "predicate", "probability": 0.1}], ("missing", "missing"), id="too few, unnamed"
        ),
        pytest.param(
            [
                {"name": "passage_2", "type": "predicate", "probability": 0.1},
                {"type": "predicate", "probability": 1},
            ],
            ("missing", "duplicate"),
            id="a name and a place that contradict each other",
        ),
        pytest.param(
            {"passage_1": {"noul": 0.1}, "passage_9": {"noul": 0.2}}, (0.1, "missing"), id="uninvited"
        ),
        pytest.param(
            {"passage_1": None, "passage_2": {"type": "refusal"}}, ("missing", "refused"), id="none"
        ),
        pytest.param(
            [
                {"name": "passage_1", "type": "predicate", "probability": 0.1},
                {"name": "passage_1", "type": "predicate", "probability": 0.9},
                {"name": "passage_2", "type": "predicate", "probability": 0.4},
                {"name": "passage_2", "type": "predicate", "probability": 0.4},
            ],
            ("duplicate", 0.4),
            id="twice, and twice the same",
        ),
        pytest.param(
            {"passage_1": {"type": "noul", "noul": 1.2}, "passage_2": {"type": "noul", "noul": -0.5}},
            ("out_of_range", "out_of_range"),
            id="no probabilities",
        ),
        pytest.param(
            {"passage_1": {"type": "noul", "noul": 1.0000002}, "passage_2": {"type": "noul", "noul": -1e-9}},
            (1.0, 0.0),
            id="rounded",
        ),
        pytest.param(
            {"passage_1": {"type": "noul", "noul": "0.7"}, "passage_2": {"type": "noul", "noul": True}},
            ("unparsed", "unparsed"),
            id="no numbers",
        ),
        pytest.param(
            {"passage_1": {"type": "score", "score": 1}, "passage_2": {"type": "choice", "choice": "yes"}},
            ("unparsed", "unparsed"),
            id="another kind of answer",
        ),
        pytest.param({"passage_1": 0.4, "passage_2": []}, ("unparsed", "unparsed"), id="no answers at all"),
        pytest.param({"passage_1": {"type": "noul"}, "passage_2": {}}, ("unparsed", "unparsed"), id="empty"),
    ],
)
def test_answers_are_read_and_never_guessed(answers, read):
    questions = predicates(2).questions
    found = read_decisions(answers, questions)
    assert found == read
    assert flags_of(spell(questions, found)) == {one for one in read if isinstance(one, str)}


def test_what_json_hides_is_seen(endpoint, decide):
    text = '{"answers": {"passage_1": {"noul": 0.1}, "passage_1": {"noul": 0.9}, "passage_2": {"noul": NaN}}}'
    endpoint.post("/systemone").mock(return_value=httpx.Response(200, text=text))
    (reply,) = decide(predicates(2), dialect="systemone")
    assert json.loads(reply.text) == {"passage_1": "duplicate", "passage_2": "unparsed"}
    assert reply.scores == (None, None)
    assert decode('{"a": 1, "a": 2, "a": 3}') == {"a": (1, 2, 3)}


@pytest.mark.parametrize(("value", "read"), [(2, 2.0), (0, 0.0), (2.5, "out_of_range"), (-1, "out_of_range")])
def test_a_score_stays_on_its_scale(value, read):
    assert read_decisions({"passage_1": {"type": "score", "score": value}}, SCORES.questions) == (read,)


@pytest.mark.parametrize("words", [None, "", "yes", "[1]", "3"])
def test_a_text_of_another_kind_has_no_flags(words):
    assert flags_of(words) == frozenset()


def test_tokens_are_estimated_where_they_are_not_counted(endpoint, decide):
    endpoint.post("/systemone").mock(return_value=httpx.Response(200, json={"answers": {}}))
    (reply,) = decide(predicates(), dialect="systemone")
    assert not reply.counted
    assert reply.usage.input > 20
    assert reply.usage.output == 0


# Which dialect


@pytest.mark.parametrize(
    "unknown",
    [
        error("openai", "no_route"),
        error("systemone", "no_route"),
        error("openai", "wants_state"),
        httpx.Response(405, text=""),
        httpx.Response(200, html="<!doctype html><p>Welcome</p>"),
        httpx.Response(400, json={"error": {"message": '[{"path": ["state"], "message": "Required"}]'}}),
    ],
    ids=["404", "404 in words", "422", "405", "a web page", "400"],
)
def test_the_other_dialect_is_found_out_once_and_said(endpoint, decide, unknown):
    first = endpoint.post("/decisions").mock(return_value=unknown)
    second = endpoint.post("/systemone").mock(return_value=recorded("systemone", "predicates"))
    replies = decide(predicates(), predicates(state="another"))
    assert (first.call_count, second.call_count) == (1, 2)
    assert [reply.attempts for reply in replies] == [2, 1]
    for reply in replies:
        assert reply.scores == (0.94, 0.03, None)
        assert reply.notes == (f"found out that {BASE_URL} speaks System One: dialect='systemone'",)


def test_calls_at_once_do_not_all_find_out(endpoint, decide):
    first = endpoint.post("/decisions").mock(return_value=error("openai", "no_route"))
    second = endpoint.post("/systemone").mock(return_value=recorded("systemone", "predicates"))
    replies = decide(*(predicates(state=f"state {n}") for n in range(5)), at_once=True)
    assert (first.call_count, second.call_count) == (1, 5)
    assert sum(reply.attempts for reply in replies) == 6


def test_the_first_dialect_needs_no_word(endpoint, decide):
    endpoint.post("/decisions").mock(return_value=recorded("openai", "predicates"))
    replies = decide(predicates(), predicates(state="another"))
    assert [(reply.attempts, reply.notes) for reply in replies] == [(1, ()), (1, ())]


def test_an_endpoint_without_decisions_says_so(endpoint, decide):
    endpoint.post("/decisions").mock(return_value=error("openai", "no_route"))
    endpoint.post("/systemone").mock(return_value=error("systemone", "no_model"))
    with pytest.raises(PermanentError) as caught:
        decide(predicates())
    told = str(caught.value)
    assert "answers no decisions of 'decider'" in told
    assert "neither as OpenAI's Decisions API nor as System One" in told
    assert "try pulling it first" in told
    assert "--model" in told
    assert caught.value.call == predicates()


@pytest.mark.parametrize(
    ("dialect", "refusal", "probed"),
    [
        ("openai", error("openai", "no_route"), error("systemone", "no_question")),
        ("openai", error("openai", "wants_state"), None),
        ("openai", recorded("systemone", "predicates"), None),
        ("openai", httpx.Response(200, html="<html>"), error("systemone", "no_question")),
        ("systemone", error("systemone", "no_route"), error("openai", "too_many")),
        ("systemone", error("systemone", "no_route"), httpx.Response(200, json={"answers": []})),
        ("systemone", error("systemone", "wants_input"), None),
        ("systemone", recorded("openai", "predicates"), None),
    ],
)
def test_another_dialect_than_configured_is_named(endpoint, decide, dialect, refusal, probed):
    other = "systemone" if dialect == "openai" else "openai"
    endpoint.post(PATHS[dialect]).mock(return_value=refusal)
    route = endpoint.post(PATHS[other]).mock(return_value=probed or httpx.Response(500))
    with pytest.raises(PermanentError) as caught:
        decide(predicates(), dialect=dialect)
    titles = {"openai": "OpenAI's Decisions API", "systemone": "System One"}
    assert f"{BASE_URL} seems to speak {titles[other]} and not {titles[dialect]}" in str(caught.value)
    assert f"write dialect='{other}' in place of dialect='{dialect}'" in str(caught.value)
    # Nobody is made to pay for finding out: a body without questions is sent, if any.
    assert [len(json.loads(call.request.content)["questions"]) for call in route.calls] == [0] * (
        probed is not None
    )


@pytest.mark.parametrize(
    ("refusal", "probed", "asked"),
    [
        (error("systemone", "no_route"), httpx.Response(404), 1),
        (error("systemone", "no_route"), httpx.Response(503), 1),
        (error("systemone", "no_route"), httpx.Response(200, text="<html>"), 1),
        (error("systemone", "no_model"), error("openai", "too_many"), 0),
    ],
    ids=["nothing there", "nothing known", "a web page", "another model"],
)
def test_where_no_dialect_is_spoken_none_is_named(endpoint, decide, refusal, probed, asked):
    endpoint.post("/systemone").mock(return_value=refusal)
    route = endpoint.post("/decisions").mock(return_value=probed)
    with pytest.raises(PermanentError, match="knows no model 'decider' or nothing at /systemone") as caught:
        decide(predicates(), dialect="systemone")
    assert "seems to speak" not in str(caught.value)
    assert route.call_count == asked


# Failures


def test_a_full_endpoint_is_asked_again_when_it_says(endpoint, decide, waits):
    busy = httpx.Response(
        429, json={"error": {"message": "Rate limit reached"}}, headers={"Retry-After": "7"}
    )
    endpoint.post("/decisions").mock(side_effect=[busy, recorded("openai", "predicates")])
    (reply,) = decide(predicates())
    assert waits == [7.0]
    assert reply.attempts == 2
    assert reply.scores == (0.9731, 0.0124, None)


@pytest.mark.parametrize(
    ("dialect", "said", "kind", "part"),
    [
        ("systemone", error("systemone", "overloaded"), TransientError, "status 529"),
        ("openai", error("openai", "filtered"), ContentFiltered, "refused this content"),
        ("openai", error("openai", "too_many"), PermanentError, "fewer questions in one call; lower batch"),
        ("systemone", error("systemone", "too_long"), TooLong, "lower batch or passage_tokens"),
        (
            "systemone",
            httpx.Response(
                400, json={"error": {"message": 'HTTP 400: {"error_type": "max_tokens_exceeded"}'}}
            ),
            TooLong,
            "lower batch",
        ),
        ("openai", httpx.Response(413, text=""), TooLong, "lower batch"),
        (
            "openai",
            httpx.Response(400, json={"error": {"message": "maximum context length is 1024 tokens"}}),
            TooLong,
            "1024 tokens",
        ),
        (
            "openai",
            httpx.Response(401, json={"error": {"message": f"bad {KEY}"}}),
            PermanentError,
            "OPENAI_API_KEY",
        ),
        (
            "openai",
            httpx.Response(403, json={"error": {"message": "no"}}),
            PermanentError,
            "does not allow 'decider'",
        ),
        ("openai", httpx.Response(402, json={"error": {"message": "pay"}}), PermanentError, "no quota left"),
        (
            "openai",
            httpx.Response(400, json={"error": {"message": "decider is a chat model"}}),
            PermanentError,
            "is a chat model",
        ),
        (
            "openai",
            httpx.Response(200, json={"error": {"message": "overloaded, try again"}}),
            TransientError,
            "overloaded",
        ),
        ("openai", httpx.Response(200, json={"choices": []}), PermanentError, "no decision"),
        ("openai", httpx.Response(200, json=[]), PermanentError, "no decision"),
        ("openai", httpx.Response(200, json={"answers": "yes"}), PermanentError, "no decision"),
        ("openai", httpx.Response(200, text='{"answers": ['), TransientError, "not whole JSON"),
    ],
    ids=str,
)
def test_failures_say_what_to_do(endpoint, decide, dialect, said, kind, part):
    endpoint.post(PATHS[dialect]).mock(return_value=said)
    with pytest.raises(CallError) as caught:
        decide(predicates(), dialect=dialect)
    assert isinstance(caught.value, kind)
    assert part in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_call_of_another_kind_is_refused(decide):
    with pytest.raises(ConfigError, match="asked as a decision model"):
        decide(ListCall(query="q", documents=("d",)))


def test_further_fields_are_sent_in_both_dialects(endpoint, decide):
    for dialect, path in PATHS.items():
        endpoint.post(path).mock(return_value=recorded(dialect, "predicates"))
        decide(predicates(), dialect=dialect, extra_body={"safety_identifier": "me"})
    assert [body["safety_identifier"] for body in bodies(endpoint)] == ["me", "me"]


# The whole client


def ask_all(settings: Settings, *calls: DecisionCall, **options: Any) -> list[Reply]:
    async def run() -> list[Reply]:
        client = decision_client(settings, **options)
        try:
            return list(await asyncio.gather(*(client.send(call) for call in calls)))
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_what_was_asked_before_is_not_sent_again(endpoint, tmp_path):
    route = endpoint.post("/decisions").mock(return_value=recorded("openai", "predicates"))
    settings = Settings(model="decider", base_url=BASE_URL, cache=tmp_path / "cache.sqlite")
    first, twin = ask_all(settings, predicates(), predicates())
    (again,) = ask_all(settings, predicates())
    assert route.call_count == 1
    assert [first.cached, twin.cached, again.cached] == [False, True, True]
    assert first.scores == again.scores == (0.9731, 0.0124, None)
    assert (again.text, again.usage) == (first.text, first.usage)
    ask_all(settings, predicates(state="another"))
    ask_all(settings, predicates(), model="other")
    assert route.call_count == 3


def test_what_was_recorded_is_replayed(endpoint, tmp_path):
    route = endpoint.post("/systemone").mock(return_value=recorded("systemone", "scores"))
    path = tmp_path / "tape.jsonl"
    settings = Settings(model="decider", base_url=BASE_URL, record=path)
    (live,) = ask_all(settings, SCORES, dialect="systemone")
    (replayed,) = ask_all(Settings(replay=path), SCORES)
    assert route.call_count == 1
    assert replayed == live
    assert KEY not in path.read_text()


@pytest.mark.parametrize("tail", ["", "/", "/systemone", "/systemone/"])
def test_a_base_url_may_name_the_dialect(endpoint, tail):
    first = endpoint.post("/decisions").mock(return_value=error("openai", "no_route"))
    endpoint.post("/systemone").mock(return_value=recorded("systemone", "predicates"))
    (reply,) = ask_all(Settings(model="decider", base_url=BASE_URL + tail), predicates())
    assert reply.scores == (0.94, 0.03, None)
    assert first.call_count == (0 if "systemone" in tail else 1)


def test_a_base_url_that_contradicts_the_dialect_is_refused():
    with pytest.raises(ConfigError, match="ends in /systemone means dialect='systemone'"):
        decision_client(Settings(model="m", base_url=f"{BASE_URL}/systemone"), dialect="openai")
    with pytest.raises(ConfigError, match="is not an http or https address"):
        decision_client(Settings(model="m", base_url="decider.test"))


def test_openai_wants_a_key():
    with pytest.raises(ConfigError, match="needs a key: set OPENAI_API_KEY"):
        ask_all(Settings(model="decider"), predicates())


def test_the_only_model_is_found(endpoint):
    endpoint.get("/models").mock(return_value=httpx.Response(200, json={"data": [{"id": "decider"}]}))
    endpoint.post("/decisions").mock(return_value=recorded("openai", "predicates"))
    ask_all(Settings(base_url=BASE_URL), predicates())
    assert json.loads(endpoint.calls[-1].request.content)["model"] == "decider"
