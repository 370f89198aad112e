"""The stdlib collection: its queries come with llmrerank, its documents with the Python that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from llmrerank.errors import ConfigError

from .dataset import Dataset

__all__ = ["home", "stdlib_collection"]

_MAKER = "make_corpus.py"


def home() -> Path:
    """The folder with queries, judgements and the maker of the corpus: in the wheel, else in the checkout.

    Raises:
        ConfigError: It is in neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_stdlib", package.parents[1] / "examples" / "stdlib"):
        if (folder / _MAKER).is_file():
            return folder
    raise ConfigError("the stdlib collection is missing from this installation; install llmrerank again")


def stdlib_collection(into: Path) -> Dataset:
    """Make the collection in a folder, or keep what the same Python made there before.

    The documents are docstrings, so figures depend on the version of Python. The maker runs in a process of
    its own, since it imports much of the standard library; it takes some seconds the first time.

    Args:
        into: Made where it is absent; holds some two megabytes afterwards.

    Raises:
        ConfigError: The folder cannot be written, or there is no interpreter to run.
    """
    maker = home() / _MAKER
    # Safe-path mode would hide the maker's neighbour from it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    try:
        ended = subprocess.run(
            [sys.executable, str(maker), "--out", str(into)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise ConfigError(f"cannot run {sys.executable!r} to make the stdlib collection: {error}") from error
    if ended.returncode:
        said = ended.stderr.strip().rpartition("\n")[2] or f"exit code {ended.returncode}"
        raise ConfigError(
            f"the stdlib collection could not be made in {into}: {said}; "
            "XDG_CACHE_HOME may name a folder that can be written"
        )
    return Dataset.open(into)
