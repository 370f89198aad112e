"""What holds for every text: no exception, a whole order, honest flags, linear work."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.answers import FORMS, Answer, read

PIECES = [
    *"[]{}()<>,:;=.-*|/\\\"'`#",
    *(
        "\n",
        " ",
        "[1]",
        "[2] > ",
        "3",
        "12",
        "0",
        "Passage ",
        "Doc: ",
        '"ranking"',
        "yes",
        "no",
        "Score: ",
        "/10",
    ),
    *(
        "A",
        "[B]",
        "I",
        "<think>",
        "</think>",
        "<answer>",
        "</answer>",
        "```",
        "&gt;",
        "&#99999999;",
        "①",
        "⑫",
    ),
    *("【", "】", "→", "½", "²", "\x00", "\ud800", "9" * 4500, "null", "is the best", "Final answer: "),
]
UNITS = (
    "[",
    "{",
    '{"a":',
    "[1] > ",
    "[1,",
    '["',
    "<think>",
    "9",
    " ",
    "\n",
    "best ",
    "final answer is ",
    "1: yes\n",
)
"""What an answer may be made of, again and again; reading it must take time in proportion to its length."""

TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
REASONS = st.sampled_from([None, "stop", "length", "content_filter"])
SCALES = st.sampled_from([None, {"0": 0.0, "1": 1.0, "10": 2.0}, {"Relevant": 1.0, "Not relevant": 0.0}])


@given(
    TEXTS,
    st.sampled_from(sorted(FORMS)),
    st.integers(0, 26),
    st.sampled_from(["numbers", "letters"]),
    REASONS,
    SCALES,
)
def test_any_text_gives_a_whole_order(
    raw: str, form: str, count: int, labels: str, reason: str | None, scale: dict[str, float] | None
) -> None:
    answer = read(raw, answer=form, count=count, labels=labels, finish_reason=reason, scale=scale)
    assert sorted(answer.order) == list(range(count))
    assert list(answer.order[answer.named :]) == sorted(answer.order[answer.named :])
    assert not {"missing", "unparsed"} <= answer.flags
    assert ("truncated" in answer.flags) == (reason == "length")
    if form != "label" and 0 < answer.named < count:
        assert "missing" in answer.flags
    if answer.named == 0 and count:
        assert answer.flags
    if answer.scores is not None:
        assert len(answer.scores) == count
        assert sum(score is not None for score in answer.scores) == answer.named


@given(st.permutations(range(1, 21)), st.sampled_from([" > ", ">", "\n", ", ", " = ", " → ", " >\n", "\n- "]))
def test_every_clean_chain_is_read_as_written(order: list[int], joint: str) -> None:
    answer = read(joint.join(f"[{label}]" for label in order), answer="permutation", count=20)
    assert [position + 1 for position in answer.order] == order
    assert answer.flags == frozenset()


@given(st.permutations(range(1, 8)), st.text(alphabet="abc 0123456789.,%\n", max_size=80))
def test_prose_around_a_chain_changes_nothing(order: list[int], prose: str) -> None:
    chain = " > ".join(f"[{label}]" for label in order)
    answer = read(f"Note {prose} so:\n{chain}\n\nNote {prose}", answer="permutation", count=7)
    assert [position + 1 for position in answer.order] == order


@given(st.text(alphabet="0123456789 .,%abcdefgh:-", max_size=120), st.integers(1, 20))
def test_digits_in_prose_are_never_labels(prose: str, count: int) -> None:
    answer = read(f"There were {prose} of them in all", answer="permutation", count=count)
    assert answer.flags == {"unparsed"}


@given(st.permutations(range(1, 8)), st.text(max_size=60))
def test_free_text_in_json_is_never_searched(order: list[int], reason: str) -> None:
    raw = json.dumps({"reason": f"[1] > [2] Passage 3 {reason}", "ranking": order})
    answer = read(raw.replace("<", "").replace("&", ""), answer="json", count=7)
    assert [position + 1 for position in answer.order] == order
    assert answer.flags == frozenset()


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("unit", UNITS)
def test_a_long_run_of_anything_is_read(form: str, unit: str) -> None:
    read_in_full(form, unit, 100_000)


@pytest.mark.slow
@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("unit", UNITS)
def test_a_megabyte_of_anything_is_read(form: str, unit: str) -> None:
    read_in_full(form, unit, 1_000_000)


def read_in_full(form: str, unit: str, length: int) -> None:
    answer = read(unit * (length // len(unit)), answer=form, count=5, finish_reason="length")
    assert sorted(answer.order) == list(range(5))


def test_many_lines_of_fresh_labels_are_one_chain() -> None:
    pairs = "\n".join(f"[{label}] > [{label + 1}]" for label in range(1, 40_000, 2))
    assert read(pairs, answer="permutation", count=40_000).order == tuple(range(40_000))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"order": (0, 0)}, "order must hold each position 0..1 once, got (0, 0)"),
        ({"scores": (1.0,)}, "1 scores for 2 documents"),
        ({"named": 3}, "named must be within 0..2, got 3"),
        ({"named": -1}, "named must be within 0..2, got -1"),
    ],
)
def test_an_answer_holds_its_invariants(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        Answer(**{"order": (1, 0), "named": 2} | fields)
