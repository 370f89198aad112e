"""The cache's file: ours is known by its header, a foreign one is refused untouched.

It is in WAL mode: readers never wait, and what was written survives the death of the process that wrote it (a
power cut may cost the last moments, never the file). It is readable by its owner alone.
"""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .cache_upkeep import fit
from .errors import DataError

__all__ = ["APPLICATION_ID", "SCHEMA", "CacheFile", "connect"]

APPLICATION_ID = 0x6C6C7272  # "llrr"
SCHEMA = 2
"""Number of the schema, kept in the header as `user_version`: `_MIGRATIONS[n]` leads from n to n + 1."""

_MIGRATIONS = (
    (
        """
        CREATE TABLE answers (
            key BLOB PRIMARY KEY,
            model TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            value TEXT NOT NULL,
            tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL,
            kept REAL NOT NULL
        ) WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE rankings (
            key BLOB PRIMARY KEY,
            strategy TEXT NOT NULL,
            value TEXT NOT NULL,
            answers INTEGER NOT NULL,
            tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL,
            kept REAL NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX answers_by_age ON answers (kept)",
        "CREATE INDEX rankings_by_age ON rankings (kept)",
    ),
)
_MAGIC = b"SQLite format 3\x00"
_BUSY_SECONDS = 10.0
_LOOK_EVERY = 32


class CacheFile:
    """One file, opened when first used. Any thread may use it, and a forked child.

    Args:
        path: The file; made on first use, with its folders, if there is none.
        max_age: Seconds after which an entry is used no more; None: never.
        max_bytes: Bytes that entries may take: the oldest go; None: any. Looked at every few entries.
    """

    def __init__(
        self, path: str | Path, *, max_age: float | None = None, max_bytes: int | None = None
    ) -> None:
        self.path = Path(path).expanduser()
        self._max_age = max_age
        self._max_bytes = max_bytes
        self._written = 0
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._bears: _Bearing = None
        self._process = os.getpid()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._ours():
            self._let_go()

    def _ours(self) -> threading.Lock:
        """The lock, new in a forked child: SQLite's connections and held locks must not cross a fork."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = threading.Lock()
            _left_by_parents.append(self._connection)
            self._connection = None
        return self._lock

    def _open(self) -> sqlite3.Connection:
        """The connection, a new one where the file was deleted or replaced under the old one."""
        if self._connection is not None and self._bears != _bearing(self.path):
            self._let_go()
        if self._connection is None:
            self._connection, self._bears = connect(self.path)
        return self._connection

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _close(connection, self._bears)

    def _since(self) -> float:
        """The moment before which entries are too old, in seconds since 1970."""
        return -math.inf if self._max_age is None else time.time() - self._max_age

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Errors of SQLite as sentences."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise DataError(f"the cache {self.path} cannot be used now: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _ask(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        with self._asking():
            return self._open().execute(statement, values)

    def _keep(self, statement: str, values: tuple[Any, ...]) -> str | None:
        """Write; a sentence where that cannot be done (disk full, file locked), else None."""
        try:
            connection = self._open()
            connection.execute(statement, values)
            if self._max_bytes is not None and self._written % _LOOK_EVERY == 0:
                fit(connection, self._max_bytes)
            self._written += 1
        except sqlite3.OperationalError as error:
            return f"not kept in the cache {self.path}: {error}"
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        return None

    def _damaged(self, error: sqlite3.Error) -> DataError:
        return DataError(
            f"the cache {self.path} is damaged ({error}); move it away, or choose another --cache"
        )


# Closing a parent's connection in its child would drop the parent's locks on the file.
_left_by_parents: list[sqlite3.Connection | None] = []


def connect(path: Path) -> tuple[sqlite3.Connection, _Bearing]:
    """Open the cache, made now if there is none; and what tells its file from another one at that path.

    Raises:
        DataError: The file is something else, of a newer version, or cannot be opened.
    """
    try:
        with _looking:
            # Whoever closes a file loses all locks that his process has on it, SQLite's too. Without them
            # another process that ends takes itself for the last one, and deletes the log that we write to.
            if not _held[_bearing(path)]:
                _check(path)
                path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            bears = _bearing(path)
            _held[bears] += 1
        try:
            _prepare(connection)
        except BaseException:
            _close(connection, bears)
            raise
    except OSError as error:
        raise DataError(f"cannot open the cache {path}: {error.strerror}; choose another --cache") from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"cannot open the cache {path}: {error}; choose another --cache") from error
    return connection, bears


def _close(connection: sqlite3.Connection, bears: _Bearing) -> None:
    with _looking:
        connection.close()
        _held[bears] -= 1


def _bearing(path: Path) -> _Bearing:
    """What tells the file at a path from another one that takes its place; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


_Bearing = tuple[int, int] | None
_held: Counter[_Bearing] = Counter()
"""Connections of this process, by file."""
_looking = threading.Lock()


def _forget() -> None:
    """A forked child gets a lock of its own: its parent's may be held for ever."""
    global _looking
    _looking = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _check(path: Path) -> None:
    """Look at the header of a file before SQLite touches it."""
    if path.is_dir():
        raise DataError(f"the cache {path} is a folder; name a file")
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return
    if not head:
        return
    if not head.startswith(_MAGIC) or len(head) < 100:
        raise DataError(f"{path} is not a cache of llmrerank; choose another --cache (nothing was changed)")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise DataError(
            f"{path} is a database of another program; choose another --cache (nothing was changed)"
        )
    version = int.from_bytes(head[60:64], "big")
    if version > SCHEMA:
        raise DataError(
            f"the cache {path} was made by a newer llmrerank (schema {version}, this one knows {SCHEMA}); "
            "update llmrerank or choose another --cache"
        )


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    if _version(connection) < SCHEMA:
        connection.execute("BEGIN IMMEDIATE")
        # Asked again: another process may have been faster.
        for step in _MIGRATIONS[_version(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
    _enter_wal(connection)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. SQLite does not wait for its lock here, however long the time-out is."""
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)
