"""The attacks: what a hostile document says to be ranked higher than it deserves.

Written for this project, as data (`texts/*.toml`, one file for each family, read strictly). Every family has
several variants in different words; about half of each are `dev`, which a detector or a defence may be tuned
on, the others `test`, which it may only be measured on.

What kinds there are: Greshake and others, "Not what you've signed up for: compromising real-world
LLM-integrated applications with indirect prompt injection", 2023, arXiv 2302.12173; for places in a list:
Kumar and Lakkaraju, "Manipulating large language models to increase product visibility", 2024, arXiv
2404.07981. The words are nobody else's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, get_args

from llmrerank.errors import ConfigError

from .disguises import DISGUISES, disguised

__all__ = ["ATTACKS", "FAMILIES", "Attack", "Split", "attacks_in"]

Split = Literal["dev", "test"]

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "answers": "the document writes the judge's reply",
        "bidi": "instructions behind bidirectional controls",
        "criteria": "the document redefines what relevant means",
        "first": "the document asks for the place, or claims it",
        "invisible": "instructions in characters that are not seen",
        "labels": "the document pretends to be other passages",
        "languages": "the same in other languages",
        "override": "the document tells the judge to drop its instructions",
        "roles": "the document ends its own fence, another speaker goes on",
        "stuffing": "the words of the query, again and again",
    }
)
"""By name: what attacks of a family do."""

_FIELD = re.compile(r"\{(query|id|label)\}")
_KEYS = {"name", "split", "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One text that is planted in a document.

    Attributes:
        name: `family-what`, unique.
        family: One of `FAMILIES`.
        text: As it is planted, already disguised; `{query}`, `{id}` and `{label}` are filled in by `filled`.
        split: `dev` or `test`.
        disguise: How its words are hidden (`disguises.DISGUISES`); empty: they are not.
    """

    name: str
    family: str
    text: str
    split: Split
    disguise: str = ""

    def filled(self, *, query: str, id: str | int, label: str) -> str:
        """The text about one document: what is asked, the document's identifier, the label it guesses.

        In one pass, so that a query that contains `{id}` stays as it is; other braces are text.
        """
        values = {"query": query, "id": str(id), "label": label}
        return _FIELD.sub(lambda found: values[found[1]], self.text)


def attacks_in(content: str, *, where: str) -> tuple[Attack, ...]:
    """Read one family's file.

    Args:
        content: TOML: `family`, and for every `[[attack]]` its `name`, `split`, `text` and maybe `disguise`.
        where: Named in the error.

    Raises:
        ConfigError: It is no TOML, or keys or values are wrong; all faults at once.
    """
    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is no TOML: {error}") from error
    family, rows = table.get("family"), table.get("attack", [])
    faults = [f"unknown key '{key}'" for key in table.keys() - {"family", "attack"}]
    if family not in FAMILIES:
        faults.append(f"family must be one of {', '.join(FAMILIES)}, got {family!r}")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{where}: 'attack' must be tables, written [[attack]]")
    for number, row in enumerate(rows, start=1):
        faults += [f"attack {number}: {fault}" for fault in _faults(row)]
    names = [row.get("name") for row in rows]
    faults += [
        f"attack '{name}' is there twice" for name in sorted({str(n) for n in names if names.count(n) > 1})
    ]
    if faults:
        raise ConfigError(f"{where}: {'; '.join(faults)}")
    return tuple(
        Attack(
            name=row["name"],
            family=str(family),
            text=disguised(row["text"], row.get("disguise", "")),
            split=row["split"],
            disguise=row.get("disguise", ""),
        )
        for row in rows
    )


def _faults(row: dict[str, Any]) -> list[str]:
    """What is wrong with one attack."""
    found = [f"'{key}' is missing" for key in sorted(_KEYS - row.keys())]
    found += [f"unknown key '{key}'" for key in sorted(row.keys() - _KEYS - {"disguise"})]
    found += [
        f"'{key}' must be text"
        for key in sorted(row)
        if not isinstance(row[key], str) or not row[key].strip()
    ]
    if found:
        return found
    if row["split"] not in get_args(Split):
        found.append(f"split must be dev or test, got '{row['split']}'")
    if "disguise" in row:
        if row["disguise"] not in DISGUISES:
            found.append(f"disguise must be one of {', '.join(DISGUISES)}, got '{row['disguise']}'")
        if not row["text"].isascii() or _FIELD.search(row["text"]):
            found.append("a disguised text is ASCII without {query}, {id} or {label}")
    return found


def _all() -> tuple[Attack, ...]:
    folder = files("llmrerank.redteam") / "texts"
    read = (
        attacks_in((folder / f"{family}.toml").read_text("utf-8"), where=f"{family}.toml")
        for family in FAMILIES
    )
    return tuple(attack for attacks in read for attack in attacks)


ATTACKS: tuple[Attack, ...] = _all()
"""All attacks, by family."""
