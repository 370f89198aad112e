"""The words of suspicious claims, by language, and the rules that join them: the tables as values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from importlib.resources import files
from operator import or_
from typing import Any

from .folding import fold

__all__ = ["HEAD", "Language", "Rule", "Vocabulary", "rule_rows", "table", "vocabulary"]

HEAD = 3
"""Letters that stand before a star at least: beginnings of words are looked up by so many."""
_PIECES = {"zh": 2, "ja": 3, "ko": 4, "ar": 5, "th": 6}
"""Languages whose words are found as pieces of a text, and how many characters count as a word."""
_WORD = re.compile(r"[^\W_]+\*?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Concepts that are suspicious together.

    Attributes:
        kind: What is suspected.
        why: One sentence for people.
        mask: The bits of the concepts that must be there.
        some: The bits of those of which there must be `least`.
        least: How many different ones of them; a strong one counts twice.
        strong: The bits of the strong ones.
        orders: Those concepts that must stand where an order stands.
        span: Most words from the first to the last.
    """

    kind: str
    why: str
    mask: int
    some: int
    least: int
    strong: int
    orders: int
    span: int

    def may_hold(self, said: int) -> bool:
        """Whether a text that names these concepts, anywhere, can be meant."""
        if self.mask & ~said:
            return False
        said &= self.some
        return said.bit_count() + (said & self.strong).bit_count() >= self.least


Words = tuple[tuple[str, bool], ...]
"""A phrase: words, each with whether it is only the beginning of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The phrases of one language; each has a bit for every concept that it stands for.

    Attributes:
        name: Two letters.
        rules: Those whose concepts it has words for.
        whole: Phrases of whole words, joined by blanks.
        lengths: By the first word of these, how many words they have.
        open_ended: Phrases with beginnings of words, by the first letters of their first word.
        pieces: Finds pieces of a text; None where words are words.
        width: Characters that count as a word, for pieces.
        lead: The bit of words that an order may stand behind.
        label: The bit of labels, which a number in brackets is, too.
    """

    name: str
    rules: tuple[Rule, ...]
    whole: Mapping[str, int]
    lengths: Mapping[str, tuple[int, ...]]
    open_ended: Mapping[str, tuple[tuple[Words, int], ...]]
    pieces: re.Pattern[str] | None
    width: int
    lead: int
    label: int


