"""Putting an attack, or neutral filler of the same length, into one place of one document."""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import count, cycle, islice
from types import MappingProxyType
from typing import Literal, get_args

from llmrerank.errors import ConfigError
from llmrerank.tokens import estimate
from llmrerank.types import Document

from .disguises import disguised
from .suite import Attack

__all__ = ["METADATA_KEY", "PLACES", "Place", "instructed", "neutral", "planted"]

Place = Literal["front", "middle", "end", "title", "id", "metadata", "instruction"]
PLACES: tuple[Place, ...] = get_args(Place)
"""Where an attack can stand. `instruction` is no place in a document: see `instructed`."""

METADATA_KEY = "note"
"""The key that holds what is planted in metadata; text that it has already stays before it."""


def planted(
    document: Document,
    attack: Attack,
    place: Place,
    *,
    query: str,
    label: str = "1",
    filler: bool = False,
    key: str = METADATA_KEY,
) -> Document:
    """The document with the attack in one place; every other field stays as it is.

    In the text the attack has lines of its own: before the first, after the last, or at the white space
    nearest to the middle (in the middle of a text without any).

    Args:
        document: Is not changed.
        attack: What to plant.
        place: One of `PLACES`, `instruction` excepted.
        query: What `{query}` stands for.
        label: What `{label}` stands for: the label that the attacker hopes to be shown under.
        filler: Plant neutral filler of the attack's length instead: the control.
        key: Of the metadata.

    Raises:
        ConfigError: `place` is `instruction` or unknown.
    """
    text = attack.filled(query=query, id=document.id, label=label)
    if filler:
        text = neutral(text, disguise=attack.disguise)
    match place:
        case "front":
            return replace(document, text=_joined(text, document.text, "\n"))
        case "middle":
            before, after = _halves(document.text)
            return replace(document, text=_joined(_joined(before, text, "\n"), after, "\n"))
        case "end":
            return replace(document, text=_joined(document.text, text, "\n"))
        case "title":
            return replace(document, title=_joined(document.title, text, " "))
        case "id":
            return replace(document, id=_joined(str(document.id), text, " "))
        case "metadata":
            before = str(document.metadata.get(key, ""))
            changed = {**document.metadata, key: _joined(before, text, " ")}
            return replace(document, metadata=MappingProxyType(changed))
    places = ", ".join(one for one in PLACES if one != "instruction")
    raise ConfigError(f"a document has no place '{place}' to plant in; use one of {places}")


def instructed(
    instruction: str, attack: Attack, *, query: str, id: str | int, label: str, filler: bool = False
) -> str:
    """An instruction that somebody else could write to, with the attack (or its filler) behind it."""
    text = attack.filled(query=query, id=id, label=label)
    return _joined(instruction, neutral(text, disguise=attack.disguise) if filler else text, "\n")


def neutral(text: str, *, disguise: str = "") -> str:
    """Neutral filler in the stead of an attack: as many characters, about as many tokens, the same script.

    Args:
        text: What it stands in for, filled and disguised.
        disguise: Worn by the filler too, so that the two differ in what they say alone.
    """
    if disguise:
        size = next(n for n in count() if len(disguised("x" * n, disguise)) >= len(text))
        return disguised(_cut(_prose()["latin"][0], size), disguise)
    wanted = estimate(text)
    fitting = (_cut(prose, len(text)) for prose in _prose()[_script(text)])
    return min(fitting, key=lambda one: abs(estimate(one) - wanted))


def _cut(prose: str, size: int) -> str:
    """The prose, again and again, for exactly so many characters; the last is no white space."""
    cut = "".join(islice(cycle(prose), size))
    return cut if not cut or not cut[-1].isspace() else f"{cut[:-1]}."


def _joined(first: str, second: str, between: str) -> str:
    return f"{first}{between}{second}" if first and second else first or second


def _halves(text: str) -> tuple[str, str]:
    """Cut at the white space nearest to the middle, which stays with the first half."""
    middle = len(text) // 2
    blanks = [place for place, sign in enumerate(text) if sign.isspace()]
    nearest = min(blanks, key=lambda place: abs(place - middle), default=middle - 1)
    return text[: nearest + 1], text[nearest + 1 :]


_SCRIPTS = {
    "CYRILLIC": "cyrillic",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "DEVANAGARI": "devanagari",
    "CJK": "han",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "HANGUL": "hangul",
}


def _script(text: str) -> str:
    """The script of most of the letters."""
    found = Counter(
        _SCRIPTS.get(unicodedata.name(sign, "").split(" ")[0], "latin") for sign in text if sign.isalpha()
    )
    if found["kana"] and found["kana"] + found["han"] > found["latin"]:
        return "kana"
    return found.most_common(1)[0][0] if found else "latin"


@cache
def _prose() -> Mapping[str, tuple[str, ...]]:
    content = (files("llmrerank.redteam") / "texts" / "neutral.toml").read_text("utf-8")
    return {script: tuple(texts) for script, texts in tomllib.loads(content).items()}
