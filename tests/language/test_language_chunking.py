"""Chunks: whole sentences within a number of tokens, overlapping, covering, always going on."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.chunking import chunk
from llmrerank.errors import ConfigError
from llmrerank.sentences import sentences
from llmrerank.tokens import estimate

PIECES = [
    *(
        "One sentence. ",
        "Is it? ",
        "Dr. No says no. ",
        "word ",
        "word, ",
        "und so weiter ",
        "\n\n",
        "\n",
        "\t",
        " ",
    ),
    *(
        "你好。",
        "漢字",
        "、",
        "नमस्ते। ",
        "مرحبا، ",
        "e\u0301",
        "👩\u200d🚀",
        "🇩🇪",
        "supercalifragilistic" * 4,
        "1,000 ",
    ),
    *("- item\n", "Heading\n", "\u3000", "\ud800", "x" * 90, "?!", "[3]"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=120).map("".join) | st.text(max_size=400)
SENTENCE = "The quick brown fox jumps over the lazy dog again. "


@given(TEXTS, st.integers(16, 60), st.integers(0, 59))
def test_chunks_cover_the_text_in_order_within_their_tokens(text, tokens, overlap):
    overlap = min(overlap, tokens - 1)
    chunks = chunk(text, tokens=tokens, overlap=overlap)
    assert chunks == chunk(text, tokens=tokens, overlap=overlap)
    if not text.strip():
        assert chunks == ((0, 0),)
        return
    for start, end in chunks:
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert estimate(text[start:end]) <= tokens
    for (start, end), (later_start, later_end) in pairwise(chunks):
        assert start < later_start
        assert end < later_end
        assert not text[end:later_start].strip()
        assert estimate(text[later_start:end]) <= overlap
    assert not text[: chunks[0][0]].strip()
    assert not text[chunks[-1][1] :].strip()


@given(TEXTS, st.integers(16, 60))
def test_chunks_are_of_whole_sentences_unless_one_is_too_long(text, tokens):
    whole = sentences(text)
    begins = {start + len(text[start:end]) - len(text[start:end].lstrip()) for start, end in whole}
    longest = max((estimate(text[start:end].strip()) for start, end in whole), default=0)
    if longest <= tokens and text.strip():
        assert all(start in begins for start, _ in chunk(text, tokens=tokens, overlap=tokens // 3))


def test_a_short_text_is_one_chunk():
    assert chunk("  A short text. ", tokens=16) == ((2, 15),)
    assert chunk("", tokens=16) == ((0, 0),)
    assert chunk(" \n ", tokens=16) == ((0, 0),)


def test_the_overlap_is_of_whole_sentences_and_never_more():
    text = SENTENCE * 10
    each = estimate(SENTENCE)
    begins = [start for start, _ in chunk(text, tokens=3 * each + 2, overlap=each + 1)]
    assert begins == [len(SENTENCE) * number for number in (0, 2, 4, 6, 8)]
    apart = chunk(text, tokens=3 * each + 2, overlap=each - 1)
    assert [start for start, _ in apart] == [len(SENTENCE) * number for number in (0, 3, 6, 9)]


def test_white_space_counts_towards_a_chunk_only_inside_it():
    text = "First.\n" + "\n" * 40 + "Second."
    assert chunk(text, tokens=16, overlap=4) == ((0, 6), (len(text) - 7, len(text)))


@pytest.mark.parametrize(
    ("tokens", "overlap", "told"),
    [(15, 0, "16 tokens or more"), (16, 16, "less than tokens=16"), (16, -1, "0 or more")],
)
def test_what_cannot_be_is_refused(tokens, overlap, told):
    with pytest.raises(ConfigError, match=told):
        chunk("text", tokens=tokens, overlap=overlap)


@pytest.mark.parametrize(
    "piece", [".", " ", "\n", "a", "a. ", "\r", "e.g. ", "A\n", "[3]", "\u0301", "?", ", "]
)
def test_a_long_hostile_text_is_no_work(piece):
    # Where anything takes quadratic time, this takes minutes.
    text = piece * 48_000
    chunks = chunk(text, tokens=200, overlap=40)
    assert chunks[-1][1] <= len(text)
