"""The model hub: what lies in its cache, and how the rest is fetched, without hanging where no network is."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError

__all__ = ["cached_folder", "fetch"]

ANSWER_SECONDS = 3.0
"""How long each step of the hub's first answer may take: connecting, reading."""

PATIENCE_SECONDS = 6.0
"""How long the first answer may take in all: resolving a name knows no time-out of its own."""

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*/*.safetensors", "*/pytorch_model*.bin")
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "*.model",
    "*/tokenizer.json",
    "*/vocab.txt",
    "*/*.model",
)
_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors", "*.bin"]
_OTHER_FORMATS = [
    "onnx/*",
    "openvino/*",
    "coreml/*",
    "*training_args.bin",
    "*optimizer.bin",
    "*.onnx",
    "rust_model.ot",
]


def cached_folder(name: str) -> Path | None:
    """The complete copy of a model in the hub's cache, or None. Asks nobody.

    A copy counts as complete with a configuration, weights and a tokenizer: a download that was broken off
    leaves less.
    """
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(
        name, "config.json", cache_dir=os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    )
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    complete = all(any(any(folder.glob(p)) for p in patterns) for patterns in (_WEIGHTS, _TOKENIZERS))
    return folder if complete else None


def fetch(name: str, *, instead: str) -> Path:
    """Download a model into the hub's cache and return its folder.

    One question comes first, whether the hub is there and knows the name, and it is given up after a few
    seconds. `HF_HUB_OFFLINE`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and the proxy variables count as always.

    Args:
        name: `organisation/model`.
        instead: What the caller can do without the hub; ends the sentence of every error.

    Raises:
        ConfigError: Offline by the environment, hub out of reach, unknown name, no access, or broken off.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if _offline(constants):
        raise ConfigError(
            f"the model '{name}' is not on this machine and HF_HUB_OFFLINE forbids asking the hub; {instead}"
        )
    try:
        files = _files(name)
        skipped = list(_OTHER_FORMATS)
        if any("/" not in file and file.endswith(".safetensors") for file in files):
            skipped.append("pytorch_model*.bin")
        folder = snapshot_download(
            name,
            cache_dir=os.environ.get("SENTENCE_TRANSFORMERS_HOME"),
            allow_patterns=_WANTED,
            ignore_patterns=skipped,
            tqdm_class=_silent(),
        )
    except GatedRepoError as error:
        raise ConfigError(
            f"the model '{name}' is gated: accept its terms on the hub and set HF_TOKEN, or {instead}"
        ) from error
    except RepositoryNotFoundError as error:
        raise ConfigError(
            f"the hub at {constants.ENDPOINT} knows no model '{name}' (if it is private: set HF_TOKEN); "
            f"{instead}"
        ) from error
    except Exception as error:  # the hub's HTTP library, and so the names of failures, changed more than once
        raise ConfigError(
            f"the model '{name}' is not on this machine and the hub at {constants.ENDPOINT} cannot be "
            f"reached ({_reason(error)}); {instead}"
        ) from error
    return Path(folder)


def _offline(constants: Any) -> bool:
    # The constant is read once, when the hub's library is imported; the environment may say so later.
    told = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return bool(constants.HF_HUB_OFFLINE) or told.upper() in ("1", "ON", "YES", "TRUE")


def _files(name: str) -> list[str]:
    """Names of a model's files: the one question that shows whether the hub is there."""
    from huggingface_hub import HfApi

    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(HfApi().model_info(name, timeout=ANSWER_SECONDS))
        except Exception as error:
            answer.append(error)

    thread = threading.Thread(target=ask, name="llmrerank-hub", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    if not answer:
        raise TimeoutError(f"no answer within {PATIENCE_SECONDS:.0f} s")
    if isinstance(answer[0], Exception):
        raise answer[0]
    return [sibling.rfilename for sibling in answer[0].siblings or ()]


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _silent() -> type[Any]:
    from huggingface_hub.utils import tqdm

    class Silent(tqdm):  # type: ignore[misc]  # the hub's library is not followed by mypy
        """A progress bar that shows nothing."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})

    return Silent
