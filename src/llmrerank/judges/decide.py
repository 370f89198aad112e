"""The decision judge: one question about each document of a slate, all of them answered in one call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from llmrerank.answers.answer import Flag
from llmrerank.answers.decisions import flags_of
from llmrerank.calls import Reply
from llmrerank.errors import ConfigError
from llmrerank.passages import FLOOR
from llmrerank.prompts import Excerpt, Prompt, load
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Opinion, Question

__all__ = ["QUESTIONS", "Decide"]

QUESTIONS = 400
"""Most questions in one call: what OpenAI's endpoint takes; others take fewer (`batch` says how many)."""

_OTHER_PROMPTS = {"score": "decide-score"}
_ANSWERS = {"predicate": "yes_no", "score": "grade"}
_NEVER = 1e-12  # a probability of exactly 0 or 1 would have no log-odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """A decision model answers one question about each document of a slate, in numbers and all at once.

    The model reads the query and all documents of a slate once. Asked predicates, it says how probable it is
    that each document is relevant; documents are ordered by the log-odds. Asked scores, it says which of
    several ordered levels is to be expected. A document about which it declines to answer, or about which its
    answer cannot be used, has no score.
    Cost: one call for each slate, one for each 400 documents of a larger one; output tokens are mostly free.
    Source: https://developers.openai.com/api/docs/guides/decisions; for System One, the other dialect,
    https://docs.typesafe.ai/api.

    Attributes:
        prompt: Name or path of a prompt of form `decide`. For scores the default gives way to `decide-score`.
        kind: `predicate`, answered by a probability (a prompt that answers `yes_no`); `score`, answered by an
            expected level, 0 the lowest (a prompt that answers `grade`).
        passage_tokens: Tokens of each document on average, `passages.FLOOR` or more.
        excerpt: What is shown of a longer document: `focus`, what speaks of the query; `head`, its beginning.
        dialect: What the endpoint speaks: `openai` (`/decisions`), `systemone` (`/systemone`), or `auto`: the
            first is tried, and the second where the endpoint does not know it.

    Raises:
        ConfigError: The prompt asks for something else.
    """

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    carrier: ClassVar[Carrier] = "decide"

    prompt: str = "decide"
    kind: Literal["predicate", "score"] = "predicate"
    passage_tokens: int = 300
    excerpt: Excerpt = "focus"
    dialect: Literal["auto", "openai", "systemone"] = "auto"
    asks: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.passage_tokens < FLOOR:
            raise ConfigError(f"'decide': passage_tokens must be {FLOOR} or more, got {self.passage_tokens}")
        name = _OTHER_PROMPTS.get(self.kind, self.prompt) if self.prompt == "decide" else self.prompt
        prompt = load(name)
        object.__setattr__(self, "asks", prompt)
        contents = prompt.contents
        if contents.form != "decide":
            raise ConfigError(
                f"the prompt '{name}' is of form '{contents.form}', and 'decide' needs form 'decide'; "
                "run `llmrerank show prompts`"
            )
        if contents.answer != _ANSWERS[self.kind]:
            other = "score" if self.kind == "predicate" else "predicate"
            raise ConfigError(
                f"the prompt '{name}' answers {contents.answer}, and kind='{self.kind}' reads "
                f"{_ANSWERS[self.kind]}; write kind='{other}'"
            )

    @property
    def score_kind(self) -> ScoreKind:
        """`probability` of predicates, `grade` of scores."""
        return "probability" if self.kind == "predicate" else "grade"

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask about the whole slate; each call shows only the documents that it asks about."""
        most = min(QUESTIONS, self.asks.capacity or QUESTIONS)
        parts = [
            self.asks.render(
                question,
                documents[start : start + most],
                passage_tokens=self.passage_tokens,
                excerpt=self.excerpt,
            )
            for start in range(0, len(documents), most)
        ]
        replies = yield [part.decision() for part in parts]
        scores = [
            score
            for part, reply in zip(parts, replies, strict=True)
            for score in _scores(reply, len(part.questions))
        ]
        strengths = [_log_odds(score) for score in scores] if self.kind == "predicate" else scores
        opinion = Opinion.of_scores(
            strengths,
            flags=frozenset().union(*(_flags(reply) for reply in replies)),
            usable=any(score is not None for score in scores),
            raw="\n".join(reply.text for reply in replies if reply.text) or None,
            cut=sum(part.cut for part in parts),
        )
        return replace(opinion, scores=tuple(scores), strengths=tuple(strengths))


def _scores(reply: Reply, count: int) -> Sequence[float | None]:
    """One score for each question of a call; none at all where the reply is not about them."""
    if reply.scores is None or len(reply.scores) != count:
        return [None] * count
    return [score if score is not None and math.isfinite(score) else None for score in reply.scores]


def _flags(reply: Reply) -> frozenset[str]:
    """What was declined and what could not be used; nothing is mended, so nothing is called so."""
    return frozenset(flag if flag == Flag.REFUSED else str(Flag.UNPARSED) for flag in flags_of(reply.text))


def _log_odds(probability: float | None) -> float | None:
    if probability is None:
        return None
    likely = min(max(probability, _NEVER), 1.0 - _NEVER)
    return math.log(likely / (1.0 - likely))
