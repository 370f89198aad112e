"""Saying the same again and again: the query where it is known, any phrase in a row where it is not.

Technical texts repeat their words; what they do not do is to repeat a phrase with nothing in between, or to
ask one question four times.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from .folding import Folded, fold
from .suspicion import Suspicion

__all__ = ["stuffed", "stuffed_with"]

_WORD = re.compile(r"[^\W_]+")
_TIMES = 4
"""A phrase of two words or more that is said so many times in a row."""
_WORD_TIMES = 6
"""A single word that is said so many times in a row."""
_LONG = 5
"""A phrase of so many words is told already when it is said four times in a row."""
_QUERY_TIMES = 3
_WINDOW, _DENSE = 20, 0.55
"""Of so many words this share are telling words of the query."""
_OVER, _WIDEST = 4, 80
"""Words of that window for each telling word, if these are more: who answers repeats a long question once."""
_OTHERS = 3
"""Of these words so many are not the one that comes most: a list may be full of one name."""
_PHRASES = ((4, 4, 9), (9, 3, 18))
"""Words of a phrase, how often it comes, and how many words after the last time at most."""
_REPEATED = 6
"""Pairs of words that come again, before any phrase can have come as often as that."""
_LONGEST = 60
_ITEMS, _DIGITS = 10, 4
"""A numbered list has no more items that say the same, and its numbers have fewer digits: a year has more."""
_SENTENCE_ENDS = tuple(".!?")
_ITEM_ENDS = (*_SENTENCE_ENDS, *")]\"'”’»", "")


def stuffed(folded: Folded, query: str | None = None) -> Iterator[Suspicion]:
    """Phrases that follow themselves, at once or after a few words. One pass over the words."""
    found = list(_WORD.finditer(folded.text))
    words = [word.group() for word in found]
    if len(words) < _WORD_TIMES or len(set(pairs := list(pairwise(words)))) == len(pairs):
        return
    last: dict[tuple[str, str], int] = {}
    distance, began = 0, 0
    for place, pair in enumerate([*pairs, ("", "")]):
        apart = place - last.get(pair, place)
        last[pair] = place
        if apart == distance:
            continue
        if distance and (told := _told(folded, found, words, began, place + 1, distance)):
            yield told
        distance, began = (apart, place - apart) if 0 < apart <= _LONGEST else (0, place)
    if len(pairs) - len(last) >= _REPEATED:
        yield from _again(folded, found, words, _telling(query or "")[1])


def _again(
    folded: Folded, found: list[re.Match[str]], words: list[str], telling: set[str]
) -> Iterator[Suspicion]:
    """A phrase that comes again and again with little between."""
    for size, least, near in _PHRASES:
        runs: dict[tuple[str, ...], list[int]] = {}
        for place, phrase in enumerate(zip(*(words[step:] for step in range(size)), strict=False)):
            places = runs.setdefault(phrase, [])
            if places and place - places[-1] > near:
                places.clear()
            places.append(place)
            # Numbers that come again are a table, names with marks in them code.
            if (
                len(places) >= least
                and all(map(str.isalpha, phrase))
                and sum(len(word) > 3 for word in phrase) > 1
                and not _headings(folded.text, found, places[-least:], size)
                and (
                    len(places) > _ITEMS
                    or 2 * sum(word in telling for word in phrase) > size
                    or _uncounted(folded.text, found, places, size) >= least
                )
            ):
                first = places[0]
                start, end = folded.span(found[first].start(), found[place + size - 1].end())
                why = f"The same words stand {least} times with little between."
                yield Suspicion(kind="stuffing", start=start, end=end, why=why)
                return


def _headings(text: str, found: list[re.Match[str]], places: list[int], size: int) -> bool:
    """Whether a short phrase begins sentences that all go on differently, as a list of headings does."""
    ends = {
        text[found[one + size - 1].end() : found[other].start()].rstrip() for one, other in pairwise(places)
    }
    return size < _LONG and len(ends) == len(places) - 1 and all(end[-1:] in _SENTENCE_ENDS for end in ends)


def _uncounted(text: str, found: list[re.Match[str]], places: list[int], size: int) -> int:
    """How many of two places or more are not the next item of a list whose numbers count up by one."""
    numbers = [
        {
            int(word.group())
            for word in found[one + size : other]
            if word.group().isdecimal()
            and len(word.group()) < _DIGITS
            and (word is found[other - 1] or text[word.start() - 2 : word.start()].strip()[-1:] in _ITEM_ENDS)
        }
        for one, other in pairwise(places)
    ]
    return 2 + sum(all(number - 1 not in before for number in these) for before, these in pairwise(numbers))


def _told(
    folded: Folded, found: list[re.Match[str]], words: list[str], first: int, last: int, size: int
) -> Suspicion | None:
    """A run of words first..last that repeats itself every `size` words, if that is stuffing."""
    last = min(last, len(words))
    times = (last - first) / size
    least = _WORD_TIMES if size == 1 else _TIMES if size < _LONG else _TIMES - 1
    phrase = words[first : first + size]
    # Numbers in a row are a table, single letters a formula.
    if times < least or sum(len(word) > 2 and word.isalpha() for word in phrase) * 2 <= size:
        return None
    start, end = folded.span(found[first].start(), found[last - 1].end())
    if size * len(set(phrase)) == 1 and len(phrase[0]) < 4:
        return None
    return Suspicion(
        kind="stuffing", start=start, end=end, why=f"The same words stand {int(times)} times in a row."
    )


def stuffed_with(folded: Folded, query: str) -> Iterator[Suspicion]:
    """The query, said three times, or its words in such density as no sentence has. Linear: two passes."""
    asked, telling = _telling(query)
    if len(asked) < 2 or not telling:
        return
    found = list(_WORD.finditer(folded.text))
    words = [word.group() for word in found]
    places = _places(asked, words)
    if len(places) >= _QUERY_TIMES:
        start, end = folded.span(found[places[0]].start(), found[places[-1] + len(asked) - 1].end())
        why = f"The query is said {len(places)} times."
        yield Suspicion(kind="stuffing", start=start, end=end, why=why)
        return
    window = min(max(_WINDOW, _OVER * len(telling)), _WIDEST)
    least = math.ceil(_DENSE * window)
    there = [word in telling for word in words]
    dense = sum(there[:window])
    for last in range(window, len(words) + 1):
        if dense >= least and _several(words[last - window : last], telling):
            start, end = folded.span(found[last - window].start(), found[last - 1].end())
            why = f"Of {window} words {dense} are words of the query."
            yield Suspicion(kind="stuffing", start=start, end=end, why=why)
            return
        if last < len(words):
            dense += there[last] - there[last - window]


def _telling(query: str) -> tuple[list[str], set[str]]:
    """The words of a query, and those among them that are not small."""
    asked = _WORD.findall(fold(query).text)
    return asked, {word for word in asked if len(word) > 3 or not word.isascii()}


def _several(words: list[str], telling: set[str]) -> bool:
    """Whether several words of the query make a text dense, and not one name that a list is full of."""
    counts = Counter(word for word in words if word in telling)
    return counts.total() - max(counts.values()) >= _OTHERS


def _places(asked: list[str], words: list[str]) -> list[int]:
    """Where the words of a query stand in a row, one behind the other."""
    said, wanted = f" {' '.join(words)} ", f" {' '.join(asked)} "
    places, at, before, counted = [], said.find(wanted), 0, 0
    while at >= 0:
        counted += said.count(" ", before, at)
        before = at
        places.append(counted)
        at = said.find(wanted, at + len(wanted) - 1)
    return places
