"""From text to terms, the same way for documents and queries.

1. Characters are folded: compatibility forms (NFKC), case, and the invisible ones dropped.
2. A word is a run of letters, digits and marks of any script; an apostrophe between two of them belongs to
   it. Everything else, the underscore included, separates.
3. A run of Chinese, Japanese or Korean is no word but overlapping bigrams, a run of one stays alone: these
   scripts put no blanks between words, and bigrams need no dictionary. So do Lucene's CJK filters.
4. With a language: what an apostrophe attaches is taken off (`dog's`, `l'avion`), stop words and words of one
   letter or digit are dropped (not Chinese, Japanese or Korean ones) and the rest is stemmed.

Scripts that put no blanks between words and are not among these (Thai, Lao, Khmer, Burmese) stay whole runs.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from .languages import check_language, stemmer_of, stop_words_of, strip_apostrophes

__all__ = ["VERSION", "Analyzer", "fold", "words"]

VERSION = 1
"""Changes when the same text can give other terms: indexes built before are then built anew."""

_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_APOSTROPHES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "‛": "'", "_": " "})
# Soft hyphen, joiners, direction marks, enclosing circles, variation selectors: they change how a word looks,
# not which word it is. The zero-width space is not among them, since it separates words.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\u20dd-\u20e4"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]+"
)
_CJK = (
    "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f"  # radicals, kana
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff"  # katakana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\u1100-\u11ff\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"  # Hangul
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff"  # further kana and Han
)
# A capital dotted I folds to an i with a second dot above, which nobody types.
_DOTTED = re.compile("i\u0307+")
_MEMO = 200_000


def fold(text: str) -> str:
    """Fold characters so that spellings that differ only in form or case are equal; folding twice is once."""
    if text.isascii():
        return text.lower().replace("_", " ")
    text = _INVISIBLE.sub("", text)
    # Case folding can undo a normal form and the other way round; this is Unicode's caseless match (D146).
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold()).casefold()
    text = unicodedata.normalize("NFKC", _DOTTED.sub("i", _INVISIBLE.sub("", text)))
    return text.translate(_APOSTROPHES)


def words(text: str) -> list[str]:
    """Split text into folded words, and Chinese, Japanese and Korean runs into bigrams."""
    folded = fold(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    patterns = _patterns()
    found: list[str] = []
    for word in patterns.word.findall(folded):
        if word.isascii() or not patterns.cjk.search(word):
            found.append(word)
        else:
            found.extend(_parts(word, patterns))
    return found


class Analyzer:
    """Turns text into terms for one language; safe to use from several threads.

    Args:
        language: ISO 639-1 code of stop words and stemmer; None turns both off.

    Raises:
        ConfigError: Nobody knows the language.
    """

    def __init__(self, language: str | None) -> None:
        check_language(language)
        self.language = language
        self._stem = stemmer_of(language)
        # A stop word of several words (bm25s lists a few) can never be met as one.
        listed = (words(word) for word in stop_words_of(language))
        self._stop_words = frozenset(split[0] for split in listed if len(split) == 1)
        self._memo: dict[str, str] = {}
        self._lock = threading.Lock()

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in order, repeated as often as they stand there."""
        memo = self._memo
        found = []
        for word in words(text):
            term = memo.get(word)
            if term is None:
                term = self._term(word)
            if term:
                found.append(term)
        return found

    def _term(self, word: str) -> str:
        """One word's term, or nothing for a stop word."""
        term = strip_apostrophes(word, self.language)
        with self._lock:
            if self._stops(term):
                term = ""
            elif self._stem is not None:
                term = self._stem(term) or term
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            self._memo[word] = term
        return term

    def _stops(self, word: str) -> bool:
        if len(word) > 1 or self.language is None:
            return word in self._stop_words
        return word.isascii() or not _patterns().cjk.match(word)


class _Patterns:
    """Patterns over all scripts; `re` has no class for marks, so one is made from the Unicode tables."""

    def __init__(self) -> None:
        marks = _marks()
        word = rf"\w[\w{marks}]*"
        self.word = re.compile(rf"{word}(?:'{word})*")
        self.cjk = re.compile(f"[{_CJK}]")
        self.part = re.compile(rf"(?P<cjk>(?:[{_CJK}][{marks}]*)+)|[^{_CJK}]+")
        self.character = re.compile(rf"[{_CJK}][{marks}]*")


@cache
def _patterns() -> _Patterns:
    return _Patterns()


def _marks() -> str:
    """All combining marks as the inside of a character class; those of higher planes are invisible ones."""
    marks = [code for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _parts(word: str, patterns: _Patterns) -> Iterator[str]:
    """Split a word that holds Chinese, Japanese or Korean into bigrams and what stands between them."""
    for part in patterns.part.finditer(word):
        if part["cjk"] is None:
            between = part.group().strip("'")
            if between:
                yield between
            continue
        characters = patterns.character.findall(part.group())
        if len(characters) == 1:
            yield characters[0]
        for first, second in pairwise(characters):
            yield first + second
