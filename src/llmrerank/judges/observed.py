"""A judge that is looked over its shoulder: what it was shown, asked, told, and what it concluded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llmrerank.calls import Call, Reply
from llmrerank.rounds import Done, advance
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Judge, Opinion, Question

__all__ = ["Observation", "Observed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One inquiry from its question to its end.

    Attributes:
        question: What the slate was judged by.
        documents: In the order in which they were shown.
        attempt: How often this slate was asked about before.
        calls: Everything that was asked, in order.
        replies: `replies[i]` answers `calls[i]`.
        opinion: What was concluded; it need not be usable.
    """

    question: Question
    documents: tuple[Document, ...]
    attempt: int
    calls: tuple[Call, ...]
    replies: tuple[Reply, ...]
    opinion: Opinion


class Observed:
    """A judge as it is, that tells of every inquiry it ends. One that a failing call cuts off is not told.

    Args:
        judge: The judge that asks and concludes.
        tell: Told before anybody else sees the opinion; must be quick and must not raise.

    Attributes:
        begun: Inquiries that were begun, ended or not.
    """

    def __init__(self, judge: Judge, tell: Callable[[Observation], None]) -> None:
        self.judge = judge
        self.begun = 0
        self._tell = tell
        self.carrier: Carrier = judge.carrier
        # What those who carry calls look for in a judge that has it.
        self.read: Any = getattr(judge, "read", None)
        self.dialect: str = getattr(judge, "dialect", "auto")
        self.key_env: str | None = getattr(judge, "key_env", None)

    @property
    def gives(self) -> Detail:
        """As the judge."""
        return self.judge.gives

    @property
    def capacity(self) -> int | None:
        """As the judge."""
        return self.judge.capacity

    @property
    def score_kind(self) -> ScoreKind:
        """As the judge."""
        return self.judge.score_kind

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask as the judge does, and tell of it when it ends."""
        self.begun += 1
        inquiry = self.judge.ask(question, documents, attempt=attempt)
        calls: list[Call] = []
        replies: list[Reply] = []
        step = advance(inquiry)
        while not isinstance(step, Done):
            answered = yield step.asked
            calls += step.asked
            replies += answered
            step = advance(inquiry, answered)
        self._tell(
            Observation(
                question=question,
                documents=tuple(documents),
                attempt=attempt,
                calls=tuple(calls),
                replies=tuple(replies),
                opinion=step.result,
            )
        )
        return step.result
