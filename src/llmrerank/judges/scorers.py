"""Judges that are local models: each document is scored by itself, as one pair with the query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from llmrerank.calls import PairCall
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Opinion, Question

__all__ = ["BiEncoder", "CrossEncoder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossEncoder:
    """A local model reads query and document together and gives one raw score.

    Cost: n pairs for n documents. The scores are logits: comparable within one model, no probabilities.
    Source: Nogueira and Cho, "Passage Re-ranking with BERT", 2019.

    Attributes:
        model: Folder or hub name; None: cross-encoder/ms-marco-MiniLM-L6-v2.
    """

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    score_kind: ClassVar[ScoreKind] = "logit"
    carrier: ClassVar[Carrier] = "cross-encoder"

    model: str | None = None

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask for one pair for each document, all at once. An instruction has no place in a pair."""
        return _scores(question, documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class BiEncoder:
    """A local model turns query and document into vectors, and their cosine is the score.

    Cost: n pairs for n documents, of which every different text is encoded once.
    Source: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019.

    Attributes:
        model: Folder or hub name; None: sentence-transformers/all-MiniLM-L6-v2.
    """

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    score_kind: ClassVar[ScoreKind] = "cosine"
    carrier: ClassVar[Carrier] = "bi-encoder"

    model: str | None = None

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask for one pair for each document, all at once. An instruction has no place in a pair."""
        return _scores(question, documents)


def _scores(question: Question, documents: Sequence[Document]) -> Inquiry:
    """Yield the pairs, read the scores; one that is no number leaves its document unread."""
    replies = yield [PairCall(query=question.query, document=document.full_text) for document in documents]
    scores = [
        None if reply.score is None or not math.isfinite(reply.score) else reply.score for reply in replies
    ]
    unread = any(score is None for score in scores)
    return Opinion.of_scores(
        scores,
        flags=frozenset({"unparsed"}) if unread else frozenset(),
        usable=any(score is not None for score in scores),
        cut=sum(reply.cut for reply in replies),
    )
