import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import respx
from chat_endpoint import BASE_URL, Waits, make_client

from llmrerank.calls import ChatCall, Message, Reply
from llmrerank.clients.capabilities import forget


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    forget()
    yield
    forget()


@pytest.fixture
def endpoint() -> Iterator[respx.MockRouter]:
    with respx.mock(using="httpcore2", base_url=BASE_URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def ask() -> Callable[..., ChatCall]:
    """A chat call about a text."""

    def make(text: str = "Is it relevant?", **fields: Any) -> ChatCall:
        return ChatCall(messages=(Message("user", text),), **{"max_tokens": 8, **fields})

    return make


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def send(waits: Waits) -> Callable[..., Any]:
    """Send calls, one after another, through a client made for them; the replies, or the only one."""

    def through(*calls: ChatCall, at_once: bool = False, **options: Any) -> Any:
        async def run() -> list[Reply]:
            client = make_client(waits, **options)
            try:
                if at_once:
                    return await asyncio.gather(*(client.send(call) for call in calls))
                return [await client.send(call) for call in calls]
            finally:
                await client.aclose()

        answered = asyncio.run(run())
        return answered[0] if len(calls) == 1 else answered

    return through
