"""Reading completions of different servers, and the place of the answer's first token."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.calls import Reply, TokenChoice
from llmrerank.clients.address import Address
from llmrerank.clients.completion import read_completion
from llmrerank.clients.failures import Place
from llmrerank.clients.first_token import answer_index
from llmrerank.errors import CallError

PLACE = Place(address=Address.of("http://host/v1"), model="m", key_env="KEY", timeout=1.0)


def read(choice: object, **fields: object) -> Reply:
    return read_completion(json.dumps({"choices": [choice], **fields}).encode(), PLACE)


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "a"}, "a", None),
        ({"content": "a", "reasoning_content": "r"}, "a", "r"),
        ({"content": "a", "reasoning": "r"}, "a", "r"),
        ({"content": "", "reasoning_content": ""}, "", None),
        ({"content": None, "tool_calls": []}, None, None),
        ({"content": 5}, None, None),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "r"}]},
                    {"type": "text", "text": "a"},
                ]
            },
            "a",
            "r",
        ),
    ],
)
def test_texts(message, text, reasoning):
    reply = read({"message": message})
    assert (reply.text, reply.reasoning) == (text, reasoning)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 3}, (5, 3, 0)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 9,
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
            (5, 9, 6),
        ),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 3,
                "total_tokens": 14,
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
            (5, 9, 6),
        ),
        ({"prompt_tokens": None, "completion_tokens": "3", "completion_tokens_details": None}, (0, 0, 0)),
    ],
)
def test_usage(usage, expected):
    reply = read({"message": {"content": "a"}}, usage=usage)
    assert (reply.usage.input, reply.usage.output, reply.usage.reasoning) == expected
    assert reply.counted


def test_no_usage():
    assert not read({"message": {"content": "a"}}).counted


@pytest.mark.parametrize(
    ("logprobs", "choices"),
    [
        (None, None),
        ({"content": None}, None),
        ({"content": []}, None),
        ({"content": [{"token": "a", "logprob": -0.1, "top_logprobs": []}]}, None),
        ({"tokens": ["a"], "token_logprobs": [-0.1]}, None),
        (
            {"content": [{"token": "a", "logprob": -1, "top_logprobs": [{"token": "b", "logprob": -0.5}]}]},
            (TokenChoice("b", -0.5), TokenChoice("a", -1.0)),
        ),
        (
            {
                "content": [
                    {
                        "token": "a",
                        "logprob": -0.1,
                        "top_logprobs": [
                            {"token": "a", "logprob": -0.1},
                            {"token": "b", "logprob": -math.inf},
                            {"token": "c", "logprob": math.nan},
                            {"token": "d", "logprob": None},
                            "e",
                        ],
                    }
                ]
            },
            (TokenChoice("a", -0.1),),
        ),
    ],
)
def test_alternatives_of_the_first_token(logprobs, choices):
    assert read({"message": {"content": "a"}, "logprobs": logprobs}).choices == choices


@pytest.mark.parametrize(
    ("tokens", "answer", "reasoned", "index"),
    [
        (["yes"], "yes", False, 0),
        (["\n", " ", " yes", "."], "\n  yes.", False, 2),
        (["<s>", " ", "yes", "</s>"], "yes", False, 2),
        (["<|start|>", "B", "<|END_OF_TURN|>"], "B", False, 1),
        (["<think>", "no", "</think>", "\n\n", "yes"], "<think>no</think>\n\nyes", False, 4),
        (["<think>", "no", "</think>", "\n\n", "yes"], "yes", True, 4),
        (["<", "think", ">", "yes", "</", "think", ">\n", "no"], "no", True, 7),
        (["<think>", "yes"], "<think>yes", False, None),
        (["hm", " well"], "yes", True, None),
        (["yes"], "yes", True, 0),
        (["\u00e2", "\u0096", "x"], "▁x", False, 0),  # bytes shown as letters, as some servers do
        ([" ", "\n"], "", False, None),
        ([], "", False, None),
        (["2", "] >", " [1]"], "[2] > [1]", False, 0),  # the text holds a prefill that the tokens do not
    ],
)
def test_where_the_answer_begins(tokens, answer, reasoned, index):
    assert answer_index(tokens, answer, reasoned=reasoned) == index


@given(st.lists(st.text(max_size=8), max_size=8), st.text(max_size=20), st.booleans())
def test_the_place_is_one_of_the_tokens(tokens, answer, reasoned):
    index = answer_index(tokens, answer, reasoned=reasoned)
    assert index is None or tokens[index].strip()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "message", "content", "error", "usage", "logprobs", "detail", "code"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_an_answer_or_one_of_our_errors(value):
    with contextlib.suppress(CallError):
        assert isinstance(read_completion(json.dumps(value).encode(), PLACE), Reply)
