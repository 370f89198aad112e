"""What hides from people: characters that are not seen, tag characters, bidirectional controls, look-alikes.

Honest texts hold some of them: soft hyphens, a byte order mark, joiners in Persian and in emoji, directional
marks in Hebrew and Arabic, flags of emoji that are spelt in tags. What is told here has no such use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .suspicion import Suspicion

__all__ = ["hidden", "hidden_tags"]

# The tags of an emoji flag follow a black flag, and end in a cancel tag.
_TAGS = re.compile("(?:\U0001f3f4[\U000e0030-\U000e007a]{2,8}\U000e007f)|([\U000e0000-\U000e007f]+)")
_RUN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0100-\U000e01ef]{4,}"
)
_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u052f"
_SPLIT = re.compile(
    f"(?<=[{_LETTER}])[\x00-\x08\x0e-\x1b\x7f\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    f"\u200b-\u200f\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e0fff]{{1,40}}(?=[{_LETTER}])"
)
_HYPHENS = re.compile(f"[{_LETTER}]\u00ad[{_LETTER}]\u00ad[{_LETTER}]\u00ad[{_LETTER}]")
_FEW = 3
"""Words that are split in a text before it is told: one or two come from careless software."""
_OVERRIDE = re.compile("[\u202d\u202e][^\u202c\n]{0,4000}")
_EMBEDDING = re.compile("[\u202a\u202b\u2066-\u2068][^\u202c\u2069\n]{0,4000}")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff]")
_UNUSUAL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u115f-\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u206f\u2800\u3164"
    "\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e0fff]"
)


def hidden(text: str) -> Iterator[Suspicion]:
    """What hides in a text as it came. Linear in its length."""
    if _UNUSUAL.search(text) is None:
        return
    for found in _TAGS.finditer(text):
        if found[1]:
            yield _told("invisible", found, "Tag characters spell something that nobody sees.")
    for found in _RUN.finditer(text):
        yield _told("invisible", found, "Several characters in a row are not seen.")
    splits = list(_SPLIT.finditer(text))
    if len(splits) >= _FEW:
        first, last = splits[0], splits[-1]
        why = f"Characters that are not seen split words in {len(splits)} places."
        marks = sum(any(mark in "\u200e\u200f" for mark in split.group()) for split in splits)
        kind = "bidi" if marks * 2 > len(splits) else "invisible"
        yield Suspicion(kind=kind, start=first.start(), end=last.end(), why=why)
    for found in _HYPHENS.finditer(text):
        yield _told(
            "invisible", found, "Soft hyphens stand between single letters, where no word is divided."
        )
    for found in _OVERRIDE.finditer(text):
        # A left-to-right override around a telephone number is what address books write.
        if any(map(str.isalpha, found.group())):
            yield _told("bidi", found, "A control makes letters read in another order than they are written.")
    embedded = list(_EMBEDDING.finditer(text))
    if embedded and _RIGHT_TO_LEFT.search(text) is None:
        why = "Bidirectional controls stand in a text without a word that is written from right to left."
        yield Suspicion(kind="bidi", start=embedded[0].start(), end=embedded[-1].end(), why=why)


def hidden_tags(text: str) -> Iterator[tuple[int, int, str]]:
    """What tag characters spell, in ASCII, and where."""
    if text.isascii():
        return
    for found in _TAGS.finditer(text):
        if found[1]:
            spelt = "".join(chr(ord(tag) - 0xE0000) for tag in found[1] if 0x20 <= ord(tag) - 0xE0000 < 0x7F)
            yield found.start(), found.end(), spelt


def _told(kind: str, found: re.Match[str], why: str) -> Suspicion:
    return Suspicion(kind=kind, start=found.start(), end=found.end(), why=why)
