"""Reading the reply of a rerank endpoint: by index, never by place or text, and nothing taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmrerank.answers.numbers import finite
from llmrerank.calls import ListCall, Reply
from llmrerank.clients.failures import Place
from llmrerank.clients.fault import read_fault
from llmrerank.errors import CallError, TransientError
from llmrerank.tokens import expected
from llmrerank.types import ScoreKind, Usage

from .dialect import BARE, Dialect
from .failures import Malformed, Misunderstood, judge_refusal, parsed

__all__ = ["read_ranking"]

_LONGEST = 4000  # characters of a body that are kept


def read_ranking(
    content: bytes,
    headers: Mapping[str, str],
    *,
    call: ListCall,
    dialect: Dialect,
    place: Place,
    path: str,
) -> Reply:
    """Read the body of a reply of status 200.

    A document that is not in the reply has no score, and the body rides along in `text`.

    Raises:
        Malformed: An index that is out of range or given twice, or a score that is no finite number.
        Misunderstood: It is no ranking in this dialect.
        CallError: It holds an error.
    """
    where = place.address.shown
    body = parsed(content)
    if isinstance(body, str):
        raise _no_json(body, where)
    if isinstance(body, Mapping) and body.get("error"):
        raise judge_refusal(read_fault(body, status=None), place, path=path)
    rows = _rows(body, dialect)
    if rows is None:
        raise _other_form(body, dialect, place, path)
    raw = _shown(content, place)
    scores = _scores(rows, len(call.documents), place, raw)
    kind, notes = _kind(scores, dialect)
    tokens = dialect.tokens(body, headers) or None  # a count of 0 is a server that does not count
    return Reply(
        text=raw if None in scores else None,
        scores=tuple(scores),
        score_kind=kind,
        usage=expected(call) if tokens is None else Usage(input=tokens),
        counted=tokens is not None,
        notes=(*dialect.notes(body), *notes),
    )


def _rows(body: object, dialect: Dialect) -> list[Any] | None:
    for key in dialect.results:
        rows = body if key == BARE else body.get(key) if isinstance(body, Mapping) else None
        if isinstance(rows, list):
            return rows
    return None


def _scores(rows: list[Any], size: int, place: Place, raw: str) -> list[float | None]:
    where = place.address.shown
    scores: list[float | None] = [None] * size
    for row in rows:
        index = row.get("index") if isinstance(row, Mapping) else None
        if not isinstance(index, int) or isinstance(index, bool):
            raise Malformed(f"{where} sent a result without the index of its document", raw=raw)
        if not 0 <= index < size:
            raise Malformed(f"{where} sent a result for document {index}, and there are {size}", raw=raw)
        if scores[index] is not None:
            raise Malformed(f"{where} sent two results for document {index}", raw=raw)
        given = row.get("relevance_score", row.get("score"))
        score = finite(given)
        if score is None:
            said = place.said(f"{given!r}")
            raise Malformed(
                f"{where} sent {said} as the score of document {index}, which is no finite number", raw=raw
            )
        scores[index] = score
    return scores


def _kind(scores: list[float | None], dialect: Dialect) -> tuple[ScoreKind, tuple[str, ...]]:
    """What the scores mean: a model without a sigmoid gives away that they are no probabilities."""
    outside = any(score is not None and not 0.0 <= score <= 1.0 for score in scores)
    if dialect.kind == "probability" and outside:
        return "logit", ("scores outside 0 to 1: this model gives raw scores, not probabilities",)
    return dialect.kind, ()


def _no_json(body: str, where: str) -> CallError:
    if body.lstrip().startswith("<"):
        return Misunderstood(f"{where} sent a web page, not a ranking; check base_url")
    return TransientError(f"{where} sent a reply that is not whole JSON")


def _other_form(body: object, dialect: Dialect, place: Place, path: str) -> CallError:
    """The error for JSON that is no ranking in this dialect, with a guess where it is one in another."""
    where = place.address.shown
    if isinstance(body, Mapping) and ("detail" in body or "message" in body):
        return judge_refusal(read_fault(body, status=None), place, path=path)
    guess = ""
    if isinstance(body, list):
        guess = "tei"
    elif isinstance(body, Mapping) and isinstance(body.get("data"), list):
        guess = "voyage"
    form = (
        "JSON that is no ranking" if dialect.name == "auto" else f"no ranking in the form of {dialect.title}"
    )
    return Misunderstood(f"{where}{path} sent {form}; check base_url and dialect", guess=guess)


def _shown(content: bytes, place: Place) -> str:
    """The body, without the key, cut where it is very long."""
    # Cut last: of a key in the middle of the cut, half would be shown.
    return place.without_key(content.decode(errors="replace"))[:_LONGEST]
