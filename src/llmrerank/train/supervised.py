"""Training lists from judgements: every relevant document beside hard negatives of a first stage."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path

from llmrerank.counted import counted
from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.reranker import Reranker
from llmrerank.retrieve.retriever import Retriever
from llmrerank.settings import Settings
from llmrerank.types import Document, Query

from .documents import texts_of
from .lists import DevQuery, Material, TrainingList, split
from .negatives import Candidates, sampled, taught
from .progress import TrainingProgress
from .recipe import Recipe
from .searched import found_by

__all__ = ["supervised"]

Tell = Callable[[TrainingProgress], None]


def supervised(
    dataset: Dataset,
    *,
    recipe: Recipe,
    first_stage: str | None = None,
    negatives: int = 7,
    draws: int = 1,
    skip: int = 0,
    teacher: str | None = None,
    settings: Settings | None = None,
    opened: MutableMapping[str, Retriever] | None = None,
    index: Path | None = None,
    tell: Tell | None = None,
) -> Material:
    """Make training lists from judgements.

    For every relevant document of a training query there are `draws` lists: the document itself and up to
    `negatives` others that are worth less, out of what the first stage finds. Documents that nobody judged
    count as not relevant: some of them are, and `skip` or a teacher leaves out the likeliest.

    Args:
        dataset: With judgements; its queries are those trained on.
        recipe: Its `dev`, `dev_depth` and `seed` count here.
        first_stage: A pipeline in the one notation; None: the dataset's own candidates, else `bm25 % 100`.
        negatives: Most documents beside a relevant one, 1 or more.
        draws: Lists for each relevant document, 1 or more, each with a sample of its own.
        skip: Unjudged documents that are left out at the head of the first stage's list.
        teacher: A strategy that ranks the candidates; negatives are then those that it puts highest below the
            relevant document, not a sample.
        settings: For pipelines that call an endpoint.
        opened: As `searched.found_by`, like the next.
        index: Folder of indexes.
        tell: Told of every query.

    Raises:
        ConfigError: A pipeline that cannot work.
        DataError: No judgements, too few queries, or no list can be made.

    Cost: one search for every query, and with a teacher its cost for every training query.
    """
    for name, value, least in (("negatives", negatives, 1), ("draws", draws, 1), ("skip", skip, 0)):
        if value < least:
            raise ConfigError(f"{name} must be {least} or more, got {value}")
    if teacher is not None and draws > 1:
        raise ConfigError(
            "a teacher chooses the negatives, so more draws would all be alike; give one of both"
        )
    warnings = list(dataset.check())
    level = dataset.relevance
    relevant = {
        query.id: {name for name, grade in dataset.qrels[query.id].items() if grade >= level}
        for query in dataset.measurable
    }
    texts = texts_of(dataset, set().union(*relevant.values()))
    usable = [query for query in dataset.measurable if relevant[query.id] & texts.keys()]
    training, held = split(usable, recipe.dev, seed=recipe.seed, what="queries with a relevant document")
    stage = first_stage or str(dataset.default_first_stage())
    found = found_by(
        dataset,
        stage,
        usable,
        settings=settings or Settings(seed=recipe.seed),
        opened={} if opened is None else opened,
        index=index,
        tell=tell,
    )
    candidates = {
        query.id: Candidates(found=found[query.id], grades=dataset.qrels[query.id], skip=skip)
        for query in usable
    }
    wanted = {
        query.id: [texts[name] for name in sorted(relevant[query.id] & texts.keys())] for query in usable
    }
    orders: Mapping[str, Sequence[str]] = {}
    if teacher is not None:
        orders = _orders(teacher, training, candidates, wanted, settings or Settings(seed=recipe.seed), tell)
    chance = random.Random(recipe.seed)
    lists = []
    for query in training:
        own = candidates[query.id]
        for positive in [document for _ in range(draws) for document in wanted[query.id]]:
            grade = own.grade(positive)
            if teacher is None:
                others = sampled(own, grade, negatives, chance)
            else:
                others = taught(own, grade, negatives, orders[query.id], str(positive.id))
            if others:
                documents = (positive, *others)
                gains = tuple(float(own.grade(document)) for document in documents)
                lists.append(TrainingList(query=query, documents=documents, gains=gains))
    if not lists:
        raise DataError(
            f"'{stage}' finds nothing that could stand beside the relevant documents of {dataset.name}; "
            "choose another first stage, or a smaller skip"
        )
    with_lists = len({one.query.id for one in lists})
    if absent := len(training) - with_lists:
        warnings.append(f"{counted(absent, 'query')} found no document to stand beside a relevant one")
    return Material(
        lists=tuple(lists),
        dev=tuple(_dev(query, candidates[query.id], recipe.dev_depth) for query in held),
        queries=with_lists,
        level=level,
        origin={
            "judgements": dataset.judged_in,
            "first_stage": stage,
            "negatives": negatives,
            "draws": draws,
            "skip": skip,
            "teacher": teacher,
        },
        warnings=tuple(warnings),
    )


def _dev(query: Query, candidates: Candidates, depth: int) -> DevQuery:
    return DevQuery(query=query, documents=tuple(candidates.found[:depth]), grades=candidates.grades)


def _orders(
    teacher: str,
    queries: Sequence[Query],
    candidates: Mapping[str, Candidates],
    wanted: Mapping[str, Sequence[Document]],
    settings: Settings,
    tell: Tell | None,
) -> dict[str, list[str]]:
    """How the teacher ranks the candidates of every query, its relevant documents among them."""
    pools = []
    for query in queries:
        there = {str(document.id) for document in candidates[query.id].found}
        missing = [document for document in wanted[query.id] if str(document.id) not in there]
        pools.append((query, [*candidates[query.id].found, *missing]))
    orders: dict[str, list[str]] = {}
    with Reranker(teacher, settings=settings) as reranker:
        for row in reranker.rank_many(pools):
            if row.ranking is None:
                raise row.error or DataError(f"'{teacher}' ranked nothing for '{queries[row.index].id}'")
            orders[queries[row.index].id] = [str(hit.document.id) for hit in row.ranking]
            if tell is not None:
                tell(TrainingProgress(stage="mining", done=len(orders), total=len(queries)))
    return orders
