"""What the makers of data and base say of their use, in their own words."""

from __future__ import annotations

import re
from pathlib import Path

from llmrerank.clients.models import LocalModel
from llmrerank.evaluate.card import read_card
from llmrerank.evaluate.dataset import Dataset
from llmrerank.model_facts import fact_of

__all__ = ["base_licence", "data_licence", "is_non_commercial"]

_LINE = re.compile(r"^\W*licen[cs]e\b[^:\n]{0,80}:\s*(?P<said>\S.*)$", re.IGNORECASE | re.MULTILINE)
_NON_COMMERCIAL = re.compile(r"non-?commercial|\bNC\b|research only|evaluation only", re.IGNORECASE)


def data_licence(dataset: Dataset) -> str:
    """What `dataset.toml` says under `licence`, else the line of the README that begins so; else empty.

    Raises:
        ConfigError: The card cannot be read.
    """
    if dataset.folder is None:
        return ""
    said = read_card(dataset.folder / "dataset.toml").licence
    return said or _line(dataset.folder / "README.md")


def base_licence(base: LocalModel) -> str:
    """What the head of the model's card says, else what is known of it, as `apache-2.0`; else empty."""
    said = _line(base.folder / "README.md").strip("'\"")
    fact = fact_of(base.name)
    return said or (fact.licence.lower() if fact is not None else "")


def is_non_commercial(licence: str) -> bool:
    """Whether a licence, as it is told, forbids uses: a hint to read it, and no more."""
    return _NON_COMMERCIAL.search(licence) is not None


def _line(path: Path) -> str:
    try:
        found = _LINE.search(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found["said"].strip() if found else ""
