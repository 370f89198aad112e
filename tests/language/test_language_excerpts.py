"""Excerpts: what of a long text speaks of the query, within its room, in order, and nothing made up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.excerpts import GAP, excerpt
from llmrerank.tokens import estimate, truncate

TOPIC = "This report is about the harvest. "
FILLER = "Nothing of note was seen on that day either. "
PIECES = st.sampled_from(
    [
        *(
            "Cats sleep. ",
            "A dog, a cat and a bird met at night! ",
            "你好。",
            "猫在睡觉。",
            "word ",
            "\n\n",
            "- item\n",
            "… ",
        ),
        *("नमस्ते दुनिया। ", "x" * 40, "Infected cells were infectious. ", "e\u0301", "[3] ", "\ud800"),
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)
QUERIES = st.sampled_from(["", "cats", "猫睡觉", "infection of cells", "दुनिया", "nothing here", "word " * 50])


def parts(text):
    return re.split(rf"(?: |^){GAP} ", text)


def test_a_text_that_fits_is_as_it_came():
    assert excerpt("  Short. \n", query="q", tokens=20) == ("  Short. \n", 0)
    assert excerpt("", query="q", tokens=0) == ("", 0)


def test_without_a_matching_term_the_text_is_cut_at_its_end():
    text = FILLER * 20
    assert excerpt(text, query="quantum mechanics", tokens=40) == truncate(text, 40)
    assert excerpt(text, query="", tokens=40) == truncate(text, 40)


def test_the_sentence_that_speaks_of_the_query_is_shown_with_the_topic():
    text = TOPIC + FILLER * 20 + "Locusts ate the barley in June. " + FILLER * 20
    shown, cut = excerpt(text, query="locust damage to barley", tokens=60)
    assert shown.startswith(TOPIC.strip())
    assert "Locusts ate the barley in June." in shown
    assert GAP in shown
    assert estimate(shown) <= 60
    assert cut == estimate(text) - estimate(shown) + 2 * shown.count(GAP)


def test_neighbours_of_a_match_come_before_what_has_nothing_of_the_query():
    text = FILLER * 20 + "Before it. Locusts came. After it. " + FILLER * 20
    shown, _ = excerpt(text, query="locusts", tokens=40)
    assert "Before it. Locusts came. After it." in shown


def test_a_common_term_counts_little():
    text = TOPIC + "The harvest was good. " * 30 + "The barley failed. " + "The harvest was good. " * 30
    shown, _ = excerpt(text, query="the harvest of barley", tokens=30)
    assert "The barley failed." in shown


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("cell", "Two CELLS were found. "),
        ("treats", "It was treated twice. "),
        ("infection", "Five were infected. "),
        ("CAFÉ", "A cafe\u0301 was open. "),
        ("机器学习", "我们研究机器学习方法。"),
        ("बारिश", "आज बारिश हुई। "),
        ("дождь", "Сегодня шёл дождь. "),
    ],
)
def test_terms_match_across_case_endings_and_scripts(query, sentence):
    text = FILLER * 12 + sentence + FILLER * 12
    assert sentence.strip() in excerpt(text, query=query, tokens=40)[0]


def test_words_that_only_begin_alike_do_not_match():
    text = FILLER * 12 + "A carpet lay there. " + FILLER * 12
    assert excerpt(text, query="car", tokens=30) == truncate(text, 30)


def test_known_ranges_come_first():
    best = "Mice were kept in cages. "
    text = TOPIC + FILLER * 20 + best + FILLER * 20 + "Locusts ate the barley. "
    start = text.index(best)
    shown, _ = excerpt(text, query="locusts barley", tokens=9, spans=[(start, start + len(best))])
    assert best.strip() in shown
    assert shown.startswith(f"{GAP} ")
    wide, _ = excerpt(text, query="locusts", tokens=60, spans=[(start, start + len(best))])
    assert [best.strip() in wide, TOPIC.strip() in wide, "Locusts ate the barley." in wide] == [True] * 3
    unknown, _ = excerpt(text, query="quantum", tokens=40, spans=[(start, start + len(best))])
    assert best.strip() in unknown


def test_of_a_known_range_that_is_too_long_the_best_sentences_are_shown():
    text = FILLER * 10 + "Locusts ate the barley. " + FILLER * 30
    shown, _ = excerpt(text, query="locusts", tokens=30, spans=[(0, len(text))])
    assert "Locusts ate the barley." in shown


@given(
    TEXTS,
    QUERIES,
    st.integers(4, 60),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=2),
)
def test_an_excerpt_fits_and_is_of_the_text_in_its_order(text, query, tokens, spans):
    shown, cut = excerpt(text, query=query, tokens=tokens, spans=spans)
    assert (shown, cut) == excerpt(text, query=query, tokens=tokens, spans=spans)
    assert estimate(shown) <= tokens
    assert (cut > 0) == (estimate(text) > tokens)
    at = 0
    for part in filter(None, (part.strip(f"{GAP} \n") for part in parts(shown))):
        found = text.find(part, at)
        assert found >= 0, part
        at = found + len(part)


@pytest.mark.parametrize("piece", ["a. ", "cat. ", ".", "漢", "cat ", "\u0301", "c\n"])
def test_a_long_text_is_no_work(piece):
    # Where anything takes quadratic time, this takes minutes.
    shown, _ = excerpt(piece * 48_000, query="cat 漢字", tokens=300)
    assert estimate(shown) <= 300
