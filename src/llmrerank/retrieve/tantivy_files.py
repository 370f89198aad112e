"""The files that a snapshot has mapped, watched: one cut short under it is a sentence, not a dead process.

The engine maps its files into memory, and never changes one: it writes new files and deletes old ones, which
stay readable to whoever has mapped them. A program that copies over an index in use (`cp`, `rsync
--inplace`, a restored backup) cuts them short while it writes, and the operating system ends (SIGBUS) a
process that reads where a mapped file has ended.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .tantivy_manifest import spoilt

__all__ = ["Mapped"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """Path, inode and size of every file of an index, as they were when it was opened."""

    folder: Path
    files: tuple[tuple[str, int, int], ...]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """As they are now."""
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.is_file()]
        found = []
        for name in names:
            try:
                now = os.stat(name)
            except FileNotFoundError:
                continue  # another process has merged it away meanwhile
            if now.st_size:
                found.append((name, now.st_ino, now.st_size))
        return cls(folder, tuple(found))

    def check(self) -> None:
        """Refuse to read where a file was cut short. A file that is gone, or is another one, does no harm.

        A microsecond or two for each file; a file that is cut short between this and the reading still ends
        the process.

        Raises:
            DataError: Another program has written over a file.
        """
        for name, inode, size in self.files:
            try:
                now = os.stat(name)
            except OSError:
                continue
            if now.st_ino == inode and now.st_size < size:
                raise spoilt(self.folder, f"{Path(name).name} was overwritten while the index was open")
