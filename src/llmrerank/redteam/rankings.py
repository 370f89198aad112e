"""One list ranked by one arm: asked of an endpoint, or only counted beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from llmrerank.calls import Call
from llmrerank.carriers import Carriers
from llmrerank.evaluate.quality_figures import ndcg
from llmrerank.judges import Judge, Question
from llmrerank.looking_over import suspected
from llmrerank.purse import Purse
from llmrerank.ranking import Hit, Ranking
from llmrerank.rounds import Done, Pool, advance
from llmrerank.settings import Settings
from llmrerank.stage_cost import TOP
from llmrerank.stage_run import StageRun
from llmrerank.strategies import Strategy
from llmrerank.trace import Trace
from llmrerank.types import Document

from .trials import Target

__all__ = ["Asker", "Ranked", "first_calls", "slate_calls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """How one list was ranked.

    Attributes:
        rank: Of the hostile document, from 1.
        ndcg: nDCG@10 of the list, each document being worth what it was worth before anything was planted.
        whole: Whether nothing ended the ranking early.
        trace: The books.
    """

    rank: int
    ndcg: float
    whole: bool
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Ranks lists, with one wallet for all of them.

    Attributes:
        settings: How calls are made; `instruction` is that of the dataset where nobody gave one.
        purse: What all rankings may spend together.
        carriers: The clients, which all arms share.
    """

    settings: Settings
    purse: Purse
    carriers: Carriers = field(default_factory=Carriers)

    async def rank(
        self, strategy: Strategy, target: Target, documents: Sequence[Document], instruction: str
    ) -> Ranked:
        """Rank the documents, of which the one at the target's position is hostile.

        Raises:
            CallError, AnswerError, ConfigError: As `engine.judge_pool`.
        """
        hits = tuple(
            Hit(rank=rank, previous_rank=rank, score=None, document=document)
            for rank, document in enumerate(documents, start=1)
        )
        name = str(strategy.spec)
        run = StageRun(
            pipeline=name,
            settings=replace(self.settings, instruction=instruction),
            carriers=self.carriers,
            ledger=self.purse.query(),
        )
        given = Ranking(query=target.query, strategy=name, hits=hits)
        # The strategy's own instruction is in the one that was given, with what was planted behind it.
        ranking = await run.through(replace(strategy, instruction=None), given, cut=None, kept=None)
        # Places in the input, since what was planted may have changed the identifier.
        order = [hit.previous_rank - 1 for hit in ranking.hits]
        ids = [str(target.documents[position].id) for position in order]
        return Ranked(
            rank=order.index(target.position) + 1,
            ndcg=ndcg(ids, target.grades),
            whole=ranking.trace.exhausted is None,
            trace=ranking.trace,
        )


def first_calls(
    strategy: Strategy,
    question: Question,
    documents: Sequence[Document],
    settings: Settings,
) -> list[Call]:
    """What the first round of a ranking asks; nothing is sent."""
    suspects = suspected(documents, question.query) if strategy.looks_over else {}
    plan = strategy.algorithm.plan(Pool(size=len(documents), top=TOP, suspects=frozenset(suspects)))
    paused = advance(plan)
    if isinstance(paused, Done):
        return []
    plan.close()
    judge = strategy.judge_with(settings)
    slates = [[documents[place] for place in slate] for slate in paused.asked.slates]
    return [call for slate in slates for call in slate_calls(judge, question, slate)]


def slate_calls(judge: Judge, question: Question, documents: Sequence[Document]) -> Sequence[Call]:
    """What a judge asks about one slate before it is told anything.

    Raises:
        ConfigError: A prompt without a place for the instruction.
    """
    opened = advance(judge.ask(question, documents))
    return () if isinstance(opened, Done) else opened.asked
