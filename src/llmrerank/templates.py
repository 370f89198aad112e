"""Templates with plain `{name}` fields: filled in one pass, without holes where a value is empty.

`{{` and `}}` stand for braces. What a value holds is never read again, so a value cannot name a field.

**Holes.** A line that has fields, all of them empty, is left out; so is a paragraph (what stands between
empty lines) that has fields, all of them empty, with whatever else it says. So a prompt can say "What counts
here: {instruction}", and says nothing where there is no instruction.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Template"]

_MARK = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_PLAIN_NAME = re.compile(r"[a-z][a-z_]*(?:\.\w+)?")
_EMPTY_LINES = re.compile(r"(\n(?:[ \t]*\n)+)")

_Parts = tuple[tuple[bool, str], ...]
_Piece = Callable[[Mapping[str, str]], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fields, as written in a prompt file."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields in order, repeats included; those that are no plain names as well."""
        return _fields(self.text)

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot be read in it: a lone brace, or a field that is no plain name."""
        found = []
        for is_field, text in _parts(self.text):
            if is_field and not text:
                found.append("holds a lone brace or an empty field; write '{{' or '}}' for a brace")
            elif is_field and not _PLAIN_NAME.fullmatch(text):
                found.append(f"'{{{text}}}' is no plain field; write e.g. '{{query}}', or '{{{{' for a brace")
        return tuple(dict.fromkeys(found))

    def fill(self, values: Mapping[str, str], *, always: Collection[str] = ()) -> str:
        """Put values in place of the fields, leaving no holes where those not named in `always` are empty.

        Raises:
            KeyError: A field has no value.
        """
        empty = frozenset([name for name in _names(self.text) if not values[name]])
        kept = _kept(self.text, empty, empty.difference(always))
        return "".join([piece(values) for piece in kept])


@functools.lru_cache(maxsize=256)
def _kept(text: str, empty: frozenset[str], missing: frozenset[str]) -> tuple[_Piece, ...]:
    """What is left of a template where some fields are empty, each piece ready to be filled.

    Args:
        text: As written.
        empty: Fields without a value.
        missing: Those of them that leave out their line and paragraph.
    """
    pieces = _EMPTY_LINES.split(text)  # paragraphs, and the empty lines between them
    kept: list[tuple[_Parts, bool]] = []
    for place in range(0, len(pieces), 2):
        if _is_hole(pieces[place], missing):
            continue
        if kept:
            kept.append((((False, pieces[place - 1]),), False))
        lines = [line for line in pieces[place].split("\n") if not _is_hole(line, missing)]
        for number, line in enumerate(lines):
            if number:
                kept.append((((False, "\n"),), False))
            gapped = not empty.isdisjoint(_names(line))
            kept.append(_closed(_parts(line), empty) if gapped else (_parts(line), False))
    return tuple(_ready(kept))


def _closed(parts: _Parts, empty: frozenset[str]) -> tuple[_Parts, bool]:
    """A line whose fields are empty in part, and whether its gaps are still to be closed when it is filled.

    A gap keeps one of its two blanks. Where literals alone stand around it, that is done here.
    """
    closed: list[tuple[bool, str]] = []
    for is_field, text in parts:
        if is_field and text in empty:
            continue
        if not is_field and closed and closed[-1][0] and text.startswith(" "):
            return parts, True  # what the field ends with decides
        if not is_field and (not closed or closed[-1][1].endswith(" ")):
            text = text.removeprefix(" ")
        if text:
            closed.append((is_field, text))
    if closed and not closed[-1][0]:
        closed[-1] = (False, closed[-1][1].rstrip(" "))
    settled = bool(closed) and not closed[-1][0] and bool(closed[-1][1])
    return (tuple(closed), False) if settled else (parts, True)


def _ready(kept: Sequence[tuple[_Parts, bool]]) -> Iterator[_Piece]:
    """The same with what has no gaps in one."""
    for gapped, run in itertools.groupby(kept, key=lambda part: part[1]):
        if gapped:
            yield from (functools.partial(_with_gaps, parts) for parts, _ in run)
        else:
            yield _pattern(tuple(part for parts, _ in run for part in parts))


def _pattern(parts: _Parts) -> _Piece:
    """What fills parts without gaps."""
    names = [text for is_field, text in parts if is_field]
    pattern = "".join("%s" if is_field else text.replace("%", "%%") for is_field, text in parts)
    if not names:
        return lambda values: pattern % ()
    chosen = operator.itemgetter(*names)
    return lambda values: pattern % chosen(values)


def _is_hole(text: str, missing: frozenset[str]) -> bool:
    """Whether a line or paragraph has fields, all of them missing."""
    names = _names(text)
    return bool(names) and missing.issuperset(names)


def _with_gaps(parts: _Parts, values: Mapping[str, str]) -> str:
    """The parts of a line with values in place of the fields; a gap keeps one of its two blanks."""
    line = ""
    for is_field, text in parts:
        value = values[text] if is_field else text
        follows_blank = not line or line.endswith(" ")
        line += value.removeprefix(" ") if follows_blank and not is_field else value
    return line.rstrip(" ")


@functools.lru_cache(maxsize=1024)
def _parts(text: str) -> _Parts:
    return tuple(_split(text))


@functools.lru_cache(maxsize=256)
def _fields(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _names(text)))


@functools.lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...]:
    return tuple(part for is_field, part in _parts(text) if is_field)


def _split(text: str) -> Iterator[tuple[bool, str]]:
    """Literals as `(False, text)`, fields as `(True, name)`, lone braces as `(True, "")`."""
    at = 0
    for mark in _MARK.finditer(text):
        if mark.start() > at:
            yield False, text[at : mark.start()]
        if mark.group() in ("{{", "}}"):
            yield False, mark.group()[0]
        else:
            yield True, mark[1] or ""
        at = mark.end()
    if at < len(text):
        yield False, text[at:]
