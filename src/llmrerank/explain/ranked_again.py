"""Rank once more, stage by stage and with a witness, and give an account of some of the documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmrerank import portal
from llmrerank.carriers import Carriers
from llmrerank.engine import Progress
from llmrerank.errors import ConfigError
from llmrerank.judges.chunked import check_chunks
from llmrerank.judges.observed import Observed
from llmrerank.limits import Ledger
from llmrerank.opening import opened
from llmrerank.pipeline import DEPTH, Pipeline
from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.reranker import Reranker
from llmrerank.router.deciding import decided
from llmrerank.selection import Selection
from llmrerank.settings import Settings
from llmrerank.stages import Course, Step, Watch, smaller
from llmrerank.strategies import Strategy
from llmrerank.trace import Trace
from llmrerank.types import Document, Query, documents_from

from .account import Account, Explanation, Identifier, Stand
from .first_stage import first_stands, terms_of
from .known import named
from .reasons import reasons_of
from .stage_notes import StageNotes

__all__ = ["aexplain", "explain"]

Documents = Iterable[str | Mapping[str, Any] | Document]


def explain(
    door: Pipeline | Reranker,
    query: str | Query,
    doc_ids: Sequence[Identifier],
    documents: Documents | None = None,
    *,
    top: int | None = None,
) -> Explanation:
    """Say why documents stand where they do; see `aexplain`. Works in scripts, notebooks and servers."""
    given = None if documents is None else documents_from(documents)
    return portal.run(lambda: aexplain(door, query, doc_ids, given, top=top))


async def aexplain(
    door: Pipeline | Reranker,
    query: str | Query,
    doc_ids: Sequence[Identifier],
    documents: Documents | None = None,
    *,
    top: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Explanation:
    """Rank as the pipeline or reranker would, and say of some documents why they stand where they do.

    Every stage runs as in a search, with one difference: what it cuts off is remembered. A document that the
    first stage did not pass on is looked for in the whole corpus.

    Args:
        door: What ranks. Thresholds, groups and calibrations change no order and are left out.
        query: What is asked.
        doc_ids: Ids of documents, one or more; compared as text.
        documents: What a `Reranker` ranks; a `Pipeline` has its own.
        top: As `% top` after the last stage.
        progress: Called as judgements come in.

    Raises:
        ConfigError: Nothing has such an id (close ones are named), several documents have it, or documents
            were given to a pipeline or missing for a reranker.
        CallError: The provider failed and nothing was answered.

    Cost: that of one ranking; free where a cache knows the answers.
    """
    asked = query if isinstance(query, Query) else Query(text=query)
    selection = Selection(top=top)
    if isinstance(door, Pipeline):
        if documents is not None:
            raise ConfigError("a Pipeline has its own corpus; give documents to a Reranker")
        settings = _settings(door)
        wanted, shallow, deep = await asyncio.to_thread(_retrieved, door, asked, doc_ids)
    else:
        if documents is None:
            raise ConfigError("a Reranker ranks given documents; give them as documents=[...]")
        settings, pool = door.settings, documents_from(documents)
        wanted = named(doc_ids, pool, "the documents given")
        deep = await opened(replace(door.course, first_cut=None), asked, pool, Selection())
        shallow = replace(deep, hits=deep.hits[: door.course.first_cut])
    course = door.course
    if not course.steps:
        shallow = replace(shallow, hits=shallow.hits[: selection.top])
    ledger = Ledger(limits=settings.limits, prices=settings.prices)
    carriers = Carriers()
    try:
        result, notes = await _reranked(course, shallow, settings, carriers, ledger, top, progress)
    finally:
        await carriers.aclose()
    accounts = tuple(
        _account(course, asked, document, shallow, deep, result, notes, top) for document in wanted
    )
    return Explanation(query=asked.text, strategy=str(course.spec), accounts=accounts, trace=result.trace)


def _settings(door: Pipeline) -> Settings:
    """The settings, with the corpus's own instruction and examples where none were given."""
    settings, source = door.settings, door.source
    return replace(
        settings,
        instruction=settings.instruction or source.instruction,
        examples=settings.examples or source.examples,
    )


