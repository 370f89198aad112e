"""Verdicts on several documents in one reply: a line each, or JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmrerank.answers.clean import without_fences
from llmrerank.answers.labels import ANY_NOUN, NUMBER_WORD, Labels
from llmrerank.answers.loose_json import Members, Value
from llmrerank.answers.structured import identifier, label_of, structure
from llmrerank.answers.verdicts import Verdicts

VERDICT_KEYS = re.compile(
    r"(?:final_?|overall_?|is_?)?(?:score|grade|rating|relevance|relevancy|relevant"
    r"|judge?ment|verdict|answer|label|level)"
    r"(?:_?(?:score|grade|label|level|rating))?",
    re.IGNORECASE,
)
_CUE = (
    r"(?:(?:relevance|relevancy|score|grade|rating|relevant|judge?ment|verdict|label|level|answer)\b"
    r"[\s:=*_-]*){0,3}"
)
# Not `>` and no comma before a bare value: a ranking in the place of grades must not be read as them. A dot
# needs its space: 1.5 is a number.
_GAP = (
    r"[\])*_`\"']{0,6}\s?(?:[:=)–—|]|-+>|-(?![0-9>])|\.(?=\s)"
    r"|[,;](?=\s*(?i:relevan|score|grade|rating|judg|verdict|label|level|answer)))+\s*"
)
_NEXT_ON_LINE = re.compile(rf"[,;|]\s*(?=(?:(?i:{ANY_NOUN})[ :#]{{0,3}})?\[?[0-9A-Za-z]{{1,4}}\]?\s?[:=])")

Pair = tuple[int, str]
"""A 1-based label and the spelling of its verdict."""


def from_lines(text: str, labels: Labels, verdicts: Verdicts) -> list[Pair]:
    """Read lines such as `[2]: 3`, `Doc: 2, Relevance: 9`, `2: yes`; other lines do not count."""
    rule = re.compile(
        rf"[\s*_>•+`|#-]{{0,12}}(?:[0-9]{{1,4}}[.)]\s+(?=[\[(*_]|(?i:{ANY_NOUN})))?[*_`\"']{{0,4}}"
        rf"(?:(?i:{ANY_NOUN})[ \t:#*_]{{0,4}}(?i:{NUMBER_WORD}))?[(*_`\"']{{0,4}}"
        # A bracket that opens must close behind the label, or it is a list: "[3, 1, 2]".
        rf"(?P<open>\[{{1,2}})?[ *_`\"']{{0,4}}(?P<label>{labels.pattern})(?(open)[ *_`\"']{{0,4}}\])"
        rf"(?:{_GAP}|(?<=\])[*_`\"']{{0,4}}\s+)"
        rf"[*_`\"'(\[]{{0,4}}(?i:{_CUE})[*_`\"'(\[]{{0,4}}(?P<verdict>(?i:{verdicts.pattern}))(?!\w)"
    )
    pairs = []
    for line in without_fences(text).split("\n"):
        for part in _NEXT_ON_LINE.split(line):
            if match := rule.match(part):
                pairs.append((labels.number(match["label"]), match["verdict"]))
    return pairs


def from_json(text: str, labels: Labels) -> list[Pair]:
    """Read `{"1": 2, "2": 9}` or `[{"id": 1, "score": 2}, ...]`, also inside one further object."""
    for item in structure(text).found:
        for value in _with_members(item.value):
            if pairs := _pairs(value, labels):
                return pairs
    return []


def alone_in_json(text: str) -> str | None:
    """The verdict in an object about a single document: `{"relevance": 2, "reason": "..."}`."""
    for item in structure(text).found:
        for value in _with_members(item.value):
            for key, part in value.pairs if isinstance(value, Members) else ():
                if VERDICT_KEYS.fullmatch(key) and (spelling := _spelling(part)) is not None:
                    return spelling
    return None


def _with_members(value: Value) -> Iterator[Value]:
    """A value, then what its members hold, one level down."""
    yield value
    if isinstance(value, Members):
        yield from (part for _, part in value.pairs)
    elif isinstance(value, list):
        yield from value


def _pairs(value: Value, labels: Labels) -> list[Pair]:
    """The labels with their verdicts in one JSON value."""
    if isinstance(value, Members):
        found = [(label_of(key, labels), _spelling(part)) for key, part in value.pairs]
    elif isinstance(value, list):
        found = [(identifier(part, labels), _verdict(part)) for part in value if isinstance(part, Members)]
    else:
        return []
    return [(label, spelling) for label, spelling in found if label is not None and spelling is not None]


def _verdict(members: Members) -> str | None:
    """The verdict of one object, by its key."""
    for key, part in members.pairs:
        if VERDICT_KEYS.fullmatch(key) and (spelling := _spelling(part)) is not None:
            return spelling
    return None


def _spelling(value: Value) -> str | None:
    """A JSON scalar as the spelling of a verdict."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) else None
