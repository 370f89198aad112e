"""Faults of an answer's text: what a model says in place of the order, pick or grade that was asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .oracle import Form, Told, written

__all__ = ["ANSWERS", "Change"]

Change = Callable[[Told, random.Random], Mapping[str, Any] | None]
"""From the right answer to fields of a choice; None where there is nothing to change in such an answer."""

_MEBIBYTE = 1 << 20
_WORDS = (
    "All of these passages touch upon the question in one way or another, and which of them serves best is "
    "hard to tell without knowing more about what is wanted."
)
_REFUSAL = "I'm sorry, but I can't help with that request."
_NOISE = "".join(map(chr, (*range(0x20, 0x30), 0x7F, 0xE9, 0x202E, 0x4E2D, 0xFFFD, *range(0x3A, 0x41))))


def _said(text: str | None, finish: str = "stop", **fields: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text, **fields}, "finish_reason": finish}


def _ranking(change: Callable[[Sequence[str], random.Random], Sequence[str]]) -> Change:
    """A fault of an order of two labels or more."""

    def changed(told: Told, draw: random.Random) -> Mapping[str, Any] | None:
        if told.shown.form not in ("permutation", "json") or len(told.order) < 2:
            return None
        return _said(written(change(told.order, draw), told.shown.form))

    return changed


def _half(order: Sequence[str], draw: random.Random) -> Sequence[str]:
    return order[: max(1, len(order) // 2)]


def _twice(order: Sequence[str], draw: random.Random) -> Sequence[str]:
    """The best once more in place of another."""
    place = draw.randrange(1, len(order))
    return [*order[:place], order[0], *order[place + 1 :]]


def _invented(order: Sequence[str], draw: random.Random) -> Sequence[str]:
    """A label that nobody was given, somewhere among the right ones."""
    label = str(len(order) + draw.randrange(1, 900)) if order[0].isdigit() else chr(ord("A") + len(order))
    place = draw.randrange(len(order) + 1)
    return [*order[:place], label, *order[place:]]


def _cut_off(told: Told, draw: random.Random) -> Mapping[str, Any]:
    """The limit on tokens is reached in the middle of an order, or before a single word is said."""
    text = written(_half(told.order, draw), told.shown.form) if len(told.order) > 1 else ""
    return _said(text.removesuffix("]}"), "length")


def _other_form(told: Told, draw: random.Random) -> Mapping[str, Any]:
    """The right answer in a form that was not asked for and that can be read all the same."""
    forms = [f"<think>Let me see. The first is not bad.</think>\n{told.text}", f"```\n{told.text}\n```"]
    if told.shown.form == "permutation":
        other: Form = "json"
        forms += [", ".join(f"[{label}]" for label in told.order), written(told.order, other)]
        forms += ["\n".join(f"{place}. [{label}]" for place, label in enumerate(told.order, start=1))]
    elif told.shown.form != "json":
        forms += [f"**{told.text}**", f"Answer: {told.text}", f"{told.text}."]
    return _said(draw.choice(forms))


def _long(told: Told, draw: random.Random) -> Mapping[str, Any]:
    return _said(_WORDS * (_MEBIBYTE // len(_WORDS)), "length")


def _garbled(told: Told, draw: random.Random) -> Mapping[str, Any]:
    return _said("".join(draw.choices(_NOISE, k=40)))


ANSWERS: tuple[tuple[str, str, Change], ...] = (
    ("null-content", "null for a text", lambda _, __: _said(None)),
    ("empty-content", "an empty text", lambda _, __: _said("")),
    ("length", "an answer that the limit on tokens cut off", _cut_off),
    ("content-filter", "an empty text, stopped by the filter", lambda _, __: _said(None, "content_filter")),
    ("refusal", "a refusal in words", lambda _, __: _said(_REFUSAL)),
    ("refusal-field", "a refusal in the field for it", lambda _, __: _said(None, refusal=_REFUSAL)),
    ("prose", "talk about the passages, with no label", lambda _, __: _said(_WORDS)),
    ("garbled", "forty signs at random", _garbled),
    ("long-answer", "a mebibyte of words", _long),
    ("missing-labels", "the first half of an order", _ranking(_half)),
    ("duplicated-labels", "an order with its first label twice", _ranking(_twice)),
    ("invented-labels", "an order with a label that nobody has", _ranking(_invented)),
    ("other-form", "the right answer in another form", _other_form),
)
"""Name, what is said, and how it is made of the right answer."""
