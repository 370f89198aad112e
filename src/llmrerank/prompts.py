"""Prompts: loaded by name or path, rendered for a question and a slate of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from . import passages
from .answers import letters
from .calls import FENCE, ChatCall, DecisionCall, DecisionQuestion, Message
from .errors import ConfigError, PromptError
from .judges.opinion import Question
from .prompt_contents import Contents, read
from .prompt_files import available_files, locate, own_folder, packaged
from .tokens import truncate
from .types import Document, Example

__all__ = ["MOST_LETTERS", "Excerpt", "Prompt", "PromptInfo", "Rendered", "available", "folders", "load"]

Excerpt = Literal["focus", "head"]
"""What is shown of a text that is too long: what speaks of the query, or its beginning."""

MOST_LETTERS = 26
_CAPACITY: Mapping[str, int] = {"pointwise": 1, "pairwise": 2}
_SHOWN_LABELS = 5
# An empty document is still a document: what announces it stays.
_ALWAYS = ("query", "passages", "count", "labels", "fence")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptInfo:
    """What a list of prompts shows of one; a broken one has `faults`, and only its name and path besides."""

    name: str
    path: str
    title: str = ""
    form: str = ""
    answer: str = ""
    labels: str = ""
    read: str = ""
    source: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A prompt filled for one slate.

    Attributes:
        messages: In order, the place of the fence held by `calls.FENCE`.
        labels: How the documents are named, by place.
        cut: Tokens of document text (estimated) that were left out.
        fence: The nonce; empty where the prompt has no fence.
        questions: What a decision model is asked, by place; empty for the other forms, whose message asks.
    """

    messages: tuple[Message, ...]
    labels: tuple[str, ...]
    cut: int
    fence: str
    questions: tuple[DecisionQuestion, ...] = ()

    def call(
        self,
        *,
        max_tokens: int,
        seed: int,
        logprobs: int = 0,
        schema: str = "",
        otherwise: ChatCall | None = None,
    ) -> ChatCall:
        """Make the chat call that asks this."""
        return ChatCall(
            messages=self.messages,
            max_tokens=max_tokens,
            logprobs=logprobs,
            schema=schema,
            seed=seed,
            fence=self.fence,
            otherwise=otherwise,
        )

    def decision(self) -> DecisionCall:
        """Make the call that asks a decision model this; for prompts of form `decide`."""
        return DecisionCall(state=self.messages[0].content, questions=self.questions, fence=self.fence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt that was read without fault.

    Attributes:
        name: As it was asked for.
        contents: What its file says.
    """

    name: str
    contents: Contents

    @property
    def capacity(self) -> int | None:
        """Most documents it can show: 1 (pointwise), 2 (pairwise), 26 with letters, else no limit (None)."""
        if self.contents.form in _CAPACITY:
            return _CAPACITY[self.contents.form]
        return MOST_LETTERS if self.contents.labels == "letters" else None

    def check(self, question: Question) -> None:
        """Make sure that nothing given is lost.

        Raises:
            ConfigError: An instruction or examples are given, and no message has a place for them.
        """
        fields = self.contents.fields
        for field, given in (("instruction", question.instruction.strip()), ("examples", question.examples)):
            if given and field not in fields:
                raise ConfigError(
                    f"the prompt '{self.name}' has no place for {field}: "
                    f"add {{{field}}} to one of its messages, or give no {field}"
                )

    def render(
        self,
        question: Question,
        documents: Sequence[Document],
        *,
        passage_tokens: int = 300,
        excerpt: Excerpt = "focus",
    ) -> Rendered:
        """Fill the prompt for a slate, in the order shown.

        Texts are neutralised and cut fairly to `passage_tokens` each on average; titles, identifiers and
        metadata have `passages.FIELD_TOKENS` each on top of that. Of a text that is cut, `focus` shows what
        an earlier stage found best in it and what speaks of the query, `head` its beginning.

        Raises:
            ConfigError: As `check`; no documents or more than the prompt can show; `passage_tokens` below
                `passages.FLOOR`.
        """
        self.check(question)
        capacity = self.capacity
        if not documents or (capacity is not None and len(documents) > capacity):
            most = f"1 to {capacity}" if capacity != 1 else "1"
            raise ConfigError(
                f"the prompt '{self.name}' shows {most if capacity else '1 or more'} documents at a time, "
                f"got {len(documents)}"
            )
        labels = _labels(self.contents.labels, len(documents))
        texts, cut = passages.fit(
            [document.text for document in documents],
            passage_tokens=passage_tokens,
            query=question.query if excerpt == "focus" else "",
            spans=[question.spans.get(document, ()) for document in documents] if question.spans else (),
            prepared=question.prepared,
        )
        examples, examples_cut = _examples(question.examples, passage_tokens)
        has_fence = "fence" in self.contents.fields
        values = {
            "instruction": passages.disarm(question.instruction) or self.contents.instruction,
            "query": passages.disarm(question.query),
            "count": str(len(documents)),
            "labels": ", ".join(labels) if len(labels) <= _SHOWN_LABELS else f"{labels[0]} to {labels[-1]}",
            "passages": "\n".join(
                self._passage(label, document, text, question.prepared)
                for label, document, text in zip(labels, documents, texts, strict=True)
            ),
            "examples": examples,
            "fence": FENCE,
        }
        return Rendered(
            messages=tuple(
                Message(role, content.fill(values, always=_ALWAYS))
                for role, content in self.contents.messages
            ),
            labels=labels,
            cut=cut + examples_cut,
            fence=self._fence(question, documents) if has_fence else "",
            questions=self._questions(labels, values),
        )

    def _questions(self, labels: Sequence[str], values: Mapping[str, str]) -> tuple[DecisionQuestion, ...]:
        asks, scale = self.contents.question, self.contents.scale
        if asks is None:
            return ()
        return tuple(
            DecisionQuestion(
                name=f"passage_{label}",
                kind="score" if self.contents.answer == "grade" else "predicate",
                text=asks.fill({**values, "label": label}, always=_ALWAYS),
                levels=tuple(sorted(scale, key=scale.__getitem__)),
            )
            for label in labels
        )

    def _passage(self, label: str, document: Document, text: str, prepared: passages.Prepared) -> str:
        values = {"label": label, "text": text, "fence": FENCE}
        for name in self.contents.passage.fields:
            if name == "title":
                values[name] = prepared.field(document.title)
            elif name not in values:
                values[name] = prepared.field(_said(document, name))
        return self.contents.passage.fill(values)

    def _fence(self, question: Question, documents: Sequence[Document]) -> str:
        """The nonce of a slate, made of all that a document may say in this prompt."""
        others = [name for name in self.contents.passage.fields if name == "id" or name.startswith("meta.")]
        shown = (
            said
            for document in documents
            for said in (document.full_text, *(_said(document, name) for name in others))
        )
        return passages.nonce(passages.secret(question.seed), question.query, shown)


def load(name: str) -> Prompt:
    """Load a prompt by name (`listwise`), or by path (`mine/listwise.toml`).

    Raises:
        ConfigError: There is no such file or name.
        PromptError: The file breaks its contract; every fault is listed.
    """
    return Prompt(name=name, contents=read(locate(name)))


def available() -> list[PromptInfo]:
    """List every prompt that can be named, by name; a broken one comes with its faults."""
    found = []
    for name, file in available_files():
        try:
            contents = read(file)
        except PromptError as error:
            found.append(PromptInfo(name=name, path=str(file), faults=error.faults))
            continue
        found.append(
            PromptInfo(
                name=name,
                path=str(file),
                title=contents.title,
                form=contents.form,
                answer=contents.answer,
                labels=contents.labels,
                read=contents.read,
                source=contents.source,
            )
        )
    return found


def folders() -> tuple[str, ...]:
    """The folders in use, in the order in which a name is looked up in them."""
    return tuple(str(folder) for folder in (own_folder(), packaged()) if folder.is_dir())


def _labels(kind: str, count: int) -> tuple[str, ...]:
    return letters(count) if kind == "letters" else tuple(str(number) for number in range(1, count + 1))


def _examples(examples: Sequence[Example], passage_tokens: int) -> tuple[str, int]:
    """Worked judgements, each a query, a passage on one line and its label; and the tokens left out."""
    blocks, cut = [], 0
    for example in examples:
        text, left_out = truncate(passages.one_line(example.document), passage_tokens)
        cut += left_out
        query, label = passages.disarm(example.query), passages.disarm(example.label)
        blocks.append(f"Query: {query}\nPassage: {text}\nAnswer: {label}")
    return "\n\n".join(blocks), cut


def _said(document: Document, name: str) -> str:
    """What a document says in a field `id` or `meta.NAME`."""
    value = document.id if name == "id" else document.metadata.get(name.removeprefix("meta."))
    return "" if value is None else str(value)
