"""Labels in running text: a tuple of rules, tried in order, each a small function from text to labels.

The rules are the fourth step of reading a permutation. None of them reads a digit out of prose: a label is
bracketed, or follows a noun ("Passage 2"), or the reply is nothing but labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from llmrerank.answers.chain import chains, groups, is_backwards
from llmrerank.answers.clean import without_fences
from llmrerank.answers.labels import NOUNS, NUMBER_WORD, Labels

Rule = Callable[[str, Labels], list[int]]

_LIST_MARKER = re.compile(r"[ \t]*(?:[-+*•]|[0-9]{1,4}[.):]|\([0-9]{1,4}\))[ \t]+(?=\S)")
_SEPARATORS = re.compile(r"[\s>=,;|&\[\](){}\"'*_`#]+")
_TO_ARROW = re.compile(r"[-=~]{1,3}>")


def longest_chain(text: str, labels: Labels) -> list[int]:
    """The chain of two or more labels that names most documents, the last of equals."""
    best: list[int] = []
    best_size = (0, 0)
    for chain in chains(text, labels):
        offered = len({label for label in chain if 1 <= label <= labels.count})
        # Among chains that name nothing offered, the longer one; otherwise length beyond the names is
        # repetition.
        size = (offered, 0 if offered else len(chain))
        if len(chain) > 1 and size >= best_size:
            best, best_size = chain, size
    return best


def bracketed(text: str, labels: Labels) -> list[int]:
    """All bracketed labels in order of appearance, unless they are joined backwards (`[1] < [2]`)."""
    if is_backwards(text, labels):
        return []
    return [label for group in groups(text, labels) for label in group.labels]


def after_noun(text: str, labels: Labels) -> list[int]:
    """Labels after a noun ("Passage 2", "Doc: B") in order, by the first noun that names any."""
    for noun in NOUNS:
        found = [labels.number(match[1]) for match in noun_label(noun, labels).finditer(text)]
        if found:
            return found
    return []


def noun_label(noun: str, labels: Labels) -> re.Pattern[str]:
    """The expression for a noun with its label, the label in group 1; a letter must be a capital here."""
    if labels.kind == "numbers":
        space, label = "{0,6}", r"([0-9]+)(?![\w%]|[.,:][0-9]|[ \t]?-[ \t]?[0-9])"
    else:
        # "In this document I found" names nothing.
        space, label = "{1,6}", r"((?!I[ \t]+[a-z])[A-Z])(?![\w'])"
    return re.compile(rf"(?<![^\W_])(?i:{noun})[ \t:#*_`\[(\"']{space}(?i:{NUMBER_WORD}){label}")


def nothing_else(text: str, labels: Labels) -> list[int]:
    """The labels of a reply that is nothing but labels and separators, list markers set aside."""
    lines = [line for line in without_fences(text).split("\n") if line.strip()]
    if len(lines) > 1 and all(_LIST_MARKER.match(line) for line in lines):
        lines = [_LIST_MARKER.sub("", line, count=1) for line in lines]
    return _only_labels("\n".join(lines), labels)


def complete_line(text: str, labels: Labels) -> list[int]:
    """A line, or what follows its colon, that joins every document once by `>`: no accident of prose."""
    best: list[int] = []
    for line in text.split("\n") if labels.count > 2 else ():
        found = _only_labels(line.rpartition(":")[2], labels) if line.count(">") >= labels.count - 1 else []
        if sorted(found) == list(range(1, labels.count + 1)):
            best = found
    return best


def glued_letters(text: str, labels: Labels) -> list[int]:
    """Letters without separators (`BAC`), none twice: all of them, or at least half of them as capitals."""
    word = without_fences(text).strip().strip(".*_`\"'[]()")
    if (
        labels.kind == "numbers"
        or not 2 <= len(word) <= labels.count
        or not (word.isascii() and word.isalpha())
    ):
        return []
    found = [labels.number(letter) for letter in word]
    if len(set(found)) < len(found) or max(found) > labels.count:
        return []
    whole = len(found) == labels.count
    return found if whole or (word.isupper() and 2 * len(found) >= labels.count) else []


RULES: tuple[Rule, ...] = (longest_chain, bracketed, after_noun, nothing_else, complete_line, glued_letters)


def find(text: str, labels: Labels) -> list[int]:
    """The 1-based labels that the first successful rule reads, best first; empty if none reads any.

    A rule that reads only labels that were never offered gives way to a later one that reads better, and is
    used if there is none.
    """
    fallback: list[int] = []
    for rule in RULES:
        found = rule(text, labels)
        if any(1 <= label <= labels.count for label in found):
            return found
        fallback = fallback or found
    return fallback


def _only_labels(text: str, labels: Labels) -> list[int]:
    """The labels of a text that is labels and separators, perhaps with a final dot; else nothing."""
    pieces = [piece for piece in _SEPARATORS.split(_TO_ARROW.sub(">", text.strip()).rstrip(".")) if piece]
    if not all(map(labels.spells, pieces)):
        return []
    return [labels.number(piece) for piece in pieces]
