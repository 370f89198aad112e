"""What doctor looks at on this machine. Nothing here imports a heavy library or asks the network."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmrerank.errors import RerankError

__all__ = [
    "broken",
    "cache",
    "config",
    "extras",
    "keys",
    "models",
    "offline",
    "packages",
    "prompts",
    "python",
    "tokens",
    "version",
]


def version(package: str) -> str | None:
    """The installed version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def python() -> str:
    """Version and platform of the Python that runs."""
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def packages() -> dict[str, str | None]:
    """Versions of what the base install needs; None for one that is missing."""
    return {name: version(name) for name in _required(None)}


def extras() -> dict[str, dict[str, Any]]:
    """By extra: what it brings, what of it is missing, and the line that installs it."""
    found = {}
    for extra in metadata.metadata("llmrerank").get_all("Provides-Extra") or ():
        missing = [name for name in _required(extra) if version(name) is None]
        found[extra] = {
            "installed": not missing,
            "missing": missing,
            "install": f'pip install "llmrerank[{extra}]"',
        }
    return found


def _required(extra: str | None) -> list[str]:
    """Names of the packages that the base install, or one extra of it, asks for."""
    wanted = []
    for line in metadata.requires("llmrerank") or ():
        requirement, _, condition = line.partition(";")
        of = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", condition)
        if (of.group(1) if of else None) == extra:
            wanted.append(re.split(r"[\s\[<>=!~(]", requirement.strip(), maxsplit=1)[0])
    return wanted


def models() -> dict[str, dict[str, str | None]]:
    """The default local models and the packaged LLM: name, and where each lies (None: not here)."""
    from llmrerank.endpoint import packaged_model

    small = packaged_model()
    found: dict[str, dict[str, str | None]] = {
        "llm": {"name": "SmolLM2-135M-Instruct", "at": str(small) if small else None}
    }
    if find_spec("huggingface_hub") is None:
        return found
    from llmrerank.clients import models as local

    for kind, name in local.DEFAULTS.items():
        found[kind] = {"name": name, "at": local.at_hand(kind)}
    return found


def keys(named: str) -> dict[str, bool]:
    """Which variables hold a key. The keys themselves are never read out."""
    names = dict.fromkeys((named, "OPENAI_API_KEY", "HF_TOKEN"))
    return {name: bool(os.environ.get(name)) for name in names if name}


def offline() -> dict[str, bool]:
    """The switches that forbid asking the model hub."""
    return {
        name: os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    }


def prompts() -> dict[str, Any]:
    """The prompt folders in the order of look-up, how many prompts there are, and what is wrong with them."""
    from llmrerank.prompts import available, folders

    found = available()
    broken = [f"{one.path}: {'; '.join(one.faults)}" for one in found if one.faults]
    if not found:
        broken.append("no prompts were found; install llmrerank again")
    return {
        "folders": list(folders()),
        "count": sum(not one.faults for one in found),
        "error": "; ".join(broken) or None,
    }


def cache(path: Path) -> dict[str, Any]:
    """The cache that compare keeps: where it is, its size, and what is wrong with it."""
    from llmrerank.cache import Cache

    if not path.exists():
        return {"path": str(path), "entries": 0, "rankings": 0, "bytes": 0, "error": None}
    opened = Cache(path)
    try:
        held = opened.stats()
    except RerankError as error:
        size = path.stat().st_size
        return {"path": str(path), "entries": None, "rankings": None, "bytes": size, "error": str(error)}
    finally:
        opened.close()
    counts = {"entries": held.entries, "rankings": held.rankings, "bytes": held.bytes}
    return {"path": str(path), **counts, "error": None}


def config(named: Path | None) -> dict[str, str] | None:
    """The configuration file in use and what led to it, or None."""
    from llmrerank.config_file import find

    found = find(named)
    return None if found is None else {"path": str(found.path), "found_by": found.by}


def tokens(model: str | None) -> str:
    """How tokens are counted before they are sent."""
    from llmrerank import tokens as counting

    return counting.source(model)


def broken() -> dict[str, str]:
    """Plugins that could not be loaded, with their errors."""
    from llmrerank import registry

    return dict(registry.broken())
