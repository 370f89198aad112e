"""Answers in one SQLite file: shared by processes, safe against being killed, free of pickle.

The file is in WAL mode: readers never wait, and what was written survives the death of the process that
wrote it (a power cut may cost the last moments, never the file). It is readable by its owner alone. Its
application id and its schema number stand in its header; a file that does not bear them is never touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache_file import connect
from .calls import Call
from .clients.client import Identity
from .errors import DataError
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
        bytes: Size on disk, of the file and what SQLite keeps beside it.
        oldest: When the oldest answer was kept, in seconds since 1970; None where there is none.
        newest: The same of the newest.
        models: By model, the largest first.
    """

    path: Path
    entries: int
    bytes: int
    oldest: float | None
    newest: float | None
    models: tuple[ModelStats, ...]


def digest(identity: Identity, call: Call) -> bytes:
    """What an answer is kept under: who was asked and what, never how (no fence, no time-out, no key)."""
    asked = [identity.endpoint, identity.model, identity.extra, call.key]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()


class Cache:
    """JSON values by digest, in one file, opened when first used. Any thread may use it, and a forked child.

    Args:
        path: The file; made on first use, with its folders, if there is none.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The value kept under a digest, or None. Takes some tens of microseconds.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        with self._ours():
            row = self._ask("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
        try:
            value = None if row is None else json.loads(row[0])
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def __contains__(self, key: bytes) -> bool:
        with self._ours():
            return self._ask("SELECT 1 FROM answers WHERE key = ?", (key,)).fetchone() is not None

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
            try:
                self._open().execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.OperationalError as error:
                return f"not kept in the cache {self.path}: {error}"
            except sqlite3.DatabaseError as error:
                raise self._damaged(error) from error
        return None

    def stats(self) -> CacheStats:
        """Count what the cache holds; reads the whole table.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        with self._ours():
            span = self._ask("SELECT count(*), min(kept), max(kept) FROM answers").fetchone()
            rows = self._ask(
                "SELECT model, count(*), sum(tokens_in), sum(tokens_out) FROM answers"
                " GROUP BY model ORDER BY 2 DESC, 1"
            ).fetchall()
        beside = (self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm"))
        return CacheStats(
            path=self.path,
            entries=span[0],
            oldest=span[1],
            newest=span[2],
            bytes=sum(file.stat().st_size for file in beside if file.exists()),
            models=tuple(
                ModelStats(model=model, entries=n, tokens_in=i, tokens_out=o) for model, n, i, o in rows
            ),
        )

    def clear(self) -> int:
        """Delete every answer and give the space back; the number of answers deleted.

        Raises:
            DataError: The file is no cache of ours, is damaged, or is in use for too long by another process.
        """
        with self._ours():
            deleted = self._ask("DELETE FROM answers").rowcount
            self._ask("VACUUM")
            self._ask("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return deleted

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._ours():
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ours(self) -> threading.Lock:
        """The lock, new in a forked child: SQLite's connections and held locks must not cross a fork."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = threading.Lock()
            _left_by_parents.append(self._connection)
            self._connection = None
        return self._lock

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self.path)
        return self._connection

    def _ask(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._open().execute(statement, values)
        except sqlite3.OperationalError as error:
            raise DataError(f"the cache {self.path} cannot be used now: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> DataError:
        return DataError(
            f"the cache {self.path} is damaged ({error}); move it away, or choose another --cache"
        )


# Closing a parent's connection in its child would drop the parent's locks on the file.
_left_by_parents: list[sqlite3.Connection | None] = []
