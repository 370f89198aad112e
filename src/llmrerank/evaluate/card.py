"""A card, such as `dataset.toml`: what a collection is called, and what makes a document relevant in it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, did_you_mean
from llmrerank.types import Example

__all__ = ["Card", "read_card"]

_EXAMPLE_KEYS = ("query", "document", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card says.

    Attributes:
        name: How tables call the dataset; empty: by its folder.
        instruction: What makes a document relevant here.
        examples: Worked judgements shown to judges, `[[examples]]` with query, document and label.
        relevance: The lowest grade that counts as relevant for measures without grades, 1 or more.
        licence: On what terms the data may be used, in words; models that are trained on it state them.
    """

    name: str = ""
    instruction: str = ""
    examples: tuple[Example, ...] = ()
    relevance: int = 1
    licence: str = ""


def read_card(path: Path, *, asked_for: bool = False) -> Card:
    """Read the file.

    Args:
        path: A TOML file.
        asked_for: Somebody named it, so it must be there; else one that is absent says nothing.

    Raises:
        ConfigError: It is no TOML, or holds unknown keys or wrong values, all faults at once; or it was asked
            for and is not there.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if asked_for:
            raise ConfigError(
                f"there is no card {path}; name a file in the form of dataset.toml, such as those in "
                "examples/cards"
            ) from error
        return Card()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    known = ("name", "instruction", "examples", "relevance_level", "licence")
    faults = [f"unknown key '{key}'{did_you_mean(key, known)}" for key in values if key not in known]
    for key in ("name", "instruction", "licence"):
        if not isinstance(values.get(key, ""), str):
            faults.append(f"'{key}' must be a string, got {values[key]!r}")
    relevance = values.get("relevance_level", 1)
    if type(relevance) is not int or relevance < 1:
        faults.append(f"'relevance_level' must be a whole number of 1 or more, got {relevance!r}")
    examples = _examples(values.get("examples", []), faults)
    if faults:
        raise ConfigError(f"{path}: " + "; ".join(faults))
    return Card(
        name=values.get("name", "").strip(),
        instruction=values.get("instruction", "").strip(),
        examples=examples,
        relevance=relevance,
        licence=values.get("licence", "").strip(),
    )


def _examples(values: Any, faults: list[str]) -> tuple[Example, ...]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        faults.append("'examples' must be tables, [[examples]] with query, document and label")
        return ()
    examples = []
    for place, value in enumerate(values, start=1):
        unknown = [key for key in value if key not in _EXAMPLE_KEYS]
        faults.extend(
            f"example {place}: unknown key '{key}'{did_you_mean(key, _EXAMPLE_KEYS)}" for key in unknown
        )
        wrong = [key for key in _EXAMPLE_KEYS if not isinstance(value.get(key), str)]
        faults.extend(f"example {place}: '{key}' must be given as a string" for key in wrong)
        if not wrong:
            examples.append(Example(query=value["query"], document=value["document"], label=value["label"]))
    return tuple(examples)
