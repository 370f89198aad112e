"""A trace file while it is written: one whole line for each query, for its owner's eyes alone."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from llmrerank.errors import ConfigError
from llmrerank.ranking import Ranking
from llmrerank.trace import Seen
from llmrerank.types import Query

from .traced import SCHEMA, TracedQuery

__all__ = ["TraceFile"]

_BEGINNING = f'{{"schema": {SCHEMA}, "query": {{'.encode()
_STEP = 1 << 16


class TraceFile:
    """The file; a context that closes it. Several threads may write.

    Each line is appended by one write: killed at any time, the file loses at most the line being written. A
    file that is made here can be read by its owner alone, since it may hold documents, prompts and answers.

    Args:
        path: The file; missing folders are made. Lines are added to those that it has; half a line that a
            killed process left at its end is taken away.
        fresh: Begin anew: what the file held is gone.

    Raises:
        ConfigError: The file cannot be written, or is no trace file.
    """

    def __init__(self, path: str | Path, *, fresh: bool = False) -> None:
        self.path = Path(path).expanduser()
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise self._fault(error) from error
        try:
            self._settle(fresh)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> TraceFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            file, self._file = self._file, -1
            if file >= 0:
                os.close(file)

    def write(
        self,
        query: Query,
        ranking: Ranking,
        *,
        seconds: float,
        seen: Iterable[Seen] = (),
        measures: Mapping[str, float] | None = None,
        dataset: str | None = None,
        row: int | None = None,
    ) -> None:
        """Add a ranked query; arguments as the attributes of `TracedQuery`.

        Raises:
            ConfigError: The file cannot be written.
        """
        traced = TracedQuery.of(query, ranking, seconds=seconds, seen=seen)
        self.add(replace(traced, measures=measures or {}, dataset=dataset, row=row))

    def add(self, traced: TracedQuery) -> None:
        """Add a query whose parts are at hand.

        Raises:
            ConfigError: The file cannot be written.
        """
        line = traced.to_line()
        try:
            with self._lock:
                written = os.write(self._file, line)
                if written < len(line):
                    # A full disk takes a part; half a line would spoil the next one.
                    os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                    raise OSError(None, "the disk is full")
        except OSError as error:
            raise self._fault(error) from error

    def _settle(self, fresh: bool) -> None:
        """Look at what is there: begin anew, or after its last whole line."""
        there = os.fstat(self._file)
        if not stat.S_ISREG(there.st_mode):
            return
        try:
            if fresh or not there.st_size:
                os.ftruncate(self._file, 0)
                os.fchmod(self._file, 0o600)
                return
            head = os.pread(self._file, len(_BEGINNING), 0)
            if not _BEGINNING.startswith(head):
                raise ConfigError(
                    f"{self.path} is no trace file of llmrerank; nothing was changed: name another file"
                )
            whole = self._whole(there.st_size)
            tail = os.pread(self._file, there.st_size - whole, whole)
            if _is_json(tail):
                os.write(self._file, b"\n")
            else:
                os.ftruncate(self._file, whole)
        except OSError as error:
            raise self._fault(error) from error

    def _whole(self, size: int) -> int:
        """Bytes up to the end of the last whole line."""
        end = size
        while end > 0:
            start = max(0, end - _STEP)
            place = os.pread(self._file, end - start, start).rfind(b"\n")
            if place >= 0:
                return start + place + 1
            end = start
        return 0

    def _fault(self, error: OSError) -> ConfigError:
        return ConfigError(f"cannot write the trace to {self.path}: {error.strerror or error}")


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
