"""What a report's script reads when a query is opened: every list of every row, each document once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from llmrerank.evaluate.comparison import Comparison
from llmrerank.harmless import harmless

from .lists import SHOWN_DOCUMENTS, TITLE_LETTERS, snippet

__all__ = ["data_of", "shown_documents"]


def data_of(comparison: Comparison, *, letters: int) -> str:
    """The data as JSON that may stand in a `script` element: no character of it ends the element.

    Its keys: `rows` [number, name, whether it is the baseline]; `relevance`; `measures`; `documents` [id,
    title, text]; and `queries`, each with `d`, places in `documents`, `g`, the grade of each or null, `l`,
    for each row null or [places in `d`, earlier ranks, scores], `m`, for each row its value of each measure,
    and `f`, sentences of rows that failed, by place in `rows`.
    """
    rows = [index for index, row in enumerate(comparison.rows) if not row.is_oracle]
    places: dict[str, int] = {}
    documents: list[list[str]] = []
    queries = [_query(comparison, rows, query, places) for query in comparison.topics]
    for identifier in places:
        document = comparison.documents.get(identifier)
        documents.append(
            [
                harmless(identifier),
                snippet(document.title, TITLE_LETTERS) if document else "",
                snippet(document.text, letters) if document else "",
            ]
        )
    data = {
        "rows": [
            [index + 1, harmless(comparison.rows[index].pipeline), int(index == comparison.baseline)]
            for index in rows
        ],
        "relevance": comparison.relevance,
        "measures": [harmless(name) for name in comparison.measures],
        "documents": documents,
        "queries": queries,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Inside a string of JSON these escapes mean the same characters.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def shown_documents(comparison: Comparison) -> set[str]:
    """Ids of the documents that some list shows."""
    return {
        identifier
        for row in comparison.rows
        if not row.is_oracle
        for kept in row.kept.values()
        for identifier in kept.documents[:SHOWN_DOCUMENTS]
    }


def _query(comparison: Comparison, rows: Sequence[int], query: str, places: dict[str, int]) -> dict[str, Any]:
    own: dict[str, int] = {}
    lists: list[list[list[Any]] | None] = []
    for index in rows:
        kept = comparison.rows[index].kept.get(query)
        if kept is None:
            lists.append(None)
            continue
        shown = kept.documents[:SHOWN_DOCUMENTS]
        lists.append(
            [
                [own.setdefault(identifier, len(own)) for identifier in shown],
                list(kept.previous[: len(shown)]),
                [_score(score) for score in kept.scores[: len(shown)]],
            ]
        )
    grades = comparison.qrels.get(query, {})
    found: dict[str, Any] = {
        "d": [places.setdefault(identifier, len(places)) for identifier in own],
        "l": lists,
    }
    if comparison.judged:
        found["g"] = [grades.get(identifier) for identifier in own]
        found["m"] = [
            [round(comparison.rows[index].per_query[name].get(query, 0.0), 4) for name in comparison.measures]
            for index in rows
        ]
    failed = {
        str(place): harmless(comparison.rows[index].failures[query])
        for place, index in enumerate(rows)
        if query in comparison.rows[index].failures
    }
    return found | ({"f": failed} if failed else {})


def _score(score: float | None) -> float | None:
    """To four digits; a score that is no number is none that JSON has."""
    if score is None or score != score or score in (float("inf"), float("-inf")):
        return None
    return float(f"{score:.4g}")
