"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["refuse_unwritable", "write_whole"]


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file: readers see the old one or the new one, no part. Missing folders are made.

    Args:
        path: The file.
        data: All of it.
        private: Only its owner may read it; else everybody whom the umask lets in.

    Raises:
        OSError: The folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not private:  # as mkstemp makes them
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def refuse_unwritable(path: Path) -> None:
    """Say before the work what would stop `write_whole` after it. Writes nothing and makes no folder.

    Raises:
        OSError: The path is a folder, or the nearest folder above it that exists is none or is not writable.
    """
    if path.is_dir():
        raise IsADirectoryError(None, "is a folder; name a file", str(path))
    above = path.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise NotADirectoryError(None, f"{above} is no folder", str(path))
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(None, f"the folder {above} may not be written", str(path))