Mark = tuple[int, str, int]
"""The place of a language, a phrase of several whole words (else empty), and its concepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All languages, and a word of each phrase: a text without these words says nothing suspicious.

    Attributes:
        languages: In the order of the table.
        marks: By a word, or by the first letters of one and a star, the phrases that it may belong to.
    """

    languages: tuple[Language, ...]
    marks: Mapping[str, tuple[Mark, ...]]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Read the tables; some milliseconds, once."""
    rows = rule_rows()
    concepts = sorted({name.rstrip("!") for row in rows for name in _named(row)} | {"lead"})
    bits = {name: 1 << place for place, name in enumerate(concepts)}
    rules = tuple(_rule(row, bits) for row in rows)
    languages: list[Language] = []
    marks: dict[str, list[Mark]] = {}
    for place, (name, words) in enumerate(table("vocabulary.toml").items()):
        phrases = _phrases(words, bits)
        languages.append(_language(name, phrases, rules, bits))
        if name in _PIECES:
            continue
        for phrase, mask in phrases.items():
            # The longest word is the rarest, as a rule.
            word, beginning = max(phrase, key=lambda part: len(part[0]))
            whole = len(phrase) > 1 and not any(starred for _, starred in phrase)
            said = f" {' '.join(part for part, _ in phrase)} " if whole else ""
            marks.setdefault(word[:HEAD] + "*" if beginning else word, []).append((place, said, mask))
    return Vocabulary(languages=tuple(languages), marks={word: tuple(found) for word, found in marks.items()})


def rule_rows() -> list[dict[str, Any]]:
    """The rows of `rules.toml`, with shared lists in place of their names."""
    found = table("rules.toml")
    lists = found["lists"]
    return [
        {
            key: lists[value] if key in ("some", "strong") and isinstance(value, str) else value
            for key, value in row.items()
        }
        for row in found["rules"]
    ]


def table(name: str) -> dict[str, Any]:
    """A table of this package."""
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))


def _named(row: Mapping[str, Any]) -> list[str]:
    return [*row["all"], *row.get("some", ())]


def _rule(row: Mapping[str, Any], bits: Mapping[str, int]) -> Rule:
    return Rule(
        kind=row["kind"],
        why=row["why"],
        mask=sum(bits[name.rstrip("!")] for name in row["all"]),
        some=sum(bits[name.rstrip("!")] for name in row.get("some", ())),
        least=row.get("least", 0),
        strong=sum(bits[name] for name in row.get("strong", ())),
        orders=sum(bits[name[:-1]] for name in _named(row) if name.endswith("!")),
        span=row["span"],
    )


def _language(
    name: str, phrases: Mapping[Words, int], rules: tuple[Rule, ...], bits: Mapping[str, int]
) -> Language:
    whole: dict[str, int] = {}
    lengths: dict[str, set[int]] = {}
    open_ended: dict[str, list[tuple[Words, int]]] = {}
    known = 0
    for words, mask in phrases.items():
        known |= mask
        first = words[0][0]
        if any(starred for _, starred in words):
            open_ended.setdefault(first[:HEAD], []).append((words, mask))
        else:
            whole[" ".join(word for word, _ in words)] = mask
            lengths.setdefault(first, set()).add(len(words))
    longest = sorted(whole, key=len, reverse=True) if name in _PIECES else []
    for piece in longest:
        # The longest piece is found and hides those in it.
        whole[piece] = reduce(or_, (whole[part] for part in longest if part in piece))
    return Language(
        name=name,
        rules=tuple(rule for rule in rules if rule.may_hold(known)),
        whole=whole,
        lengths={word: tuple(sorted(found)) for word, found in lengths.items()},
        open_ended={head: tuple(found) for head, found in open_ended.items()},
        pieces=re.compile("|".join(map(re.escape, longest))) if longest else None,
        width=_PIECES.get(name, 0),
        lead=bits["lead"],
        label=bits["label"],
    )


def _phrases(words: Mapping[str, str], bits: Mapping[str, int]) -> dict[Words, int]:
    """The phrases of a language, each with the bits of all its concepts."""
    found: dict[Words, int] = {}
    # Most languages have one list for what a text may call itself.
    for concept, text in {"self": words.get("this", ""), **words}.items():
        if concept.startswith("_"):
            continue
        for said in _expanded(text, words):
            parts = tuple((part.rstrip("*"), part.endswith("*")) for part in _WORD.findall(fold(said).text))
            found[parts] = found.get(parts, 0) | bits.get(concept, 0)
    return found


def _expanded(text: str, words: Mapping[str, str]) -> Iterator[str]:
    """Every phrase of a list, its braces spelt out; `_name` alone is the list of that name."""
    for item in _items(text):
        if item.startswith("_"):
            yield from _expanded(words[item], words)
            continue
        before, brace, rest = item.partition("{")
        if not brace:
            yield item
            continue
        close = _close(rest)
        after = list(_expanded(rest[close + 1 :], words)) or [""]
        for choice in _expanded(rest[:close], words):
            yield from (f"{before}{choice}{end}" for end in after)


def _items(text: str) -> Iterator[str]:
    """What the commas outside of braces part."""
    depth = begin = 0
    for place, sign in enumerate(f"{text},"):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            # A blank before the first one parts it from the word before the brace.
            if item := text[begin:place].strip() if begin else text[:place].rstrip():
                yield item
            begin = place + 1


def _close(text: str) -> int:
    """Where the brace that stands open before a text is closed."""
    depth = 1
    for place, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return place
    raise ValueError(f"a brace is not closed in the table: {text}")
