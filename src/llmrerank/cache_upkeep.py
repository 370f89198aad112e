"""Keeping the cache within limits of age and size: what was kept first goes first, of both levels alike."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

__all__ = ["Deleted", "delete_before", "fit", "used"]

_LEVELS = ("answers", "rankings")
_SLACK = 0.1
"""Share of the room that is freed beyond what must be, so that not every entry deletes another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """How many entries of each level were deleted."""

    answers: int = 0
    rankings: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        return Deleted(answers=self.answers + other.answers, rankings=self.rankings + other.rankings)


def used(connection: sqlite3.Connection) -> int:
    """Bytes in use within the file; what deleted entries left is used again and does not count."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def delete_before(connection: sqlite3.Connection, moment: float) -> Deleted:
    """Delete what was kept before a moment, in seconds since 1970."""
    return Deleted(
        **{
            level: connection.execute(f"DELETE FROM {level} WHERE kept < ?", (moment,)).rowcount
            for level in _LEVELS
        }
    )


def fit(connection: sqlite3.Connection, most: int) -> Deleted:
    """Delete the oldest entries until no more than so many bytes are in use, and a little more."""
    gone = Deleted()
    if used(connection) <= most:
        return gone
    goal = most * (1 - _SLACK)
    while (now := used(connection)) > goal:
        counts = [connection.execute(f"SELECT count(*) FROM {level}").fetchone()[0] for level in _LEVELS]
        if not sum(counts):
            break
        first = max(1, math.ceil(sum(counts) * (1 - goal / now)))
        [last] = connection.execute(
            "SELECT kept FROM (SELECT kept FROM answers UNION ALL SELECT kept FROM rankings)"
            " ORDER BY kept LIMIT 1 OFFSET ?",
            (first - 1,),
        ).fetchone()
        gone += delete_before(connection, math.nextafter(last, math.inf))
    return gone
