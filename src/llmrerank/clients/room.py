"""How many tokens a local model reads at once, known from its files before any weights are loaded."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .batches import room_of
from .models import LocalModel

__all__ = ["room_in_files"]


def room_in_files(model: LocalModel) -> int | None:
    """Most tokens of a pair (of a text, for a bi-encoder), special ones included.

    Returns:
        What loading the model would find; None for a bi-encoder that is no transformer (static embeddings
        have no limit), and where a file is broken, which whoever loads the model hears of.
    """
    folder, declared = model.folder, None
    try:
        if model.kind == "bi-encoder" and (folder / "modules.json").is_file():
            first = _json(folder / "modules.json")[0]
            if not first["type"].endswith(".Transformer"):
                return None
            folder = folder / first["path"]
            for file in folder.glob("sentence_*_config.json"):
                declared = _json(file).get("max_seq_length")
        if declared is None:
            declared = _json(folder / "tokenizer_config.json").get("model_max_length")
        positions = _json(folder / "config.json").get("max_position_embeddings")
        return room_of(declared, SimpleNamespace(max_position_embeddings=positions))
    except (OSError, ValueError, TypeError, AttributeError, LookupError, OverflowError):
        return None


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
