"""Conditions on metadata: what they say, what of it an index keeps, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.errors import ConfigError
from llmrerank.retrieve.conditions import facts_of, parse_conditions


def holds(text: str, **metadata: object) -> bool:
    return all(condition.holds(metadata) for condition in parse_conditions(text))


@pytest.mark.parametrize(
    ("text", "met", "missed"),
    [
        ("year == 2003", [2003, 2003.0, [1, 2003]], [2004, "2003", None, True, {"a": 2003}]),
        ("year == True", [True, [True]], [1, 1.0, False, "True"]),
        ("year == 1", [1, 1.0], [True]),
        ("year in ('a', 2)", ["a", 2, 2.0], ["b", 3, [], None]),
        ("year in ['a']", ["a"], ["A"]),
        ("2000 <= year < 2010", [2000, 2009.5, [1, 2005]], [2010, 1999, "2005", True]),
        ("year > -1.5", [-1, 0, 10**30, float("inf")], [-1.5, -2, float("nan")]),
        ("'2020-01-31' >= year", ["2020-01-31", "2019", ""], ["2020-02", 5]),
        ("year == 2 and lang == 'en'", [], [2]),
        ("meta['year'] == 7", [7], [8]),
        ("'a\\'\" b' == year", ["a'\" b"], ["a"]),
    ],
)
def test_conditions_say_what_they_say(text: str, met: list[object], missed: list[object]) -> None:
    assert [value for value in met if not holds(text, year=value)] == []
    assert [value for value in missed if holds(text, year=value)] == []
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "cannot read the condition ''"),
        ("year", "only comparisons joined by 'and'"),
        ("year == 1 or year == 2", "only comparisons joined by 'and'"),
        ("not year == 1", "only comparisons joined by 'and'"),
        ("year = 1", "invalid syntax"),
        ("year != 1", "only == in < <= > >= are known"),
        ("1 in year", "only == in"),
        ("year not in (1, 2)", "only == in"),
        ("year == lang", "a key of the metadata on one side and a value on the other"),
        ("1 == 2", "a key of the metadata on one side"),
        ("1 is 2", "only == in"),
        ("year in ()", "takes values in brackets"),
        ("year in 'en'", "takes values in brackets"),
        ("year in ((1,),)", "must be compared with a number"),
        ("year == (1, 2)", "must be compared with a number"),
        ("year == None", "must be compared with a number"),
        ("year == __import__('os')", "must be compared with a number"),
        ("year < True", "no order between True and False"),
        (f"year == '{'x' * 401}'", "at most 400 characters"),
        ("year ==" + "(" * 300 + "1" + ")" * 300, "cannot read the condition"),
        ("year == 1\0", "cannot read the condition"),
    ],
)
def test_what_is_no_condition_is_refused_in_one_sentence(text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match="cannot read the condition") as caught:
        parse_conditions(text)
    assert fault in str(caught.value)
    assert "write it as" in str(caught.value)


values = st.one_of(
    st.sampled_from(["a", "b", "é\ud800", '"', 1, 1.0, True, False, -0.0, 0, 2**60, 1e300, float("inf")]),
    st.text(max_size=3),
    st.integers(-3, 3),
    st.floats(-3, 3),
)


@given(
    wanted=st.lists(values, min_size=1, max_size=3),
    there=st.lists(values, max_size=3),
    key=st.text(max_size=3),
)
def test_facts_are_met_as_values_are(wanted: list[object], there: list[object], key: str) -> None:
    shown = [repr(one) for one in wanted if repr(one) != "inf"] or ["1"]
    [condition] = parse_conditions(f"meta[{key!r}] in ({', '.join(shown)},)")
    facts = list(facts_of({key: there, key + "x": ["other"]}))
    assert all(fact.isascii() for fact in facts)
    mine = [fact for fact in facts if fact.startswith(condition.prefix)]
    assert len(mine) == len(there)
    assert bool(set(condition.facts or ()) & set(facts)) == condition.holds({key: there})
    assert any(map(condition.met_by, mine)) == condition.holds({key: there})
