"""The strict reading of one prompt file.

A file is read whole and every fault is reported at once, with its field. What it declares is what runs: its
`answer` is the reader of the replies, its fields are all that its messages can say.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any, Literal, cast

from .calls import Role
from .errors import PromptError, did_you_mean
from .prompt_fields import field_faults
from .templates import Template

__all__ = ["ANSWERS", "Contents", "Form", "Labels", "Read", "read"]

Form = Literal["listwise", "setwise", "pairwise", "pointwise", "decide"]
Labels = Literal["numbers", "letters"]
Read = Literal["auto", "logprobs", "json", "text"]

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "listwise": ("permutation", "json", "grade", "yes_no"),
    "setwise": ("label", "permutation", "json"),
    "pairwise": ("label", "yes_no"),
    "pointwise": ("yes_no", "grade"),
    "decide": ("yes_no", "grade"),
}
"""The answers that fit each form."""

_KEYS = ("title", "form", "answer", "labels", "read", "source", "scale", "defaults", "passage", "messages")
_DECIDE_KEYS = ("state", "question")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "form": tuple(ANSWERS),
    "answer": ("permutation", "json", "label", "yes_no", "grade"),
    "labels": ("numbers", "letters"),
    "read": ("auto", "logprobs", "json", "text"),
}
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a faultless prompt file says.

    Attributes:
        path: The file, for messages to people.
        title: One line.
        form: How many documents are judged at once, and for what.
        answer: The form of answer that `llmrerank.answers` reads.
        labels: How documents are named.
        read: How the answer is to be read, or `auto`.
        source: Where the prompt's idea comes from; may be empty.
        scale: Value of each grade by its label; empty where any number is a grade.
        instruction: What `{instruction}` is where none is given.
        passage: How one document is shown.
        messages: Roles and contents; a last one of role `assistant` is a prefill. Of the form `decide` the
            only one is the state that all questions are about.
        question: What is asked about each document; of the form `decide` alone.
    """

    path: str
    title: str
    form: Form
    answer: str
    labels: Labels
    read: Read
    source: str
    scale: Mapping[str, float]
    instruction: str
    passage: Template
    messages: tuple[tuple[Role, Template], ...]
    question: Template | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its messages have."""
        return frozenset(name for _, content in self.messages for name in content.fields)


def read(file: Traversable) -> Contents:
    """Read a prompt file strictly.

    Raises:
        PromptError: It breaks the contract; every fault is listed with its field.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(str(file), [str(error)]) from error
    return _contents(str(file), text)


