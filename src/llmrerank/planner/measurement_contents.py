"""What a file of measurements holds, and everything that can be wrong with one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["KIND", "SCHEMA", "faults_of"]

KIND = "llmrerank measurements"
SCHEMA = 1

_KEYS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "schema": int,
    "dataset": str,
    "stand_in": bool,
    "documents": int,
    "relevance": int,
    "machine": str,
    "lengths": list,
    "queries": list,
    "first": list,
    "scorers": list,
    "asked": list,
    "seconds": (int, float),
    "notes": list,
}
_PARTS = {
    "queries": {"id", "grades", "ideal", "relevant"},
    "first": {"stage", "sizes", "shallow", "depths", "size", "found"},
    "scorers": {"strategy", "remembers", "room", "lists", "scores"},
    "asked": {"strategy", "model", "call_tokens", "document_tokens", "answer_tokens", "seconds"},
}


def faults_of(values: Any) -> list[str]:
    """Everything that is wrong with the values of a file, in sentences without a full stop; none: it is good.

    A file that is something else altogether has that one fault.
    """
    if not isinstance(values, dict) or values.get("kind") != KIND:
        return ["these are no measurements of a plan; `llmrerank plan --save FILE` writes them"]
    if values.get("schema") != SCHEMA:
        return [f"their schema is {values.get('schema')!r} and this version reads {SCHEMA}"]
    found = [f"'{name}' is missing" for name in _KEYS if name not in values]
    found += [f"unknown key '{name}'" for name in values if name not in _KEYS]
    found += [
        f"'{name}' has the wrong type"
        for name, kind in _KEYS.items()
        if name in values and not isinstance(values[name], kind)
    ]
    if found:
        return found
    for part, keys in _PARTS.items():
        for place, one in enumerate(values[part]):
            if not isinstance(one, dict) or one.keys() != keys:
                found.append(f"'{part}[{place}]' must hold {', '.join(sorted(keys))}")
    return found or list(_faults(values))


def _faults(values: Mapping[str, Any]) -> Iterator[str]:
    queries, lengths = len(values["queries"]), values["lengths"]
    for name in ("documents", "relevance"):
        if type(values[name]) is not int or values[name] < 1:
            yield f"'{name}' must be a whole number of 1 or more"
    if not queries:
        yield "'queries' is empty"
    if not values["first"]:
        yield "'first' is empty: a plan needs a first stage"
    if not _whole(lengths):
        yield "'lengths' must hold whole numbers of 0 or more"
        return
    names = [one["stage"] for one in values["first"]] + [one["id"] for one in values["queries"]]
    names += [one["strategy"] for part in ("scorers", "asked") for one in values[part]]
    if not all(isinstance(name, str) for name in (*names, *(one["model"] for one in values["asked"]))):
        yield "every stage, strategy, model and id of a query must be a text"
        return
    for place, one in enumerate(values["queries"]):
        if not _numbered(one["grades"], len(lengths)) or not _whole(one["ideal"]):
            yield f"'queries[{place}]' has grades that are no grades of documents"
        if not _whole([one["relevant"]]):
            yield f"'queries[{place}]': 'relevant' must be a whole number of 0 or more"
    for one in values["first"]:
        name = f"'first' of '{one['stage']}'"
        for what in ("sizes", "depths"):
            if not _timed(one[what], queries):
                yield f"{name}: '{what}' must hold, by a number above 0, the seconds of {queries} queries"
        if type(one["size"]) is not int or type(one["shallow"]) is not int or one["shallow"] < 1:
            yield f"{name}: 'size' and 'shallow' must be whole numbers of 1 or more"
        lists = one["found"]
        if (
            not isinstance(lists, list)
            or len(lists) != queries
            or not all(_within(x, lengths) for x in lists)
        ):
            yield f"{name}: 'found' must hold numbers of documents for {queries} queries"
    for one in values["scorers"]:
        name = f"'scorers' of '{one['strategy']}'"
        if not isinstance(one["lists"], list) or not one["lists"] or not all(map(_triple, one["lists"])):
            yield f"{name}: 'lists' must hold documents, tokens and seconds of one list or more"
        scores = one["scores"]
        if not isinstance(scores, list) or len(scores) != queries:
            yield f"{name}: 'scores' must hold one object for each of {queries} queries"
        elif not all(_numbered(scored, len(lengths)) for scored in scores):
            yield f"{name}: 'scores' must hold numbers by number of the document"
        if type(one["room"]) is not int or one["room"] < 1:
            yield f"{name}: 'room' must be a whole number of 1 or more"
    for one in values["asked"]:
        tokens = (one[key] for key in ("call_tokens", "document_tokens", "answer_tokens"))
        if not all(map(_positive, tokens)) or not all(map(_positive, one["seconds"])):
            yield f"'asked' of '{one['strategy']}' must hold tokens and seconds of 0 or more"


def _positive(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    )


def _whole(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _within(values: Any, lengths: list[int]) -> bool:
    return _whole(values) and all(value < len(lengths) for value in values)


def _number(key: Any) -> int | None:
    return int(key) if isinstance(key, str) and key.isascii() and key.isdigit() else None


def _numbered(values: Any, count: int) -> bool:
    """Whether this holds finite numbers by number of the document."""
    return isinstance(values, dict) and all(
        (number := _number(key)) is not None
        and number < count
        and isinstance(value, int | float)
        and math.isfinite(value)
        for key, value in values.items()
    )


def _timed(values: Any, queries: int) -> bool:
    return (
        isinstance(values, dict)
        and bool(values)
        and all(
            bool(_number(key))
            and isinstance(seconds, list)
            and len(seconds) == queries
            and all(map(_positive, seconds))
            for key, seconds in values.items()
        )
    )


def _triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_positive, value))
