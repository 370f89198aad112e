"""A mocked HTTP boundary for the openai package, which speaks through httpx2: respx does not know it."""

import json
from typing import Any

import httpx
import respx

import httpcore2_mocker  # noqa: F401 - registers respx's mocker
from llmrerank.clients.address import Address
from llmrerank.clients.negotiate import Negotiating
from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.clients.retry import Retrying

BASE_URL = "http://endpoint.test/v1"
KEY = "sk-secret-0123456789"


class Waits(list[float]):
    """Stands for `asyncio.sleep`: remembers how long was to be waited, and waits for nothing."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def replies(*answers: Any) -> list[httpx.Response]:
    """HTTP replies, from a text, the fields of a choice, or (status, error fields, headers)."""
    return [_http(answer) for answer in answers]


def _http(answer: Any) -> httpx.Response:
    if isinstance(answer, httpx.Response):
        return answer
    if isinstance(answer, tuple):
        status, error, *headers = answer
        if isinstance(error, str):
            error = {"message": error}
        return httpx.Response(status, json={"error": error}, headers=headers[0] if headers else {})
    fields = {"message": {"content": answer}} if isinstance(answer, str) else dict(answer)
    usage = fields.pop("usage", {"prompt_tokens": 10, "completion_tokens": 2})
    return httpx.Response(200, json={"choices": [{"finish_reason": "stop", **fields}], "usage": usage})


def with_logprobs(text: str, *tokens: tuple[str, float]) -> dict[str, Any]:
    """A choice whose first token has these alternatives."""
    top = [{"token": token, "logprob": logprob} for token, logprob in tokens]
    return {"message": {"content": text}, "logprobs": {"content": [{**top[0], "top_logprobs": top}]}}


def bodies(endpoint: respx.MockRouter) -> list[dict[str, Any]]:
    """The JSON bodies that were sent, in order."""
    return [json.loads(call.request.content) for call in endpoint.calls]


def make_client(
    waits: Waits,
    *,
    base_url: str = BASE_URL,
    model: str = "m",
    key: str | None = KEY,
    retries: int = 2,
    seconds: float = 300.0,
    timeout: float = 60.0,
    **options: Any,
) -> Negotiating:
    address = Address.of(base_url)
    transport = OpenAIChat(address, key=key, timeout=timeout)
    retrying = Retrying(transport, retries=retries, seconds=seconds, sleep=waits)
    return Negotiating(retrying, address=address, model=model, **options)
