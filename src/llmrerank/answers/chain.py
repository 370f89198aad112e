"""Bracketed labels, and the chains that they form: `[2] > [1] = [3]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmrerank.answers.labels import ANY_NOUN, NUMBER_WORD, Labels

# How nearly every reply looks: one chain of numbers, and by every rule below it reads as that.
_PLAIN_CHAIN = re.compile(r"\[[0-9]+\](?: > \[[0-9]+\])*+")
_NUMERAL = re.compile(r"[0-9]+")
_INNERMOST = re.compile(r"\[([^\[\]]++)\]")
_BETWEEN = re.compile(r"[\s,;>=|]+")
_NOUN_PREFIX = re.compile(rf"(?:{ANY_NOUN}s?\b|(?=(?:id|no|nr)\b))[\s:#]*{NUMBER_WORD}", re.IGNORECASE)
_DECORATION = str.maketrans("", "", "*_`\"'()[]\\")
_STRONG = re.compile(r"[\s=>,~\-+•]*[>=,][\s=>,~\-+•]*(?:[0-9]{1,4}[.)]\s*)?")
_WEAK = re.compile(r"[^\S\n]*\n\s*(?:[-+•]\s*|[0-9]{1,4}[.):]\s*)?")
_BACKWARDS = re.compile(r"[\s\-=]*<[\s\-=<]*")
# A gap that joins two labels is short; a longer one is prose.
_LONGEST_GAP = 200
_LONGEST_PREFIX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One pair of innermost brackets that holds labels and nothing else, and where it stands."""

    labels: tuple[int, ...]
    start: int
    end: int


def groups(text: str, labels: Labels) -> list[Group]:
    """All bracketed labels of a text, in order; `[2, 1]` is one group of two."""
    found = []
    for match in _INNERMOST.finditer(text):
        content = match[1].strip(" \t\n*_`\"'#\\")
        if noun := _NOUN_PREFIX.match(content):
            content = content[noun.end() :]
        pieces = [piece.strip("#*_`\"'") for piece in _BETWEEN.split(content)]
        if all(map(labels.spells, pieces)):
            numbers = tuple(labels.number(piece) for piece in pieces)
            found.append(Group(labels=numbers, start=match.start(), end=match.end()))
    return found


def chains(text: str, labels: Labels) -> list[list[int]]:
    """The maximal chains of a text in order of appearance, those of a single label included."""
    if labels.kind == "numbers" and _PLAIN_CHAIN.fullmatch(text.strip()):
        return [[labels.number(numeral) for numeral in _NUMERAL.findall(text)]]
    found: list[list[int]] = []
    named: set[int] = set()
    end = line_length = 0
    for group in groups(text, labels):
        joint = _joint(text[end : group.start]) if found and group.start - end <= _LONGEST_GAP else None
        # A line that starts again with a label of the chain before is a new ranking, or a remark on one.
        if joint == "line" and line_length > 1 and group.labels[0] in named:
            joint = None
        if joint is None:
            found.append(_first_without_bracket(text, group.start, labels))
            line_length, named = len(found[-1]), set(found[-1])
        elif joint == "line":
            line_length = 0
        found[-1].extend(group.labels)
        named.update(group.labels)
        line_length += len(group.labels)
        end = group.end
    return found


def is_backwards(text: str, labels: Labels) -> bool:
    """Whether bracketed labels are joined by `<`: which end is best cannot be told, so no order is read."""
    end = None
    for group in groups(text, labels):
        if (
            end is not None
            and group.start - end <= _LONGEST_GAP
            and _BACKWARDS.fullmatch(text[end : group.start])
        ):
            return True
        end = group.end
    return False


def _joint(gap: str) -> str | None:
    """How the text between two groups joins them: by a `sign`, by a `line` break, or not at all."""
    gap = gap.translate(_DECORATION)
    if _STRONG.fullmatch(gap):
        return "sign"
    return "line" if _WEAK.fullmatch(gap) else None


def _first_without_bracket(text: str, start: int, labels: Labels) -> list[int]:
    """The label before a group that opens its line without a bracket (`12] > [13]`, `17 > [4]`), if any."""
    from_start = max(0, start - _LONGEST_PREFIX)
    before = ("\n" if from_start == 0 else "") + text[from_start:start]
    match = re.search(
        rf"\n[ \t*_`\"']*({labels.pattern})[ \t*_`]*\]?[\s*_`]*[-=]{{0,3}}>+[\s*_`\[]*\Z", before
    )
    return [labels.number(match[1])] if match else []