@functools.lru_cache(maxsize=64)
def _contents(path: str, text: str) -> Contents:
    """Parse the text of a file; one that was not changed since is not parsed again."""
    try:
        reader = _Reader(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PromptError(path, [str(error)]) from error
    contents = reader.contents(path)
    if contents is None:
        raise PromptError(path, list(dict.fromkeys(reader.faults)))
    return contents


class _Reader:
    """One reading of one file; `faults` gathers what is wrong."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.faults: list[str] = []

    def contents(self, path: str) -> Contents | None:
        self._known(self.values, (*_KEYS, *_DECIDE_KEYS), "")
        title = self._text("title", required=True)
        source = self._text("source")
        choices = {key: self._choice(key) for key in _CHOICES}
        decides = choices["form"] == "decide"
        scale = self._scale(levels=decides)
        instruction = self._defaults()
        passage = self._part("passage", "how one document is shown, e.g. '[{label}] {text}'")
        question = self._part("question", "what is asked about each document") if decides else None
        messages = self._state() if decides else self._messages()
        self._fits(choices)
        self.faults += field_faults(
            form=choices["form"],
            passage=passage,
            messages=[content for _, content in messages],
            question=question,
            instruction=instruction,
        )
        if self.faults:
            return None
        return Contents(
            path=path,
            title=title,
            form=cast(Form, choices["form"]),
            answer=choices["answer"],
            labels=cast(Labels, choices["labels"]),
            read=cast(Read, choices["read"]),
            source=source,
            scale=scale,
            instruction=instruction,
            passage=passage,
            messages=messages,
            question=question,
        )

    def _known(self, table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in keys:
                self.faults.append(f"{where}{key}: unknown key{did_you_mean(key, keys)}")

    def _text(self, key: str, *, required: bool = False) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.faults.append(f"{key}: must be a string")
            return ""
        if required and not value.strip():
            self.faults.append(f"{key}: is missing")
        return value.strip()

    def _choice(self, key: str) -> str:
        allowed = _CHOICES[key]
        value = self.values.get(key, {"labels": "numbers", "read": "auto"}.get(key))
        if value is None:
            self.faults.append(f"{key}: is missing; it is one of {', '.join(allowed)}")
        elif value not in allowed:
            self.faults.append(f"{key}: must be one of {', '.join(allowed)}, got {value!r}")
        return value if isinstance(value, str) else ""

    def _table(self, key: str) -> Mapping[str, Any]:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.faults.append(f"{key}: must be a table, [{key}]")
            return {}
        return value

    def _scale(self, *, levels: bool) -> dict[str, float]:
        scale: dict[str, float] = {}
        for label, value in self._table("scale").items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                self.faults.append(f"scale.{label}: must be a finite number, got {value!r}")
            else:
                scale[label] = float(value)
        if "scale" in self.values:
            if self.values.get("answer") != "grade":
                self.faults.append("scale: belongs to the answer 'grade' only")
            elif len({" ".join(label.lower().split()) for label in scale} - {""}) < max(2, len(scale)):
                self.faults.append("scale: needs two labels or more that differ in more than case and blanks")
            elif len(set(scale.values())) < 2:
                self.faults.append("scale: needs two different values or more")
        counted = 2 <= len(scale) <= 10 and sorted(scale.values()) == list(range(len(scale)))
        if levels and self.values.get("answer") == "grade" and not counted:
            self.faults.append(
                "scale: a decision model counts 2 to 10 levels from 0; write 0, 1, 2 and so on"
            )
        return scale

    def _defaults(self) -> str:
        table = self._table("defaults")
        self._known(table, ("instruction",), "defaults.")
        value = table.get("instruction", "")
        if not isinstance(value, str):
            self.faults.append("defaults.instruction: must be a string")
            return ""
        return value.strip()

    def _part(self, key: str, what: str) -> Template:
        """The template of a table that holds a `text` alone."""
        table = self._table(key)
        self._known(table, ("text",), f"{key}.")
        value = table.get("text")
        if not isinstance(value, str) or not value.strip():
            self.faults.append(f"{key}.text: is missing; write {what}")
            return Template("{text}")
        return Template(value.strip("\n"))

    def _state(self) -> tuple[tuple[Role, Template], ...]:
        if "messages" in self.values:
            self.faults.append("messages: a prompt of form 'decide' has [state] and [question] in its place")
        return (("user", self._part("state", "what the questions are about, with {query} and {passages}")),)

    def _messages(self) -> tuple[tuple[Role, Template], ...]:
        value = self.values.get("messages")
        if not isinstance(value, list) or not value:
            self.faults.append("messages: is missing; a prompt has one [[messages]] or more")
            return ()
        messages: list[tuple[Role, Template]] = []
        for number, message in enumerate(value, start=1):
            where = f"messages[{number}]"
            if not isinstance(message, dict):
                self.faults.append(f"{where}: must be a table, [[messages]]")
                continue
            self._known(message, ("role", "content"), f"{where}.")
            role, content = message.get("role"), message.get("content")
            if role not in _ROLES:
                self.faults.append(f"{where}.role: must be one of {', '.join(_ROLES)}, got {role!r}")
            elif role == "system" and number > 1:
                self.faults.append(f"{where}.role: a system message must be the first")
            if not isinstance(content, str) or not content.strip():
                self.faults.append(f"{where}.content: is missing")
            elif role in _ROLES:
                # A prefill is continued where it ends, so its white space counts.
                messages.append((role, Template(content if role == "assistant" else content.strip("\n"))))
        if messages and not any(role == "user" for role, _ in messages):
            self.faults.append("messages: one of role 'user' is missing")
        return tuple(messages)

    def _fits(self, choices: Mapping[str, str]) -> None:
        form, answer, how = choices["form"], choices["answer"], choices["read"]
        fitting = ANSWERS.get(form, ())
        if answer in _CHOICES["answer"] and fitting and answer not in fitting:
            self.faults.append(
                f"answer: '{answer}' does not fit the form '{form}'; it takes {', '.join(fitting)}"
            )
        if how == "json" and answer != "json":
            self.faults.append(f"read: 'json' contradicts the answer '{answer}'")
        if how == "logprobs" and answer == "json":
            self.faults.append("read: 'logprobs' contradicts the answer 'json'")
        if form == "decide":
            if how != "auto":
                self.faults.append("read: leave it out; a decision model's answers are numbers")
            return
        for key in _DECIDE_KEYS:
            if key in self.values:
                self.faults.append(f"{key}: belongs to the form 'decide' only")
        if how == "logprobs" and form != "pointwise" and choices["labels"] == "numbers":
            self.faults.append("read: 'logprobs' of several documents needs labels = \"letters\"")
