"""Parameters that an endpoint refuses by name: left out, renamed or lowered, and remembered."""

import pytest
from chat_endpoint import BASE_URL, bodies, make_client, replies, with_logprobs

from llmrerank.calls import ChatCall, Message, TokenChoice
from llmrerank.clients.capabilities import capabilities
from llmrerank.errors import PermanentError

CHAT = "/chat/completions"
SCHEMA = '{"type":"object"}'


def refusal(message, *, status=400, **fields):
    return status, {"message": message, **fields}


@pytest.mark.parametrize(
    ("refused", "gone"),
    [
        (refusal("Unsupported value: 'temperature' does not support 0 with this model."), {"temperature"}),
        (refusal("Only the default is supported", param="temperature"), {"temperature"}),
        (refusal("Unknown name: Cannot find field 'seed'."), {"seed"}),
        (refusal("x", status=422, detail=[{"loc": ["body", "seed"], "msg": "Extra inputs"}]), {"seed"}),
        (refusal("deepseek-reasoner does not support the parameter logprobs"), {"logprobs", "top_logprobs"}),
        (refusal("You are not allowed to request logprobs.", status=403), {"logprobs", "top_logprobs"}),
        (refusal("Invalid parameter: 'response_format' of type 'json_schema'"), {"response_format"}),
        (refusal("structured outputs are not supported"), {"response_format"}),
        (refusal("Model does not support parameter reasoningEffort."), {"reasoning_effort"}),
        (refusal("Unrecognized request argument supplied: reasoning_effort"), {"reasoning_effort"}),
    ],
)
def test_a_parameter_that_is_named_is_left_out(endpoint, send, ask, waits, refused, gone):
    endpoint.post(CHAT).mock(side_effect=replies(refused, with_logprobs("yes", ("yes", -0.1)), "yes"))
    call = ask(logprobs=5, schema=SCHEMA)
    first, second = send(call, ask("again", logprobs=5, schema=SCHEMA), effort="low")
    before, after, later = bodies(endpoint)
    assert set(before) - set(after) == gone
    assert set(later) == set(after)
    assert (first.attempts, second.attempts, waits) == (2, 1, [])
    assert any(name in note for note in first.notes for name in gone)


def test_a_detail_of_fastapi(endpoint, send, ask):
    detail = [
        {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs", "input": "temperature"},
        {"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs", "input": 0},
    ]
    endpoint.post(CHAT).respond(422, json={"detail": detail})
    with pytest.raises(PermanentError):
        send(ask())
    _, after = bodies(endpoint)
    assert set(after) == {"model", "messages", "max_tokens"}


def test_the_limit_is_renamed_never_dropped(endpoint, send, ask):
    told = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    endpoint.post(CHAT).mock(side_effect=replies(refusal(told, param="max_tokens"), "yes"))
    assert send(ask()).notes == ("max_tokens sent as max_completion_tokens",)
    assert bodies(endpoint)[1]["max_completion_tokens"] == 8
    assert "max_tokens" not in bodies(endpoint)[1]


def test_no_limit_at_all_is_final(endpoint, send, ask):
    endpoint.post(CHAT).mock(
        side_effect=replies(refusal("no max_tokens here"), refusal("no max_completion_tokens here"))
    )
    with pytest.raises(PermanentError, match="no max_completion_tokens"):
        send(ask())


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        (
            "Invalid 'top_logprobs': integer above maximum value. Expected a value <= 5, but got 20 instead.",
            5,
        ),
        ("Requested sample logprobs of 20, which is greater than max allowed: 8", 8),
        ("top_logprobs must be between 0 and 10", 10),
    ],
)
def test_fewer_alternatives(endpoint, send, ask, told, sent):
    endpoint.post(CHAT).mock(side_effect=replies(refusal(told), with_logprobs("yes", ("yes", -0.1))))
    assert send(ask(logprobs=20)).choices == (TokenChoice("yes", -0.1),)
    assert bodies(endpoint)[1]["top_logprobs"] == sent


