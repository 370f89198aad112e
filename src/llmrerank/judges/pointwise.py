"""The pointwise judge: is this document relevant, yes or no, and how surely?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from llmrerank.answers.logprobs import yes_no
from llmrerank.calls import ChatCall, Reply
from llmrerank.prompts import Excerpt, Prompt, load
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Question
from .single import ROOM, Reading, asked_about, by_alternatives, conclude, prompt_for, read_text, seed_of

__all__ = ["Pointwise"]

_GRADES = "grade10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise:
    """An LLM says yes or no to each document by itself; how much likelier the yes is makes the score.

    The score is the probability of yes against no; documents are ordered by its log-odds, which do not
    saturate. Where an endpoint gives no log-probabilities, the default prompt gives way to `grade10`, a grade
    from 0 to 10 in words (any other prompt, or one with examples, to its own yes or no); such scores are of
    kind `grade`, and their log-odds are made of the grade's place on its scale.
    Cost: n calls for n documents, one output token each.
    Source: Zhuang et al. 2023, arXiv 2310.14122.

    Attributes:
        prompt: Name or path of a prompt of form `pointwise` that answers `yes_no`.
        read: `logprobs`; `text`, the yes or no as 1 or 0; `auto`, as the prompt says, else log-probabilities
            where there are any.
        passage_tokens: Tokens of a document, `passages.FLOOR` or more.
        excerpt: What is shown of a longer document: `focus`, what speaks of the query; `head`, its beginning.
        answer_tokens: Room for an answer that is read as text; None: 16.

    Raises:
        ConfigError: The prompt asks for something else.
    """

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    score_kind: ClassVar[ScoreKind] = "probability"
    carrier: ClassVar[Carrier] = "chat"

    prompt: str = "pointwise"
    read: Literal["auto", "text", "logprobs"] = "auto"
    passage_tokens: int = 300
    excerpt: Excerpt = "focus"
    answer_tokens: int | None = None
    asks: Prompt = field(init=False, repr=False, compare=False)
    grades: Prompt | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prompt = prompt_for(
            self.prompt,
            judge="pointwise",
            answer="yes_no",
            passage_tokens=self.passage_tokens,
            hint="prompts that answer a grade belong to 'graded'",
        )
        object.__setattr__(self, "asks", prompt)
        object.__setattr__(self, "grades", load(_GRADES) if self.prompt == "pointwise" else None)

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask about each document in one batch; where log-probabilities are missing, once more in words.

        Asked again under `auto`, the judge asks in words at once: a model whose first token is neither yes
        nor no (it opens a reasoning block, say) would do the same again.
        """
        seed, room = seed_of(question, attempt), self.answer_tokens or ROOM
        texts, cut = self._asked(self.asks, question, documents, room, seed)
        how = self.asks.contents.read if self.read == "auto" else self.read
        if how == "text":
            replies = yield texts
            return conclude([_in_words(reply, self.asks) for reply in replies], kind="grade", cut=cut)
        # Examples are labelled yes or no, which would teach another form than a grade.
        fallback = self.asks if self.grades is None or question.examples else self.grades
        words = texts
        if fallback is not self.asks:
            words, _ = self._asked(fallback, question, documents, room, seed)
        if self.read == "auto" and attempt > 0:
            replies = yield words
            return conclude([_in_words(reply, fallback) for reply in replies], kind="grade", cut=cut)
        spare = words if self.read == "auto" else [None] * len(words)
        replies = yield [
            by_alternatives(text, otherwise=other) for text, other in zip(texts, spare, strict=True)
        ]
        without = [reply.answers == "otherwise" or reply.choices is None for reply in replies]
        if self.read == "logprobs" or not any(without):
            return conclude([_by_odds(reply) for reply in replies], kind="probability", cut=cut)
        # One slate, one kind of score: those that did give log-probabilities are asked in words as well.
        again = [place for place, reply in enumerate(replies) if reply.answers == "call"]
        answered = dict(enumerate(replies))
        if again:
            answered |= zip(again, (yield [words[place] for place in again]), strict=True)
        readings = [_in_words(answered[place], fallback) for place in range(len(documents))]
        return conclude(readings, kind="grade", cut=cut)

    def _asked(
        self, prompt: Prompt, question: Question, documents: Sequence[Document], room: int, seed: int
    ) -> tuple[list[ChatCall], int]:
        return asked_about(
            prompt,
            question,
            documents,
            passage_tokens=self.passage_tokens,
            excerpt=self.excerpt,
            max_tokens=room,
            seed=seed,
        )


def _by_odds(reply: Reply) -> Reading:
    """The probability of yes, ordered by its log-odds."""
    answer = yes_no([(one.token, one.logprob) for one in reply.choices or ()])
    flags = {"unparsed"} if answer.unparsed else {"bounded"} if answer.bounded else set()
    return Reading(score=answer.probability, strength=answer.value, flags=frozenset(flags), raw=reply.text)


def _in_words(reply: Reply, prompt: Prompt) -> Reading:
    """A grade, or yes as 1 and no as 0, ordered by the log-odds of its place on the scale."""
    reading = read_text(reply, prompt)
    if reading.score is None:
        return reading
    least, most = _ends(prompt)
    steps = min(max((reading.score - least) / (most - least), 0.0), 1.0) * 10
    odds = math.log((steps + 0.5) / (10.5 - steps))
    return Reading(score=reading.score, strength=odds, flags=reading.flags, raw=reading.raw)


def _ends(prompt: Prompt) -> tuple[float, float]:
    """The least and the most that a prompt's answer can be worth."""
    values = tuple(prompt.contents.scale.values()) or (
        0.0,
        10.0 if prompt.contents.answer == "grade" else 1.0,
    )
    return min(values), max(values)
