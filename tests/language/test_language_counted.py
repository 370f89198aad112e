"""Numbers with their nouns."""

import pytest

from llmrerank.counted import counted


@pytest.mark.parametrize(
    ("number", "noun", "told"),
    [
        (0, "pair", "0 pairs"),
        (1, "query", "1 query"),
        (2, "query", "2 queries"),
        (2, "more call", "2 more calls"),
        (2, "key", "2 keys"),
    ],
)
def test_nouns_agree_with_their_numbers(number, noun, told):
    assert counted(number, noun) == told
