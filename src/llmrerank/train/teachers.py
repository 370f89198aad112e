"""What a teacher said: rankings out of stored runs and traces, several of them for one query or one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.jsonl import text_lines
from llmrerank.retrieve.stored import read_run
from llmrerank.trace_file import StoredTraces
from llmrerank.types import Document

__all__ = ["Ranked", "Teacher", "agreed", "is_record", "read_teacher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One ranking of one query.

    Attributes:
        ids: Best first, each once.
        scores: `scores[i]` belongs to `ids[i]`; None where some have none.
    """

    ids: tuple[str, ...]
    scores: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """Rankings of one origin. Whatever else can say who ranked what (a router's log, say) makes one of these.

    Attributes:
        name: For messages and the card.
        rankings: By query id, or by its text where it has none; one or more for each.
        texts: Documents that came with their text, by id.
    """

    name: str
    rankings: Mapping[str, Sequence[Ranked]]
    texts: Mapping[str, Document] = field(default_factory=dict)


def read_teacher(path: Path) -> Teacher:
    """Read a run of TREC, candidates in JSONL, or a trace file, plain or `.gz`; the content says which.

    Raises:
        ConfigError: It is a record of calls, which holds no ranking.
        DataError: It cannot be read, or is empty.
    """
    if not path.is_file():
        raise ConfigError(f"there is no run or trace {path}")
    first = next((line.text.lstrip() for line in text_lines(path) if line.text.strip()), "")
    keys: Mapping[str, object] = {}
    if first.startswith("{"):
        try:
            keys = dict(json.loads(first))
        except ValueError:
            keys = {}
    if "call" in keys:
        raise ConfigError(
            f"{path} is a record of calls and holds no ranking; say with --strategy which strategy made them"
        )
    if "events" in keys:
        return _traced(path)
    stored = read_run(path)
    return Teacher(
        name=path.name,
        rankings={
            one.query_id or one.query_text: [
                _ranked([row.docid for row in one.rows], [row.score for row in one.rows])
            ]
            for one in stored.lists
        },
        texts=stored.texts,
    )


def is_record(path: Path) -> bool:
    """Whether a file is a record of calls, which a strategy must make sense of."""
    first = next((line.text.lstrip() for line in text_lines(path) if line.text.strip()), "")
    try:
        return first.startswith("{") and "call" in json.loads(first)
    except ValueError:
        return False


def _traced(path: Path) -> Teacher:
    rankings: dict[str, list[Ranked]] = {}
    strategies: dict[str, None] = {}
    for line in StoredTraces(path):
        traced = line.traced
        strategies[traced.strategy] = None
        rankings.setdefault(traced.query.id or traced.query.text, []).append(
            _ranked([str(hit.id) for hit in traced.hits], [hit.score for hit in traced.hits])
        )
    if not rankings:
        raise DataError(f"the trace {path} is empty")
    return Teacher(name=f"{path.name} ({', '.join(strategies)})", rankings=rankings)


def _ranked(ids: Sequence[str], scores: Sequence[float | None]) -> Ranked:
    known = [score for score in scores if score is not None]
    return Ranked(ids=tuple(ids), scores=tuple(known) if len(known) == len(ids) else None)


def agreed(rankings: Sequence[Ranked]) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...] | None]:
    """Join several rankings of one query.

    Args:
        rankings: One or more; a document that one of them lacks gets nothing from it.

    Returns:
        The documents best first, the mean reciprocal rank of each, and its scores where there is one ranking
        alone and it has them. Equal means stand as the first ranking has them.
    """
    gains: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking.ids, start=1):
            gains[name] = gains.get(name, 0.0) + 1.0 / rank / len(rankings)
    order = sorted(gains, key=lambda name: -gains[name])
    scores = None
    if len(rankings) == 1 and rankings[0].scores is not None:
        of = dict(zip(rankings[0].ids, rankings[0].scores, strict=True))
        scores = tuple(of[name] for name in order)
    return tuple(order), tuple(gains[name] for name in order), scores
