"""A judge that never errs, behind an endpoint: it reads the shipped prompts and answers in their form."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .stub_server import completion

__all__ = ["Shown", "Told", "Worth", "shared_words"]

Worth = Callable[[str, str], float]
"""From a query and a passage, as the prompt shows it, to how well it serves: 0 to 1, more being better."""
Form = Literal["permutation", "json", "label", "yes_no", "grade"]

_FENCE = re.compile(r"^--- ([0-9a-f]{16})$", re.MULTILINE)
_QUERY = re.compile(r"^(?:Query|<Query>): (.*?)(?:\n\n|\n<Document>:|\Z)", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"\[(\w+)\][ \n]?")
_UNFENCED = re.compile(r"^<Document>: (.*)\Z", re.MULTILINE | re.DOTALL)
_OTHER = "this prompt is none of those that are shipped: give `answer=` a function"
_LEAST = 1e-6  # of a probability, so that it has a logarithm


def shared_words(query: str, text: str) -> float:
    """The share of a query's words that a text has: the worth that is taken where none is given.

    >>> shared_words("roman roads", "The Roman army")
    0.5
    """
    asked, given = (set(re.findall(r"\w+", one.casefold())) for one in (query, text))
    return len(asked & given) / len(asked) if asked else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request puts to its model, read out of one of the shipped prompts.

    Attributes:
        form: How it is to be answered.
        query: What is asked.
        labels: Of the passages, as shown; one passage by itself has none.
        passages: Their texts, titles included, as shown.
        most: The highest grade.
    """

    form: Form
    query: str
    labels: tuple[str, ...]
    passages: tuple[str, ...]
    most: int = 1

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Shown:
        """Read a chat request.

        Raises:
            ValueError: It is made of another prompt.
        """
        said = _last_said(body.get("messages"))
        query, fence, bare = _QUERY.search(said), _FENCE.search(said), _UNFENCED.search(said)
        if query is None or (fence is None and bare is None):
            raise ValueError(_OTHER)
        if fence is None:
            return cls(form="yes_no", query=query[1], labels=(), passages=(bare[1] if bare else "",))
        parts = said.split(f"--- {fence[1]}\n")
        passages = tuple(part.removesuffix("\n") for part in parts[1:-1])
        asked = parts[-1].rstrip().rpartition("\n")[2]
        if not passages:
            raise ValueError(_OTHER)
        if "yes or no" in asked:
            return cls(form="yes_no", query=query[1], labels=(), passages=passages)
        if asked.startswith(("Which grade", "How relevant")):
            most = 10 if "0 to 10" in asked else 3
            return cls(form="grade", query=query[1], labels=(), passages=passages, most=most)
        found = [_LABEL.match(passage) for passage in passages]
        if not any(found):
            raise ValueError(_OTHER)
        whole = asked.startswith("Rank all")
        return cls(
            form=("json" if '"ranking"' in asked else "permutation") if whole else "label",
            query=query[1],
            labels=tuple(label[1] for label in found if label),
            passages=tuple(p[label.end() :] for p, label in zip(passages, found, strict=True) if label),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The right answer to what was shown.

    Attributes:
        shown: What is answered.
        order: Labels of an order, best first; of a pick the best alone; empty for one passage by itself.
        text: The answer in words.
        tokens: Alternatives of its first token with their log-probabilities, the likeliest first.
    """

    shown: Shown
    order: tuple[str, ...]
    text: str
    tokens: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, shown: Shown, worth: Worth) -> Told:
        """Judge what is shown; equal worth keeps the order in which it is shown."""
        values = [min(max(worth(shown.query, passage), 0.0), 1.0) for passage in shown.passages]
        if shown.form == "yes_no":
            yes, no = (math.log(max(_LEAST, p)) for p in (values[0], 1.0 - values[0]))
            tokens = sorted((("yes", yes), ("no", no)), key=lambda one: -one[1])
            return cls(shown=shown, order=(), text=tokens[0][0], tokens=tuple(tokens))
        if shown.form == "grade":
            at = shown.most * values[0]
            grades = sorted(range(shown.most + 1), key=lambda grade: abs(grade - at))
            tokens = [(str(grade), -abs(grade - at)) for grade in grades]
            return cls(shown=shown, order=(), text=str(grades[0]), tokens=tuple(tokens))
        places = sorted(range(len(values)), key=lambda place: -values[place])
        order = tuple(shown.labels[place] for place in places)
        tokens = [(label, -0.1 - rank) for rank, label in enumerate(order)]
        if shown.form == "label":
            return cls(shown=shown, order=order[:1], text=order[0], tokens=tuple(tokens))
        return cls(shown=shown, order=order, text=written(order, shown.form), tokens=tuple(tokens))

    def completion(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The chat completion, with log-probabilities where they are asked for."""
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": self.text},
            "finish_reason": "stop",
        }
        if body.get("logprobs"):
            most = max(1, min(20, body.get("top_logprobs") or 0))
            top = [{"token": token, "logprob": p, "bytes": None} for token, p in self.tokens[:most]]
            choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
            if body.get("max_tokens") == 1:
                choice["message"]["content"], choice["finish_reason"] = top[0]["token"], "length"
        return completion(self.text, choices=[choice])


def _last_said(messages: object) -> str:
    """What the user said last, which may come in parts; empty where that is nothing."""
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):
                content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
            return content if isinstance(content, str) else ""
    return ""


def written(order: Sequence[str], form: Form) -> str:
    """An order of labels in the form that a prompt asks for."""
    if form == "json":
        return json.dumps({"ranking": [int(label) if label.isdigit() else label for label in order]})
    if form == "label":
        return order[0] if order else ""
    return " > ".join(f"[{label}]" if label.isdigit() else label for label in order)
