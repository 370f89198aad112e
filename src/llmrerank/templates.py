"""Templates with plain `{name}` fields: filled in one pass, without holes where a value is empty.

`{{` and `}}` stand for braces. What a value holds is never read again, so a value cannot name a field.

**Holes.** A line that has fields, all of them empty, is left out; so is a paragraph (what stands between
empty lines) that has fields, all of them empty, with whatever else it says. So a prompt can say "What counts
here: {instruction}", and says nothing where there is no instruction.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Template"]

_MARK = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_PLAIN_NAME = re.compile(r"[a-z][a-z_]*(?:\.\w+)?")
_EMPTY_LINES = re.compile(r"(\n(?:[ \t]*\n)+)")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fields, as written in a prompt file."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields in order, repeats included; those that are no plain names as well."""
        return tuple(text for is_field, text in _parts(self.text) if is_field and text)

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
        pieces = _pieces(self.text)
        kept: list[str] = []
        for place in range(0, len(pieces), 2):
            filled = _paragraph(pieces[place], values, always)
            if filled is not None:
                kept += [pieces[place - 1], filled] if kept else [filled]
        return "".join(kept)


def _paragraph(text: str, values: Mapping[str, str], always: Collection[str]) -> str | None:
    """A paragraph filled, or None where it has fields and all are empty."""
    named = [name for is_field, name in _parts(text) if is_field]
    if named and not any(values[name] or name in always for name in named):
        return None
    lines = [_line(line, values, always) for line in text.split("\n")]
    return "\n".join(line for line in lines if line is not None)


def _line(text: str, values: Mapping[str, str], always: Collection[str]) -> str | None:
    """A line filled, or None where it has fields and all are empty; a gap keeps one of its two blanks."""
    parts = _parts(text)
    filled = [(values[part] if is_field else part) for is_field, part in parts]
    if all(filled):  # literals are never empty
        return "".join(filled)
    if not any(is_field and (values[part] or part in always) for is_field, part in parts):
        return None
    line = ""
    for (is_field, _), value in zip(parts, filled, strict=True):
        follows_blank = not line or line.endswith(" ")
        line += value.removeprefix(" ") if follows_blank and not is_field else value
    return line.rstrip(" ")


@functools.lru_cache(maxsize=256)
def _pieces(text: str) -> tuple[str, ...]:
    """Paragraphs, and the empty lines between them."""
    return tuple(_EMPTY_LINES.split(text))


@functools.lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[tuple[bool, str], ...]:
    return tuple(_split(text))


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
