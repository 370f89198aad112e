"""The bm25s package, imported without JAX."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__ = ["bm25s_engine"]


def bm25s_engine() -> Any:
    """Import bm25s, which would start JAX where that is installed, and is kept from it.

    JAX takes three quarters of a GPU's memory as it starts, where the models of the next stage have to live;
    what bm25s wants it for, selecting, is not used here. JAX that is imported already is left as it is.
    """
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # None: not to be imported
    hidden = not {"bm25s", "jax"} & modules.keys()
    if hidden:
        modules["jax"] = None
    try:
        import bm25s
    finally:
        if hidden:
            del modules["jax"]
    return bm25s
