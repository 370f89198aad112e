"""One label out of a reply: the answer form `label` (setwise and pairwise questions)."""

from __future__ import annotations

import re

from llmrerank.answers.chain import groups
from llmrerank.answers.clean import without_fences
from llmrerank.answers.find import longest_chain, nothing_else, noun_label
from llmrerank.answers.labels import ANY_NOUN, NUMBER_WORD, Labels
from llmrerank.answers.structured import is_json, labels_of, structure

# The words A and I are labels only where no sentence goes on with them.
_CAPITAL = r"(?:[B-HJ-Z]|[AI](?!['’]|[ \t]+[a-z]))(?![\w'’])"
_QUALITY = (
    r"(?:best|most\s+(?:\w+\s+)?(?:relevant|suitable|useful|helpful|informative|accurate|related|similar"
    r"|fitting|specific))"
)
_OPENERS = r"[\s\[(*_`\"'{<]{0,6}"


def pick(text: str, labels: Labels) -> int | None:
    """The 1-based label that a reply picks, out of range if it picked one never offered; None if not clear.

    The rules, in order: the reply is a label; it concludes ("final answer: B"); it opens with a label or
    states one ("the best is B", "B is the best"), all of these the same; a ranking's first; a line that is a
    label; the only label mentioned. Two different labels by one rule leave the pick open.
    """
    text = without_fences(text).strip()
    whole = labels.alone(text)
    if whole is not None:
        return whole
    if is_json(text):
        found = [label for item in structure(text).found for label in labels_of(item.value, labels)]
        return found[0] if found else None
    if concluded := _labels(_conclusion(labels), text, labels):
        return concluded[-1]
    ranking = longest_chain(text, labels) or nothing_else(text, labels)
    opening = ranking or _opening(text, labels)
    stated = opening[:1] + [label for rule in _statements(labels) for label in _labels(rule, text, labels)]
    for found in (stated, _alone_on_line(text, labels), _mentioned(text, labels), _preferred(text, labels)):
        if found and (found is stated or len(set(found)) == 1):
            return found[0] if len(set(found)) == 1 else None
    return None


def _labels(rule: re.Pattern[str], text: str, labels: Labels) -> list[int]:
    """The labels in the groups of all matches of a rule."""
    return [labels.number(next(group for group in match.groups() if group)) for match in rule.finditer(text)]


def _marked(labels: Labels) -> str:
    """A label that brackets or a noun mark as one, or that is marked by its capital; groups 1 to 3."""
    plain = r"[0-9]+(?![\w%]|[.,][0-9])" if labels.kind == "numbers" else _CAPITAL
    anything = r"[0-9]+(?![\w%]|[.,][0-9])" if labels.kind == "numbers" else r"[A-Z](?![\w'’])"
    return (
        rf"{_OPENERS}(?:\[\s*({labels.pattern})\s*\]"
        rf"|(?i:the\s+)?(?i:{ANY_NOUN})[ \t:#*_`\[(\"']{{0,6}}(?i:{NUMBER_WORD})({anything})|({plain}))"
    )


def _conclusion(labels: Labels) -> re.Pattern[str]:
    """What a reply gives as its final answer."""
    words = r"(?:answer|choice|pick|selection|verdict|decision|output|label|passage|document)"
    return re.compile(rf"\b(?i:final|overall)\s+(?i:{words})\b(?i:\s+is)?[\s:=*_]{{0,8}}{_marked(labels)}")


def _statements(labels: Labels) -> tuple[re.Pattern[str], ...]:
    """The ways to state a pick in a sentence."""
    label = _marked(labels)
    noun = rf"(?:{ANY_NOUN}|one|answer|choice)"
    return (
        re.compile(
            rf"\b(?i:answer|choice|pick|selection|verdict|output|label)\b(?i:\s+is)?[\s:=*_]{{1,8}}{label}"
        ),
        re.compile(
            rf"\b(?i:{_QUALITY})\s?(?i:{noun})?(?i:\s[\w ,'-]{{0,60}}?)?"
            rf"(?:\s(?i:is|would\s+be)|\s?:)[\s:*_]{{0,6}}{label}"
        ),
        re.compile(rf"\b(?i:I)\s+(?i:would\s+|will\s+|'d\s+)?(?i:choose|pick|select|prefer)\s{label}"),
        re.compile(
            rf"(?<!\w){label}[\s\])*_`\"']{{1,6}}(?i:is|seems|appears\s+to\s+be)\s+(?i:clearly\s+)?"
            rf"(?i:the\s+{_QUALITY})"
        ),
    )


def _opening(text: str, labels: Labels) -> list[int]:
    """A label that opens the reply and is set off from what follows. A number with a dot is a list marker."""
    after = r"[\])*_`\"']{0,4}\s*(?:[:)\n\]]|[-–—]\s|\Z)"
    if labels.kind == "letters":
        after = (
            r"[\])*_`\"']{0,4}(?:\s*(?:[.:;)\]>\n]|,(?!\s*(?:for|personally))|[-–—]\s|\Z)"
            r"|\s+(?:because|since|as|is)\b)"
        )
    match = re.match(rf"{_OPENERS}({labels.pattern})(?![\w'’]){after}", text)
    return [labels.number(match[1])] if match else []


def _alone_on_line(text: str, labels: Labels) -> list[int]:
    """Lines that hold a label and nothing else."""
    return [label for line in text.split("\n") if line.strip() and (label := labels.alone(line)) is not None]


def _mentioned(text: str, labels: Labels) -> list[int]:
    """All labels that brackets or a noun mark."""
    marked = [label for group in groups(text, labels) for label in group.labels]
    return marked + _labels(noun_label(ANY_NOUN, labels), text, labels)


def _preferred(text: str, labels: Labels) -> list[int]:
    """Labels that a comparison puts first: "Passage B is more relevant than Passage A"."""
    better = r"(?:is|seems|appears)\s+(?:\w+\s+)?(?:more\s+\w+|better)\b"
    return _labels(re.compile(rf"(?<!\w){_marked(labels)}[\s\])*_`\"']{{1,6}}(?i:{better})"), text, labels)
