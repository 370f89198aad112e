"""The output of a batch: one process appends to it, the next one reads from it what is done."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from llmrerank.errors import ConfigError

__all__ = ["SCHEMA", "Results"]

SCHEMA = 1
_BEGINNING = f'{{"schema": {SCHEMA}, "id": '.encode()


class Results:
    """Result lines by the digest of the line that they answer. Close it, or use it as a context.

    Each line is appended by one write: killed at any time, the file loses at most the line being written, and
    half a line is removed the next time. Its owner alone may read it, since it holds the documents.

    Args:
        path: The file; made where there is none.
        run: What was asked for beside the input (strategy, model, options), as a digest.

    Raises:
        ConfigError: The file holds something else, or the results of another run; or another process writes
            to it.
    """

    def __init__(self, path: Path, *, run: str) -> None:
        self.path = path
        self.run = run
        self._places: dict[str, tuple[int, int]] = {}
        self._final: set[str] = set()
        self._writing = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error
        try:
            _lock(self._file, path)
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def holds(self, digest: str) -> bool:
        """Whether this line is done for good."""
        return digest in self._final

    def append(self, digest: str, line: Mapping[str, Any], *, final: bool) -> None:
        """Write the result of a line; `final` says that it need not be done again."""
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            with self._writing:
                start = self._file.seek(0, os.SEEK_END)
                self._file.write(data)
        except OSError as error:
            raise ConfigError(
                f"cannot write {self.path}: {error.strerror or error}; what is in it counts: run it again"
            ) from error
        self._places[digest] = (start, len(data))
        if final:
            self._final.add(digest)

    def settle(self, order: Iterable[str]) -> None:
        """Write the file anew: one line for each line of the input, in its order, and nothing else."""
        places = [self._places[digest] for digest in order]
        written = self._file.seek(0, os.SEEK_END)
        if places == sorted(places) and sum(length for _, length in places) == written:
            return
        temporary = self.path.with_name(f".{self.path.name}.settling")
        try:
            temporary.unlink(missing_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as settled:
                for start, length in places:
                    self._file.seek(start)
                    settled.write(self._file.read(length))
            os.replace(temporary, self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise ConfigError(f"cannot put {self.path} in order: {error.strerror or error}") from error

    def _read(self) -> None:
        start = 0
        with open(os.dup(self._file.fileno()), "rb") as reader:
            for number, raw in enumerate(reader, start=1):
                if not raw.endswith(b"\n") and _BEGINNING.startswith(raw[: len(_BEGINNING)]):
                    break  # the process that wrote it was killed
                self._enter(raw, start, number)
                start += len(raw)
        self._file.truncate(start)

    def _enter(self, raw: bytes, start: int, number: int) -> None:
        try:
            line = json.loads(raw)
            digest, run = str(line["digest"]), line["run"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ConfigError(
                f"{self.path}, line {number}, is nothing that llmrerank wrote; nothing was changed: name "
                "another file"
            ) from None
        if run != self.run:
            raise ConfigError(
                f"{self.path} holds what another strategy, model, judge, prompt or option made (line "
                f"{number}); name another file, or ask for the same"
            )
        self._places[digest] = (start, len(raw))
        if "error" not in line and not _degraded(line):
            self._final.add(digest)


def _degraded(line: Mapping[str, Any]) -> bool:
    trace = line.get("trace")
    return not isinstance(trace, Mapping) or bool(trace.get("degraded") or trace.get("exhausted"))


def _lock(file: IO[bytes], path: Path) -> None:
    """Keep a second process out; where the system has no such locks the caller must."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f"another process is writing {path}; wait for it, or name another file") from error
