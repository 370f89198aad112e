"""The vendors that our documents speak of, answered here: by how many words of the query a text has.

Nothing leaves the machine: a request to anybody else is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import respx

import httpcore2_mocker  # noqa: F401 - registers respx's mocker
from llmrerank.clients import capabilities
from llmrerank.testing.stub_server import completion

QUERY = re.compile(r"^Query: (.*)$", re.MULTILINE)
PASSAGE = re.compile(r"^--- \w+\n\[(\d+)\](.*?)(?=^--- \w+$)", re.MULTILINE | re.DOTALL)


@contextmanager
def vendors() -> Iterator[None]:
    """OpenAI's chat completions and Cohere's rerank, until the end of `with`."""
    capabilities.forget()
    with respx.mock(using="httpcore2", assert_all_called=False) as router:
        router.post("https://api.openai.com/v1/chat/completions").mock(side_effect=chat)
        router.post("https://api.cohere.com/v2/rerank").mock(side_effect=cohere)
        router.route(host="127.0.0.1").pass_through()
        yield
    capabilities.forget()


def shared_words(query: str, text: str) -> float:
    """The share of the query's words that a text has, singular or plural."""
    asked, given = ({word.rstrip("s") for word in re.findall(r"\w+", one.lower())} for one in (query, text))
    return len(asked & given) / len(asked)


def chat(request: httpx.Request) -> httpx.Response:
    """An order of numbered passages."""
    said = json.loads(request.content)["messages"][-1]["content"]
    query = QUERY.search(said)
    assert query is not None, f"no query in {said!r}"
    passages = PASSAGE.findall(said)
    order = sorted(passages, key=lambda one: -shared_words(query[1], one[1]))
    return httpx.Response(200, json=completion(" > ".join(f"[{label}]" for label, _ in order)))


def cohere(request: httpx.Request) -> httpx.Response:
    """A reply in the shape of Cohere's second version."""
    asked = json.loads(request.content)
    rows = [
        {"index": place, "relevance_score": shared_words(asked["query"], text)}
        for place, text in enumerate(asked["documents"])
    ]
    rows.sort(key=lambda row: -row["relevance_score"])
    return httpx.Response(
        200, json={"id": "x", "results": rows, "meta": {"billed_units": {"search_units": 1}}}
    )
