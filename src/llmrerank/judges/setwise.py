"""The setwise judge: which of these few documents is the best?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from llmrerank.answers.logprobs import letters
from llmrerank.prompts import Excerpt, Prompt
from llmrerank.types import Detail, Document, ScoreKind

from .first_token import by_first_token
from .labelled import label_of, prompt_of_label
from .opinion import Carrier, Inquiry, Opinion, Question
from .single import ROOM, seed_of

__all__ = ["Setwise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setwise:
    """An LLM is shown a few documents and names the best one.

    In words the answer is one document, and the others share the tier behind it. The log-probabilities of the
    first token order all documents whose letters an endpoint returns, for the same one token. An answer that
    names none of the documents shown is no evidence.
    Cost: one call for each slate, one output token; none for a slate of one document.
    Source: Zhuang et al. 2023, arXiv 2310.09497.

    Attributes:
        prompt: Name or path of a prompt of form `setwise` that answers `label`.
        read: `logprobs`, an order; `text`, the best alone; `auto`, as the prompt says, else log-probabilities
            where there are any. Only `logprobs` promises an order; without any, words are read and the trace
            says so.
        passage_tokens: Tokens of each document on average, `passages.FLOOR` or more.
        excerpt: What is shown of a longer document: `focus`, what speaks of the query; `head`, its beginning.
        answer_tokens: Room for an answer that is read as text; None: 16.

    Raises:
        ConfigError: The prompt asks for something else, or log-probabilities are to tell numbers apart.
    """

    score_kind: ClassVar[ScoreKind] = "none"
    carrier: ClassVar[Carrier] = "chat"

    prompt: str = "setwise"
    read: Literal["auto", "text", "logprobs"] = "auto"
    passage_tokens: int = 300
    excerpt: Excerpt = "focus"
    answer_tokens: int | None = None
    asks: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prompt = prompt_of_label(
            self.prompt, judge="setwise", read=self.read, passage_tokens=self.passage_tokens
        )
        object.__setattr__(self, "asks", prompt)

    @property
    def how(self) -> str:
        """How answers are read in the end; `auto`: by log-probabilities where there are any."""
        if self.asks.contents.labels == "numbers":
            return "text"  # a numeral may be several tokens
        return self.asks.contents.read if self.read == "auto" else self.read

    @property
    def gives(self) -> Detail:
        """An order where log-probabilities are asked for, else the best."""
        return Detail.ORDER if self.how == "logprobs" else Detail.BEST

    @property
    def capacity(self) -> int | None:
        """26 with letters, else no limit."""
        return self.asks.capacity

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask for the best of the slate in one call."""
        if len(documents) == 1:
            return Opinion(tiers=((0,),))
        rendered = self.asks.render(
            question, documents, passage_tokens=self.passage_tokens, excerpt=self.excerpt
        )
        whole = rendered.call(max_tokens=self.answer_tokens or ROOM, seed=seed_of(question, attempt))
        alternatives = None
        if self.how == "text":
            (reply,) = yield [whole]
        else:
            reply, alternatives = yield from by_first_token(whole, attempt=attempt)
        if alternatives is not None:
            found = letters(alternatives, len(documents))
            usable = found.named > 0
            # More than the best was promised to nobody who did not ask for log-probabilities.
            unmissed = frozenset({"missing"}) if self.how == "auto" else frozenset[str]()
            flags = frozenset(map(str, found.flags)) - unmissed
        else:
            found = label_of(reply, self.asks, count=len(documents))
            usable, flags = found.usable, frozenset(map(str, found.flags))
        return Opinion.of_named(
            found.order, found.named, flags=flags, usable=usable, raw=reply.text, cut=rendered.cut
        )
