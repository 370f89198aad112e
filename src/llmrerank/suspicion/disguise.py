"""What a text says in another coding, which a model may read: base64, entities, rot13, letters set apart.

Only what it says is found out here; whether that is suspicious is for the rules to say.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes

from .folding import Folded

__all__ = ["Disguised", "disguised", "spelt_otherwise"]

_MOST = 20
"""Passages of each coding that are decoded."""

_LEAST = 12
"""Characters that what was decoded has at least: less says nothing."""

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,4000}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ ,:]?){16,4000}(?![0-9A-Za-z])")
_PERCENT = re.compile(r"(?:[\w.,+-]{0,40}%[0-9A-Fa-f]{2}){3,500}[\w.,+-]{0,40}")
_ENTITIES = re.compile(r"(?:[\w ]{0,3}&#[xX]?[0-9A-Fa-f]{1,6};){6,1000}")
_ESCAPES = re.compile(r"(?:\\u\{?[0-9A-Fa-f]{4}\}? ?){6,1000}")
_ESCAPE = re.compile(r"\\u\{?([0-9A-Fa-f]{4})\}? ?")
_BINARY = re.compile(r"(?<![0-9A-Za-z])(?:[01]{8} ?){8,2000}")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*|/·\u2009]{1,3}){7,2000}[^\W_](?![^\W_])")
_GAP = re.compile(r"([^\W_])([ .\-_*|/·\u2009]{1,3})")
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?<![^\W_])[a-z@$]{0,20}[0-9@$][a-z0-9@$]{1,20}")
_TURNED = (
    "vtaber", "qvfertneq", "vafgehpgvba", "cnffntr", "qbphzrag", "eryrinag", "enaxvat", "uvturfg",
    "erongi", "dragersid", "noitcurtsni", "egassap", "tnemucod", "tnaveler", "gniknar", "tsehgih",
)  # fmt: skip
"""Words of the trade in rot13 and backwards."""

Disguised = tuple[int, int, str, str]
"""Where it stands in the text as it came, what it says, and how it is coded."""


def disguised(text: str) -> Iterator[Disguised]:
    """Passages in a coding that can be told by its form. Linear: patterns are bounded."""
    for coding, needed, pattern, decoded in _CODINGS:
        if needed in text:
            for found in islice(pattern.finditer(text), _MOST):
                if len(said := decoded(found.group())) >= _LEAST:
                    yield found.start(), found.end(), said, coding


def spelt_otherwise(folded: Folded) -> Iterator[Disguised]:
    """The text read otherwise, whole or in part: rot13, backwards, letters joined, digits as letters."""
    text = folded.text
    if any(word in text for word in _TURNED[:8]):
        yield 0, folded.length, codecs.encode(text, "rot13"), "rot13"
    if any(word in text for word in _TURNED[8:]):
        yield 0, folded.length, text[::-1], "letters backwards"
    for found in islice(_SPACED.finditer(text), _MOST):
        start, end = folded.span(found.start(), found.end())
        yield start, end, _joined(found.group()), "letters set apart"
    numbered = _LEET_WORD.findall(text)
    if len(numbered) > 2 and sum(any(map(str.isalpha, word)) for word in numbered) > 2:
        yield (
            0,
            folded.length,
            _LEET_WORD.sub(lambda one: one.group().translate(_LEET), text),
            "digits for letters",
        )


def _base64(text: str) -> str:
    # Letters alone are a long word or a path.
    if text.isdigit() or text.islower():
        return ""
    bare = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    bare = bare[: len(bare) // 4 * 4 + (len(bare) % 4 if len(bare) % 4 != 1 else 0)]
    try:
        return _text(base64.b64decode(bare + "=" * (-len(bare) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _text(made: bytes) -> str:
    try:
        said = made.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return said if all(sign.isprintable() or sign.isspace() for sign in said) else ""


def _joined(text: str) -> str:
    """Letters that were set apart by one sign, words by more of them, or by another."""
    gaps = Counter(found[2] for found in _GAP.finditer(text))
    # Where two come equally often, blanks part the words; else the first one decides, not the seed of hashes.
    usual = max(gaps, key=lambda gap: (gaps[gap], not gap.isspace()))
    return _GAP.sub(lambda one: one[1] if one[2] == usual else one[1] + " ", text)


def _hexadecimal(text: str) -> str:
    digits = re.sub(r"0x|\\x|[ ,:]", "", text)
    return _text(bytes.fromhex(digits)) if len(digits) % 2 == 0 else ""


def _percent(text: str) -> str:
    return _text(unquote_to_bytes(text.replace("+", " ")))


def _escapes(text: str) -> str:
    return _ESCAPE.sub(lambda one: chr(int(one[1], 16)), text)


def _binary(text: str) -> str:
    digits = text.replace(" ", "")
    return _text(bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits) - 7, 8)))


_CODINGS: tuple[tuple[str, str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("base64", "", _BASE64, _base64),
    ("hexadecimal digits", "", _HEX, _hexadecimal),
    ("percent signs", "%", _PERCENT, _percent),
    ("entities", "&#", _ENTITIES, html.unescape),
    ("escapes", "\\u", _ESCAPES, _escapes),
    ("binary digits", "01", _BINARY, _binary),
)
"""What a coding is called, a string that it cannot do without, what it looks like, and what it says."""
