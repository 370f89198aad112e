"""Suspicious claims in words: which concepts of a language come together in one sentence.

A set of the words of a text tells whether any rule can hold at all; few honest texts get further. Then those
words that may begin a phrase are looked at once for each language in question, and each rule keeps the last
place of each of its concepts: steps are words times rules, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import NamedTuple

from .vocabulary import HEAD, Language, Rule, Words, vocabulary

__all__ = ["Claim", "Event", "Spoken", "claims", "events_of"]

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
    spoken: Spoken | None = None
    for place, language in enumerate(vocabulary().languages):
        events: Iterable[Event] = ()
        if language.pieces is not None and not text.isascii() and _SCRIPTS[language.name].search(text):
            events = list(_pieces(text, language))
            bits[place] = reduce(or_, (event.mask for event in events), 0)
        if not (said := bits.get(place, 0)):
            continue
        if rules := [rule for rule in language.rules if rule.may_hold(said)]:
            wanted = reduce(or_, (rule.mask | rule.some for rule in rules))
            if not events:
                spoken = spoken or Spoken(text)
                events = events_of(spoken, language, wanted)
            yield from _held(rules, events)


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


class Spoken:
    """The words of a folded text, found once for all languages."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = list(_WORD.finditer(text))
        self.words = [word.group() for word in self.found]
        # By word, and by first letters: the places of the words.
        self.places: dict[str, list[int]] = {}
        self.heads: dict[str, list[int]] = {}
        self.opens: list[bool] = []
        self.numbers: list[int] = []
        far, end = 0, 0
        for place, (word, found) in enumerate(zip(self.words, self.found, strict=True)):
            self.places.setdefault(word, []).append(place)
            gap = text[end : found.start()]
            opens = place == 0
            if gap != " ":
                far += _FAR * (_STOP.search(gap) is not None)
                opens = opens or _OPENS.search(gap) is not None
            self.opens.append(opens)
            self.numbers.append(place + far)
            end = found.end()
        for word, places in self.places.items():
            self.heads.setdefault(word[:HEAD], []).extend(places)

    def begun(self, language: Language, wanted: int) -> list[int]:
        """The places at which a phrase of a language may begin, in order."""
        at = {place for word in self.places.keys() & language.lengths.keys() for place in self.places[word]}
        for head in self.heads.keys() & language.open_ended.keys():
            at.update(self.heads[head])
        if language.label & wanted:
            short = (word for word in self.places if len(word) <= 3 and (word.isdigit() or len(word) == 1))
            at.update(place for word in short for place in self.places[word])
        return sorted(at)


def events_of(spoken: Spoken, language: Language, wanted: int) -> Iterator[Event]:
    """The phrases of a language in a folded text that stand for wanted concepts, in order."""
    text, words, found = spoken.text, spoken.words, spoken.found
    wanted |= language.lead
    led = -1
    for place in spoken.begun(language, wanted):
        word = words[place]
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
            start, end = found[place].span()
            around = text[start - 1 : start] + text[end : end + 1]
            if around in ("[]", "【】", "［］", "⟦⟧") and not text[start - 2 : start - 1].isalnum():
                mask |= language.label
        leads = spoken.opens[place] or led == place - 1
        if mask & language.lead:
            led = place
        mask &= ~language.lead
        if mask:
            last = found[place + length - 1].end()
            yield Event(spoken.numbers[place], found[place].start(), last, mask, leads)


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
