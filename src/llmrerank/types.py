"""The words every floor uses: documents, usage, limits, detail.

Values are frozen and keyword-only; what must hold is checked where the value is born.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal

from .errors import ConfigError, DataError

__all__ = [
    "LONGEST_QUERY",
    "Detail",
    "Document",
    "Example",
    "Limits",
    "Query",
    "ScoreKind",
    "Usage",
    "documents_from",
]

ScoreKind = Literal["probability", "logit", "cosine", "bm25", "utility", "grade", "rrf", "none"]
"""What a score means. `rrf` is a sum of reciprocal ranks: it orders one list and says nothing beyond it."""

LONGEST_QUERY = 100_000
"""Characters of a query: a prompt holds it twice, and no model reads so much beside documents."""

_NO_METADATA: Mapping[str, Any] = MappingProxyType({})


class Detail(IntEnum):
    """How much a verdict says. More serves less: a judge that gives SCORES serves every algorithm."""

    BEST = 1
    ORDER = 2
    SCORES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text to retrieve or rank.

    Attributes:
        id: The caller's identifier, kept as it came. Identifiers need not be unique in a pool to be ranked.
        text: The body; may be empty.
        title: Shown to judges before the text; may be empty.
        metadata: Everything else; survives untouched.
    """

    id: str | int
    text: str
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: _NO_METADATA)

    @property
    def full_text(self) -> str:
        """Title, a blank and text: what lexical indexes and encoders read."""
        return f"{self.title} {self.text}" if self.title else self.text

    @classmethod
    def of(cls, value: str | Mapping[str, Any] | Document, *, position: int) -> Document:
        """Read one document from a string, a mapping or a `Document`.

        A mapping has `text` (or `contents`), and may have `id` (or `_id`), `title` and `metadata`; every
        other key becomes metadata. Without an id the document gets its position, counted from 0.

        Raises:
            DataError: The value is none of these, or a field has the wrong type.
        """
        if isinstance(value, Document):
            return value
        if isinstance(value, str):
            return cls(id=str(position), text=value)
        if not isinstance(value, Mapping):
            raise DataError(
                f"document {position}: expected a string, a mapping or a Document, got {type(value).__name__}"
            )
        fields = dict(value)
        text = fields.pop("text", None)
        if text is None:
            text = fields.pop("contents", None)
        if not isinstance(text, str):
            raise DataError(f"document {position}: 'text' must be a string, got {type(text).__name__}")
        identifier = fields.pop("id", None)
        if identifier is None:
            identifier = fields.pop("_id", None)
        if identifier is None:
            identifier = str(position)
        if isinstance(identifier, bool) or not isinstance(identifier, str | int):
            raise DataError(f"document {position}: 'id' must be a string or an integer")
        title = fields.pop("title", None)
        if title is not None and not isinstance(title, str):
            raise DataError(f"document {position}: 'title' must be a string, got {type(title).__name__}")
        metadata = fields.pop("metadata", None)
        if isinstance(metadata, Mapping):
            fields = {**metadata, **fields}
        elif metadata is not None:
            fields["metadata"] = metadata
        return cls(id=identifier, text=text, title=title or "", metadata=MappingProxyType(fields))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled or deep-copied; multiprocessing users need both.
        return _restore_document, (self.id, self.text, self.title, dict(self.metadata))

    def __hash__(self) -> int:
        return hash((self.id, self.text, self.title))


def _restore_document(identifier: str | int, text: str, title: str, metadata: dict[str, Any]) -> Document:
    return Document(id=identifier, text=text, title=title, metadata=MappingProxyType(metadata))


def documents_from(values: Iterable[str | Mapping[str, Any] | Document]) -> tuple[Document, ...]:
    """Read documents in order; see `Document.of`. The input is not changed.

    Raises:
        DataError: A value is no document, or a lone string was given where a list belongs.
    """
    if isinstance(values, str):
        raise DataError("documents must be a list of documents, not one string")
    if not isinstance(values, Iterable):
        raise DataError(f"documents must be a list of documents, got {type(values).__name__}")
    return tuple(Document.of(value, position=position) for position, value in enumerate(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked, with the identifier that runs and judgements know it by (empty where there is none)."""

    text: str
    id: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise DataError(f"the query must be a string, got {type(self.text).__name__}")
        if len(self.text) > LONGEST_QUERY:
            raise DataError(
                f"the query{f' {self.id!r}' if self.id else ''} has {len(self.text)} characters and may have "
                f"{LONGEST_QUERY}; ask in fewer words"
            )
        # Controls, format characters and halves of surrogate pairs ask nothing: prompts leave them out.
        if not any(sign.isprintable() and sign != " " for sign in self.text):
            unseen = " of characters that can be seen" if self.text.strip() else ""
            raise DataError(f"the query{f' {self.id!r}' if self.id else ''} is empty{unseen}; ask something")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked judgement shown to the model.

    Attributes:
        query: What was asked.
        document: The text that was judged.
        label: How it was judged, in the words of the prompt ("yes", "3", ...).
    """

    query: str
    document: str
    label: str

    def __post_init__(self) -> None:
        if not all(isinstance(value, str) for value in (self.query, self.document, self.label)):
            raise ConfigError("an example has three strings: query, document and label")

    @classmethod
    def of(cls, value: Example | Mapping[str, str] | Sequence[str]) -> Example:
        """Read an example from an `Example`, a mapping with its three keys, or a triple.

        Raises:
            ConfigError: The value is none of these.
        """
        if isinstance(value, Example):
            return value
        if isinstance(value, Mapping) and set(value) == {"query", "document", "label"}:
            return cls(**value)
        if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 3:
            return cls(query=value[0], document=value[1], label=value[2])
        raise ConfigError(f"an example has query, document and label, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, or of many added up. `reasoning` tokens are part of `output`."""

    input: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Input and output tokens together."""
        return self.input + self.output

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            reasoning=self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be spent. None is no limit.

    Attributes:
        calls: Model calls that are really sent; those answered from the cache are free.
        tokens: Input and output tokens.
        cost: US dollars; needs prices, since an unknown price cannot be held to a limit.
        seconds: Wall-clock time from the start of one ranking.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "cost", "seconds"):
            value = getattr(self, name)
            if value is not None and (value < 0 or math.isnan(value)):
                raise ConfigError(f"the limit on {name} must be 0 or more, got {value}")
