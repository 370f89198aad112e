"""The notation reads what it prints, and says where it cannot read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.errors import ConfigError, UnknownName
from llmrerank.spec import Call, PipelineSpec, Stage, parse, parse_call

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
options = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
literals = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",))),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)


def calls(values):
    positional = st.lists(st.tuples(st.none(), values), max_size=2)
    named = st.lists(st.tuples(options, values), max_size=3, unique_by=lambda pair: pair[0])
    return st.builds(lambda n, p, k: Call(n, (*p, *k)), names, positional, named)


values = st.recursive(
    literals, lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), calls(inner)), max_leaves=8
)
pipelines = st.builds(
    PipelineSpec,
    st.lists(st.builds(Stage, calls(values), st.none() | st.integers(1, 10**6)), min_size=1, max_size=3).map(
        tuple
    ),
)


@given(pipelines)
def test_reading_what_was_printed_gives_the_same(pipeline):
    # A bare name that spells a constant is a constant; nothing else may change.
    if any(word in str(pipeline) for word in ("True", "False", "None")):
        return
    assert parse(str(pipeline)) == pipeline


@given(st.text())
def test_any_text_is_read_or_refused_in_one_sentence(text):
    try:
        said = str(parse(text))
    except ConfigError as error:
        said = str(error)
    assert "\n" not in said


def test_marks_inside_quotes_are_text():
    [stage] = parse("listwise(prompt='a >> b % 3, (c)', window=10) % 5").stages
    assert stage == Stage(Call("listwise", (("prompt", "a >> b % 3, (c)"), ("window", 10))), 5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("bm25 %", "whole number"),
        ("bm25 % 0", "1 or more"),
        ("bm25 % 2.5", "whole number"),
        ("bm25 >>", "expected a name"),
        ("bm25(", "the text ends at character 6"),
        ("bm25(k1=1, k1=2)", "given twice"),
        ("bm25 b", "expected '>>'"),
        ("bm25(k1=£)", "unexpected"),
        ("a(" * 40, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text, says):
    with pytest.raises(ConfigError, match=says.replace("(", r"\(")):
        parse(text)


def test_a_call_alone_takes_no_cut():
    assert parse_call("listwise(window=4)") == Call("listwise", (("window", 4),))
    with pytest.raises(ConfigError):
        parse_call("listwise % 3")


def test_close_names_are_offered():
    error = UnknownName("strategy", "listwize", ["listwise", "pointwise", "bm25"])
    assert "did you mean 'listwise'" in str(error)
    assert "known: bm25, listwise" in str(UnknownName("strategy", "zzz", ["listwise", "bm25"]))