def _retrieved(
    door: Pipeline, query: Query, doc_ids: Sequence[Identifier]
) -> tuple[list[Document], Ranking, Ranking]:
    """The documents asked for, what the first stage passes on, and all that it finds."""
    corpus, depth = door.source.corpus, door.course.first_cut or DEPTH
    wanted = None if corpus is None else named(doc_ids, corpus, door.source.name)
    retriever = door.retriever()
    [shallow] = retriever.search([query], k=depth)
    there = {str(hit.document.id) for hit in shallow.hits}
    deep = shallow
    if any(str(one) not in there for one in doc_ids):
        [deep] = retriever.search([query], k=max(depth, len(corpus) if corpus is not None else 1_000_000))
    if wanted is None:
        found = [hit.document for hit in deep.hits]
        wanted = named(doc_ids, found, f"what '{door.spec.stages[0].call}' finds")
    stage = str(door.spec.stages[0].call)
    return wanted, _placed(shallow, query, stage), _placed(deep, query, stage)


def _placed(ranking: Ranking, query: Query, stage: str) -> Ranking:
    hits = tuple(
        replace(hit, history=(*hit.history, Place(stage=stage, rank=hit.rank, score=hit.score)))
        for hit in ranking.hits
    )
    return replace(ranking, query=query.text, hits=hits)


async def _reranked(
    course: Course,
    ranking: Ranking,
    settings: Settings,
    carriers: Carriers,
    ledger: Ledger,
    top: int | None,
    progress: Callable[[Progress], None] | None,
) -> tuple[Ranking, list[StageNotes]]:
    """Run one stage after another, each told how many leading places matter, none cut before it is noted."""
    notes: list[StageNotes] = []

    async def through(strategy: Strategy, ranking: Ranking, top: int | None, cut: int | None) -> Ranking:
        judge = strategy.judge_with(settings)
        model = carriers.client(strategy, settings).identity
        # A search refuses this too; behind an onlooker it could not be seen.
        check_chunks(judge, model=model.model, context=model.context)
        note = StageNotes(stage=str(strategy.spec), judge=judge, cut=cut, before=tuple(ranking.hits))
        watched = replace(strategy, judge=Observed(judge, note.tell))
        booked = len(ranking.trace.events)
        note.after = await replace(course, steps=(Step(strategy=watched, cut=None),)).rerank(
            ranking,
            settings=settings,
            carriers=carriers,
            ledger=ledger,
            top=top,
            whole=True,
            watch=Watch(progress=progress, witness=note.saw),
        )
        note.events = note.after.trace.events[booked:]
        notes.append(note)
        return replace(note.after, hits=note.after.hits[:cut])

    for number, step in enumerate(course.steps, start=1):
        cut = smaller(step.cut, top) if number == len(course.steps) else step.cut
        if isinstance(step, Step):
            ranking = await through(step.strategy, ranking, cut, cut)
            continue
        cheap, before = step.route.arms[0].strategy, ranking
        if cheap is not None:
            ranking = await through(cheap, ranking, cut, None)
        decision = decided(step.route, before, ranking, cut=cut, settings=settings, ledger=ledger)
        ranking = replace(ranking, trace=Trace((*ranking.trace.events, *decision.events)))
        if decision.strategy is not None:
            ranking = await through(decision.strategy, ranking, cut, cut)
        ranking = replace(ranking, hits=ranking.hits[:cut])
    return ranking, notes


def _account(
    course: Course,
    query: Query,
    document: Document,
    shallow: Ranking,
    deep: Ranking,
    result: Ranking,
    notes: Sequence[StageNotes],
    top: int | None,
) -> Account:
    identifier = str(document.id)
    stands: list[Stand] = []
    terms = None
    if course.first is not None:
        terms = terms_of(course.first, query.text, document)
        cut = course.first_cut if course.steps else smaller(course.first_cut, top)
        stands += first_stands(identifier, str(course.spec.stages[0].call), shallow, deep, cut=cut)
    entered: Hit | None = next((hit for hit in shallow.hits if str(hit.document.id) == identifier), None)
    if entered is not None:
        judged = (note.stand(entered.previous_rank) for note in notes)
        stands += [stand for stand in judged if stand is not None]
    final = next((hit.rank for hit in result.hits if str(hit.document.id) == identifier), None)
    return Account(
        id=document.id,
        title=document.title,
        rank=final,
        of=len(result.hits),
        stands=tuple(stands),
        reasons=reasons_of(stands, terms),
        terms=terms,
    )
