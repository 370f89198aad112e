"""Reading what a model replied: from raw text to an order, scores, and the facts about the reading.

`read` never raises on a text and always gives a whole order: what was not named follows in input order, and a
flag says so. A digit in prose is never a label. The rooms: `clean` and `characters` (reasoning, tags,
Unicode), `find` and `chain` (labels in text, one rule each), `loose_json` and `structured` (labels in JSON),
`pick` (one label), `verdicts` and `each` (yes, no and grades), `refusal`, `repair`, and `logprobs` for
replies that are read from the probabilities of their first token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llmrerank.answers.answer import Answer, Flag
from llmrerank.answers.clean import clean
from llmrerank.answers.each import alone_in_json, from_json, from_lines
from llmrerank.answers.find import find
from llmrerank.answers.labels import Labels, letters
from llmrerank.answers.pick import pick
from llmrerank.answers.refusal import declines
from llmrerank.answers.repair import repair
from llmrerank.answers.structured import find_in_json, is_json
from llmrerank.answers.verdicts import Verdicts, grades, single, yes_no
from llmrerank.errors import UnknownName

__all__ = ["FORMS", "Answer", "Flag", "letters", "read"]

_LENGTH_REASONS = frozenset({"length", "max_tokens", "max_output_tokens"})
_FILTER_REASONS = frozenset({"content_filter", "refusal", "safety"})
_LAST_NUMERAL = re.compile(r"(?<![0-9])[0-9]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """A cleaned reply and what is known about it besides its text."""

    text: str
    labels: Labels
    truncated: bool
    scale: Mapping[str, float] | None

    @property
    def whole_labels(self) -> str:
        """The text without a numeral that its length limit may have cut off."""
        match = _LAST_NUMERAL.search(self.text) if self.truncated and self.labels.kind == "numbers" else None
        if match is None or not self.labels.could_continue(self.labels.number(match[0])):
            return self.text
        return self.text[: match.start()]


def read(
    raw: str | None,
    *,
    answer: str,
    count: int,
    labels: str = "numbers",
    finish_reason: str | None = None,
    scale: Mapping[str, float] | None = None,
) -> Answer:
    """Read one reply about `count` documents.

    Args:
        raw: the reply as it came; None where the provider sent no content.
        answer: the form that the prompt asked for, one of `FORMS`.
        count: number of documents shown, 0 or more.
        labels: how the prompt labelled them: `numbers` (1, 2, ...) or `letters` (A, B, ..., at most 26).
        finish_reason: why the model stopped, as the provider says; `length` and `content_filter` mean
            something.
        scale: for `grade`, the value of each label, in any case; None if any number is a grade.

    Returns:
        The order with its flags; `scores` for `yes_no` and `grade`.

    Raises:
        ConfigError: if the form, the labels, the count or the scale are impossible; never because of `raw`.

    >>> read("I ranked the 3 passages: [2] > [3]", answer="permutation", count=3).order
    (1, 2, 0)
    """
    form = FORMS.get(answer)
    if form is None:
        raise UnknownName("answer form", answer, FORMS)
    reason = (finish_reason or "").lower()
    reply = _Reply(
        text=clean(raw or ""),
        labels=Labels(kind=labels, count=count),
        truncated=reason in _LENGTH_REASONS,
        scale=scale,
    )
    found = form(reply)
    flags = set(found.flags)
    if reply.truncated:
        flags.add(Flag.TRUNCATED)
    # An apology in front of a proper ranking declines nothing.
    if reason in _FILTER_REASONS or (not found.usable and declines(reply.text)):
        flags.add(Flag.REFUSED)
    return Answer(order=found.order, scores=found.scores, flags=frozenset(flags), named=found.named)


def _permutation(reply: _Reply) -> Answer:
    """A ranking in text; a reply that is nothing but a JSON object is read as one."""
    text = reply.whole_labels
    found = (find_in_json if is_json(text) else find)(text, reply.labels)
    return _ranked(found, reply.labels.count)


def _json(reply: _Reply) -> Answer:
    """A ranking in JSON, else in text."""
    return _ranked(find_in_json(reply.whole_labels, reply.labels), reply.labels.count)


def _ranked(found: list[int], count: int) -> Answer:
    """The answer of a form that ranks."""
    repaired = repair(found, count)
    return Answer(order=repaired.order, named=repaired.named, flags=repaired.flags)


def _label(reply: _Reply) -> Answer:
    """The picked document first, the rest in input order, which is not `missing`."""
    picked = pick(reply.whole_labels, reply.labels)
    repaired = repair([] if picked is None else [picked], reply.labels.count)
    return Answer(order=repaired.order, named=repaired.named, flags=repaired.flags - {Flag.MISSING})


def _yes_no(reply: _Reply) -> Answer:
    """Yes before no, ties in input order."""
    # "No, I can't help with that" says nothing about the document.
    if reply.labels.count == 1 and declines(reply.text):
        return _scored([], reply.labels.count, off_scale=False)
    return _verdicts(reply, yes_no())


def _grade(reply: _Reply) -> Answer:
    """The highest grade first, ties in input order."""
    return _verdicts(reply, grades(reply.scale))


def _verdicts(reply: _Reply, verdicts: Verdicts) -> Answer:
    """Verdicts on every document, or on the only one."""
    count = reply.labels.count
    pairs = from_json(reply.text, reply.labels) or from_lines(reply.text, reply.labels, verdicts)
    if pairs and reply.truncated and _is_cut(reply.text, pairs[-1][1], verdicts):
        pairs = pairs[:-1]
    if count == 1 and not any(label == 1 for label, _ in pairs):
        spelling = alone_in_json(reply.text) or single(reply.text, verdicts)
        # A limit of one token ends every reply by length, so a lone grade counts unless the scale has a
        # longer one.
        if (
            spelling is not None
            and reply.scale
            and reply.truncated
            and _is_cut(reply.text, spelling, verdicts)
        ):
            spelling = None
        pairs = [] if spelling is None else [(1, spelling)]
    read_pairs = [(label, verdicts.value(spelling)) for label, spelling in pairs]
    numeral_refused = any(
        value is None and spelling[-1:].isdigit()
        for (_, value), (_, spelling) in zip(read_pairs, pairs, strict=True)
    )
    scored = [(label, value) for label, value in read_pairs if value is not None]
    return _scored(scored, count, off_scale=bool(verdicts.worth) and numeral_refused)


def _is_cut(text: str, spelling: str, verdicts: Verdicts) -> bool:
    """Whether a verdict touches the end of a truncated text and may be the start of a longer one."""
    return text.endswith(spelling) and verdicts.could_continue(spelling)


def _scored(scored: list[tuple[int, float]], count: int, *, off_scale: bool) -> Answer:
    """The answer of a form that scores, from 1-based labels with values in order of appearance."""
    repaired = repair([label for label, _ in scored], count)
    scores: list[float | None] = [None] * count
    for label, value in scored:
        if 1 <= label <= count and scores[label - 1] is None:
            scores[label - 1] = value
    order = sorted(range(count), key=lambda position: _descending(scores[position]))
    flags = set(repaired.flags)
    if off_scale:
        flags.add(Flag.OUT_OF_RANGE)
        flags.discard(Flag.UNPARSED)
        if count > 1 and repaired.named < count:
            flags.add(Flag.MISSING)
    return Answer(order=tuple(order), scores=tuple(scores), named=repaired.named, flags=frozenset(flags))


def _descending(score: float | None) -> tuple[bool, float]:
    """A sort key: high scores first, what has none last."""
    return (score is None, 0.0 if score is None else -score)


FORMS: dict[str, Callable[[_Reply], Answer]] = {
    "permutation": _permutation,
    "json": _json,
    "label": _label,
    "yes_no": _yes_no,
    "grade": _grade,
}
"""The answer forms that a prompt can declare, with their readers."""
