"""What judges of one document at a time share: a call for each document of a slate, one opinion of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmrerank.answers import read
from llmrerank.calls import ChatCall, Reply
from llmrerank.errors import ConfigError
from llmrerank.passages import FLOOR
from llmrerank.prompts import Excerpt, Prompt, load
from llmrerank.types import Document, ScoreKind

from .opinion import Opinion, Question

__all__ = [
    "ALTERNATIVES",
    "ROOM",
    "Reading",
    "asked_about",
    "by_alternatives",
    "conclude",
    "prompt_for",
    "read_text",
    "seed_of",
]

ALTERNATIVES = 20
"""Alternatives of the first token that are asked for: the most that hosted endpoints give."""
ROOM = 16
"""Tokens for an answer of one word: models like to add a label or a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read about one document.

    Attributes:
        score: None where nothing could be read.
        strength: What to sort by where the score saturates; None: the score.
        flags: Facts about the reading.
        raw: The answer as it came.
    """

    score: float | None
    strength: float | None = None
    flags: frozenset[str] = frozenset()
    raw: str | None = None


def prompt_for(name: str, *, judge: str, answer: str, passage_tokens: int, hint: str) -> Prompt:
    """Load the prompt of a judge of one document and see that it asks for what the judge reads.

    Raises:
        ConfigError: It asks for something else (the sentence ends with the hint), or `passage_tokens` is
            below `passages.FLOOR`.
        PromptError: The file breaks its contract.
    """
    if passage_tokens < FLOOR:
        raise ConfigError(f"'{judge}': passage_tokens must be {FLOOR} or more, got {passage_tokens}")
    prompt = load(name)
    contents = prompt.contents
    if (contents.form, contents.answer) != ("pointwise", answer):
        raise ConfigError(
            f"the prompt '{name}' asks for form '{contents.form}' and answer '{contents.answer}', and "
            f"'{judge}' reads form 'pointwise' and answer '{answer}'; {hint}"
        )
    return prompt


def seed_of(question: Question, attempt: int) -> int:
    """The sampling seed: another one for a slate that is asked about again, lest a cache repeat itself."""
    return question.seed + 1_000_003 * attempt


def asked_about(
    prompt: Prompt,
    question: Question,
    documents: Sequence[Document],
    *,
    passage_tokens: int,
    excerpt: Excerpt,
    max_tokens: int,
    seed: int,
) -> tuple[list[ChatCall], int]:
    """One call for each document, its answer to be read as text; and the tokens of documents left out."""
    rendered = [
        prompt.render(question, [one], passage_tokens=passage_tokens, excerpt=excerpt) for one in documents
    ]
    return [one.call(max_tokens=max_tokens, seed=seed) for one in rendered], sum(one.cut for one in rendered)


def by_alternatives(call: ChatCall, *, otherwise: ChatCall | None) -> ChatCall:
    """The same question, to be read from the log-probabilities of its first token."""
    return replace(call, max_tokens=1, logprobs=ALTERNATIVES, otherwise=otherwise)


def read_text(reply: Reply, prompt: Prompt) -> Reading:
    """Read the text of a reply about one document by what its prompt asks for."""
    contents = prompt.contents
    answer = read(
        reply.text,
        answer=contents.answer,
        count=1,
        labels=contents.labels,
        finish_reason=reply.finish_reason,
        scale=contents.scale or None,
    )
    score = answer.scores[0] if answer.scores and answer.usable else None
    return Reading(score=score, flags=frozenset(str(flag) for flag in answer.flags), raw=reply.text)


def conclude(readings: Sequence[Reading], *, kind: ScoreKind, cut: int) -> Opinion:
    """Join what was read about each document; usable where at least half of them could be read."""
    raws = [reading.raw for reading in readings if reading.raw is not None]
    strengths = [reading.score if reading.strength is None else reading.strength for reading in readings]
    known = sum(strength is not None for strength in strengths)
    opinion = Opinion.of_scores(
        strengths,
        flags=frozenset().union(*(reading.flags for reading in readings)),
        usable=known > 0 and 2 * known >= len(readings),
        kind=kind,
        raw=None if not raws else "\n".join(raws),
        cut=cut,
    )
    return replace(opinion, scores=tuple(reading.score for reading in readings), strengths=tuple(strengths))
