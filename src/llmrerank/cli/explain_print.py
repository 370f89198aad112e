"""An explanation for people: where each stage put the document, why, and every question it was part of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmrerank.explain import Account, Explanation, Meeting, Stand
    from llmrerank.explain.account import Identifier

__all__ = ["lines"]

WIDTH = 100
LINES = 8
"""Lines of a passage or an answer that are shown where nobody asks for all."""
NAMES = 20
"""Ids of a window that are shown where nobody asks for all."""
QUESTIONS = 3
"""Questions of a stage that are shown where nobody asks for all."""


def lines(explanation: Explanation, grades: Mapping[str, int], *, whole: bool) -> Iterator[str]:
    """The explanation line by line, 100 columns wide at most.

    Args:
        explanation: What to tell.
        grades: Of judged documents, by id as text.
        whole: Show passages, windows and answers in full.
    """
    from llmrerank.trace import Routed

    yield from _wrapped(f"query: {_plain(explanation.query)}", hang=2)
    yield from _wrapped(f"pipeline: {explanation.strategy}", hang=2)
    for routed in explanation.trace.of(Routed):
        yield from _wrapped(f"{routed.stage}: {routed.strategy} was chosen: {routed.reason}", hang=2)
    for account in explanation.accounts:
        yield ""
        yield from _account(account, grades.get(str(account.id)), whole=whole)


def _account(account: Account, grade: int | None, *, whole: bool) -> Iterator[str]:
    where = "not in the result" if account.rank is None else f"rank {account.rank} of {account.of}"
    judged = "" if grade is None else f", judged {grade} for this query"
    yield from _wrapped(f"{_plain(str(account.id))}: {where}{judged}", hang=2)
    if account.title and account.title != str(account.id):
        yield from _wrapped(_plain(account.title), indent=2, hang=2)
    if account.stands:
        yield ""
        yield from _table([("stage", "rank before", "rank", "score"), *map(_row, account.stands)])
    yield ""
    for reason in account.reasons:
        yield from _wrapped(f"- {reason.sentence}", indent=2, hang=4)
    for stand in account.stands:
        yield from _meetings(stand, whole=whole)


def _row(stand: Stand) -> tuple[str, ...]:
    from llmrerank.explain.reasons import score_in_words

    name = f"  {stand.stage}" if stand.role == "part" else stand.stage
    rank = "not found" if stand.rank is None else str(stand.rank)
    score = score_in_words(stand.score, stand.kind)
    return (name, "" if stand.before is None else str(stand.before), rank, score)


def _meetings(stand: Stand, *, whole: bool) -> Iterator[str]:
    shown = stand.meetings if whole else stand.meetings[-QUESTIONS:]
    hidden = len(stand.meetings) - len(shown)
    if hidden:
        yield ""
        yield f"  {stand.stage}: {hidden} earlier questions about it; -v shows them"
    for meeting in shown:
        yield ""
        yield from _meeting(stand, meeting, whole=whole)


def _meeting(stand: Stand, meeting: Meeting, *, whole: bool) -> Iterator[str]:
    from llmrerank.explain.reasons import score_in_words

    number = len(meeting.shown)
    alone = number == 1
    what = "by itself" if alone else f"shown at place {meeting.place} of {number}"
    if meeting.given is None:
        said = "no usable answer"
    elif alone:
        said = score_in_words(meeting.score, stand.kind) or "answered"
    else:
        said = f"answered at place {meeting.given}"
    again = ", asked again" if meeting.attempt > 1 else ""
    kept = ", from cache" if meeting.cached else ""
    yield from _wrapped(
        f"{stand.stage}, round {meeting.round}: {what}, {said}{again}{kept}", indent=2, hang=4
    )
    if not alone:
        shown = [_name(one, meeting) for one in meeting.shown]
        yield from _wrapped(f"shown:  {_names(shown, ', ', whole=whole)}", indent=4, hang=12)
        tiers = ["=".join(_name(one, meeting) for one in tier) for tier in meeting.tiers]
        if tiers:
            yield from _wrapped(f"answer: {_names(tiers, ' > ', whole=whole)}", indent=4, hang=12)
    sight = meeting.sight
    if sight is not None:
        chunks = f" (best of {sight.chunks} chunks)" if sight.chunks > 1 else ""
        yield f"    seen{chunks}:"
        yield from _quoted(sight.text, whole=whole)
        if sight.left_out:
            yield f"    [about {sight.left_out} tokens of it were not seen]"
    if meeting.raw:
        yield "    said:"
        yield from _quoted(meeting.raw, whole=whole)


def _name(identifier: Identifier, meeting: Meeting) -> str:
    """An id, in brackets where it is the document that is explained."""
    name = _plain(str(identifier))
    return f"[{name}]" if identifier == meeting.shown[meeting.place - 1] else name


def _names(names: Sequence[str], between: str, *, whole: bool) -> str:
    shown = list(names if whole else names[:NAMES])
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    return between.join(shown)


def _quoted(text: str, *, whole: bool) -> Iterator[str]:
    """A text behind bars, its lines kept, wrapped to the width; clipped unless all of it is wanted."""
    made = [
        line
        for paragraph in text.splitlines()
        for line in (textwrap.wrap(_plain(paragraph), WIDTH - 8, break_on_hyphens=False) or [""])
    ]
    for line in made if whole else made[:LINES]:
        yield f"    | {line}".rstrip()
    if not whole and len(made) > LINES:
        yield f"    | ({len(made) - LINES} more lines; -v shows them)"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for stage, before, rank, score in rows:
        cells = (stage.ljust(widths[0]), before.rjust(widths[1]), rank.rjust(widths[2]), score)
        yield f"  {'  '.join(cells)}".rstrip()


def _wrapped(text: str, *, indent: int = 0, hang: int = 0) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * hang,
        break_on_hyphens=False,
    )


def _plain(text: str) -> str:
    """On one line, without characters that move a cursor."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
