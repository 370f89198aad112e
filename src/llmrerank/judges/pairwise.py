"""The pairwise judge: which of two documents is the better one, and how surely?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from llmrerank.answers.clean import clean
from llmrerank.answers.logprobs import yes_no
from llmrerank.calls import Reply
from llmrerank.prompts import Excerpt, Prompt, Rendered
from llmrerank.types import Detail, Document, ScoreKind

from .first_token import by_first_token
from .labelled import label_of, prompt_of_label
from .opinion import Carrier, Inquiry, Opinion, Question
from .single import ROOM, seed_of

__all__ = ["Pairwise"]

_TIE = re.compile(r"\W*(?:(?:it is |it's )?(?:a )?(?:tie|draw)|both|neither|equal|equally|the same)\W*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise:
    """An LLM is shown two documents and says which of them is the better one.

    By log-probabilities the strengths of the two differ by the log-odds of the first against the second; a
    letter that an endpoint did not return stands at its bound. In words the named one wins, and an answer
    such as "tie" is one. There are no scores: how much better one document is than another says nothing about
    a third. Models favour a place, so an algorithm shows a pair in both orders; each is a slate by itself.
    Cost: one call for each slate, one output token; none for a slate of one document.
    Source: Qin et al. 2023 (PRP), arXiv 2306.17563.

    Attributes:
        prompt: Name or path of a prompt of form `pairwise` that answers `label`.
        read: `logprobs`; `text`, the winner alone; `auto`, as the prompt says, else log-probabilities where
            there are any. Without any, words are read, and where `logprobs` was asked for the trace says so.
        passage_tokens: Tokens of each document on average, `passages.FLOOR` or more.
        excerpt: What is shown of a longer document: `focus`, what speaks of the query; `head`, its beginning.
        answer_tokens: Room for an answer that is read as text; None: 16.

    Raises:
        ConfigError: The prompt asks for something else.
    """

    gives: ClassVar[Detail] = Detail.ORDER
    score_kind: ClassVar[ScoreKind] = "none"
    carrier: ClassVar[Carrier] = "chat"
    capacity: ClassVar[int | None] = 2

    prompt: str = "pairwise"
    read: Literal["auto", "text", "logprobs"] = "auto"
    passage_tokens: int = 300
    excerpt: Excerpt = "focus"
    answer_tokens: int | None = None
    asks: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prompt = prompt_of_label(
            self.prompt, judge="pairwise", read=self.read, passage_tokens=self.passage_tokens
        )
        object.__setattr__(self, "asks", prompt)

    @property
    def how(self) -> str:
        """How answers are read in the end; `auto`: by log-probabilities where there are any."""
        return self.asks.contents.read if self.read == "auto" else self.read

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask about the pair in the order in which it is shown.

        Raises:
            ConfigError: More than two documents.
        """
        if len(documents) == 1:
            return Opinion(tiers=((0,),))
        rendered = self.asks.render(
            question, documents, passage_tokens=self.passage_tokens, excerpt=self.excerpt
        )
        whole = rendered.call(max_tokens=self.answer_tokens or ROOM, seed=seed_of(question, attempt))
        if self.how == "text":
            (reply,) = yield [whole]
            return self._in_words(reply, rendered)
        reply, alternatives = yield from by_first_token(whole, attempt=attempt)
        if alternatives is None:
            return self._in_words(reply, rendered)
        first, second = rendered.labels
        odds = yes_no(alternatives, positive=(first,), negative=(second,)).value
        if odds is None:
            return Opinion(
                tiers=((0, 1),),
                flags=frozenset({"unparsed"}),
                usable=False,
                raw=reply.text,
                cut=rendered.cut,
            )
        return Opinion(
            tiers=((0, 1),) if odds == 0 else ((0,), (1,)) if odds > 0 else ((1,), (0,)),
            strengths=(odds / 2, -odds / 2),
            raw=reply.text,
            cut=rendered.cut,
        )

    def _in_words(self, reply: Reply, rendered: Rendered) -> Opinion:
        """The named one before the other, or both as one."""
        if _TIE.fullmatch(clean(reply.text or "").casefold()):
            return Opinion(tiers=((0, 1),), raw=reply.text, cut=rendered.cut)
        found = label_of(reply, self.asks, count=2)
        winner, loser = found.order
        return Opinion(
            tiers=((winner,), (loser,)) if found.named else ((0, 1),),
            flags=frozenset(map(str, found.flags)),
            usable=found.usable,
            raw=reply.text,
            cut=rendered.cut,
        )
