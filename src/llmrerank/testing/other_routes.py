"""The oracle on routes that do not chat: Jina's rerankings, and decisions in OpenAI's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .oracle import Worth

__all__ = ["decided", "reranked"]

_FENCE = re.compile(r'below a line "--- ([0-9a-f]{16})"')
_QUERY = re.compile(r"^Query: (.*?)\n\n", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"\[(\d+)\][ \n]?")
_HIGHEST = 3.0  # of the levels that the shipped prompt `decide-score` names


def reranked(asked: Mapping[str, Any], worth: Worth) -> dict[str, Any]:
    """The reply to a rerank request: every document with its worth, the best first."""
    texts = [one if isinstance(one, str) else str(one.get("text", "")) for one in asked["documents"]]
    rows = [
        {"index": place, "relevance_score": worth(asked["query"], text)} for place, text in enumerate(texts)
    ]
    rows.sort(key=lambda row: -row["relevance_score"])
    return {"model": "chaos", "results": rows, "usage": {"total_tokens": 10 * len(texts)}}


def decided(asked: Mapping[str, Any], worth: Worth) -> dict[str, Any]:
    """The reply to a decision request that one of the shipped prompts made.

    Raises:
        ValueError: Another prompt made it.
    """
    state = str(asked["input"])
    fence, query = _FENCE.search(state), _QUERY.search(state)
    if fence is None or query is None:
        raise ValueError("this prompt is none of those that are shipped")
    parts = state.split(f"--- {fence[1]}\n")
    worths = {
        label[1]: worth(query[1], part[label.end() :].removesuffix("\n"))
        for part in parts
        if (label := _LABEL.match(part))
    }
    answers = []
    for question in asked["questions"]:
        label = _LABEL.search(question["instructions"])
        value = worths[label[1]] if label else 0.0
        kind = question["type"]
        score = {"score": _HIGHEST * value} if kind == "score" else {"probability": value}
        answers.append({"name": question["name"], "type": kind, **score})
    return {"model": "chaos", "answers": answers, "usage": {"input_tokens": 100, "output_tokens": 0}}
