"""The graded judge: how relevant is this document, on an ordered scale?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from llmrerank.answers.logprobs import graded
from llmrerank.calls import Reply
from llmrerank.errors import ConfigError
from llmrerank.prompts import Excerpt, Prompt
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Question
from .single import ROOM, Reading, asked_about, by_alternatives, conclude, prompt_for, read_text, seed_of

__all__ = ["Graded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """An LLM grades each document by itself on an ordered scale; the expected grade is the score.

    With log-probabilities the score is the mean of the scale's values weighted by the probabilities of its
    labels, without them the grade that was answered.
    Cost: n calls for n documents, one output token each.
    Source: Zhuang et al. 2023, arXiv 2310.14122.

    Attributes:
        prompt: Name or path of a prompt of form `pointwise` that answers `grade`.
        read: `logprobs`; `text`; `auto`, as the prompt says, else log-probabilities where there are any and
            the first token tells the labels apart (which it does not on a scale with 1 and 10).
        passage_tokens: Tokens of a document, `passages.FLOOR` or more.
        excerpt: What is shown of a longer document: `focus`, what speaks of the query; `head`, its beginning.
        answer_tokens: Room for an answer that is read as text; None: 16.

    Raises:
        ConfigError: The prompt asks for something else, or log-probabilities cannot tell its labels apart.
    """

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    score_kind: ClassVar[ScoreKind] = "grade"
    carrier: ClassVar[Carrier] = "chat"

    prompt: str = "graded"
    read: Literal["auto", "text", "logprobs"] = "auto"
    passage_tokens: int = 300
    excerpt: Excerpt = "focus"
    answer_tokens: int | None = None
    asks: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prompt = prompt_for(
            self.prompt,
            judge="graded",
            answer="grade",
            passage_tokens=self.passage_tokens,
            hint="prompts that answer yes_no belong to 'pointwise'",
        )
        object.__setattr__(self, "asks", prompt)
        how = prompt.contents.read if self.read == "auto" else self.read
        if how == "logprobs" and not _told_apart(tuple(prompt.contents.scale)):
            raise ConfigError(
                f"read='logprobs' needs a prompt whose [scale] labels differ in their first token; "
                f"'{self.prompt}' has {', '.join(prompt.contents.scale) or 'no scale'}; use read='text'"
            )

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask about each document in one batch; asked again under `auto`, grades are read from words."""
        texts, cut = asked_about(
            self.asks,
            question,
            documents,
            passage_tokens=self.passage_tokens,
            excerpt=self.excerpt,
            max_tokens=self.answer_tokens or ROOM,
            seed=seed_of(question, attempt),
        )
        how = self.asks.contents.read if self.read == "auto" else self.read
        by_words = how == "text" or (how == "auto" and not _told_apart(tuple(self.asks.contents.scale)))
        if by_words or (self.read == "auto" and attempt > 0):
            replies = yield texts
            plain = [read_text(reply, self.asks) for reply in replies]
            return conclude(plain if by_words else [_coarser(one) for one in plain], kind="grade", cut=cut)
        auto = self.read == "auto"
        replies = yield [by_alternatives(text, otherwise=text if auto else None) for text in texts]
        readings = [self._first(reply) for reply in replies]
        # A single token may be a grade in words; where it is not, the whole answer is asked for.
        again = [
            place
            for place, (reply, reading) in enumerate(zip(replies, readings, strict=True))
            if auto and reply.answers == "call" and reply.choices is None and reading.score is None
        ]
        if again:
            for place, reply in zip(again, (yield [texts[place] for place in again]), strict=True):
                readings[place] = _coarser(read_text(reply, self.asks))
        return conclude(readings, kind="grade", cut=cut)

    def _first(self, reply: Reply) -> Reading:
        """The expected grade where there are log-probabilities, else the grade in words."""
        if reply.answers == "otherwise" or reply.choices is None:
            return read_text(reply, self.asks)
        answer = graded([(one.token, one.logprob) for one in reply.choices], self.asks.contents.scale)
        flags = {"unparsed"} if answer.unparsed else {"bounded"} if answer.bounded else set()
        return Reading(score=answer.value, flags=frozenset(flags), raw=reply.text)


def _coarser(reading: Reading) -> Reading:
    """A grade from words beside means of others."""
    return replace(reading, flags=reading.flags | {"in_words"})


def _told_apart(labels: Sequence[str]) -> bool:
    """Whether the first token of an answer tells a scale's labels apart: no numeral of several tokens."""
    words = [label.casefold().strip() for label in labels]
    numerals = [word for word in words if not word.isalpha()]
    begun = any(one != other and other.startswith(one) for one in words for other in words)
    return bool(words) and not begun and all(len(word) == 1 for word in numerals)
