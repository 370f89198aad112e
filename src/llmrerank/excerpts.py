"""What of a long document is shown for a query: the sentences that speak of it, in their order.

**Terms** are words without regard to case; of two words one counts as the other where they differ in an
ending of one or two letters, or begin with the same six. Scripts without blanks between words are read by
pairs of neighbouring characters. No stemmer and no stop list: a term that stands in most sentences of the
document weighs next to nothing (Sparck Jones 1972, "A statistical interpretation of term specificity").

**Sentences** are scored as BM25 would score them if they were the documents (Robertson and Zaragoza 2009),
and a third of what its neighbours are worth is added to each: two matches in one place tell more than two
far apart.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .sentences import Range, sentences
from .tokens import estimate, truncate

__all__ = ["GAP", "excerpt"]

GAP = "…"
"""Stands, between blanks, where something was left out."""

_GAP_TOKENS = estimate(GAP)
_PARTS = 2
"""A sentence that takes more than this part of the room is split: half."""
_SHORTEST = 12
_NEIGHBOUR = 1 / 3
_SATURATION, _LENGTH = 1.2, 0.75
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Signs that are part of words and no letters to Python's \w.
_SIGNS = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_TERM = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|(?:(?![_{_UNSPACED}])[\w{_SIGNS}])+")


def excerpt(text: str, *, query: str, tokens: int, spans: Sequence[Range] = ()) -> tuple[str, int]:
    """Choose from a text what answers a query best, within so many tokens.

    A text that fits comes back as it is. Else the given ranges come first, then the first sentence, which
    tells the topic, where it leaves half of the room, then the best sentences until the room is full. They
    are shown in the order of the text, with ` … ` where something between them is left out. A text that has
    nothing of the query, and no given range, is cut at its end.

    Args:
        text: The text of a document.
        query: What is asked.
        tokens: Most tokens (`tokens.estimate`) of the excerpt, its gaps included.
        spans: Ranges of the text that are known to be good, best first.

    Returns:
        The excerpt, and how many tokens of the text were left out (0: none).
    """
    whole = estimate(text)
    if whole <= tokens:
        return text, 0
    ranges = sentences(text, limit=max(_SHORTEST, tokens // _PARTS))
    scores = _scores([text[start:end] for start, end in ranges], query)
    if not any(scores) and not spans:
        return truncate(text, tokens)
    costs = [estimate(text[start:end]) for start, end in ranges]
    chosen = _chosen(_priority(ranges, scores, costs, spans, tokens), costs, tokens)
    while chosen:
        shown, gaps = _joined(text, ranges, sorted(chosen))
        taken = estimate(shown)
        if taken <= tokens:
            return shown, whole - taken + gaps * _GAP_TOKENS
        # Joined, letters that a split had parted may count more.
        chosen.pop()
    return truncate(text, tokens)


def _priority(
    ranges: Sequence[Range],
    scores: Sequence[float],
    costs: Sequence[int],
    spans: Sequence[Range],
    tokens: int,
) -> list[int]:
    """All sentences in the order in which room is given to them."""
    best = sorted(range(len(ranges)), key=lambda place: -scores[place])
    middles = [(start + end) // 2 for start, end in ranges]
    known = [place for start, end in spans for place in best if start <= middles[place] < end]
    topic = [0] if 2 * costs[0] <= tokens else []
    return list(dict.fromkeys([*known, *topic, *best]))


def _chosen(priority: Sequence[int], costs: Sequence[int], tokens: int) -> list[int]:
    """The sentences that fit, in the order in which they were taken."""
    taken: dict[int, None] = {}
    room = tokens
    for place in priority:
        opens = place > 0 and place - 1 not in taken
        gaps = opens - (place + 1 in taken)
        cost = costs[place] + gaps * _GAP_TOKENS
        if cost <= room:
            room -= cost
            taken[place] = None
    return list(taken)


def _joined(text: str, ranges: Sequence[Range], places: Sequence[int]) -> tuple[str, int]:
    """The sentences at these places as one text, and the number of its gaps."""
    begins = [places[0], *(later for one, later in pairwise(places) if later > one + 1)]
    ends = [*(one for one, later in pairwise(places) if later > one + 1), places[-1]]
    runs = [text[ranges[a][0] : ranges[b][1]].strip() for a, b in zip(begins, ends, strict=True)]
    if places[0] > 0:
        return f" {GAP} ".join(["", *runs]).lstrip(), len(runs)
    return f" {GAP} ".join(runs), len(runs) - 1


def _scores(parts: Sequence[str], query: str) -> list[float]:
    """How much each part of a text says about a query; 0 where it and its neighbours have no term of it."""
    known: dict[str, int] = {}
    for word in _terms(query):
        forms = _forms(word)
        term = next((known[form] for form in forms if form in known), len(known))
        for form in forms:
            known.setdefault(form, term)
    lengths, counts = [], []
    for part in parts:
        words = list(_terms(part))
        found = (next((known[form] for form in _forms(word) if form in known), None) for word in words)
        lengths.append(len(words))
        counts.append(Counter(term for term in found if term is not None))
    holding = Counter(term for count in counts for term in count)
    weights = {term: math.log(1 + (len(parts) - n + 0.5) / (n + 0.5)) for term, n in holding.items()}
    usual = sum(lengths) / max(1, len(parts)) or 1.0
    own = []
    for length, count in zip(lengths, counts, strict=True):
        damping = _SATURATION * (1 - _LENGTH + _LENGTH * length / usual)
        own.append(sum(weights[term] * n / (n + damping) for term, n in sorted(count.items())))
    beside = zip([0.0, *own[:-1]], [*own[1:], 0.0], strict=True) if own else []
    return [score + _NEIGHBOUR * (left + right) for score, (left, right) in zip(own, beside, strict=True)]


def _terms(text: str) -> Iterator[str]:
    """The terms of a text in order: words, and pairs of characters where words are not spaced."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    for found in _TERM.finditer(text.casefold()):
        run = found.group()
        if found["unspaced"] and len(run) > 1:
            yield from (run[place : place + 2] for place in range(len(run) - 1))
        else:
            yield run


def _forms(word: str) -> list[str]:
    """What a word may be found by: itself, without a short ending, by its first six letters."""
    if len(word) < 5 or not word[0].isalpha():
        return [word]
    return [word, word[:-1], word[:-2] if len(word) > 5 else word, word[:6]]
