"""Sentences: by the marks of any script, not by the full stops of abbreviations and numbers."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.sentences import sentences
from llmrerank.tokens import estimate


def split(text, **options):
    return [text[start:end] for start, end in sentences(text, **options)]


@pytest.mark.parametrize(
    "expected",
    [
        ["He left! ", "Where to? ", "Nobody knows."],
        ['"Go." ', "(Then it rained.) ", "“So?” ", "Yes…  ", "Well."],
        ["It was shown.[3] ", "It was shown again.[4, 5-7]"],
        ["Dr. Smith and J. R. Jones of the U.S. Army came at 3.5 km. ", "They left."],
        ["See Fig. 3 and Eq. (2), e.g. Foo et al. (2019), i.e. no. 5. ", "The end."],
        ["Is it true? ", "No. ", "It is not."],
        ["Wait ... no. ", "Version 2.0.1 of a.b.c is out."],
        ["In 2019. ", "There were 12. ", "None left."],
        ["1. First thing. ", "2. Second thing."],
        ["你好。", "他说：“走吧！”", "然后走了？", "对!", "好。"],
        ["３．５です。", "次。"],
        ["यह एक वाक्य है। ", "यह दूसरा है।"],
        ["هل أنت بخير؟ ", "نعم۔ ", "حسنا."],
        [
            "Background\n",
            "The aim was to see\nwhat follows.\n\n",
            "Methods:\n",
            "- one\n",
            "- two\n",
            "3) three",
        ],
        ["# Title\n", "text that\nruns over lines\n\n", "end"],
        ["a\r\nb\r\n\r\n", "c\u2029", "d"],
        ["  One. ", "Two.  "],
    ],
)
def test_sentences_of_many_scripts(expected):
    assert split("".join(expected)) == expected


def test_no_text_has_no_sentences():
    assert sentences("") == []
    assert split(" \n ") == [" \n "]


@given(st.text(max_size=300) | st.text('aA.!? \n。1[](){}"-,', max_size=200), st.none() | st.integers(2, 40))
def test_ranges_touch_and_cover_the_text(text, limit):
    ranges = sentences(text, limit=limit)
    assert "".join(text[start:end] for start, end in ranges) == text
    assert all(start < end for start, end in ranges)
    assert not text.strip() or all(text[start:end].strip() for start, end in ranges)
    assert [start for start, _ in ranges[1:]] == [end for _, end in ranges[:-1]]


@given(st.text(max_size=200) | st.text("ab ,;漢🙂", max_size=300), st.integers(2, 40))
def test_no_piece_is_above_its_limit(text, limit):
    assert all(estimate(piece.strip()) <= limit for piece in split(text, limit=limit))


def test_long_sentences_are_split_at_clauses_then_blanks_then_anywhere():
    clauses = "one two three four five six seven, eight nine ten eleven twelve thirteen"
    assert split(clauses, limit=10) == [
        "one two three four five six seven, ",
        "eight nine ten eleven twelve thirteen",
    ]
    assert split("one two three four five six", limit=4) == ["one two three four ", "five six"]
    assert split("漢字" * 10 + "、" + "仮名" * 4, limit=32) == ["漢字" * 10 + "、", "仮名" * 4]
    assert "".join(split("x" * 100, limit=8)) == "x" * 100
    assert split("1,000,000 and 2,000,000", limit=8)[0] == "1,000,000 and "


@given(
    st.lists(
        st.sampled_from(
            ["e\u0301\u0323", "👩\u200d🚀", "👍🏽", "🇩🇪", "각", "नि", "\ud83d\ude00", "漢\ufe00"]
        ),
        min_size=1,
        max_size=60,
    ),
    st.integers(16, 30),
)
def test_no_character_is_parted_from_its_marks(characters, limit):
    borders, end = {0}, 0
    for character in characters:
        end += len(character)
        borders.add(end)
    for start, _ in sentences("".join(characters), limit=limit):
        assert start in borders


def test_an_endless_character_is_no_way_around_the_limit():
    text = "a" + "\u0301" * 500
    assert unicodedata.combining(text[1])
    assert all(estimate(piece) <= 20 for piece in split(text, limit=20))
