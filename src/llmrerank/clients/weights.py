"""What is in a model's folder: a fingerprint that changes with the weights, a check of packaged ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from llmrerank.errors import ConfigError

__all__ = ["fingerprint", "verify"]

_SAMPLE = 512
_LONGEST_HEADER = 100_000_000
_SETTINGS = (".json", ".txt", ".model", ".jinja")

_verified: dict[Path, tuple[int, int]] = {}


def fingerprint(folder: Path) -> str:
    """Say which model a folder holds: 64 hex digits that are the same wherever the folder lies.

    The sha256 over every setting and tokenizer file, and of each safetensors file its size, its header and
    512 bytes from the beginning, the middle and the end of every tensor: training moves all of them, and
    reading them takes milliseconds where hashing gigabytes takes seconds. Weights in any other format are
    read whole. Time stamps do not count, so that a copy on another machine finds the same caches and
    indexes. An edit of single numbers inside a tensor can go unnoticed.
    """
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            if path.suffix == ".safetensors":
                for part in _samples(file, path.stat().st_size):
                    digest.update(part)
            else:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    """The files that make the model what it is, in a fixed order; modules lie one folder down."""
    wanted = {*_SETTINGS, ".safetensors", ".bin"}
    found = [*folder.glob("*"), *folder.glob("[!.]*/*")]
    return sorted(path for path in found if path.suffix in wanted and path.is_file())


def _samples(file: BinaryIO, size: int) -> Iterator[bytes]:
    head = file.read(8)
    length = int.from_bytes(head, "little")
    if length > min(size, _LONGEST_HEADER):
        raise ConfigError(f"{file.name} is no safetensors file: its header does not fit in it")
    header = file.read(length)
    yield head + header
    try:
        tensors = json.loads(header)
        spans = sorted(tensor["data_offsets"] for name, tensor in tensors.items() if name != "__metadata__")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{file.name} is no safetensors file: its header cannot be read") from error
    for start, end in spans:
        for at in (start, (start + end) // 2, max(start, end - _SAMPLE)):
            file.seek(8 + length + at)
            yield file.read(min(_SAMPLE, end - at))


def verify(folder: Path, expected: Mapping[str, str], *, what: str) -> None:
    """Compare files with their pinned sha256, once per process as long as size and time stamp stay.

    Cost: 0.2 s for 90 MB the first time.

    Raises:
        ConfigError: A file is missing or has other content.
    """
    for name, pinned in expected.items():
        path = folder / name
        if not path.is_file():
            raise ConfigError(f"{what} is incomplete: {path} is missing; install it again")
        stat = path.stat()
        stamp = (stat.st_size, stat.st_mtime_ns)
        if _verified.get(path) == stamp:
            continue
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != pinned:
            raise ConfigError(
                f"{what} is not what it should be: sha256 of {path} begins with {found[:12]} instead of "
                f"{pinned[:12]}; install it again, or uninstall it to use the hub"
            )
        _verified[path] = stamp
