"""Which column holds what: guessed from the names in use, or said by the caller."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmrerank.errors import ConfigError, DataError, UnknownName, did_you_mean

__all__ = ["DOCUMENTS", "JUDGEMENTS", "QUERIES", "Columns", "Fields", "chosen_columns", "read_columns"]

Columns = str | Mapping[str, str] | None
"""Columns by field, as `{"text": "Question"}` or `'id=No,text=Question'`; None: guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a record of one kind is made of.

    Attributes:
        kind: The records, in one word.
        flag: Where a user of the command line says which column is which.
        names: By field the names in use, lower case with `_`; of several that a file has, the first counts.
        needed: Fields without which there is no record.
    """

    kind: str
    flag: str
    names: Mapping[str, tuple[str, ...]]
    needed: frozenset[str]

    def field_of(self, column: str) -> str | None:
        """The field that a column of this name holds by the names in use, if any."""
        return next((field for field, names in self.names.items() if _plain(column) in names), None)


_DOCUMENT_IDS = ("docid", "doc_id", "document_id", "docno", "pid", "passage_id", "corpus_id")
_QUERY_IDS = ("qid", "query_id", "queryid", "topic_id")

DOCUMENTS = Fields(
    kind="documents",
    flag="--doc-columns",
    names={
        "id": ("id", "_id", *_DOCUMENT_IDS, "number"),
        "text": ("text", "contents", "content", "body", "passage", "document", "abstract", "description"),
        "title": ("title", "heading", "name"),
    },
    needed=frozenset({"text"}),
)
QUERIES = Fields(
    kind="queries",
    flag="--query-columns",
    names={
        "id": ("_id", "id", *_QUERY_IDS, "number", "num"),
        "text": ("text", "query", "question", "contents", "content", "body", "title", "description", "desc"),
    },
    needed=frozenset({"text"}),
)
JUDGEMENTS = Fields(
    kind="judgements",
    flag="--qrels-columns",
    names={
        "query": (*_QUERY_IDS, "query", "topic"),
        "document": (*_DOCUMENT_IDS, "document", "doc"),
        "grade": ("relevance", "grade", "score", "label", "rel", "judgement", "judgment"),
    },
    needed=frozenset({"query", "document", "grade"}),
)


def read_columns(columns: Columns, fields: Fields) -> dict[str, str]:
    """Read what the caller says about columns; a name that holds a comma stands in double quotes.

    Raises:
        ConfigError: A pair is none, or a field is given twice.
        UnknownName: Records of this kind have no such field.
    """
    if columns is None:
        return {}
    pairs: Iterable[tuple[str, str]] = columns.items() if isinstance(columns, Mapping) else _pairs(columns)
    given: dict[str, str] = {}
    for field, column in pairs:
        if field not in fields.names:
            raise UnknownName("field", field, fields.names, where=f"the columns of {fields.kind}")
        if field in given:
            raise ConfigError(f"the columns of {fields.kind} name '{field}' twice: {columns}")
        given[field] = column
    return given


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    for cell in next(csv.reader([text], skipinitialspace=True), []):
        field, equals, column = cell.partition("=")
        if not equals or not column.strip():
            raise ConfigError(f"columns are said as id=No,text=Question; got '{text}'")
        yield field.strip(), column.strip()


def chosen_columns(
    there: Sequence[str], fields: Fields, given: Mapping[str, str], name: str
) -> dict[str, str]:
    """The column of each field that a table has: the given one, else the first of the names in use.

    Args:
        there: The table's columns.
        fields: What is wanted.
        given: As `read_columns` returns it; what is named there is not guessed for another field.
        name: How the table is called in messages.

    Raises:
        DataError: A column that was given is not there, or a needed one cannot be told.
    """
    chosen: dict[str, str] = {}
    for field, column in given.items():
        found = [one for one in there if one == column] or [
            one for one in there if _plain(one) == _plain(column)
        ]
        if not found:
            raise DataError(
                f"{name} has no column '{column}' for '{field}'{did_you_mean(column, there)}"
                if there
                else f"{name} has no columns"
            )
        chosen[field] = found[0]
    free = {_plain(one): one for one in reversed(there) if one not in chosen.values()}
    for field, names in fields.names.items():
        if field not in chosen:
            guessed = next((free[one] for one in names if one in free), None)
            if guessed is not None:
                chosen[field] = guessed
    absent = [field for field in fields.names if field in fields.needed and field not in chosen]
    if absent:
        wanted = " and ".join(f"'{field}'" for field in absent)
        say = ",".join(f"{field}=NAME" for field in absent)
        raise DataError(
            f"{name}: no column of the {fields.kind} looks like {wanted}; it has "
            f"{', '.join(repr(one) for one in there)}; say which, as {fields.flag} {say}"
        )
    return chosen


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
