"""A pair that is to be judged, and what was thought of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmrerank.types import Document, Query

__all__ = ["PERSON", "Judgement", "Pair", "digest_of"]

PERSON = "person"
"""The judge of judgements that no model made."""
_TRACE = ("seconds", "calls", "cached", "tokens_in", "tokens_out", "cost")


def digest_of(*parts: Any) -> str:
    """A digest of JSON values: equal for equal ones."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A query and a document that somebody is to judge: all that a judge is shown, and no more.

    Attributes:
        query: What is asked.
        document: What was found, by nobody knows which system and at which rank.
        given: The grade that somebody gave it before, or None; not shown.
        digest: Of ids and texts: a document whose text has changed since is another pair.
    """

    query: Query
    document: Document
    given: int | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        digest = digest_of(*self.key, self.query.text, self.document.title, self.document.text)
        object.__setattr__(self, "digest", digest)

    @property
    def key(self) -> tuple[str, str]:
        """Query id and document id, as judgements know them."""
        return self.query.id, str(self.document.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was thought of one document for one query.

    Attributes:
        query, document: Their ids.
        digest: As `Pair.digest`.
        grade: What the judgements file gets; None where the document was looked at and not graded.
        score: What the grade was rounded from, on the same scale; None where nothing was rounded.
        given: The grade that somebody else had given the pair before, or None.
        judge: Name of the model, or `PERSON`.
        prompt: Name of the prompt; empty for a person.
        instruction: Digest of the instruction that was shown; empty where there was none.
        seconds: Between question and answer; of a model's answers those that it took.
        calls, cached, tokens_in, tokens_out, cost: As in a trace.
        flags: Facts about the answer: `unparsed`, `refused`, `skipped` and the like.
        raw: The answer that could not be read, or None.
    """

    query: str
    document: str
    digest: str
    grade: int | None
    score: float | None = None
    given: int | None = None
    judge: str
    prompt: str = ""
    instruction: str = ""
    seconds: float = 0.0
    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    flags: tuple[str, ...] = ()
    raw: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Query id and document id."""
        return self.query, self.document

    def fields(self) -> dict[str, Any]:
        """JSON values, but for the digest."""
        return {
            "query": self.query,
            "document": self.document,
            "grade": self.grade,
            "score": self.score,
            "given": self.given,
            "judge": self.judge,
            "prompt": self.prompt,
            "instruction": self.instruction,
            "flags": list(self.flags),
            "raw": self.raw,
            "trace": {name: getattr(self, name) for name in _TRACE},
        }

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Judgement:
        """A judgement from the values of `fields` and its digest.

        Raises:
            KeyError, TypeError, ValueError: These are none.
        """
        grade = fields["grade"]
        if grade is not None and type(grade) is not int:
            raise ValueError(grade)
        named = ("score", "given", "judge", "prompt", "instruction", "raw")
        return cls(
            query=str(fields["query"]),
            document=str(fields["document"]),
            digest=str(fields["digest"]),
            grade=grade,
            flags=tuple(fields["flags"]),
            **{name: fields[name] for name in named},
            **{name: fields["trace"][name] for name in _TRACE},
        )
