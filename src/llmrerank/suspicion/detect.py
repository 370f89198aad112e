"""The door: what is suspicious about a text, and about a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmrerank.types import Document

from .claims import claims
from .disguise import disguised, spelt_otherwise
from .folding import Folded, fold, has_look_alikes
from .forms import forms_in
from .mention import is_mention
from .stuffing import stuffed, stuffed_with
from .suspicion import Suspicion
from .unseen import hidden, hidden_tags

__all__ = ["LONGEST", "MOST", "fields_of", "suspicions", "suspicions_of"]

LONGEST = 1_000_000
"""Characters of a field that are looked at: no prompt shows what follows them (`passages.READ`)."""
MOST = 100
"""Suspicions of one field that are told; a text with so many is known for what it is."""
_DEEP = 5
"""Levels of lists and mappings in metadata whose strings are read."""
_CODED_IN_CODE = 2
"""Times that what was decoded is decoded again."""
_WORD = 16
"""Letters and digits that one word may have and say nothing: most identifiers are no longer."""


def suspicions(text: str, *, query: str | None = None) -> tuple[Suspicion, ...]:
    """What is suspicious about a text, in the order of its places.

    Args:
        text: Anything, lone surrogates included. Of more than `LONGEST` characters the first are read.
        query: What it is to be ranked for, if that is known: a text that says it three times is stuffed.

    Returns:
        At most `MOST`, none of a kind inside another of that kind; empty for nearly every honest text.
        Cost: linear in the characters; about a millisecond for a kilobyte.
    """
    if len(text) <= _WORD and text.isalnum():
        return ()
    text = text[:LONGEST]
    folded = fold(text)
    said = list(_said(folded))
    found = [*said, *hidden(text), *stuffed(folded, query), *_in_look_alikes(text, folded, said)]
    if query:
        found += stuffed_with(folded, query)
    found += _in_disguise(text, folded, said, _CODED_IN_CODE)
    return _told(found)


def suspicions_of(document: Document, query: str | None = None) -> tuple[Suspicion, ...]:
    """What is suspicious about a document: text, title, id and the strings of its metadata, by `field`.

    Args:
        document: Stays as it is.
        query: As in `suspicions`.
    """
    return tuple(
        one if name == "text" else replace(one, field=name)
        for name, text in fields_of(document)
        for one in suspicions(text, query=query)
    )


def fields_of(document: Document) -> Iterator[tuple[str, str]]:
    """The texts of a document by field; a field of metadata that holds several comes several times."""
    yield "text", document.text
    if document.title:
        yield "title", document.title
    if isinstance(document.id, str):
        yield "id", document.id
    for name, value in document.metadata.items():
        for text in _strings(value, _DEEP):
            yield f"metadata.{name}", text


def _strings(value: Any, deep: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif deep and isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one, deep - 1)
    elif deep and isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for one in value:
            yield from _strings(one, deep - 1)


def _said(folded: Folded) -> Iterator[Suspicion]:
    """What the text says outright, in words and in forms."""
    for claim in claims(folded.text):
        if not is_mention(folded.text, claim.start):
            start, end = folded.span(claim.start, claim.end)
            yield Suspicion(kind=claim.rule.kind, start=start, end=end, why=claim.rule.why)
    for form, first, last in forms_in(folded.text):
        if not is_mention(folded.text, first):
            start, end = folded.span(first, last)
            yield Suspicion(kind=form.kind, start=start, end=end, why=form.why)


def _in_disguise(text: str, folded: Folded, outright: Sequence[Suspicion], deep: int) -> Iterator[Suspicion]:
    """What it says in another coding, and not outright."""
    for start, end, said in hidden_tags(text):
        if found := _within(said, deep):
            yield Suspicion(kind="encoded", start=start, end=end, why=f"In tag characters: {_lower(found)}")
    for start, end, said, coding in disguised(text):
        if found := _within(said, deep):
            yield Suspicion(kind="encoded", start=start, end=end, why=f"In {coding}: {_lower(found)}")
    for start, end, said, coding in spelt_otherwise(folded):
        found = _within(said, 0)
        if found and all(found != one.why for one in outright):
            kind = "lookalike" if coding == "digits for letters" else "encoded"
            yield Suspicion(kind=kind, start=start, end=end, why=f"In {coding}: {_lower(found)}")


def _in_look_alikes(text: str, folded: Folded, said: list[Suspicion]) -> Iterator[Suspicion]:
    """What it says with letters of another script among Latin ones."""
    for one in said if folded.mixed else ():
        if has_look_alikes(text[one.start : one.end]):
            why = f"With letters of another script that look like Latin ones: {_lower(one.why)}"
            yield replace(one, kind="lookalike", why=why)


def _within(said: str, deep: int) -> str:
    """Why what was decoded is suspicious; empty if it is not."""
    folded = fold(said[:LONGEST])
    found = next(_said(folded), None)
    if found is None and deep:
        found = next(_in_disguise(said, folded, (), deep - 1), None)
    return found.why if found else ""


def _lower(why: str) -> str:
    return why[:1].lower() + why[1:]


def _told(found: list[Suspicion]) -> tuple[Suspicion, ...]:
    """In order, without those inside another of their kind, and not too many."""
    kept: list[Suspicion] = []
    ends: dict[str, int] = {}
    for one in sorted(found, key=lambda one: (one.start, -one.end, one.kind)):
        if one.end > ends.get(one.kind, 0):
            ends[one.kind] = one.end
            kept.append(one)
    return tuple(kept[:MOST])
