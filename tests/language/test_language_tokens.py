"""Counting and cutting tokens: no download, no hang, exact sums."""

import socket
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank import tokens
from llmrerank.calls import FENCE, ChatCall, Message

TEXTS = st.text(st.characters(), max_size=400) | st.text(string.ascii_letters + " \n\t.,", max_size=2000)


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_no_encoding_at_hand_means_an_estimate_and_no_socket(empty_folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("counting opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert tokens.source() == tokens.source("gpt-4o") == "estimate"
    assert tokens.count("How do I train a neural network?", "gpt-4o") == tokens.estimate(
        "How do I train a neural network?"
    )
    assert list(empty_folder.iterdir()) == []


def test_a_torn_file_is_neither_used_nor_removed(empty_folder):
    torn = empty_folder / "fb374d419588a4632f3f557e76b4b70aebbca790"
    torn.write_bytes(b"IQ== 0\n")
    assert tokens.source() == "estimate"
    assert tokens.count("text") == tokens.estimate("text")
    assert torn.exists()


def test_a_cache_that_is_switched_off_is_no_cache(monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert tokens.source() == "estimate"


def test_an_encoding_at_hand_is_used():
    if tokens.source() == "estimate":
        pytest.skip("no tiktoken encoding lies in its cache folder here")
    assert tokens.source().startswith("tiktoken ")
    assert tokens.count("Hello world") == 2
    assert tokens.count("<|endoftext|>") > 1
    assert tokens.count("") == 0


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("word", 1, 1),
        ("The quick brown fox jumps over the lazy dog.", 9, 12),
        ("機械学習とは何か", 8, 12),
        ("Что такое машинное обучение", 6, 16),
        ("3.14159, 2024-01-01", 12, 22),
    ],
)
def test_the_estimate_is_near_what_vocabularies_say(text, least, most):
    assert least <= tokens.estimate(text) <= most


@given(TEXTS, st.integers(0, 200))
def test_truncation_fits_and_keeps_a_beginning(text, limit):
    kept, cut = tokens.truncate(text, limit)
    assert tokens.estimate(kept) <= limit or not cut
    assert text.startswith(kept)
    assert cut == (0 if kept == text else tokens.estimate(text) - tokens.estimate(kept))
    if tokens.estimate(text) <= limit:
        assert (kept, cut) == (text, 0)
    assert tokens.beginning(text, limit) == kept.rstrip()


@given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=9), max_size=60), st.integers(1, 40))
def test_words_are_not_split(words, limit):
    kept, _ = tokens.truncate(" ".join(words), limit)
    assert kept.split() == words[: len(kept.split())]


@pytest.mark.parametrize("character", ["a", "A", "一", "7", "!", "д", "ت", "🎉"])
def test_an_endless_word_is_cut_inside(character):
    kept, cut = tokens.truncate(character * 5000, 40)
    assert 0 < tokens.estimate(kept) <= 40
    assert cut > 1000


def test_messages_count_more_than_their_contents(empty_folder):
    call = ChatCall(
        messages=(Message("system", "Rank."), Message("user", f"{FENCE}\ntext\n{FENCE}")),
        max_tokens=5,
        fence="0123456789abcdef",
        schema='{"type":"object"}',
    )
    contents = sum(tokens.count(message.content) for message in call.fenced())
    assert tokens.count_messages(call) == contents + 2 * 4 + 3 + tokens.count(call.schema)


def test_signs_that_are_no_letters_are_counted_as_fast_as_letters():
    """A megabyte of dashes held an event loop for half a minute, one match of a pattern for each."""

    def took(text):
        begun = time.process_time()
        assert tokens.truncate(text, 100)[1] > 0
        return time.process_time() - begun

    least = {sign: min(took(sign * 100_000) for _ in range(3)) for sign in "中—😀"}
    assert max(least.values()) < 20 * least["中"] + 0.01, least
