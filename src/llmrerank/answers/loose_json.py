"""JSON as models write it: in prose or a fence, with trailing commas, single quotes, comments, or cut off.

One pass with its own stack: no recursion, whatever the nesting, and time in proportion to the length, since a
failed attempt goes on where it failed. Numbers are kept as their digits, so no size of numeral can do harm.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field


class Numeral(str):
    """The digits of a JSON number, not converted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """A JSON object as its pairs in order, repeated keys kept."""

    pairs: tuple[tuple[str, Value], ...]


Value = str | bool | None | list["Value"] | Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value, where it stands in the text, and whether it was closed (True) or broke off (False)."""

    value: Value
    start: int
    end: int
    closed: bool


@dataclass(slots=True, kw_only=True)
class _Open:
    """A container being read; `key` and `colon` serve objects only."""

    closer: str
    items: list[Value] = field(default_factory=list)
    pairs: list[tuple[str, Value]] = field(default_factory=list)
    key: str | None = None
    colon: bool = False
    full: bool = False  # an item was read and its comma was not
    done: bool = False

    def accepts(self, value: Value) -> bool:
        """Take in a scalar or a finished container; False if none can stand here."""
        if self.full:
            return False
        if self.closer == "]":
            self.items.append(value)
            self.full = True
        elif self.key is None:
            if not isinstance(value, str):
                return False
            self.key = value
        elif self.colon:
            self.pairs.append((self.key, value))
            self.key, self.colon, self.full = None, False, True
        else:
            return False
        return True

    def value(self) -> Value:
        """What was read, an unfinished pair left out."""
        return self.items if self.closer == "]" else Members(pairs=tuple(self.pairs))


# A brace in prose is passed over here; an object opens with a key or closes at once.
_START = re.compile(r"\[|\{(?=\s*+(?:[\"'}/0-9-]|\Z))")
_TOKEN = re.compile(
    r"""(?:\s++|//[^\n]*+)*+(?:
        (?P<sign>[\[\]{},:])
      | "(?P<string>(?:[^"\\]|\\.)*+)"
      | '(?P<single>[^'\n]*+)'
      | (?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![\w.])
      | (?P<word>true|false|null|True|False|None)\b
    )""",
    re.VERBOSE | re.DOTALL,
)
_REST = re.compile(r"(?:\s++|//[^\n]*+)*+")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_DEEPEST = 32


def values(text: str) -> list[Found]:
    """All JSON arrays and objects of a text, in order, outermost ones only.

    What broke off is given only if it ran to the end of the text or is an object, so that a bracket in prose
    ("[2 passages]") is no array.
    """
    found = []
    position = 0
    while start := _START.search(text, position):
        item, ran_out = _value(text, start.start())
        if item.closed or ran_out or (isinstance(item.value, Members) and item.value.pairs):
            found.append(item)
        position = max(item.end, start.end())
    return found


def decoded(text: str) -> str | None:
    """The content of a text that is one JSON string in double quotes, else None."""
    text = text.strip()
    match = _TOKEN.fullmatch(text)
    return None if match is None or match["string"] is None else _unescaped(match["string"])


def _value(text: str, start: int) -> tuple[Found, bool]:
    """The container that opens at `start`, and whether the text ended inside it."""
    stack: list[_Open] = []
    position = start
    while (token := _TOKEN.match(text, position)) and _takes(stack, token):
        position = token.end()
        if stack[0].done:
            return Found(value=stack[0].value(), start=start, end=position, closed=True), False
    rest = _REST.match(text, position)
    at = rest.end() if rest else position
    # A string in double quotes that never ends has swallowed the rest of the text, one in single quotes may
    # be an apostrophe in prose unless the text ends within the length of a label.
    swallowed = token is None and (
        text.startswith('"', at) or (text.startswith("'", at) and len(text) - at <= 8)
    )
    ran_out = at == len(text) or swallowed
    outer = _closed(stack)
    return Found(value=outer, start=start, end=len(text) if ran_out else at, closed=False), ran_out


def _takes(stack: list[_Open], token: re.Match[str]) -> bool:
    """Feed one token to the stack; False where it cannot stand. The outermost container stays when done."""
    sign = token["sign"]
    if sign is None:
        return stack[-1].accepts(_scalar(token))
    if sign in "[{":
        if len(stack) >= _DEEPEST or (stack and (stack[-1].full or not _may_nest(stack[-1]))):
            return False
        stack.append(_Open(closer="]" if sign == "[" else "}"))
        return True
    here = stack[-1]
    if sign == ":":
        taken = here.key is not None and not here.colon
        here.colon = here.colon or taken
        return taken
    if here.key is not None:
        return False
    if sign == ",":
        here.full = False
        return True
    if sign != here.closer:
        return False
    if len(stack) > 1:
        stack.pop()
        return stack[-1].accepts(here.value())
    here.done = True
    return True


def _may_nest(here: _Open) -> bool:
    """Whether a container may open inside this one now."""
    return here.closer == "]" or here.colon


def _closed(stack: list[_Open]) -> Value:
    """The value of a stack that broke off, every open container closed where it stood."""
    while len(stack) > 1:
        inner = stack.pop().value()
        stack[-1].accepts(inner)
    return stack[0].value() if stack else None


def _scalar(token: re.Match[str]) -> Value:
    """The value of a token that is no sign."""
    if token["string"] is not None:
        return _unescaped(token["string"])
    if token["number"] is not None:
        return Numeral(token["number"])
    return token["single"] if token["single"] is not None else _WORDS[token["word"]]


def _unescaped(inside: str) -> str:
    """The text of a JSON string; where its escapes are wrong, as it stands."""
    if "\\" not in inside:
        return inside
    try:
        return str(json.loads(f'"{inside}"', strict=False))
    except ValueError:
        return inside
