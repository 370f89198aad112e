"""What a decision model answered: a number for each question, or the reason why there is none.

Two dialects are read, and nothing is guessed. OpenAI answers with a list (`predicate` has a `probability`,
`score` a `score`, a question may be answered by a `refusal`), System One with an object by name (`noul` has a
`noul`, `score` a `score`; a question that the model could not answer is missing). Answers are found by the
name of their question; where a list names none, by their place, which its documentation promises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmrerank.calls import DecisionQuestion

from .answer import Flag
from .numbers import finite

__all__ = ["decode", "flags_of", "read_decisions", "spell"]

_ROUNDING = 1e-6  # a sum of probabilities may miss 1 by this much
_TYPES = {"predicate": (None, "predicate", "noul"), "score": (None, "score")}
_VALUES = {"predicate": ("probability", "noul"), "score": ("score",)}


class _Repeated(tuple[Any, ...]):
    """The values of a name that stands in one JSON object more than once."""


def decode(content: bytes | str) -> Any:
    """Parse JSON; a name that an object repeats keeps all its values instead of the last.

    Raises:
        ValueError: It is no JSON.
    """
    return json.loads(content, object_pairs_hook=_object)


def read_decisions(answers: object, questions: Sequence[DecisionQuestion]) -> tuple[float | Flag, ...]:
    """Find the answer to each question, in their order.

    Returns:
        The probability of a predicate, within 0 to 1; the expected level of a score, within 0 and its last
        level; or why there is neither: `refused`, `missing`, `duplicate` (two answers that differ),
        `out_of_range`, `unparsed` (no number, or the answer to another kind of question).

    Raises:
        ValueError: The answers are neither a list nor an object.
    """
    found: dict[str, list[object]] = {}
    if isinstance(answers, Mapping):
        for name, value in answers.items():
            found[name] = list(value) if isinstance(value, _Repeated) else [value]
    elif isinstance(answers, list):
        for place, answer in enumerate(answers):
            name = answer.get("name") if isinstance(answer, Mapping) else None
            if name is None and len(answers) == len(questions):
                name = questions[place].name
            found.setdefault(str(name), []).append(answer)
    else:
        raise ValueError(f"answers must be a list or an object, got {type(answers).__name__}")
    return tuple(_answer(found.get(question.name, []), question) for question in questions)


def spell(questions: Sequence[DecisionQuestion], read: Sequence[float | Flag]) -> str:
    """The answers as one JSON object by name of the question, the same for both dialects."""
    named = {
        q.name: value if isinstance(value, Flag) else float(value)
        for q, value in zip(questions, read, strict=True)
    }
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


def flags_of(text: str | None) -> frozenset[str]:
    """Why answers that `spell` wrote are no numbers; nothing for a text of another kind."""
    try:
        said = json.loads(text or "{}")
    except ValueError:
        return frozenset()
    words = said.values() if isinstance(said, dict) else ()
    return frozenset(word for word in words if word in set(Flag))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name not in values:
            values[name] = value
        elif isinstance(values[name], _Repeated):
            values[name] = _Repeated((*values[name], value))
        else:
            values[name] = _Repeated((values[name], value))
    return values


def _answer(found: Sequence[object], question: DecisionQuestion) -> float | Flag:
    if not found or found[0] is None:
        return Flag.MISSING
    answer = found[0]
    if any(other != answer for other in found):
        return Flag.DUPLICATE
    if not isinstance(answer, Mapping):
        return Flag.UNPARSED
    if answer.get("type") == "refusal":
        return Flag.REFUSED
    if answer.get("type") not in _TYPES[question.kind]:
        return Flag.UNPARSED
    value = finite(next((answer[key] for key in _VALUES[question.kind] if key in answer), None))
    if value is None:
        return Flag.UNPARSED
    most = len(question.levels) - 1 if question.kind == "score" else 1
    if not -_ROUNDING <= value <= most + _ROUNDING:
        return Flag.OUT_OF_RANGE
    return min(max(value, 0.0), float(most))
