"""Suspicious claims in words: which concepts of a language come together in one sentence.

A set of the words of a text tells whether any rule can hold at all; few honest texts get further. Then the
words are walked through once for each language in question, and each rule keeps the last place of each of its
concepts: steps are words times rules, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import NamedTuple

from .vocabulary import HEAD, Language, Rule, Words, vocabulary

__all__ = ["Claim", "Event", "claims", "events_of"]

_APART = str.maketrans(dict.fromkeys("\t\n\r\x0b\x0c!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))
_WORD = re.compile(r"[^\W_]+")
_STOP = re.compile(r"[.!?。！？؟।]['\")\]*_]{0,4}(?:\s|$)|[。！？]|\n\s{0,80}\n")
_OPENS = re.compile(r"[.!?;:,\"'(\[{<>*#=|\u2010-\u201f。！？，：；、\n]")
_SCRIPTS = {
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7a3]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
}
_FAR = 10
"""Words that the end of a sentence counts as: short rules do not reach over it, long ones do."""


class Event(NamedTuple):
    """Concepts that a text names at one place: number of the word, range, and whether it may order."""

    number: int
    start: int
    end: int
    mask: int
    leads: bool


class Claim(NamedTuple):
    """A rule that holds, and the range of the folded text that makes it so."""

    rule: Rule
    start: int
    end: int


def claims(text: str) -> Iterator[Claim]:
    """Every rule that holds of a folded text, with the places; where places overlap, the first is told.

    Steps: characters, and words times rules.
    """
    bits = _bits(text)
    for place, language in enumerate(vocabulary().languages):
        events: Iterable[Event] = ()
        if language.pieces is not None and not text.isascii() and _SCRIPTS[language.name].search(text):
            events = list(_pieces(text, language))
            bits[place] = reduce(or_, (event.mask for event in events), 0)
        if not (said := bits.get(place, 0)):
            continue
        if rules := [rule for rule in language.rules if rule.may_hold(said)]:
            wanted = reduce(or_, (rule.mask | rule.some for rule in rules))
            yield from _held(rules, events or events_of(text, language, wanted))


def _bits(text: str) -> dict[int, int]:
    """The concepts that a text names anywhere, by the place of the language."""
    marks = vocabulary().marks
    listed = text.translate(_APART).split() if text.isascii() else _WORD.findall(text)
    words = set(listed)
    keys = [*(words & marks.keys()), *({word[:HEAD] + "*" for word in words} & marks.keys())]
    if not keys:
        return {}
    joined = f" {' '.join(listed)} "
    bits: dict[int, int] = {}
    for key in keys:
        for place, phrase, mask in marks[key]:
            before = bits.get(place, 0)
            if mask & ~before and (not phrase or phrase in joined):
                bits[place] = before | mask
    return bits


def events_of(text: str, language: Language, wanted: int) -> Iterator[Event]:
    """The phrases of a language in a folded text that stand for wanted concepts, in order."""
    found = list(_WORD.finditer(text))
    words = [word.group() for word in found]
    wanted |= language.lead
    index, last_end, led = 0, 0, True
    for place, word in enumerate(words):
        start = found[place].start()
        gap = text[last_end:start]
        opens = led
        if gap != " ":
            if _STOP.search(gap):
                index += _FAR
            opens = led or _OPENS.search(gap) is not None
        last_end = found[place].end()
        mask, length = 0, 1
        for size in language.lengths.get(word, ()):
            said = word if size == 1 else " ".join(words[place : place + size])
            if (meant := language.whole.get(said, 0) & wanted) and place + size <= len(words):
                mask |= meant
                length = size
        for phrase, meant in language.open_ended.get(word[:HEAD], ()):
            if meant & wanted & ~mask and _fits(phrase, words, place):
                mask |= meant & wanted
                length = max(length, len(phrase))
        if language.label & wanted and len(word) <= 3 and (word.isdigit() or len(word) == 1):
            around = text[start - 1 : start] + text[last_end : last_end + 1]
            if around in ("[]", "【】", "［］", "⟦⟧") and not text[start - 2 : start - 1].isalnum():
                mask |= language.label
        led = bool(mask & language.lead)
        mask &= ~language.lead
        if mask:
            yield Event(index, start, found[place + length - 1].end(), mask, opens)
        index += 1


def _fits(phrase: Words, words: list[str], place: int) -> bool:
    """Whether the words from this place on are those of a phrase."""
    return place + len(phrase) <= len(words) and all(
        words[place + step].startswith(word) if beginning else words[place + step] == word
        for step, (word, beginning) in enumerate(phrase)
    )


def _pieces(text: str, language: Language) -> Iterator[Event]:
    """The same for languages whose words are found as pieces."""
    index, last = 0, 0
    for found in language.pieces.finditer(text) if language.pieces else ():
        between = text[last : found.start()]
        index += len(between) // language.width + (_FAR if _STOP.search(between) else 0)
        yield Event(index, found.start(), found.end(), language.whole[found.group()], True)
        index += 1
        last = found.end()


def _held(rules: list[Rule], events: Iterable[Event]) -> Iterator[Claim]:
    latest: list[dict[int, Event]] = [{} for _ in rules]
    past = [-1] * len(rules)
    for event in events:
        for number, rule in enumerate(rules):
            concerned = event.mask & (rule.mask | rule.some)
            if not event.leads:
                concerned &= ~rule.orders
            if not concerned or event.start < past[number]:
                continue
            seen = latest[number]
            while concerned:
                bit = concerned & -concerned
                seen[bit] = event
                concerned ^= bit
            near = [bit for bit, one in seen.items() if event.number - one.number < rule.span]
            if rule.may_hold(sum(near)):
                first = min(seen[bit] for bit in near)
                end = max(seen[bit].end for bit in near)
                yield Claim(rule, first.start, end)
                past[number] = end
                seen.clear()
