"""The encodings of tiktoken that are at hand: their files lie, whole, in the folder where it keeps them.

Any other it would fetch, and no call may wait or fail because an encoding cannot be fetched.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

__all__ = ["at_hand", "encoder"]

# tiktoken names a file by its address; the digest tells a whole file from a torn one.
_ENCODINGS = "https://openaipublic.blob.core.windows.net/encodings/"
_DIGESTS = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
_SAME_FILE = {"o200k_harmony": "o200k_base"}
_PREFERRED = ("o200k_base", "cl100k_base")


def at_hand(model: str | None) -> str | None:
    """The name of the encoding to count with, if the file of any lies in tiktoken's folder."""
    folder = _folder()
    if folder is None:
        return None
    wanted = _encoding_of(model) if model else None
    names = [_SAME_FILE.get(wanted, wanted), *_PREFERRED] if wanted else _PREFERRED
    return next((name for name in names if name in _DIGESTS and _is_whole(folder, name)), None)


def _folder() -> str | None:
    """Where tiktoken keeps its files; None where that is switched off."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            return os.environ[variable] or None
    import tempfile

    return os.path.join(tempfile.gettempdir(), "data-gym-cache")


@functools.cache
def _is_whole(folder: str, name: str) -> bool:
    """Whether the file of an encoding lies there whole; else tiktoken would remove it and download."""
    path = Path(folder, hashlib.sha1(f"{_ENCODINGS}{name}.tiktoken".encode()).hexdigest())
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == _DIGESTS[name]
    except OSError:
        return False


@functools.cache
def _encoding_of(model: str) -> str | None:
    import tiktoken.model

    try:
        return tiktoken.model.encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return None


@functools.cache
def encoder(name: str) -> tiktoken.Encoding:
    """Load an encoding that `at_hand` named; takes a fraction of a second, once."""
    import tiktoken

    return tiktoken.get_encoding(name)
