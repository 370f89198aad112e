"""What an index says about itself, so that words of today are not looked up among those of yesterday."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmrerank.errors import DataError

from .analysis import VERSION
from .index_folder import damaged

__all__ = ["FORMAT", "MANIFEST", "is_index", "language_of", "settings_of", "spoilt"]

FORMAT = 1
"""Layout of what tantivy keeps of a document."""

MANIFEST = "llmrerank.json"


def is_index(folder: Path) -> bool:
    """Whether a folder was made for an index."""
    return (folder / MANIFEST).is_file()


def settings_of(language: str | None) -> dict[str, Any]:
    """What decides the terms of an index, in JSON values."""
    import Stemmer

    return {
        "format": FORMAT,
        "stage": "tantivy",
        "language": language,
        "analysis": VERSION,
        "stemmer": Stemmer.version() if language else None,
    }


def language_of(folder: Path) -> str | None:
    """The language of an index, whose terms are those that would be made today.

    Raises:
        DataError: They are not, or this is no index.
    """
    path = folder / MANIFEST
    if not folder.exists():
        raise DataError(f"there is no index {folder}; make one: llmrerank index add {folder} --docs FILE")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{folder} is no index of llmrerank (it has no {MANIFEST}); name another folder"
        ) from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise spoilt(folder, f"{MANIFEST} cannot be read") from error
    if not isinstance(found, dict) or found.get("stage") != "tantivy":
        raise spoilt(folder, f"{MANIFEST} describes no index")
    language: str | None = found.get("language")
    if found != (wanted := settings_of(language)):
        other = next(key for key in wanted if found.get(key) != wanted[key])
        raise DataError(
            f"the index in {folder} was made by another version ('{other}' is {found.get(other)!r}, here "
            f"{wanted[other]!r}), whose words would not match; make it anew in another folder"
        )
    return language


def spoilt(folder: Path, fault: str) -> DataError:
    """Make the error for an index that cannot be used; one of its own may hold the only copy of texts."""
    if not is_index(folder):
        return damaged(folder, fault)
    return DataError(
        f"the index in {folder} is damaged ({fault}); put a copy in its place, or make it anew in another "
        "folder: llmrerank index add DIR --docs FILE"
    )
