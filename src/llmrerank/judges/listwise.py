"""The listwise judge: a slate is shown at once, and the answer is its order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from llmrerank.answers import Answer, read
from llmrerank.answers.logprobs import letters
from llmrerank.calls import Reply
from llmrerank.errors import ConfigError
from llmrerank.passages import FLOOR
from llmrerank.prompts import Excerpt, Prompt, Rendered, load
from llmrerank.types import Detail, Document, ScoreKind

from .first_token import by_first_token
from .opinion import Carrier, Inquiry, Opinion, Question
from .single import seed_of

__all__ = ["Listwise"]

_OTHER_PROMPTS = {"logprobs": "listwise-letters", "json": "listwise-json"}
# Tokens of an answer, for each document and besides: vocabularies differ in how they spell "[12] > ".
_ROOM = {"numbers": (6, 24), "letters": (4, 16), "json": (8, 32)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listwise:
    """An LLM is shown a slate and answers with its order, best first.

    The documents that the answer names stand in its order; those that it does not name share the last tier.
    Cost: one call for each slate; with `read='logprobs'` one output token.
    Source: Sun et al. 2023 (RankGPT), arXiv 2304.09542; log-probabilities: Reddy et al. 2024 (FIRST), arXiv
    2406.15657.

    Attributes:
        prompt: Name or path of a prompt of form `listwise`.
        read: `text`; `json`, an answer held to a schema; `logprobs`, the order of the letters by the
            log-probability of being the first token; `auto`, as the prompt says, else text. The default
            prompt gives way to `listwise-json` and `listwise-letters` for these.
        passage_tokens: Tokens of each document on average, `passages.FLOOR` or more.
        excerpt: What is shown of a longer document: `focus`, what speaks of the query; `head`, its beginning.
        answer_tokens: Room for an answer that is read as text; None: what its form needs.

    Raises:
        ConfigError: The prompt does not fit the judge, or the way of reading does not fit the prompt.
    """

    gives: ClassVar[Detail] = Detail.ORDER
    score_kind: ClassVar[ScoreKind] = "none"
    carrier: ClassVar[Carrier] = "chat"

    prompt: str = "listwise"
    read: Literal["auto", "text", "json", "logprobs"] = "auto"
    passage_tokens: int = 300
    excerpt: Excerpt = "focus"
    answer_tokens: int | None = None
    asks: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.passage_tokens < FLOOR:
            raise ConfigError(
                f"'listwise': passage_tokens must be {FLOOR} or more, got {self.passage_tokens}"
            )
        name = _OTHER_PROMPTS.get(self.read, self.prompt) if self.prompt == "listwise" else self.prompt
        prompt = load(name)
        object.__setattr__(self, "asks", prompt)
        contents = prompt.contents
        if contents.form != "listwise":
            raise ConfigError(
                f"the prompt '{name}' is of form '{contents.form}', and 'listwise' needs form 'listwise'; "
                "run `llmrerank show prompts`"
            )
        if contents.answer not in ("permutation", "json"):
            raise ConfigError(
                f"the prompt '{name}' answers {contents.answer}, and 'listwise' reads permutation or json"
            )
        if self.how == "json" and contents.answer != "json":
            raise ConfigError(
                f"read='json' needs a prompt that answers json; '{name}' answers {contents.answer}"
            )
        if self.how == "logprobs" and (contents.labels, contents.answer) != ("letters", "permutation"):
            raise ConfigError(
                'read=\'logprobs\' needs a prompt with labels = "letters" and answer = "permutation"; '
                f"'{name}' has {contents.labels} and {contents.answer}; use prompt='listwise-letters'"
            )

    @property
    def how(self) -> Literal["text", "json", "logprobs"]:
        """How answers are read in the end."""
        chosen = self.asks.contents.read if self.read == "auto" else self.read
        if chosen == "auto":
            return "json" if self.asks.contents.answer == "json" else "text"
        return chosen

    @property
    def capacity(self) -> int | None:
        """26 with letters, else no limit."""
        return self.asks.capacity

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask about the whole slate in one call; asked again, letters are read from a whole answer."""
        rendered = self.asks.render(
            question, documents, passage_tokens=self.passage_tokens, excerpt=self.excerpt
        )
        whole = rendered.call(
            max_tokens=self.answer_tokens or self._room(len(documents)),
            seed=seed_of(question, attempt),
            schema=_schema(rendered.labels, self.asks.contents.labels) if self.how == "json" else "",
        )
        if self.how == "logprobs":
            reply, alternatives = yield from by_first_token(whole, attempt=attempt)
            if alternatives is not None:
                found = letters(alternatives, len(documents))
                # A server that gives few alternatives still says who comes first.
                return _opinion(found, rendered, reply, usable=found.named > 0)
        else:
            (reply,) = yield [whole]
        found = read(
            reply.text,
            answer=self.asks.contents.answer,
            count=len(documents),
            labels=self.asks.contents.labels,
            finish_reason=reply.finish_reason,
            scale=self.asks.contents.scale or None,
        )
        return _opinion(found, rendered, reply, usable=found.usable)

    def _room(self, count: int) -> int:
        each, besides = _ROOM[
            self.asks.contents.labels if self.asks.contents.answer == "permutation" else "json"
        ]
        return each * count + besides


def _opinion(answer: Answer, rendered: Rendered, reply: Reply, *, usable: bool) -> Opinion:
    """The opinion that an answer is: the named in order, ties of grades as ties, the rest as one tier."""
    flags = frozenset(str(flag) for flag in answer.flags)
    if answer.scores is not None:
        return replace(
            Opinion.of_scores(answer.scores),
            scores=None,
            flags=flags,
            usable=usable,
            raw=reply.text,
            cut=rendered.cut,
        )
    return Opinion.of_named(
        answer.order, answer.named, flags=flags, usable=usable, raw=reply.text, cut=rendered.cut
    )


def _schema(labels: Sequence[str], kind: str) -> str:
    """The JSON schema of an order; that each label comes once is left out, as many endpoints refuse it."""
    known = [int(label) for label in labels] if kind == "numbers" else list(labels)
    schema = {
        "type": "object",
        "properties": {
            "ranking": {
                "type": "array",
                "items": {"type": "integer" if kind == "numbers" else "string", "enum": known},
            }
        },
        "required": ["ranking"],
        "additionalProperties": False,
    }
    return json.dumps(schema, separators=(",", ":"))
