"""The model that a training starts from: a base with one score as its output, all or some of its layers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrerank.clients.loading import configuration, loading, quiet
from llmrerank.clients.models import DEFAULTS, LocalModel, ModelKind, find
from llmrerank.errors import ConfigError

from .layers import prune

__all__ = ["DEFAULT_BASE", "Beginning", "find_base", "write_beginning"]

DEFAULT_BASE = DEFAULTS["bi-encoder"]
"""A small English model that the extra `[offline]` brings."""

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_ENDS = ("ForSequenceClassification",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What was written.

    Attributes:
        head: Whether the base brought its own head, so that it ranks before it is trained.
        layers: Layers of the base that were kept, from 0.
        parameters: Weights in all.
        max_length: Tokens that it reads, which is less than was asked for where the base cannot read so many.
    """

    head: bool
    layers: tuple[int, ...]
    parameters: int
    max_length: int


def find_base(base: str | None = None) -> LocalModel:
    """Find the base: a folder, the packaged MiniLM, a model in the hub's cache, else one of the hub.

    Args:
        base: Folder or name; None: `DEFAULT_BASE`. A bare name is a cross-encoder's, but for that one.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ConfigError: It is nowhere to be found, or has no tokenizer.
    """
    asked = base or DEFAULT_BASE
    bi_encoder = asked in (DEFAULT_BASE, DEFAULT_BASE.rpartition("/")[2]) and not Path(asked).is_dir()
    kind: ModelKind = "bi-encoder" if bi_encoder else "cross-encoder"
    found = find(kind, asked)
    folder = network_folder(found)
    if not any(any(folder.glob(pattern)) for pattern in _TOKENIZERS):
        raise ConfigError(
            f"the base '{found.name}' in {folder} has no tokenizer (tokenizer.json, vocab.txt or the like); "
            "put that of the model it comes from beside its weights"
        )
    return found


def network_folder(model: LocalModel) -> Path:
    """Where the transformer itself lies: modules of sentence-transformers may keep it one folder down."""
    try:
        modules = json.loads((model.folder / "modules.json").read_text(encoding="utf-8"))
        below = model.folder / str(modules[0]["path"])
    except (OSError, ValueError, LookupError, TypeError):
        return model.folder
    return below if (below / "config.json").is_file() else model.folder


def write_beginning(
    model: LocalModel, folder: Path, *, layers: int | None, max_length: int, seed: int
) -> Beginning:
    """Write the model that training starts from, in single precision.

    A base without a head for one score gets a new one, whose weights the seed decides.

    Args:
        model: The base; see `find_base`.
        folder: Where it is written.
        layers: How many are kept; None: all.
        max_length: Tokens that it will read.
        seed: Of the new head.

    Raises:
        ConfigError: The base cannot be loaded, or has not so many layers.
        OSError: The folder cannot be written.
    """
    with loading(model):
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        source = network_folder(model)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, local_files_only=True)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network, report = AutoModelForSequenceClassification.from_pretrained(
                source,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **_one_label(source),
            )
        network = network.float()
        kept = tuple(range(int(network.config.num_hidden_layers)))
        if layers is not None:
            kept = prune(network, layers)
        absent = [key for key in report["missing_keys"] if "encoder" in key or ".layer" in key]
        if absent:
            raise ConfigError(f"the weights of the base '{model.name}' lack {', '.join(sorted(absent)[:3])}")
    room = min(max_length, *_rooms(tokenizer, network.config))
    tokenizer.model_max_length = room
    # The head reads one score; what a classifier says of labels has no meaning any more.
    network.config.architectures = [type(network).__name__]
    with quiet():
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return Beginning(
        head=not report["missing_keys"] and not report["mismatched_keys"],
        layers=kept,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        max_length=room,
    )


def _one_label(source: Path) -> dict[str, Any]:
    """Options that make the head one of a single label; nothing where it is one already."""
    said = configuration(source)
    heads = [name for name in said.get("architectures") or [] if str(name).endswith(_ENDS)]
    labels = said.get("num_labels") or len(said.get("id2label") or {}) or 2
    if heads and labels == 1:
        return {}
    return {"num_labels": 1, "ignore_mismatched_sizes": True}


def _rooms(tokenizer: Any, config: Any) -> list[int]:
    declared = (tokenizer.model_max_length, getattr(config, "max_position_embeddings", None))
    return [int(room) for room in declared if room is not None and 0 < room < 1_000_000]
