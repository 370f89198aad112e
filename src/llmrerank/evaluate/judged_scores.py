"""Scores beside judgements: what a calibration is fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmrerank.calibration_contents import Unjudged
from llmrerank.errors import BudgetExceeded, ConfigError
from llmrerank.ranking import Ranking
from llmrerank.trace import Trace
from llmrerank.types import Query

from .isotonic import FEWEST

__all__ = ["JudgedScores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedScores:
    """Scored documents of some queries whose relevance is known.

    Attributes:
        scores: One for each document.
        relevant: `relevant[i]` belongs to `scores[i]`.
        queries: `queries[i]` is the text that it was found for, in one spelling: queries with equal words are
            one, or what is held out of a fit would have been seen in it.
        left_out: Scored documents that nobody judged and that are not here.
    """

    scores: tuple[float, ...]
    relevant: tuple[bool, ...]
    queries: tuple[str, ...]
    left_out: int = 0

    @classmethod
    def of(
        cls,
        rankings: Mapping[Query, Ranking],
        qrels: Mapping[str, Mapping[str, int]],
        *,
        relevance: int,
        unjudged: Unjudged,
    ) -> JudgedScores:
        """Join rankings to judgements; documents without a score are not there.

        Args:
            rankings: By query.
            qrels: Grades by query id and document id.
            relevance: The lowest grade that counts as relevant.
            unjudged: `leave` documents without a judgement out, or count them as `irrelevant`.
        """
        rows: list[tuple[float, bool, str]] = []
        left_out = 0
        for query, ranking in rankings.items():
            grades = qrels.get(query.id, {})
            text = " ".join(query.text.casefold().split())
            scores = {str(hit.document.id): hit.score for hit in ranking if hit.score is not None}
            for document, score in scores.items():
                if document in grades or unjudged == "irrelevant":
                    rows.append((score, grades.get(document, 0) >= relevance, text))
                else:
                    left_out += 1
        return cls(
            scores=tuple(score for score, _, _ in rows),
            relevant=tuple(relevant for _, relevant, _ in rows),
            queries=tuple(text for _, _, text in rows),
            left_out=left_out,
        )

    def refuse_too_little(self, pipeline: str, trace: Trace, *, failed: int = 0) -> None:
        """Say what is missing where nothing can be fitted to these.

        Args:
            pipeline: What gave the scores.
            trace: How it came about.
            failed: Queries that failed.

        Raises:
            BudgetExceeded: A limit ended the work before there was enough.
            ConfigError: Too few queries, or only relevant or only irrelevant documents.
        """
        queries, pairs = len(set(self.queries)), len(self.scores)
        if queries >= FEWEST and 0 < sum(self.relevant) < pairs:
            return
        if trace.exhausted is not None:
            raise BudgetExceeded(
                f"{trace.exhausted.reason}; until then {pairs} judged documents of {queries} queries had "
                f"scores, too few to calibrate on: {FEWEST} queries, with relevant documents and others"
            )
        if queries < FEWEST:
            lost = f" ({failed} failed)" if failed else ""
            raise ConfigError(
                f"only {queries} queries{lost} have judged documents among those that '{pipeline}' scores; "
                f"at least {FEWEST} are needed: take a deeper cut-off, or a dataset with more judgements"
            )
        if not any(self.relevant):
            raise ConfigError(
                f"none of the {pairs} judged documents that '{pipeline}' scores counts as relevant; lower "
                "the grade that does (--relevance), or take a deeper cut-off"
            )
        raise ConfigError(
            f"all {pairs} judged documents that '{pipeline}' scores are relevant, and a calibration needs "
            "others too; where the judgements name only relevant documents, count the "
            f"{self.left_out} unjudged ones as irrelevant (--unjudged irrelevant)"
        )
