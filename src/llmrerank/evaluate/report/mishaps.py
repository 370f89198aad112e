"""What went wrong in a row, told in groups: queries that failed, answers that were mended or said nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from llmrerank.evaluate.comparison import Row
from llmrerank.trace import Degraded, Repaired, Trace

__all__ = ["SHOWN_ANSWERS", "Answers", "Failures", "RawAnswer", "answers_of", "failures_of"]

SHOWN_ANSWERS = 3
"""Raw answers shown of each kind of mishap; the kinds themselves are all counted."""
_SHOWN_KINDS = 12
_LETTERS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Queries that failed with one sentence; their ids in order."""

    sentence: str
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as it came.

    Attributes:
        query: Id of the query, or empty where it is not known: in repetitions after the first.
        round: Of the stage, from 1.
        text: Its beginning; None where nothing came.
        left_out: Characters behind that beginning.
    """

    query: str
    round: int
    text: str | None
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers of one stage with one fault.

    Attributes:
        degraded: The slate got no evidence; else the answer was mended and used.
        stage: As it is written in the pipeline.
        reason: What was wrong.
        count: How many there were, over all queries and repetitions.
        shown: Some of them.
    """

    degraded: bool
    stage: str
    reason: str
    count: int
    shown: tuple[RawAnswer, ...]


_Kind = tuple[bool, str, str]


def failures_of(row: Row) -> tuple[Failures, ...]:
    """The failed queries of a row, by sentence, the most frequent first."""
    by_sentence: dict[str, list[str]] = {}
    for query, sentence in row.failures.items():
        by_sentence.setdefault(sentence, []).append(query)
    ordered = sorted(by_sentence.items(), key=lambda item: -len(item[1]))
    return tuple(Failures(sentence=sentence, queries=tuple(queries)) for sentence, queries in ordered)


def answers_of(row: Row) -> tuple[tuple[Answers, ...], int]:
    """The repaired and degraded answers of a row by kind, the most frequent first, and how many are left.

    Returns:
        At most 12 kinds, and the number of answers of kinds beyond them.
    """
    counts = Counter(_kind(event) for event in _events(row.trace))
    samples: dict[_Kind, list[RawAnswer]] = {kind: [] for kind in counts}
    first = [(query, event) for query, kept in row.kept.items() for event in _events(kept.trace)]
    # Of a kind that only later repetitions met, the query is not known.
    met = {_kind(event) for _, event in first}
    later = [("", event) for event in _events(row.trace) if _kind(event) not in met]
    for query, event in (*first, *later):
        some = samples.setdefault(_kind(event), [])
        if len(some) < SHOWN_ANSWERS:
            some.append(_raw(query, event))
    # Degraded answers first: they cost quality, mended ones may not.
    ordered = sorted(counts.items(), key=lambda item: (not item[0][0], -item[1]))
    shown = tuple(
        Answers(degraded=kind[0], stage=kind[1], reason=kind[2], count=count, shown=tuple(samples[kind]))
        for kind, count in ordered[:_SHOWN_KINDS]
    )
    return shown, sum(count for _, count in ordered[_SHOWN_KINDS:])


def _events(trace: Trace) -> Iterator[Repaired | Degraded]:
    return (event for event in trace if isinstance(event, Repaired | Degraded))


def _kind(event: Repaired | Degraded) -> _Kind:
    if isinstance(event, Degraded):
        return True, event.stage, event.reason
    return False, event.stage, ", ".join(event.flags)


def _raw(query: str, event: Repaired | Degraded) -> RawAnswer:
    text = event.raw
    return RawAnswer(
        query=query,
        round=event.round,
        text=None if text is None else text[:_LETTERS],
        left_out=max(0, len(text or "") - _LETTERS),
    )
