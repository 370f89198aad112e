"""A perfect judge behind a real endpoint: documents say how good they are; every shipped prompt is answered.

Documents are `value(n)`, of which the largest n is the best. An answer is in the form that the prompt asks
for, with log-probabilities where they are asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmrerank import registry
from llmrerank.errors import RerankError
from llmrerank.registry import Kind
from llmrerank.spec import Call
from llmrerank.strategies import Strategy
from llmrerank.testing.stub_server import completion

__all__ = ["LLM_STRATEGIES", "answer", "shown", "value"]

_PASSAGE = re.compile(r"^--- \w+\n(?:\[(\w+)\].*\n|(?!worth|\[).+\n)?worth (\d+)$", re.MULTILINE)
_MOST = 100


def value(worth: int) -> str:
    """The text of a document that is worth so much, 0 to 99."""
    return f"worth {worth}"


def shown(body: Mapping[str, Any]) -> list[int]:
    """What the documents that a request shows are worth, in the order in which they are shown."""
    return [int(worth) for _, worth in _PASSAGE.findall(body["messages"][-1]["content"])]


def answer(body: Mapping[str, Any], *, alternatives: int = 20) -> dict[str, Any]:
    """The completion for one request, with at most so many alternatives of its first token."""
    said = body["messages"][-1]["content"]
    labels = [label for label, _ in _PASSAGE.findall(said)]
    values = shown(body)
    best = sorted(range(len(values)), key=lambda place: -values[place])
    asked = said.rstrip().rpartition("\n")[2]
    if asked.startswith("Rank all"):
        numbers = labels[0].isdigit()
        text = " > ".join(f"[{labels[place]}]" if numbers else labels[place] for place in best)
        tokens = [(labels[place], -0.1 - rank) for rank, place in enumerate(best)]
    elif asked.startswith("Which of the passages"):
        text = labels[best[0]]
        tokens = [(labels[place], -float(_MOST - values[place])) for place in best]
    elif "yes or no" in asked:
        text = "yes" if 2 * values[0] >= _MOST else "no"
        odds = (values[0] - _MOST / 2) / 10
        tokens = [("yes", -math.log1p(math.exp(-odds))), ("no", -math.log1p(math.exp(odds)))]
    else:
        most = 10 if "0 to 10" in asked else 3
        text = str(round(most * values[0] / _MOST))
        grades = (str(grade) for grade in range(most + 1))
        tokens = [(grade, -abs(int(grade) - most * values[0] / _MOST)) for grade in grades]
    return completion(text, choices=[_choice(text, tokens, body, alternatives)])


def _choice(
    text: str, tokens: Sequence[tuple[str, float]], body: Mapping[str, Any], alternatives: int
) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    if body.get("logprobs"):
        most = min(alternatives, body.get("top_logprobs") or 0)
        top = [
            {"token": token, "logprob": log, "bytes": None}
            for token, log in sorted(tokens, key=lambda one: -one[1])[:most]
        ]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        choice["message"]["content"] = top[0]["token"]
        choice["finish_reason"] = "length"
    return choice


def _asks_an_llm(name: str) -> bool:
    try:
        return Strategy.of(Call(name)).carrier == "chat"
    except RerankError:
        return False


LLM_STRATEGIES = tuple(
    entry.name
    for entry in registry.entries(Kind.STRATEGY)
    if entry.target.judge.__module__.startswith("llmrerank.") and _asks_an_llm(entry.name)
)
"""The registered strategies of this package that ask a model in words."""
