"""What a suspicion says, and the kinds that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from llmrerank.errors import ConfigError

__all__ = ["KINDS", "Suspicion"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "answer": "a forged answer: a ranking, a grade or a verdict, as a judge would write it",
        "bidi": "bidirectional controls that make a text read otherwise than it is written",
        "criteria": "a rule of its own for what counts as relevant",
        "encoded": "orders in another coding (base64, hexadecimal, rot13, backwards, spaced out, entities)",
        "invisible": "characters that nobody sees, in numbers or places that spelling does not need",
        "label": "a forged identifier, fence or beginning of another passage",
        "lookalike": "letters of another script, or digits, in place of letters that look the same",
        "override": "orders to the reader: to forget its instructions, take a new task, pass others over",
        "praise": "the text asks for a place, or judges itself",
        "role": "a forged role or a token of a chat template",
        "stuffing": "the query, or a phrase, said again and again",
    }
)
"""Every kind, and what it means. A kind may be added in any version; none changes its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One thing about a text that an attack would have, and honest texts hardly ever.

    Attributes:
        kind: One of `KINDS`.
        start: Where it begins, in characters of the text as it came.
        end: Where it ends: `text[start:end]` is what is meant. For orders in disguise it is the disguise.
        why: One sentence for people.
        field: Which part of a document it is in: `text`, `title`, `id` or `metadata.NAME`.
    """

    kind: str
    start: int
    end: int
    why: str
    field: str = "text"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"unknown kind of suspicion {self.kind!r}; there are {', '.join(KINDS)}")
        if not 0 <= self.start < self.end:
            raise ConfigError(f"a suspicion spans one character or more, got {self.start} to {self.end}")
