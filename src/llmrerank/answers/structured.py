"""Labels in JSON: an array of them, an object that holds one, or objects that each have an identifier.

Free text inside JSON is never searched. A string under a key that means a ranking is no free text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmrerank.answers.clean import with_ascii_quotes, without_fences
from llmrerank.answers.find import find, longest_chain, nothing_else
from llmrerank.answers.labels import Labels
from llmrerank.answers.loose_json import Found, Members, Numeral, Value, decoded, values

RANKING_KEYS = re.compile(
    r"(?:final_?|re_?)?(?:ranking|ranked|order|ordering|ordered|permutation|sorted|results?|answer|output"
    r"|response)"
    r"(?:_?(?:ids|list|order|documents|docs|passages|labels|identifiers|results))?"
    r"|(?:ids|identifiers|labels|documents|docs|passages|candidates|items|label|best|choice|selected"
    r"|most_relevant)",
    re.IGNORECASE,
)
IDENTIFIER_KEYS = re.compile(
    r"(?:(?:doc(?:ument)?|passage|candidate|item|text)[_ -]?)?"
    r"(?:id|identifier|index|label|number|no|doc|document|passage)",
    re.IGNORECASE,
)
_SCORE_KEYS = re.compile(
    r"score|relevance|confidence|grade|rating|probabilit|reason|explanation", re.IGNORECASE
)
_PLACE_KEYS = re.compile(r"rank|place|position", re.IGNORECASE)
_LONGEST_PLACE = 9
_DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The values of a text, best source first, and the text that lies outside all of them."""

    found: tuple[Found, ...]
    outside: str


def structure(text: str) -> Structure:
    """Take a text apart into its JSON values and the rest.

    Closed values come before broken ones. An array of one stands aside, since `[2]` in a text is a bracketed
    label more often than a reply in JSON.
    """
    text = unwrapped(text)
    found = values(text)
    if not found and (quoted := with_ascii_quotes(text)) != text:
        text = quoted
        found = values(text)
    proper = [
        item
        for item in found
        if not (isinstance(item.value, list) and len(item.value) < 2 and _bare(item.value))
    ]
    outside, position = [], 0
    for item in proper:
        outside.append(text[position : item.start])
        position = item.end
    outside.append(text[position:])
    ordered = sorted(proper, key=lambda item: not item.closed)
    return Structure(found=tuple(ordered), outside=" ".join(outside))


def unwrapped(text: str) -> str:
    """The text without code fences, decoded where the whole of it is a JSON string (or one in another)."""
    text = without_fences(text)
    for _ in range(3):
        inner = decoded(text)
        if inner is None:
            break
        text = without_fences(inner)
    return text


def find_in_json(text: str, labels: Labels) -> list[int]:
    """The 1-based labels of the first JSON value that holds any, else those that running text gives."""
    parts = structure(text)
    for item in parts.found:
        if found := labels_of(item.value, labels):
            return found
    return find(parts.outside, labels)


def is_json(text: str) -> bool:
    """Whether a text is one closed JSON object, or an array of objects, and nothing else."""
    text = unwrapped(text).strip()
    if not (text.startswith(("{", "[")) and text.endswith(("}", "]")) and "{" in text):
        return False
    parts = structure(text)
    if len(parts.found) != 1 or parts.outside.strip() or not parts.found[0].closed:
        return False
    value = parts.found[0].value
    return isinstance(value, Members) or (
        isinstance(value, list) and any(isinstance(part, Members) for part in value)
    )


def labels_of(value: Value, labels: Labels, depth: int = 0) -> list[int]:
    """The 1-based labels that a JSON value ranks, best first; empty if there are none or it is not clear."""
    if depth > _DEEPEST:
        return []
    if isinstance(value, Members):
        return _labels_of_object(value, labels, depth)
    if not isinstance(value, list):
        return []
    if any(isinstance(part, Members) for part in value):
        return _labels_of_objects(value, labels, depth)
    if any(isinstance(part, list) for part in value):
        return _labels_of_arrays(value, labels, depth)
    found = [label for part in value if (label := label_of(part, labels)) is not None]
    return found if 2 * len(found) >= len(value) else []


def label_of(value: Value, labels: Labels) -> int | None:
    """The label that a JSON scalar is as a whole, or None."""
    if isinstance(value, Numeral):
        if labels.kind == "letters" or not re.fullmatch(r"-?[0-9]+(?:\.0+)?", value):
            return None
        return 0 if value.startswith("-") else labels.number(value.partition(".")[0])
    return labels.alone(value) if isinstance(value, str) else None


def identifier(members: Members, labels: Labels) -> int | None:
    """The label of the document that an object is about, by its identifier field."""
    for key, value in members.pairs:
        if IDENTIFIER_KEYS.fullmatch(key) and (label := label_of(value, labels)) is not None:
            return label
    return None


def _bare(array: list[Value]) -> bool:
    """Whether an array holds scalars only."""
    return not any(isinstance(part, list | Members) for part in array)


def _labels_of_object(members: Members, labels: Labels, depth: int) -> list[int]:
    """The ranking inside one object: under a key that means it, else the only array of labels there is."""
    named = [value for key, value in members.pairs if RANKING_KEYS.fullmatch(key)]
    for value in named:
        if found := labels_of(value, labels, depth + 1) or _labels_of_string(value, labels, depth):
            return found
    others = [
        found
        for key, value in members.pairs
        if not RANKING_KEYS.fullmatch(key) and not _SCORE_KEYS.search(key)
        if (found := labels_of(value, labels, depth + 1))
    ]
    return others[0] if len(others) == 1 else []


def _labels_of_string(value: Value, labels: Labels, depth: int) -> list[int]:
    """Labels of a scalar under a ranking key: one label, JSON once more, or a chain."""
    if not isinstance(value, str):
        return []
    label = label_of(value, labels)
    if label is not None or isinstance(value, Numeral):
        return [] if label is None else [label]
    if chain := longest_chain(value, labels):
        return chain
    for item in values(value):
        if found := labels_of(item.value, labels, depth + 1):
            return found
    return nothing_else(value, labels)


def _labels_of_objects(array: list[Value], labels: Labels, depth: int) -> list[int]:
    """Labels of an array of objects, by the places they state if all state one, else as they stand."""
    objects = [part for part in array if isinstance(part, Members)]
    found = [label for part in objects if (label := identifier(part, labels)) is not None]
    if not found:
        return labels_of(objects[0], labels, depth + 1) if len(objects) == 1 else []
    places = [_place(part) for part in objects]
    if len(found) == len(places) and all(place is not None for place in places):
        return [label for _, label in sorted(zip(places, found, strict=True), key=lambda pair: pair[0] or 0)]
    return found


def _place(members: Members) -> int | None:
    """The place that an object states for itself."""
    for key, value in members.pairs:
        if _PLACE_KEYS.fullmatch(key) and isinstance(value, str) and re.fullmatch(r"[0-9]+", value):
            return int(value) if len(value) <= _LONGEST_PLACE else None
    return None


def _labels_of_arrays(array: list[Value], labels: Labels, depth: int) -> list[int]:
    """Labels of nested arrays, one tier each. Rows of one length are a table: which column is not clear."""
    lengths = {len(part) if isinstance(part, list) else 1 for part in array}
    if len(array) > 1 and len(lengths) == 1 and lengths != {1}:
        return []
    return [
        label
        for part in array
        for label in labels_of(part if isinstance(part, list) else [part], labels, depth + 1)
    ]
