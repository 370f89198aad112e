"""Loading a model: without noise, one at a time, never running its code, one sentence for any failure."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, RerankError

from .models import LocalModel

__all__ = ["best_device", "configuration", "loading", "quiet", "rows_at_once"]

_TALKATIVE = ("transformers", "sentence_transformers", "huggingface_hub")
_lock = threading.Lock()


@contextmanager
def loading(model: LocalModel) -> Iterator[None]:
    """Load a model inside: the libraries keep quiet, and any failure of theirs becomes one sentence.

    What is changed to silence them is put back; two threads never load at once, lest they put back each
    other's changes.

    Raises:
        ConfigError: The model cannot be loaded, or wants to run code of its own.
    """
    with _lock, quiet():
        try:
            _refuse_own_code(model)
            yield
        except (RerankError, MemoryError):
            raise
        except Exception as error:  # a broken file can make these libraries raise anything
            lines = str(error).strip().splitlines() or ["no reason given"]
            raise ConfigError(
                f"the {model.kind} '{model.name}' in {model.folder} cannot be loaded: "
                f"{type(error).__name__}: {lines[0]}"
            ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the model libraries from talking: no log below an error, no bars. Put back at the end."""
    from huggingface_hub import constants
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars
    from transformers.utils import logging as messages

    levels = {name: logging.getLogger(name).level for name in _TALKATIVE}
    # Set to 0 by someone who wants to see the bars, and then the library warns whoever turns them off.
    silence = constants.HF_HUB_DISABLE_PROGRESS_BARS is not False and messages.is_progress_bar_enabled()
    hub_was_silent = are_progress_bars_disabled()
    if silence:
        messages.disable_progress_bar()
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if silence and constants.HF_HUB_DISABLE_PROGRESS_BARS is not True:
            messages.enable_progress_bar()
            if hub_was_silent:
                disable_progress_bars()


def _forget() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    # A child may be forked while another thread of the parent loads.
    os.register_at_fork(after_in_child=_forget)


def configuration(folder: Path) -> Mapping[str, Any]:
    """What a model's config.json says; empty where there is none (modules may lie deeper).

    Raises:
        ConfigError: It is no JSON object.
    """
    found = _json(folder / "config.json", {})
    if not isinstance(found, dict):
        raise ConfigError(f"{folder / 'config.json'} is no JSON object")
    return found


def _refuse_own_code(model: LocalModel) -> None:
    # Older sentence-transformers import whatever a local modules.json names.
    modules = _json(model.folder / "modules.json", [])
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ConfigError(f"{model.folder / 'modules.json'} is no JSON list of modules")
    kinds = [str(module.get("type", "")) for module in modules]
    foreign = [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    if foreign:
        raise ConfigError(
            f"the {model.kind} '{model.name}' brings code of its own ({', '.join(foreign)}), which is never "
            "run; choose another model"
        )


def _json(path: Path, absent: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return absent
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def best_device() -> str:
    """Where models run: the first CUDA or Apple GPU, else the processor."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def rows_at_once(device: str) -> int:
    """Rows of a batch: few on a processor, where padding costs more than a call; many on a GPU."""
    return 8 if device == "cpu" else 128
