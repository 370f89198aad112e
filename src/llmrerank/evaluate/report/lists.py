"""The first documents that a row has for a query, with what is shown of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmrerank.evaluate.comparison import Comparison, Row
from llmrerank.harmless import harmless
from llmrerank.types import Document

__all__ = [
    "QUERY_LETTERS",
    "SHOWN_DOCUMENTS",
    "TITLE_LETTERS",
    "Entry",
    "entries",
    "snippet",
    "snippet_letters",
]

SHOWN_DOCUMENTS = 10
QUERY_LETTERS = 300
"""Of a query's text: some are whole case histories."""
TITLE_LETTERS = 100
_LETTERS, _FEWEST_LETTERS = 200, 40
_ROOM = 2_500_000
"""Bytes that all documents of a report may take together, about; they are most of its size."""
_AROUND = 10
"""Bytes around the id, title and text of one document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document at its place.

    Attributes:
        place: From 1.
        previous: Place in the first stage's result, or None where it is not known.
        score: What the judge gave, or None.
        grade: What the judgements say, or None where nobody judged it.
        document: Its id.
        title: Its title, harmless; may be empty.
        text: The beginning of its text, harmless; empty where the text is not known.
    """

    place: int
    previous: int | None
    score: float | None
    grade: int | None
    document: str
    title: str
    text: str

    @property
    def moved(self) -> int | None:
        """Places risen (above 0) or fallen (below 0)."""
        return None if self.previous is None else self.previous - self.place


def entries(comparison: Comparison, row: Row, query: str, *, letters: int) -> list[Entry]:
    """The leading documents of a row for a query; none where it was not answered.

    Args:
        comparison: Knows the texts and grades.
        row: One of its rows.
        query: Its id.
        letters: Of each text.
    """
    kept = row.kept.get(query)
    if kept is None:
        return []
    grades: Mapping[str, int] = comparison.qrels.get(query, {})
    found = []
    for index, identifier in enumerate(kept.documents[:SHOWN_DOCUMENTS]):
        document = comparison.documents.get(identifier)
        found.append(
            Entry(
                place=index + 1,
                previous=kept.previous[index] if index < len(kept.previous) else None,
                score=kept.scores[index] if index < len(kept.scores) else None,
                grade=grades.get(identifier),
                document=identifier,
                title=snippet(document.title, TITLE_LETTERS) if document else "",
                text=snippet(document.text, letters) if document else "",
            )
        )
    return found


def snippet(text: str, letters: int) -> str:
    """The beginning of a text on one line, cut at a blank where there is one near."""
    flat = harmless(text[: 4 * letters])
    if len(flat) <= letters:
        return flat if len(text) <= 4 * letters else f"{flat}…"
    head = flat[:letters]
    blank = head.rfind(" ")
    return f"{head[:blank] if blank > letters * 0.7 else head}…"


def snippet_letters(documents: Mapping[str, Document], shown: int) -> int:
    """How much of each text can be shown so that a report keeps its size.

    Args:
        documents: Some or all of those shown.
        shown: How many are shown, in all datasets of the report.

    Returns:
        From 40 to 200 characters.
    """
    some = [document for _, document in zip(range(500), documents.values(), strict=False)]
    texts = [document.text[:_LETTERS] for document in some]
    heads = [f"{document.id}{document.title[:TITLE_LETTERS]}" for document in some]
    width = _bytes(texts) / max(1, sum(map(len, texts)))
    left = _ROOM / max(1, shown) - _AROUND - _bytes(heads) / max(1, len(some))
    return int(max(_FEWEST_LETTERS, min(_LETTERS, left / max(1.0, width))))


def _bytes(texts: Iterable[str]) -> int:
    return sum(len(text.encode("utf-8", "replace")) for text in texts)
