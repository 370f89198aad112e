"""The labels that a prompt gave its documents, and how a piece of text spells one.

A label is handled as its 1-based number everywhere in this package; what was never offered (zero, a number
above `count`, a letter behind the last) is some number outside `1..count`, and dropping it is the work of
repair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmrerank.errors import ConfigError, UnknownName

KINDS = ("numbers", "letters")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Longer numerals cannot be in range; int() is kept away from numerals of thousands of digits, which it
# refuses.
_LONGEST_NUMERAL = 9

# In order of trust. A reply that says "Result 1: Passage 3" is read by the first word that names anything.
NOUNS = (
    r"passage",
    r"doc(?:ument)?",
    r"candidate",
    r"snippet",
    r"text",
    r"paragraph",
    r"article",
    r"item",
    r"option",
    r"(?:文書|文档|文檔|文章|段落|パッセージ|ドキュメント|패시지|문서)",
)
ANY_NOUN = "(?:" + "|".join(NOUNS) + ")"
NUMBER_WORD = r"(?:(?:id|no\.?|number|nr\.?)[ \t:#]{0,3})?"


def letters(count: int) -> tuple[str, ...]:
    """The first `count` capital letters, the labels of `labels = "letters"`.

    Raises:
        ConfigError: if `count` is negative or above 26, since a letter label is one letter.
    """
    if not 0 <= count <= len(ALPHABET):
        raise ConfigError(f"letters can label 0 to {len(ALPHABET)} documents, not {count}; use numbers")
    return tuple(ALPHABET[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels of one slate: `count` of them, all numbers (1, 2, ...) or all letters (A, B, ...)."""

    kind: str
    count: int

    def __post_init__(self) -> None:
        """Refuse a kind or a count that no prompt can have.

        Raises:
            ConfigError: on an unknown kind, a negative count, or more than 26 letters.
        """
        if self.kind not in KINDS:
            raise UnknownName("kind of labels", self.kind, KINDS)
        if self.count < 0:
            raise ConfigError(f"count must be 0 or more, not {self.count}")
        if self.kind == "letters":
            letters(self.count)

    @property
    def pattern(self) -> str:
        """A regular expression without groups for one label in any case, its neighbours not looked at."""
        return "[0-9]+" if self.kind == "numbers" else "[A-Za-z]"

    def spells(self, text: str) -> bool:
        """Whether a text is one label and nothing else, as `pattern` says."""
        if self.kind == "numbers":
            return text.isdecimal() and text.isascii()
        return len(text) == 1 and text.isalpha() and text.isascii()

    def number(self, spelling: str) -> int:
        """The 1-based number of a spelling that matches `pattern`; 0 for a numeral of too many digits."""
        if self.kind == "letters":
            return ord(spelling.upper()) - ord("A") + 1
        digits = spelling.lstrip("0")
        return int(digits or "0") if len(digits) <= _LONGEST_NUMERAL else 0

    def alone(self, text: str) -> int | None:
        """The label that is all of a text, brackets, quotes, a noun and a final dot aside; else None."""
        if len(text) > 200:
            return None
        match = _alone(self.pattern).fullmatch(text)
        return self.number(match[1]) if match else None

    def could_continue(self, number: int) -> bool:
        """Whether a numeral cut off here may be the start of a longer label (1 of 12, the 0 of 07)."""
        return self.kind == "numbers" and number * 10 <= self.count


def _alone(pattern: str) -> re.Pattern[str]:
    """The expression behind `Labels.alone`; `re` keeps its own cache of compiled expressions."""
    return re.compile(
        rf"[\s\[(\{{<#*_`\"'\\$]*(?:{ANY_NOUN}\b[\s:#*_`]*{NUMBER_WORD}[\[(\"'*_`]*)?"
        rf"({pattern})[\s\])\}}>*_`\"'\\$.:,]*",
        re.IGNORECASE,
    )
