"""Long documents through the public doors: the spelling, the calls, the spans, and excerpts by them."""

import re

import pytest

from llmrerank import ConfigError, Document, Reranker, rerank
from llmrerank.errors import IncompatibleJudge
from llmrerank.judges.chunked import Chunked
from llmrerank.judges.graded import Graded
from llmrerank.judges.scorers import BiEncoder
from llmrerank.settings import Settings
from llmrerank.spec import parse_call
from llmrerank.stages import Course
from llmrerank.strategies import Strategy
from llmrerank.testing.stub_server import StubServer

FILLER = "Nothing of note was seen on that day by anybody. "
BEST = "Locusts ate the barley."
LONG = Document(id="long", text=FILLER * 12 + BEST + " " + FILLER * 12)
SHORT = Document(id="short", text="Weather report.")
DULL = Document(id="dull", text=FILLER * 20)


def grade(body):
    text = body["messages"][-1]["content"]
    return "9" if "Locusts" in text else "2" if "Weather" in text else "0"


@pytest.mark.parametrize(
    ("written", "settled"),
    [
        ("chunks(inner=cross-encoder, tokens=200, overlap=40, pool='max')", "chunks(cross-encoder)"),
        (
            "bm25 % 50 >> chunks(pointwise, 100, pool='mean') % 5",
            "bm25 % 50 >> chunks(pointwise, tokens=100, pool='mean') % 5",
        ),
        (
            "chunks(graded(passage_tokens=500), tokens=400)",
            "chunks(graded(passage_tokens=500), tokens=400)",
        ),
    ],
)
def test_the_one_spelling(written, settled):
    course = Course.of(written)
    assert str(course.spec) == settled
    assert Course.of(settled) == course
    assert "chunks" in str(course.steps[0].strategy.spec)


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("chunks", "'chunks' needs inner"),
        ("chunks(chunks(bi-encoder))", r"write one chunks\(bi-encoder, \.\.\.\)"),
        ("chunks(bm25)", "'bm25' is a first stage"),
        ("chunks(cross-encoder, tokens=4)", "tokens must be 16 or more"),
        ("chunks(cross-encoder, overlap=200)", "less than tokens=200"),
        ("chunks(cross-encoder, pool='median')", "'max', 'mean' or 'first'"),
        ("chunks(pointwise, tokens=301)", "tokens=300 or less, or passage_tokens=301 inside"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(strategy, told):
    with pytest.raises(ConfigError, match=told):
        Reranker(strategy)


def test_an_order_has_no_scores_to_pool():
    with pytest.raises(IncompatibleJudge, match="'listwise' gives only order"):
        Reranker("chunks(listwise)")


def test_chunks_find_what_stands_in_the_middle_and_say_where():
    with StubServer(grade) as server:
        reranker = Reranker(
            "chunks(graded(read='text', prompt='grade10'), tokens=60, overlap=12)",
            model="m",
            base_url=server.base_url,
        )
        expected = reranker.estimate("barley pests", [SHORT, DULL, LONG])
        ranking = reranker.rank("barley pests", [SHORT, DULL, LONG])
        reranker.close()
    assert [(hit.document.id, hit.score) for hit in ranking] == [("long", 9.0), ("short", 2.0), ("dull", 0.0)]
    start, end = ranking[0].spans[0]
    assert BEST in LONG.text[start:end]
    assert len(ranking[0].spans) == 3
    assert expected.calls.most > len(ranking)
    # Equal chunks of the dull document are one call each round.
    assert len(server.requests) <= expected.calls.most
    assert not ranking.degraded


def test_calls_are_predicted_by_chunks_and_pairs_likewise():
    texts = [
        " ".join(f"Sentence {number} of document {place}." for number in range(60)) for place in range(3)
    ]
    with StubServer(lambda body: "2") as server:
        reranker = Reranker("chunks(graded(read='text'))", model="m", base_url=server.base_url)
        expected = reranker.estimate("q", texts)
        ranking = reranker.rank("q", texts)
        reranker.close()
    assert expected.calls.least == expected.calls.most == len(server.requests) == ranking.trace.calls > 3
    pairs = Reranker("chunks(bi-encoder)").estimate("q", texts).pairs
    assert pairs == expected.calls
    assert Reranker("bi-encoder").estimate("q", texts).pairs.most == 3


def test_a_later_stage_shows_what_an_earlier_one_found_best():
    def answer(body):
        text = body["messages"][-1]["content"]
        labels = re.findall(r"^\[(\d+)\]", text, re.MULTILINE)
        return " > ".join(f"[{label}]" for label in labels) if len(labels) > 1 else grade(body)

    first = "chunks(graded(read='text', prompt='grade10'), tokens=60, overlap=12)"
    for option, is_shown in (("", True), (", excerpt='head'", False)):
        with StubServer(answer) as server:
            rerank(
                "which pests?",
                [LONG, DULL, DULL],
                strategy=f"{first} >> listwise(passage_tokens=60{option})",
                model="m",
                base_url=server.base_url,
            )
        asked = server.requests[-1]["messages"][-1]["content"]
        assert "[2]" in asked
        assert (BEST in asked) is is_shown


def test_the_room_for_answers_reaches_the_judge_inside():
    judge = Strategy.of(parse_call("chunks(graded)")).judge_with(Settings(answer_tokens=77))
    assert judge == Chunked(inner=Graded(answer_tokens=77), answer_tokens=77)
    local = Strategy.of(parse_call("chunks(bi-encoder)")).judge_with(Settings(answer_tokens=77))
    assert local.inner == BiEncoder()
