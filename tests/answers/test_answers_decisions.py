"""Answers of decision models: repeated names, answers of another kind, how they are written down."""

from __future__ import annotations

import pytest

from llmrerank.answers.decisions import decode, flags_of, read_decisions, spell
from llmrerank.calls import DecisionQuestion

A, B = (DecisionQuestion(name=name, kind="predicate", text="Is it relevant?") for name in ("a", "ß"))


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ('{"a": {"noul": 0.1}, "ß": {"noul": 0.2}}', (0.1, 0.2)),
        ('{"a": {"noul": 0.1}, "a": {"noul": 0.1}, "ß": {"noul": 0.2}}', (0.1, 0.2)),
        ('{"a": {"noul": 0.1}, "a": {"noul": 0.1}, "a": {"noul": 0.3}}', ("duplicate", "missing")),
        ('{"a": {"noul": 0.1}, "a": {"noul": 0.1}, "a": {"noul": 0.1}}', (0.1, "missing")),
        ('{"a": {"noul": 0.1, "noul": 0.2}}', ("unparsed", "missing")),
        ('{"a": {"type": "score", "noul": 0.1}, "ß": 0.5}', ("unparsed", "unparsed")),
        ("[0.1, 0.2]", ("unparsed", "unparsed")),
    ],
)
def test_what_was_answered_is_read_by_name(content: str, read: tuple[object, ...]) -> None:
    assert read_decisions(decode(content), [A, B]) == read


def test_answers_are_a_list_or_an_object() -> None:
    with pytest.raises(ValueError, match=r"^answers must be a list or an object, got float$"):
        read_decisions(0.5, [A])


def test_what_was_read_is_written_by_name() -> None:
    text = spell([A, B], read_decisions({"a": {"noul": 1}}, [A, B]))
    assert text == '{"a":1.0,"ß":"missing"}'
    assert flags_of(text) == {"missing"}
    assert flags_of(None) == flags_of("[1]") == flags_of("prose") == frozenset()
