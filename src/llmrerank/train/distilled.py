"""Training lists from a teacher's rankings; no judgement is read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmrerank.counted import counted
from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.types import Document, Query

from .documents import texts_of
from .lists import DevQuery, Material, TrainingList, split
from .recipe import Recipe
from .teachers import Ranked, Teacher, agreed

__all__ = ["distilled"]

_TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taught:
    """One query's documents as all teachers together rank them."""

    documents: tuple[Document, ...]
    gains: tuple[float, ...]
    scores: tuple[float, ...] | None


def distilled(
    dataset: Dataset,
    teachers: Sequence[Teacher],
    *,
    recipe: Recipe,
    depth: int = 100,
    size: int = 20,
    shuffles: int = 1,
) -> Material:
    """Make training lists from rankings.

    The rankings of one query, of whichever teachers, are joined by mean reciprocal rank, which is the gain
    that is learned. The first `depth` documents are dealt at random into lists of like size, so that each
    holds good and bad ones; lists as long as an LLM's window keep a step small. Held-out queries are measured
    against the teachers: the first is worth 10, the tenth 1.

    Args:
        dataset: Has the texts of queries and documents. Its judgements, if any, are not looked at.
        teachers: One or more.
        recipe: Its `dev`, `dev_depth` and `seed` count here.
        depth: Documents of a ranking that are learned from, 2 or more.
        size: Documents of a list, 2 or more.
        shuffles: Times that a ranking is dealt anew, 1 or more: more lists with other neighbours.

    Raises:
        ConfigError: A number out of its range.
        DataError: Rankings name documents that the collection lacks or none of its queries; too few queries.

    Source: learning from an LLM's permutations, Sun et al., "Is ChatGPT Good at Search?", 2304.09542.
    """
    for name, value, least in (("depth", depth, 2), ("size", size, 2), ("shuffles", shuffles, 1)):
        if value < least:
            raise ConfigError(f"{name} must be {least} or more, got {value}")
    taught, warnings = _taught(dataset, teachers, depth)
    usable = [query for query in dataset.queries if query.id in taught]
    training, held = split(usable, recipe.dev, seed=recipe.seed, what="queries that a teacher ranked")
    chance = random.Random(recipe.seed)
    lists = [
        one
        for query in training
        for _ in range(shuffles)
        for one in _dealt(query, taught[query.id], size, chance)
    ]
    return Material(
        lists=tuple(lists),
        dev=tuple(_dev(query, taught[query.id], recipe.dev_depth) for query in held),
        queries=len(training),
        origin={
            "teachers": [teacher.name for teacher in teachers],
            "depth": depth,
            "size": size,
            "shuffles": shuffles,
        },
        warnings=tuple(warnings),
    )


def _taught(
    dataset: Dataset, teachers: Sequence[Teacher], depth: int
) -> tuple[dict[str, _Taught], list[str]]:
    """What is taught of every query of the dataset, by its id."""
    rankings: dict[str, list[Ranked]] = {}
    for query in dataset.queries:
        own = [one for teacher in teachers for key in _keys(query, teacher) for one in teacher.rankings[key]]
        if own:
            rankings[query.id] = own
    warnings = _unmatched(dataset, teachers, len(rankings))
    joined = {query: agreed(own) for query, own in rankings.items()}
    wanted = {name for ids, _, _ in joined.values() for name in ids}
    texts = texts_of(dataset, wanted)
    for teacher in teachers:
        texts = {**teacher.texts, **texts}
    for teacher in teachers:
        _refuse_foreign(dataset, teacher, {name for name in wanted if name not in texts})
    taught = {}
    for query_id, (ids, gains, scores) in joined.items():
        if len(ids) > 1:
            taught[query_id] = _Taught(
                documents=tuple(texts[name] for name in ids[:depth]),
                gains=gains[:depth],
                scores=None if scores is None else scores[:depth],
            )
    if short := len(joined) - len(taught):
        warnings.append(f"{counted(short, 'query')} with a single ranked document left out")
    return taught, warnings


def _keys(query: Query, teacher: Teacher) -> list[str]:
    """The name under which a teacher knows a query: its id, else its text."""
    return [key for key in (query.id, query.text) if key in teacher.rankings][:1]


def _unmatched(dataset: Dataset, teachers: Sequence[Teacher], matched: int) -> list[str]:
    known = {name for query in dataset.queries for name in (query.id, query.text)}
    warnings = []
    for teacher in teachers:
        foreign = [query for query in teacher.rankings if query not in known]
        if len(foreign) == len(teacher.rankings):
            raise DataError(
                f"{teacher.name} ranks no query of {dataset.name} (it ranks '{foreign[0]}', for one); give "
                "the collection that it was made from"
            )
        if foreign:
            warnings.append(
                f"{counted(len(foreign), 'query')} of {teacher.name} are not in {dataset.name} and are "
                "left out"
            )
    if unranked := len(dataset.queries) - matched:
        warnings.append(
            f"{unranked} of {len(dataset.queries)} queries are ranked by no teacher and are left out"
        )
    return warnings


def _refuse_foreign(dataset: Dataset, teacher: Teacher, absent: set[str]) -> None:
    named = {name for rankings in teacher.rankings.values() for one in rankings for name in one.ids}
    if lacking := named & absent:
        raise DataError(
            f"{teacher.name} names {counted(len(named), 'document')}, of which {dataset.name} lacks "
            f"{len(lacking)}, such as '{min(lacking)}'; give the collection that it was made from"
        )


def _dealt(query: Query, taught: _Taught, size: int, chance: random.Random) -> list[TrainingList]:
    places = list(range(len(taught.documents)))
    chance.shuffle(places)
    count = max(1, round(len(places) / size))
    lists = []
    for first in range(count):
        own = places[first::count]
        if len(own) > 1:
            scores = taught.scores
            lists.append(
                TrainingList(
                    query=query,
                    documents=tuple(taught.documents[place] for place in own),
                    gains=tuple(taught.gains[place] for place in own),
                    scores=None if scores is None else tuple(scores[place] for place in own),
                )
            )
    return lists


def _dev(query: Query, taught: _Taught, depth: int) -> DevQuery:
    """The query with its candidates by id, so that their order gives nothing away."""
    documents = taught.documents[:depth]
    return DevQuery(
        query=query,
        documents=tuple(sorted(documents, key=lambda document: str(document.id))),
        grades={str(one.id): max(0, _TOP - place) for place, one in enumerate(documents)},
    )
