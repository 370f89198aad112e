"""Which attacks are planted where, and for which queries: drawn so that every beginning is balanced."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from llmrerank.errors import ConfigError, UnknownName
from llmrerank.evaluate.quality_asks import Sample
from llmrerank.types import Document

from .planting import PLACES, Place, instructed, planted
from .suite import ATTACKS, FAMILIES, Attack

__all__ = ["Target", "Trial", "chosen_attacks", "chosen_places", "drawn", "targets_of"]

_SPLITS = ("dev", "test")
_Card = TypeVar("_Card")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One query's list, and the document in it that is attacked with.

    Attributes:
        query: Text of the query.
        id: Its identifier.
        documents: In the order of the first stage.
        position: Of the hostile document among them, from 0.
        grades: Of all judged documents, by id.
    """

    query: str
    id: str
    documents: tuple[Document, ...]
    position: int
    grades: Mapping[str, int]

    @property
    def hostile(self) -> Document:
        """The document that is attacked with, as it was."""
        return self.documents[self.position]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One attack in one place of one list."""

    target: Target
    attack: Attack
    place: Place

    def documents(self, *, filler: bool) -> tuple[Document, ...]:
        """The list with the attack planted, or with its filler; the same list for an instruction."""
        if self.place == "instruction":
            return self.target.documents
        target = self.target
        changed = planted(
            target.hostile,
            self.attack,
            self.place,
            query=target.query,
            label=str(target.position + 1),
            filler=filler,
        )
        return (*target.documents[: target.position], changed, *target.documents[target.position + 1 :])

    def instruction(self, given: str, *, filler: bool) -> str:
        """The instruction that the judge is given; for any other place as it is."""
        if self.place != "instruction":
            return given
        return instructed(
            given,
            self.attack,
            query=self.target.query,
            id=self.target.hostile.id,
            label=str(self.target.position + 1),
            filler=filler,
        )


def targets_of(samples: Sequence[Sample]) -> tuple[Target, ...]:
    """In each list the last document that is not relevant; a list without one is left out."""
    found = []
    for sample in samples:
        harmless = [
            position
            for position, document in enumerate(sample.documents)
            if sample.grades.get(str(document.id), 0) <= 0
        ]
        if len(sample.documents) > 1 and harmless:
            found.append(
                Target(
                    query=sample.query.text,
                    id=sample.query.id,
                    documents=sample.documents,
                    position=harmless[-1],
                    grades=sample.grades,
                )
            )
    return tuple(found)


def chosen_attacks(names: Sequence[str]) -> tuple[Attack, ...]:
    """Attacks by name, by family, or by split (`dev`, `test`); all of them where nothing is named.

    Raises:
        UnknownName: A name is none of these.
    """
    for name in names:
        if name not in (known := {attack.name for attack in ATTACKS} | set(FAMILIES) | set(_SPLITS)):
            raise UnknownName("attack", name, sorted(known))
    return tuple(
        attack for attack in ATTACKS if not names or {attack.name, attack.family, attack.split} & set(names)
    )


def chosen_places(names: Sequence[str]) -> tuple[Place, ...]:
    """Places by name; all of them where none is named.

    Raises:
        UnknownName: There is no such place.
    """
    for name in names:
        if name not in PLACES:
            raise UnknownName("place", name, PLACES)
    return tuple(place for place in PLACES if not names or place in names)


def drawn(
    targets: Sequence[Target], attacks: Sequence[Attack], places: Sequence[Place], *, count: int, seed: int
) -> tuple[Trial, ...]:
    """Draw trials without favour: queries, families, attacks of a family and places each from a deck.

    A deck is shuffled anew only when all its cards were dealt, so in every beginning of the list no query,
    family or place is more than one ahead of another.

    Args:
        targets: At least one.
        attacks: At least one.
        places: At least one.
        count: 1 or more.
        seed: Of the shuffles.

    Raises:
        ConfigError: There is nothing to draw from.
    """
    if not (targets and attacks and places):
        raise ConfigError("nothing can be planted: there is no list with a document that is not relevant")
    families = {attack.family: [one for one in attacks if one.family == attack.family] for attack in attacks}
    variants = {family: _dealt(them, f"{seed}:{family}") for family, them in families.items()}
    decks = zip(
        _dealt(targets, f"{seed}:query"),
        _dealt(list(families), f"{seed}:family"),
        _dealt(places, f"{seed}:place"),
        strict=False,
    )
    return tuple(
        Trial(target=target, attack=next(variants[family]), place=place)
        for target, family, place in islice(decks, count)
    )


def _dealt(cards: Sequence[_Card], seed: str) -> Iterator[_Card]:
    """The cards for ever, each once before any of them twice."""
    chance = random.Random(seed)
    while True:
        yield from chance.sample(cards, len(cards))
