"""Reading files line by line, so that every fault names the file and the line.

Plain or gzip is told by the content, not by the name. Text is UTF-8, with or without a byte order mark; lines
end at LF or CRLF.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from .errors import DataError

__all__ = ["Line", "Readable", "name_of", "parse_lines", "read_lines", "text_lines"]

Readable = str | Path | IO[bytes] | IO[str]
"""A path, `-` for the standard input, or an open stream (which stays open)."""

_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """One line of a file: its number from 1, its text without the end, and whether it had an end."""

    number: int
    text: str
    complete: bool


def name_of(source: Readable) -> str:
    """How a source is called in messages: the path as it was given, `standard input`, or `the input`."""
    name = str(source) if isinstance(source, str | Path) else getattr(source, "name", None)
    if name in ("-", "<stdin>"):
        return "standard input"
    return name if isinstance(name, str) else "the input"


def text_lines(source: Readable) -> Iterator[Line]:
    """Yield the lines of a file, empty ones included, in one streaming pass.

    Raises:
        DataError: There is no such file, it may not be read, is damaged gzip, or a line is not UTF-8.
    """
    name = name_of(source)
    number = 0
    try:
        with _opened(source) as stream:
            for number, raw in enumerate(stream, start=1):
                text = raw if isinstance(raw, str) else _decode(raw, name, number)
                if number == 1:
                    text = text.removeprefix("\ufeff")
                line = text.removesuffix("\n")
                yield Line(number, line.removesuffix("\r"), line != text)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{name}: the gzip data is damaged or ends too early, after line {number}; fetch the file again"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{name}, after line {number}: the text is not UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read {name}: {error.strerror or type(error).__name__}") from error


def read_lines(source: Readable) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number from 1, object)` of a JSONL file, in one streaming pass; empty lines are skipped.

    Raises:
        DataError: As `text_lines` and `parse_lines`.
    """
    return parse_lines(text_lines(source), name_of(source))


def parse_lines(lines: Iterable[Line], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)` of lines of JSON; empty lines are skipped.

    Args:
        lines: Lines, e.g. of `text_lines`.
        name: How the file is called in messages.

    Raises:
        DataError: A line is no JSON object; a broken last line without end is said to be cut off.
    """
    for number, line, complete in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            fault = _fault(error, line)
            if not complete:
                fault += "; the file seems to be cut off there"
            raise DataError(f"{name}, line {number}: {fault}") from error
        if not isinstance(value, dict):
            raise DataError(
                f"{name}, line {number}: expected one JSON object on each line, got {_kind(value)}"
            )
        yield number, value


def _fault(error: Exception, line: str) -> str:
    if line.strip() in ("[", "{"):
        return "expected one JSON object on each line, not one that spans several"
    if isinstance(error, json.JSONDecodeError):
        return f"this is not JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    return f"this is not JSON: {error}"


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _decode(raw: bytes, name: str, number: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        coding = "it looks like UTF-16; " if number == 1 and raw.startswith(_UTF16) else ""
        raise DataError(
            f"{name}, line {number}: byte {error.start + 1} is not UTF-8; {coding}save the file as UTF-8"
        ) from error


@contextmanager
def _opened(source: Readable) -> Iterator[Iterable[bytes | str]]:
    if isinstance(source, str | Path) and str(source) != "-":
        with _open_file(Path(source)) as file, _unpacked(file) as stream:
            yield stream
        return
    given: Any = sys.stdin if isinstance(source, str | Path) else source
    given = getattr(given, "buffer", given)
    if isinstance(given, io.TextIOBase):
        yield given
    elif hasattr(given, "peek"):
        with _unpacked(given) as stream:
            yield stream
    else:
        buffered = io.BufferedReader(given)
        try:
            with _unpacked(buffered) as stream:
                yield stream
        finally:
            buffered.detach()  # else the caller's stream would be closed with ours


@contextmanager
def _unpacked(stream: Any) -> Iterator[Iterable[bytes]]:
    if stream.peek(2)[:2] != _GZIP:
        yield stream
        return
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
        yield unpacked


def _open_file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder; name a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read {path}: {reason}") from error
