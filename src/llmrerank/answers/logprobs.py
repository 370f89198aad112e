"""Answers read from the log-probabilities of the first generated token instead of its text.

The input is always `alternatives`: pairs of a token's text and its natural log-probability, in any order, as
servers return them for one position (the chosen token among them or not). What a server did not return is
unknown but not impossible: it is bounded by the smallest log-probability returned, and the result says so.

Values that are no evidence are left out: NaN, plus infinity, minus infinity, and the -9999 that servers send
in its place because JSON has no infinity. Only differences are used, so logits serve as well as
log-probabilities.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmrerank.answers.answer import Answer, Flag
from llmrerank.answers.labels import letters as letter_labels
from llmrerank.answers.repair import repair
from llmrerank.errors import ConfigError

Alternatives = Iterable[tuple[str, float]]

# Marks of word starts and line ends in the vocabularies of byte-level BPE and SentencePiece, then what
# Markdown, quotes, brackets and punctuation put around a word. Plus and minus stay: they tell "-1" from "1".
_AROUND = "ĠĊĉ▁" + "*_`\"'“”‘’„«»()[]{}<>【】「」#.,:;!?。、：，|\\/~="
_NOT_RETURNED = -9000.0
# The least share that float32 arithmetic resolves next to 1, for a side that was left no room at all.
_LEAST = math.log(2.0**-24)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProbAnswer:
    """One verdict read from log-probabilities.

    Attributes:
        value: what to rank by. For `yes_no` the difference `l_yes - l_no`, any finite number; for `graded`
            the expected value, within the values of the scale. None if nothing that was asked for was
            returned.
        bounded: whether a part was not returned and stands at its bound, so that a surer model may have
            meant a more extreme value.
    """

    value: float | None
    bounded: bool = False

    @property
    def unparsed(self) -> bool:
        """Whether nothing could be read; typically the first token opened a reasoning block. Never a 0."""
        return self.value is None

    @property
    def probability(self) -> float | None:
        """The logistic function of `value`, 0 to 1: for `yes_no` the score to report, not to rank by."""
        if self.value is None:
            return None
        if self.value >= 0:
            return 1.0 / (1.0 + math.exp(-self.value))
        odds = math.exp(self.value)
        return odds / (1.0 + odds)


def yes_no(
    alternatives: Alternatives, *, positive: Sequence[str] = ("yes",), negative: Sequence[str] = ("no",)
) -> LogProbAnswer:
    """Weigh yes against no by the difference of their log-probabilities.

    The probabilities of each one's spellings are summed first. Rank by the difference: probabilities saturate
    near 0 and 1 and make false ties. A side that was not returned stands at the smallest log-probability
    returned. Where that is the other side itself, as the server returned nothing else, it stands at what room
    that side leaves.

    Source: Zhuang et al. 2023, arXiv 2310.14122; the bound is ours.

    Args:
        alternatives: tokens and log-probabilities of the first position.
        positive: the words that mean yes, in any case and decoration.
        negative: the words that mean no.

    Raises:
        ConfigError: if a word means both, or has no letter or digit.
    """
    sides = {spelling(word): 1.0 for word in positive} | {spelling(word): 0.0 for word in negative}
    if len(sides) < len(positive) + len(negative) or "" in sides:
        raise ConfigError(
            f"the words for yes {list(positive)} and for no {list(negative)} must differ, none be empty"
        )
    returned = _returned(alternatives)
    logs: dict[float, list[float]] = {1.0: [], 0.0: []}
    for token, log in returned.items():
        side = sides.get(spelling(token))
        if side is not None:
            logs[side].append(log)
    yes, no = logs[1.0], logs[0.0]
    if not yes and not no:
        return LogProbAnswer(value=None)
    if yes and no:
        return LogProbAnswer(value=_log_sum(yes) - _log_sum(no))
    present = _log_sum(yes or no)
    lead = present - _bound(returned, present)
    return LogProbAnswer(value=lead if yes else -lead, bounded=True)


def graded(alternatives: Alternatives, scale: Mapping[str, float]) -> LogProbAnswer:
    """The expected value of a scale: softmax over its labels, weighted by their values.

    The spellings of a label are summed first. A label that was not returned stands at the smallest
    log-probability returned. A label of several tokens is known by its first one, where only one label of
    the scale begins so.

    Source: Zhuang et al. 2023, arXiv 2310.14122; the bound is ours.

    Args:
        alternatives: tokens and log-probabilities of the first position.
        scale: the value of each label, at least one, all finite.

    Raises:
        ConfigError: if the scale is empty, two labels have one spelling, or a value is not finite.
    """
    values = {spelling(label): float(value) for label, value in scale.items()}
    if not values or len(values) < len(scale) or "" in values or not all(map(math.isfinite, values.values())):
        raise ConfigError(
            f"a scale needs labels that differ in spelling, with finite values: {dict(scale)!r}"
        )
    returned = _returned(alternatives)
    logs: dict[str, list[float]] = {label: [] for label in values}
    for token, log in returned.items():
        label = _label_begun(spelling(token), values)
        if label is not None:
            logs[label].append(log)
    present = {label: _log_sum(found) for label, found in logs.items() if found}
    if not present:
        return LogProbAnswer(value=None)
    bound = _bound(returned, _log_sum(list(present.values())))
    sums = {label: present.get(label, bound) for label in values}
    top = max(sums.values())
    weights = {label: math.exp(log - top) for label, log in sums.items()}
    expected = math.fsum(weights[label] * values[label] for label in values) / math.fsum(weights.values())
    # Rounding must not carry the mean outside the scale.
    expected = min(max(expected, min(values.values())), max(values.values()))
    return LogProbAnswer(value=expected, bounded=len(present) < len(values))


def letters(alternatives: Alternatives, count: int) -> Answer:
    """Rank documents labelled A, B, ... by the largest log-probability over the spellings of each letter.

    Letters that were not returned follow those that were, in input order, flagged `missing`; no letter at
    all is `unparsed`. Letters that label no document are left out; `out_of_range` is set if one of them is
    the most probable token. Ties keep input order.

    Source: Reddy et al. 2024 (FIRST), arXiv 2406.15657.

    Args:
        alternatives: tokens and log-probabilities of the first position.
        count: number of documents, at most 26.

    Returns:
        The answer; `scores[p]` is the log-probability of the letter of position `p`, None if it was not
        returned.

    Raises:
        ConfigError: if `count` is negative or above 26.
    """
    positions = {label.casefold(): position for position, label in enumerate(letter_labels(count))}
    returned = _returned(alternatives)
    scores: list[float | None] = [None] * count
    for token, log in returned.items():
        position = positions.get(spelling(token))
        if position is not None:
            best = scores[position]
            scores[position] = log if best is None else max(best, log)
    ranked = sorted((-score, position) for position, score in enumerate(scores) if score is not None)
    repaired = repair([position + 1 for _, position in ranked], count)
    flags = set(repaired.flags)
    first = spelling(max(returned, key=returned.__getitem__)) if returned else ""
    if len(first) == 1 and "a" <= first <= "z" and first not in positions:
        flags.add(Flag.OUT_OF_RANGE)
    return Answer(order=repaired.order, scores=tuple(scores), flags=frozenset(flags), named=repaired.named)


def spelling(token: str) -> str:
    """A token without the marks around its word, in one case and width.

    >>> spelling("Ġ**Yes**")
    'yes'
    """
    folded = unicodedata.normalize("NFKC", token).casefold()
    previous = None
    while folded != previous:
        previous, folded = folded, folded.strip().strip(_STRIPPED)
    return folded


# The byte-level marks are letters with a lower case of their own, and are met after case folding.
_STRIPPED = _AROUND + _AROUND.casefold()


def _returned(alternatives: Alternatives) -> dict[str, float]:
    """The tokens that carry evidence, each once with its largest log-probability.

    A server may list the chosen token apart and again among its alternatives; it must not count twice.
    """
    found: dict[str, float] = {}
    for token, log in alternatives:
        if math.isfinite(log) and log > _NOT_RETURNED:
            found[token] = max(log, found.get(token, log))
    return found


def _bound(returned: Mapping[str, float], present: float) -> float:
    """An upper bound for the log-probability of what was not returned, below `present` where possible."""
    smallest = min(returned.values())
    if smallest < present:
        return smallest
    room = math.log(-math.expm1(present)) if present < 0 else -math.inf
    return min(smallest, max(room, present + _LEAST))


def _log_sum(logs: Sequence[float]) -> float:
    """The log of the sum of the exponentials, by the largest one, so that nothing underflows to log(0)."""
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs))


def _label_begun(token: str, labels: Iterable[str]) -> str | None:
    """The label that a token spells, else the only one that begins so: "highly" of "highly relevant"."""
    labels = tuple(labels)
    if token in labels:
        return token
    begun = (
        [label for label in labels if label.startswith(token)] if len(token) > 1 and token.isalpha() else []
    )
    return begun[0] if len(begun) == 1 else None
