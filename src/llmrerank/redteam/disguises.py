"""How the words of an attack are hidden: from people, from filters, or from both.

Each disguise turns plain ASCII into text whose length depends on the plain text's length alone, so that the
neutral filler can wear the same disguise at the same length. What they do to a reader: Boucher and others,
"Bad Characters", 2021, arXiv 2106.09898.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from types import MappingProxyType

__all__ = ["DISGUISES", "disguised"]

_TAGS = 0xE0000
_SELECTORS = 0xFE00
_MORE_SELECTORS = 0xE0100 - 16


def _tags(plain: str) -> str:
    return "".join(chr(_TAGS + ord(sign)) if " " <= sign <= "~" else sign for sign in plain)


def _bits(plain: str) -> str:
    return "".join(f"{ord(sign):08b}" for sign in plain).translate({48: "\u200b", 49: "\u200c"})


def _selectors(plain: str) -> str:
    return "".join(chr(ord(sign) + (_SELECTORS if ord(sign) < 16 else _MORE_SELECTORS)) for sign in plain)


def _between(*marks: str) -> Callable[[str], str]:
    """Marks by turns between every two characters."""
    return lambda plain: "".join(sign + mark for sign, mark in zip(plain, cycle(marks), strict=False))[:-1]


def _within(opening: str, closing: str, *, reverse: bool = False) -> Callable[[str], str]:
    return lambda plain: f"{opening}{plain[::-1] if reverse else plain}{closing}"


DISGUISES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "embedding": _within("\u202b", "\u202c"),
        "isolate": _within("\u2067", "\u2069"),
        "marks between letters": _between("\u200f", "\u200e"),
        "reversed override": _within("\u202e", "\u202c", reverse=True),
        "soft hyphen": _between("\u00ad"),
        "tags": _tags,
        "variation selectors": _selectors,
        "word joiner": _between("\u2060"),
        "zero-width bits": _bits,
        "zero-width non-joiner": _between("\u200c"),
        "zero-width space": _between("\u200b"),
    }
)
"""By name: from plain ASCII to what is planted."""


def disguised(plain: str, disguise: str) -> str:
    """The words as they are planted; unchanged where `disguise` is empty."""
    return DISGUISES[disguise](plain) if disguise else plain
