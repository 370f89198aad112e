"""Answers in one SQLite file: shared by processes, safe against being killed, free of pickle.

The same file holds whole rankings (`ranking_cache`); limits of age and size are for both.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache_file import CacheFile
from .cache_upkeep import Deleted, delete_before, fit
from .calls import Call
from .clients.client import Identity
from .settings import Settings
from .types import Usage

__all__ = ["Cache", "CacheStats", "ModelStats", "digest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStats:
    """What the cache holds of one model: answers, and the tokens that each use of them saves."""

    model: str
    entries: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """What a cache holds.

    Attributes:
        path: The file.
        entries: Answers.
        rankings: Whole rankings.
        saved: Answers that one use of each ranking saves, added up.
        bytes: Size on disk, of the file and what SQLite keeps beside it.
        oldest: When the oldest entry was kept, in seconds since 1970; None where there is none.
        newest: The same of the newest.
        models: Answers by model, the largest first.
    """

    path: Path
    entries: int
    rankings: int
    saved: int
    bytes: int
    oldest: float | None
    newest: float | None
    models: tuple[ModelStats, ...]


def digest(identity: Identity, call: Call) -> bytes:
    """What an answer is kept under: who was asked and what, never how (no fence, no time-out, no key)."""
    asked = [identity.endpoint, identity.model, identity.extra, call.key]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()


class Cache(CacheFile):
    """Answers as JSON values by digest; arguments as `CacheFile`."""

    @classmethod
    def of(cls, settings: Settings) -> Cache | None:
        """The cache that settings name, within their limits; None where they name none."""
        if settings.cache is None:
            return None
        return cls(settings.cache, max_age=settings.cache_age, max_bytes=settings.cache_size)

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The value kept under a digest, or None. Takes some tens of microseconds.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        with self._ours():
            asked = (key, self._since())
            row = self._ask("SELECT value FROM answers WHERE key = ? AND kept >= ?", asked).fetchone()
        try:
            value = None if row is None else json.loads(row[0])
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def __contains__(self, key: bytes) -> bool:
        with self._ours():
            asked = (key, self._since())
            return (
                self._ask("SELECT 1 FROM answers WHERE key = ? AND kept >= ?", asked).fetchone() is not None
            )

    def put(
        self,
        key: bytes,
        value: Mapping[str, Any],
        *,
        model: str,
        endpoint: str = "",
        usage: Usage | None = None,
    ) -> str | None:
        """Keep a value, in place of an older one. A sentence where it could not be kept, else None.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        used = usage or Usage()
        # A lone surrogate, which JSON may carry and UTF-8 may not, becomes its escape.
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        row = (key, model, endpoint, text, used.input, used.output, time.time())
        with self._ours():
            return self._keep("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def stats(self) -> CacheStats:
        """Count what the cache holds, both levels; reads all of it.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        with self._ours():
            answers = self._ask("SELECT count(*), min(kept), max(kept) FROM answers").fetchone()
            rankings = self._ask(
                "SELECT count(*), min(kept), max(kept), sum(answers) FROM rankings"
            ).fetchone()
            rows = self._ask(
                "SELECT model, count(*), sum(tokens_in), sum(tokens_out) FROM answers"
                " GROUP BY model ORDER BY 2 DESC, 1"
            ).fetchall()
        beside = (self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm"))
        return CacheStats(
            path=self.path,
            entries=answers[0],
            rankings=rankings[0],
            saved=rankings[3] or 0,
            oldest=min((one[1] for one in (answers, rankings) if one[0]), default=None),
            newest=max((one[2] for one in (answers, rankings) if one[0]), default=None),
            bytes=sum(file.stat().st_size for file in beside if file.exists()),
            models=tuple(
                ModelStats(model=model, entries=n, tokens_in=i, tokens_out=o) for model, n, i, o in rows
            ),
        )

    def prune(self, *, max_age: float | None = None, max_bytes: int | None = None) -> Deleted:
        """Delete what is too old, then the oldest until the rest fits, and give the space back.

        Args:
            max_age: Seconds for which an entry may be kept; None: any.
            max_bytes: Bytes that the file may have; None: any. An empty file has some, too.

        Raises:
            DataError: As `clear`.
        """
        with self._ours(), self._asking():
            connection = self._open()
            gone = Deleted()
            if max_age is not None:
                gone += delete_before(connection, time.time() - max_age)
            if max_bytes is not None:
                gone += fit(connection, max_bytes)
            self._give_back()
        return gone

    def clear(self) -> Deleted:
        """Delete every answer and every ranking, and give the space back.

        Raises:
            DataError: The file is no cache of ours, is damaged, or is in use for too long by another process.
        """
        with self._ours():
            gone = Deleted(
                answers=self._ask("DELETE FROM answers").rowcount,
                rankings=self._ask("DELETE FROM rankings").rowcount,
            )
            self._give_back()
        return gone

    def _give_back(self) -> None:
        self._ask("VACUUM")
        self._ask("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
