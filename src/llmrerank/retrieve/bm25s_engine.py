"""The bm25s package, imported without JAX."""

from __future__ import annotations

import sys
from threading import Lock
from types import ModuleType
from typing import Any

__all__ = ["bm25s_engine"]

_importing = Lock()


def bm25s_engine() -> Any:
    """Import bm25s, which would start JAX where that is installed, and is kept from it.

    JAX takes three quarters of a GPU's memory as it starts, where the models of the next stage have to live;
    what bm25s wants it for, selecting, is not used here. JAX that is imported already is left alone; another
    thread that imports it first in these few milliseconds is told that it is not there.
    """
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    with _importing:
        first = not {"bm25s", "jax"} & modules.keys()
        hidden = first and modules.setdefault("jax", None) is None
        try:
            import bm25s
        finally:
            if hidden and modules["jax"] is None:
                del modules["jax"]
    return bm25s
