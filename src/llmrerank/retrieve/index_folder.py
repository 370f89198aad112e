"""Where indexes live between runs: whole or not at all, and never for another corpus.

```
<root>/<stage>-<ten hex digits of its settings>/manifest.json
                                               + whatever the stage writes
```
A folder is built under a name of its own and renamed when it is complete, so a reader sees all of it or
nothing, a killed process leaves no half index, and of two processes that build the same one the later finds
the earlier's and uses it. Other settings are another folder; another corpus is refused, since an index that
is silently rebuilt, or silently wrong, costs more than a sentence.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from llmrerank.errors import DataError
from llmrerank.types import Document

__all__ = ["FORMAT", "damaged", "fingerprint", "open_index"]

FORMAT = 1
"""Layout of an index folder; a change of it makes other folders, so old ones are left alone."""

_MANIFEST = "manifest.json"

Setting = str | int | float | bool | None


def fingerprint(
    corpus: Iterable[Document], *, also: Callable[[Document], Iterable[str]] = lambda document: ()
) -> str:
    """Say which corpus this is: sha256 over ids, titles and texts in their order, as 64 hex digits.

    An id `1` and an id `"1"` differ, and so do the same documents in another order, because an index knows
    documents by position. Metadata is left out but for `also`, what an index reads of it. Cost: one pass.
    """
    digest = hashlib.sha256()
    for document in corpus:
        kind = "i" if isinstance(document.id, int) else "s"
        for part in (str(document.id), document.title, document.text, *also(document)):
            data = part.encode("utf-8", "surrogatepass")
            # The length in front keeps ("ab", "c") and ("a", "bc") apart.
            digest.update(b"%s%d:" % (kind.encode(), len(data)))
            digest.update(data)
    return digest.hexdigest()


def open_index(
    root: Path,
    stage: str,
    *,
    corpus: str,
    settings: Mapping[str, Setting],
    build: Callable[[Path], None],
    name: str = "the corpus",
) -> Path:
    """Find the index of a stage under a root folder, building it if there is none; return its folder.

    Args:
        root: `Source.index`; made if it is missing.
        stage: Name of the stage, e.g. `bm25`.
        corpus: `fingerprint` of the documents.
        settings: Everything else that changes the index: options, versions of what makes it. JSON values.
        build: Writes the files of the index into the empty folder it is given, no sub-folders. Called only
            when there is no index. Its OSErrors are taken for trouble with writing: load models before.
        name: How the corpus is called in messages (`Source.name`).

    Raises:
        DataError: The folder holds the index of another corpus, is damaged, or cannot be written.
    """
    wanted = {"format": FORMAT, "stage": stage, "corpus": corpus, "settings": dict(settings)}
    folder = root / f"{stage}-{_slug(stage, settings)}"
    if not folder.exists():
        try:
            _make(folder, wanted, build)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DataError(
                f"cannot write the index folder {folder}: {reason}; choose another index folder"
            ) from error
    _check(folder, wanted, name)
    return folder


def _slug(stage: str, settings: Mapping[str, Setting]) -> str:
    text = json.dumps([FORMAT, stage, dict(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _make(folder: Path, manifest: Mapping[str, Any], build: Callable[[Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:12]}")
    temporary.mkdir(mode=0o700)  # it holds the words of the documents
    try:
        build(temporary)
        sizes = {path.name: path.stat().st_size for path in sorted(temporary.iterdir())}
        text = json.dumps({**manifest, "files": sizes}, indent=2, sort_keys=True)
        (temporary / _MANIFEST).write_text(text + "\n", encoding="utf-8")
        try:
            os.replace(temporary, folder)
        except OSError:
            # A folder with content cannot be replaced: another process was first, and its index is as good.
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check(folder: Path, wanted: Mapping[str, Any], name: str) -> None:
    found = _manifest(folder)
    if {key: found.get(key) for key in wanted} != dict(wanted):
        if found.get("corpus") != wanted["corpus"]:
            raise DataError(
                f"the index in {folder} was built for another corpus than {name}; "
                "delete that folder or choose another index folder"
            )
        raise damaged(folder, "its manifest describes another index")
    sizes = found.get("files")
    if not isinstance(sizes, dict):
        raise damaged(folder, "its manifest lists no files")
    for file, size in sizes.items():
        path = folder / file
        if not path.is_file():
            raise damaged(folder, f"{file} is missing")
        if path.stat().st_size != size:
            raise damaged(folder, f"{file} has {path.stat().st_size} bytes instead of {size}")


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise damaged(folder, f"it has no {_MANIFEST}") from None
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{_MANIFEST} cannot be read") from error
    if not isinstance(found, dict):
        raise damaged(folder, f"{_MANIFEST} is no JSON object")
    return found


def damaged(folder: Path, fault: str) -> DataError:
    """Make the error for an index whose files cannot be used; a stage that reads them raises it too."""
    return DataError(f"the index in {folder} is damaged ({fault}); delete that folder and run again")
