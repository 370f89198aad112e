"""JSON as models write it: which values are found in a text, and whether they were closed or broke off."""

from __future__ import annotations

import pytest

from llmrerank.answers.loose_json import Members, Value, decoded, values

CLOSED = [
    ('[1, -2.5e3, "a", true, False, null, None]', ["1", "-2.5e3", "a", True, False, None, None]),
    ('{"a": [1, {"b": 2}], "c": {}, "d": []}', {"a": ["1", {"b": "2"}], "c": {}, "d": []}),
    ("{'a': 'it', 1: 2}", {"a": "it", "1": "2"}),
    ("[1,,2,]", ["1", "2"]),
    ('{"a": 1,, "b": 2,}', {"a": "1", "b": "2"}),
    ('{ "a": 1, // [9]\n "b": 2}', {"a": "1", "b": "2"}),
    (r'["\u0041\n", "\q"]', ["A\n", r"\q"]),
    ('["\\u0041\n\t"]', ["A\n\t"]),
]
BROKEN = [
    ("[1, 2", ["1", "2"]),
    ('[1, "cut', ["1"]),
    ("[1, 'passage", ["1"]),  # as long as a label may be
    ('{"a": {"b": [1, 2', {"a": {"b": ["1", "2"]}}),
    ('[1, {"a" ', ["1", {}]),
    ('{"a": 1, "b": ', {"a": "1"}),
    ('{"a": 1, "b": "cut', {"a": "1"}),
    ('{"a": 1 "b": 2}', {"a": "1"}),
    ('{"a": 1]', {"a": "1"}),
    ('{"a": 1, "b": tru}', {"a": "1"}),
    ('{"a": 1, null, "b": 2}', {"a": "1"}),
]
NONE = [
    "[2 passages",
    "[1 2]",
    '["a" "b"]',
    '{"a" "b": 1}',
    '{"a", "b": 1}',
    '{"a":: 1}',
    '{"a": , "b": 1}',
    "{: 1}",
    '{"a": 12b}',
    "[1}",
    "[true1]",
    "['1', it's here]",
    "[1, 'passages",
    "{x}",
]


def bare(value: Value) -> object:
    """Objects as dictionaries; none here repeats a key."""
    if isinstance(value, Members):
        return {key: bare(part) for key, part in value.pairs}
    return [bare(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "value", "closed"),
    [(text, value, True) for text, value in CLOSED] + [(text, value, False) for text, value in BROKEN],
)
def test_a_value_is_found_where_it_stands(text: str, value: object, closed: bool) -> None:
    [found] = values(f"so: {text}")
    assert (bare(found.value), found.closed) == (value, closed)
    assert f"so: {text}"[found.start :].startswith(text[0])
    if closed:
        assert found.end == len(text) + 4


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_json_holds_no_value(text: str) -> None:
    assert values(text) == []


def test_values_stand_one_after_another() -> None:
    text = '[1], {"b": 2} and [x] [[3] [4]] [5'
    found = values(text)
    assert [bare(one.value) for one in found] == [["1"], {"b": "2"}, ["4"], ["5"]]
    assert [text[one.start : one.end] for one in found] == ["[1]", '{"b": 2}', "[4]", "[5"]


def test_nesting_ends_at_thirty_two() -> None:
    [found] = values("[" * 32 + "]" * 32)
    assert (found.start, found.end) == (0, 64)
    assert values("[" * 33 + "]" * 33)[0].start > 0


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (' "[1]" ', "[1]"),
        (r'"{\"a\": 1}"', '{"a": 1}'),
        ('"a" "b"', None),
        ("'a'", None),
        ("[1]", None),
        ("12", None),
    ],
)
def test_a_text_that_is_one_string_is_decoded(text: str, content: str | None) -> None:
    assert decoded(text) == content
