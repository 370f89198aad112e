"""Opening the cache's file: ours is known by its header, a foreign one is refused untouched."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from .errors import DataError

__all__ = ["APPLICATION_ID", "SCHEMA", "connect"]

APPLICATION_ID = 0x6C6C7272  # "llrr"
SCHEMA = 1
"""Number of the schema, kept in the header as `user_version`: `_MIGRATIONS[n]` leads from n to n + 1."""

_MIGRATIONS = (
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
)
_MAGIC = b"SQLite format 3\x00"
_BUSY_SECONDS = 10.0


def connect(path: Path) -> sqlite3.Connection:
    """Open the cache, made now if there is none.

    Raises:
        DataError: The file is something else, of a newer version, or cannot be opened.
    """
    try:
        _check(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DataError(f"cannot open the cache {path}: {error.strerror}; choose another --cache") from error
    try:
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        raise DataError(f"cannot open the cache {path}: {error}; choose another --cache") from error
    return connection


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
            connection.execute(step)
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
