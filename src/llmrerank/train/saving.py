"""The result: a model folder that is written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, RerankError

__all__ = ["RECORD", "refuse_out", "save_model", "writing"]

RECORD = "training.json"
"""What says how a model was trained, and that a folder holds a model of ours."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What the libraries that write weights say of a disk that takes no more; none raises an OSError of its own.
_SAID = (
    "no space left",
    "os error 28",
    "quota exceeded",
    "file too large",
    "os error 27",
    "inline_container",
)


def refuse_out(out: Path, *, overwrite: bool) -> None:
    """Say before the work what would stop `save_model` after it. Writes nothing.

    Args:
        out: The folder of the result.
        overwrite: Whether a model that was trained by llmrerank may be replaced; anything else never is.

    Raises:
        ConfigError: Something else stands there, or a model that may not be replaced.
        OSError: The nearest folder above it that exists is none or may not be written.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConfigError(f"{out} is no folder; name another one for the model")
    if out.is_dir() and any(out.iterdir()):
        if not (out / RECORD).is_file():
            raise ConfigError(f"{out} holds something that is no trained model; name another folder")
        if not overwrite:
            raise ConfigError(f"{out} holds a trained model; --overwrite replaces it, or name another folder")
    above = out.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise NotADirectoryError(None, f"{above} is no folder", str(out))
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(None, f"the folder {above} may not be written", str(out))


def save_model(out: Path, network: Any, tokenizer: Any, texts: Mapping[str, str]) -> None:
    """Write a model folder: readers see the old one or the new one, no part.

    Args:
        out: The folder; `refuse_out` has nothing against it.
        network: Of transformers.
        tokenizer: What belongs to it.
        texts: Further files by name.

    Raises:
        OSError: It cannot be written; what was there is there still. What the libraries raise comes as it is:
            see `writing`.
    """
    whole = out.absolute()
    whole.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{whole.name[:100]}.", dir=whole.parent))
    try:
        network.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
        _open_to_readers(temporary)
        if whole.is_dir() and any(whole.iterdir()):
            aside = Path(tempfile.mkdtemp(prefix=f".{whole.name[:100]}.", dir=whole.parent))
            os.replace(whole, aside / "old")
            try:
                os.replace(temporary, whole)
            except BaseException:
                os.replace(aside / "old", whole)
                raise
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        else:
            os.replace(temporary, whole)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Work that writes much: a disk that takes no more becomes one sentence, whichever library met it.

    Raises:
        ConfigError: The disk is full, or a file may not grow any further.
    """
    try:
        yield
    except RerankError:
        raise
    except Exception as error:
        if not _is_full(error):
            raise
        raise ConfigError(
            f"the model cannot be written to {out}: the disk takes no more; what was there before is "
            "untouched, and with more space the same command goes on from its last check point"
        ) from error


def _is_full(error: BaseException) -> bool:
    """Whether a write met a disk that takes no more, here or in what the error came from."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    if any(said in str(error).lower() for said in _SAID):
        return True
    before = error.__cause__ or error.__context__
    return before is not None and _is_full(before)


def _open_to_readers(folder: Path) -> None:
    """Give a folder and its files the modes of new ones: temporary ones, and some libraries', are private."""
    mask = os.umask(0)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)
    for path in folder.iterdir():
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