def test_a_limit_that_is_too_large_is_lowered(endpoint, send, ask):
    told = "max_tokens is too large: 9000. This model supports at most 4096 completion tokens."
    endpoint.post(CHAT).mock(side_effect=replies(refusal(told, param="max_tokens"), "yes"))
    send(ask(max_tokens=9000))
    assert bodies(endpoint)[1]["max_tokens"] == 4096


def test_a_temperature_above_zero(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(refusal("`temperature` must be strictly positive"), "yes"))
    send(ask())
    assert 0 < bodies(endpoint)[1]["temperature"] < 0.1


def test_json_without_a_schema(endpoint, send, ask):
    told = "response_format must be one of 'text', 'json_object'"
    endpoint.post(CHAT).mock(side_effect=replies(refusal(told), "{}"))
    send(ask(schema=SCHEMA))
    assert bodies(endpoint)[0]["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert bodies(endpoint)[1]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        (
            "Unsupported value: 'none'. Supported values are: 'minimal', 'low', 'medium', and 'high'.",
            "minimal",
        ),
        ("reasoning_effort 'none' is invalid: expected low, medium or high", "low"),
        ("Invalid value for reasoning_effort", "minimal"),
        ("Budget 0 is invalid. This model only works in thinking mode.", "minimal"),
    ],
)
def test_the_lowest_effort_that_is_taken(endpoint, send, ask, told, taken):
    endpoint.post(CHAT).mock(
        side_effect=replies(
            {"message": {"content": "yes", "reasoning_content": "hm"}},
            refusal(told, param="reasoning_effort" if "Supported" in told else None),
            "yes",
        )
    )
    send(ask("1"), ask("2"))
    first, second, third = bodies(endpoint)
    assert "reasoning_effort" not in first
    assert (second["reasoning_effort"], third["reasoning_effort"]) == ("none", taken)


def test_an_effort_that_was_asked_for_is_sent_at_once(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies("yes"))
    send(ask(), effort="medium")
    assert bodies(endpoint)[0]["reasoning_effort"] == "medium"


def test_what_nobody_named_is_final(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(refusal("Bad request")))
    with pytest.raises(PermanentError, match="Bad request"):
        send(ask())
    endpoint.post(CHAT).mock(side_effect=replies(refusal("seed and so on", param="messages[0].content")))
    with pytest.raises(PermanentError, match="and so on"):
        send(ask())
    assert len(endpoint.calls) == 2


def test_own_fields_win_and_are_not_negotiated(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(refusal("'temperature' is not supported")))
    with pytest.raises(PermanentError):
        send(ask(), extra_body={"temperature": 0.7, "top_k": 1})
    assert bodies(endpoint)[0]["temperature"] == 0.7
    assert bodies(endpoint)[0]["top_k"] == 1


def test_extra_fields_are_part_of_who_answers(waits):
    plain, extra = make_client(waits), make_client(waits, extra_body={"top_k": 1}, effort="low")
    assert plain.identity.extra == ""
    assert extra.identity.extra == '{"effort": "low", "extra_body": {"top_k": 1}}'


def test_it_is_remembered_for_the_process_and_for_this_model_alone(endpoint, send, ask):
    endpoint.post(CHAT).mock(side_effect=replies(refusal("'seed' is unknown"), "yes", "yes", "yes"))
    send(ask())
    send(ask("other client"), base_url=BASE_URL + "/")
    send(ask("other model"), model="n")
    assert ["seed" in body for body in bodies(endpoint)] == [True, False, False, True]
    known = capabilities(BASE_URL, "m")
    assert known is not None
    assert (known.seed, known.temperature, known.logprobs, known.schema) == (False, True, None, None)
    assert capabilities(BASE_URL, "never called") is None


def test_a_prefill_that_is_refused(endpoint, send):
    call = ChatCall(messages=(Message("user", "q"), Message("assistant", "Answer: [")), max_tokens=4)
    endpoint.post(CHAT).mock(side_effect=replies(refusal("Cannot continue: last message is from assistant")))
    with pytest.raises(PermanentError, match="does not continue a message"):
        send(call)
