"""One spelling for what Unicode spells in many ways: digits, letters, brackets, arrows, spaces, line breaks.

Only signs that can be part of an answer's form are changed. Words stay as they are, number words such as the
Chinese numerals too, since a number word in prose is prose.
"""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {
    **dict.fromkeys("［【〔〖〘〚「『〈《⟦⟨❲", "["),
    **dict.fromkeys("］】〕〗〙〛」』〉》⟧⟩❳", "]"),
    **dict.fromkeys("≻≽≫≥⪰⊳›»▶▸►⯈", ">"),
    **dict.fromkeys("≺≼≪≤⪯⊲‹«◀◂◄⯇", "<"),
    **dict.fromkeys("、，﹐،", ","),
    **dict.fromkeys("‘’ʼ′", "'"),
    "\u20e3": " ",  # the frame of a keycap: two keycaps in a row are two labels
    "🔟": " 10 ",
    # Quotes and backslashes of other widths carry JSON strings apart from ASCII ones: left alone.
    "＂": "＂",
    "＼": "＼",
}
_LETTER_NAME = re.compile(r"(?:CIRCLED|SQUARED|PARENTHESIZED) LATIN (?:CAPITAL|SMALL) LETTER ([A-Z])$")
_ARROWS = ((" RIGHT", ">"), ("RIGHTWARDS ", ">"), ("DOWNWARDS ", ">"), ("LEFTWARDS ", "<"))


class _Table(dict[int, str]):
    """A translation table that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain(chr(code))
        return plain


def _plain(sign: str) -> str:
    """The ASCII spelling of one character if it has a part in the form of an answer, else the character."""
    if sign in _SIGNS:
        return _SIGNS[sign]
    category = unicodedata.category(sign)
    if category in ("Nd", "No"):
        return _digit(sign)
    if category == "Zs":
        return " "
    if category in ("Zl", "Zp") or sign in "\x0b\x0c\x85":
        return "\n"
    if category == "Cc":
        return sign if sign in "\n\t" else " "
    if category == "Cf" or "\ufe00" <= sign <= "\ufe0f":
        return ""
    if sign.isascii():
        return sign
    if category in ("Lu", "Ll", "So"):
        return _letter_or_arrow(sign)
    if category == "Sm" and (arrow := _arrow(sign)):
        return arrow
    folded = unicodedata.normalize("NFKC", sign)
    # Full-width punctuation. Compatibility forms of words are none of our business.
    return folded if len(folded) == 1 and folded.isascii() else sign


def _digit(sign: str) -> str:
    """A digit or an enclosed number in ASCII; fractions and number signs without a whole value stay."""
    value = unicodedata.numeric(sign)
    if value != int(value) or value < 0:
        return sign
    folded = unicodedata.normalize("NFKC", sign)
    if not (folded.isascii() and any(letter.isdigit() for letter in folded)):
        folded = str(int(value))
    # An enclosed number is complete in itself: "②①" names two documents, not document 21.
    return f" {folded} " if "CIRCLED" in unicodedata.name(sign, "") else folded


def _letter_or_arrow(sign: str) -> str:
    """An enclosed or wide Latin letter in ASCII, an arrow as its ASCII head, else the sign itself."""
    folded = unicodedata.normalize("NFKC", sign)
    name = unicodedata.name(sign, "")
    if match := _LETTER_NAME.search(name):
        return f" {match[1]} "
    if len(folded) == 1 and folded.isascii():
        return folded
    return _arrow(sign) or sign


def _arrow(sign: str) -> str | None:
    """The head of a horizontal or downward arrow, None for anything else."""
    name = " " + unicodedata.name(sign, "")
    if "ARROW" not in name:
        return None
    return next((head for words, head in _ARROWS if words in name + " "), None)


_TABLE = _Table()
_NEEDS_WORK = re.compile(r"[^\n\t -~]")


def plain(text: str) -> str:
    """The text with the signs of an answer's form in ASCII, line breaks alike, invisible characters gone.

    >>> plain("【２】＞【１】")
    '[2]>[1]'
    """
    if not _NEEDS_WORK.search(text):
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_TABLE)
