"""The second tier: rankings in the cache's file, beside the answers."""

from __future__ import annotations

import os
from collections.abc import Hashable

from llmrerank.cache_file import CacheFile

from .kept import Kept

__all__ = ["RankingFile"]


class RankingFile(CacheFile):
    """Rankings as JSON texts by key; arguments as `CacheFile`."""

    def get(self, key: bytes) -> str | None:
        """The text kept under a key, or None.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        with self._ours():
            asked = (key, self._since())
            row = self._ask("SELECT value FROM rankings WHERE key = ? AND kept >= ?", asked).fetchone()
        return None if row is None else str(row[0])

    def __contains__(self, key: bytes) -> bool:
        with self._ours():
            asked = (key, self._since())
            found = self._ask("SELECT 1 FROM rankings WHERE key = ? AND kept >= ?", asked).fetchone()
            return found is not None

    def put(self, key: bytes, kept: Kept, text: str, *, strategy: str) -> str | None:
        """Keep a ranking; a sentence where that cannot be done, else None.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        saved = kept.saved
        row = (key, strategy, text, kept.answers, saved.input, saved.output, kept.moment)
        with self._ours():
            return self._keep("INSERT OR REPLACE INTO rankings VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def stamp(self) -> Hashable:
        """How the file looks from outside: it changes with every entry that comes or goes. Never None.

        So what is in memory can be trusted without opening the file, as long as nobody wrote to it.
        """
        return _looks(self.path), _looks(self.path.with_name(self.path.name + "-wal"))


def _looks(path: os.PathLike[str]) -> Hashable:
    try:
        found = os.stat(path)
    except OSError:
        return None
    # An empty log comes with opening and goes with closing.
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size) if found.st_size else None
