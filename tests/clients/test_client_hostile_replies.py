"""Replies with numbers and shapes that no server sends by itself: an answer or one of our errors."""

import json

import pytest

from llmrerank import Reranker
from llmrerank.clients.capabilities import forget
from llmrerank.errors import RerankError
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer

HUGE, DIGITS = "1" + "0" * 400, "9" * 5000
NUMBERS = (HUGE, "1e300", "1e308", "9223372036854775808", "NaN", "Infinity", "-5")
LOGPROBS = '{"content": [{"token": "yes", "logprob": %s, "top_logprobs": [{"token": "no", "logprob": %s}]}]}'
CHAT = '{"choices": [{"message": {"content": "yes"}, "logprobs": %s}], "usage": {"prompt_tokens": %s}}'
RERANK = '{"results": [{"index": %s, "relevance_score": %s}], "usage": {"total_tokens": %s}}'
DECISION = '{"name": "passage_1", "type": "predicate", "probability": %s}'
DECIDE = '{"answers": [' + DECISION + '], "usage": {"input_tokens": %s}}'
FAULTS = (
    '{"error": {"message": "x", "code": Infinity}}',
    f'{{"error": {{"message": "at most {DIGITS} items", "code": {HUGE}}}}}',
    '{"detail": [{"loc": 5, "msg": "x"}]}',
    '{"detail": [{"loc": "body", "msg": [1]}]}',
    "[" * 100_000,
)
BODIES = {
    "pointwise": [
        *(CHAT % ("null", number) for number in NUMBERS),
        *(CHAT % (LOGPROBS % (number, number), 1) for number in NUMBERS),
        CHAT.replace('"yes"', '[{"text":' * 300 + '"x"' + "}]" * 300) % ("null", 1),
        *FAULTS,
    ],
    "api(base_url='URL', dialect='auto')": [
        *(RERANK % (0, number, 1) for number in NUMBERS),
        *(RERANK % (number, 0.5, 1) for number in NUMBERS),
        *(RERANK % (0, 0.5, number) for number in NUMBERS),
        RERANK % (0, f'"{"x" * 100_000}"', 1),
        *FAULTS,
    ],
    "decide": [
        *(DECIDE % (number, 1) for number in NUMBERS),
        *(DECIDE % (0.5, number) for number in NUMBERS),
        *FAULTS,
    ],
}


def outcome(strategy, reply, tmp_path):
    """The ranking as JSON, or the sentence of the error; anything else is raised."""
    forget()
    with StubServer(lambda _: reply, paths=("/rerank", "/decisions", "/systemone", "/completions")) as server:
        settings = Settings(
            model="m", base_url=server.base_url, retries=0, cache=tmp_path / "c.sqlite", record=tmp_path / "r"
        )
        with Reranker(strategy.replace("URL", server.base_url), settings=settings) as reranker:
            try:
                return json.dumps(reranker.rank("q", ["a", "b"]).to_dict())
            except RerankError as error:
                return str(error)


@pytest.mark.parametrize("strategy", BODIES)
def test_no_reply_breaks_more_than_its_call(strategy, tmp_path):
    for body in BODIES[strategy]:
        said = outcome(strategy, StubResponse(body=body), tmp_path)
        assert len(said) < 3000, body[:100]


@pytest.mark.parametrize(
    "value", [DIGITS, "Mon, 01 Jan 0001 00:00:00 -0000", "Fri, 31 Dec 9999 23:59:59 -2300"]
)
def test_nor_does_a_header(value, tmp_path):
    reply = StubResponse(body='[{"index": 0, "score": 1}]', headers={"x-compute-tokens": value})
    assert outcome("api(base_url='URL', dialect='tei')", reply, tmp_path).startswith("{")
    reply = StubResponse(status=429, body="{}", headers={"retry-after": value})
    assert "is asked too often" in outcome("pointwise", reply, tmp_path)


def test_tokens_beyond_belief_are_held_to_what_can_be_counted(tmp_path):
    """Neither nothing, which would pass every limit, nor more than a database holds."""
    said = json.loads(outcome("pointwise", StubResponse(body=CHAT % ("null", HUGE)), tmp_path))
    assert said["trace"]["tokens_in"] in [asked * 10**12 for asked in (2, 3, 4, 5)]
