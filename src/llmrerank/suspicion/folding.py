"""One spelling for what looks the same: compatibility forms, case, accents, unseen characters, look-alikes.

Folding may drop characters (zero-width ones) and make one into several (ligatures); every place of the folded
text knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["CONFUSABLE", "Folded", "fold", "has_look_alikes"]

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_LONGEST = 4
"""Characters that one becomes at most, as "(20)" does; what would become more is a sentence, and stays."""
_HANGUL = range(0xAC00, 0xD7A4)
# Letters of other scripts that are drawn like Latin ones (after lower-casing, accents off).
CONFUSABLE = str.maketrans(
    "авгеикмнопрстухьѕіјԁԛԝһғъ" + "αβγεηικνορτυχωϲϳ" + "օսրցհոԁ" + "ɑɡɩʟ",
    "abreukmhonpctyxbsijdqwhfb" + "abyenikvoptuxwcj" + "oupghnd" + "agil",
)
_MIXED = re.compile("[a-z][\u0370-\u058f]|[\u0370-\u058f][a-z]|[a-z][\u0250-\u02af]|[\u0250-\u02af][a-z]")
_LETTERS = re.compile("[a-z\u0250-\u02af\u0370-\u058f]+")


def has_look_alikes(text: str) -> bool:
    """Whether letters of other scripts stand in a Latin word of a text."""
    return not text.isascii() and _MIXED.search(text.translate(_FOLDS)) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text.

    Attributes:
        text: What rules read.
        offsets: Where each character of it came from; None: from the same place.
        length: Characters of the text as it came.
        mixed: Whether letters of other scripts stood among Latin ones and were taken for these.
    """

    text: str
    offsets: tuple[int, ...] | None
    length: int
    mixed: bool = False

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The range of the text as it came that became this range, which is not empty."""
        if self.offsets is None:
            return start, end
        first = self.offsets[start]
        # Unseen characters behind the last one belong to nothing.
        return first, max(self.offsets[end - 1], first) + 1

    def place(self, original: int) -> int:
        """The first folded place at or behind a place of the text as it came."""
        return original if self.offsets is None else bisect_right(self.offsets, original - 1)


class _Folds(dict[int, str]):
    """What each character becomes; found out when it is first met."""

    def __missing__(self, code: int) -> str:
        made = _folded(chr(code))
        if len(self) < 1 << 16:
            self[code] = made
        return made


_FOLDS = _Folds()


def fold(text: str) -> Folded:
    """Fold a text. Linear in its length."""
    if text.isascii() and _CONTROL.search(text) is None:
        return Folded(text=text.lower(), offsets=None, length=len(text))
    folded = text.translate(_FOLDS)
    offsets: tuple[int, ...] | None = None
    if any(len(_FOLDS[ord(character)]) != 1 for character in set(text)):
        offsets = tuple(place for place, character in enumerate(text) for _ in _FOLDS[ord(character)])
    mixed = _MIXED.search(folded) is not None
    if mixed:
        folded = _LETTERS.sub(_latin, folded)
    return Folded(text=folded, offsets=offsets, length=len(text), mixed=mixed)


def _latin(found: re.Match[str]) -> str:
    """A word with its look-alikes replaced, if it is Latin otherwise; same length."""
    word = found.group()
    if word.isascii() or not any("a" <= letter <= "z" for letter in word):
        return word
    plain = word.translate(CONFUSABLE)
    return plain if plain.isascii() else word


def _folded(character: str) -> str:
    if _UNSEEN.match(character):
        # A line that ends in another way still ends.
        return "\n" if character in "\x1c\x1d\x1e\x85" else ""
    if character.isspace():
        return "\n" if character in "\n\r\x0b\x0c\u2028\u2029" else " "
    if ord(character) in _HANGUL:
        return character
    made = unicodedata.normalize("NFKD", character).lower()
    plain = "".join(part for part in made if not unicodedata.combining(part))
    return plain if len(plain) <= _LONGEST else character
