"""Documents and queries that nobody meant: each is handled, or refused with one sentence."""

import pytest
from chaotic import ASKING, QUERY, documents, endpoint, settings, spelled

from llmrerank import Limits, Reranker
from llmrerank.errors import DataError
from llmrerank.passages import READ
from llmrerank.testing.invariants import violations
from llmrerank.trace import Truncated
from llmrerank.types import LONGEST_QUERY

LOCAL = ("bm25", "rank-bm25")
HOSTILE = [
    *("", "", "worth 3", "\x00\x01\x02\x1b[2J\x7f\x9f\r" * 20, "\x0b\x0c", "a\x00b worth 4", "\x00"),
    *("\ud800 half of a pair", "\udfff\ud800", "\u200b\u202e\u2066\ufeff", "worth\u00ad 5", "\U000e0041"),
    {"text": "worth 1", "title": "\ud800\x00"},
    {"text": "", "title": "x" * 10**5, "id": "\x1b"},
]
LARGE = ["roman roads are long. " * (10 * 2**20 // 22), "x" * 10_000_000, "worth 5"]
MANY = 100_000


def ranked(strategy, given, query=QUERY, **options):
    with endpoint() as server:
        with Reranker(spelled(strategy), settings=settings(server, **options)) as reranker:
            ranking = reranker.rank(query, given)
        assert not violations(ranking, given, limits=options.get("limits"))
        return ranking, server


@pytest.mark.parametrize("strategy", [*ASKING, *LOCAL])
def test_any_text_is_a_document(strategy):
    """All of them in one list, with a query that holds the like beside its words."""
    ranking, _ = ranked(strategy, HOSTILE, query="what \ud800\x00 is\x1b[2J it \u202e worth")
    assert not ranking.degraded


def test_of_a_text_without_end_a_limited_part_is_read_and_the_trace_says_so():
    ranking, _ = ranked("full", ["x" * (READ + 4000), "roman roads " * (READ // 12 + 400), "worth 5"])
    assert not ranking.degraded
    left_out = sum(event.tokens for event in ranking.trace.of(Truncated))
    assert left_out > 2 * 1000
    assert ranking.trace.paid.input < 5000


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["full", "graded", "setwise", "decide", "api", *LOCAL])
def test_ten_megabytes_are_a_document(strategy):
    ranking, _ = ranked(strategy, LARGE)
    assert not ranking.degraded


@pytest.mark.parametrize("strategy", ["graded", "bm25"])
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "the query is empty; ask something"),
        (" \n\t", "the query is empty; ask something"),
        ("\x00\x01\x1b\u200b\ud800", "the query is empty of characters that can be seen; ask something"),
        (
            "roman roads " * 900_000,
            f"the query has 10800000 characters and may have {LONGEST_QUERY}; ask in fewer words",
        ),
    ],
)
def test_what_asks_nothing_or_too_much_is_refused_before_anything_is_sent(strategy, query, sentence):
    with endpoint() as server, Reranker(strategy, settings=settings(server)) as reranker:
        with pytest.raises(DataError) as caught:
            reranker.rank(query, documents(3))
        assert server.arrived == 0
    assert str(caught.value) == sentence


@pytest.mark.parametrize("strategy", ["full", "graded", "api"])
def test_the_longest_query_is_asked(strategy):
    ranking, _ = ranked(strategy, documents(2), query="a" * LONGEST_QUERY)
    assert not ranking.degraded


def test_ten_thousand_equal_documents_stay_apart_and_equal_windows_are_asked_about_once():
    ranking, server = ranked("adaptive", ["worth 7"] * 10_000)
    assert len(ranking) == 10_000
    assert ranking.trace.calls == server.arrived < 10


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [*ASKING, *LOCAL])
def test_a_hundred_thousand_candidates_keep_within_a_limit(strategy):
    given = [f"worth {place % 101}" for place in range(MANY)]
    ranking, _ = ranked(strategy, given, limits=Limits(calls=20))
    assert len(ranking) == MANY
    assert strategy in LOCAL or ranking.trace.calls <= 20
