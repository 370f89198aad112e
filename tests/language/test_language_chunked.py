"""Chunked documents: what the inner judge is asked, how its scores are pooled, what is refused."""

import pytest

from llmrerank.calls import Reply, TokenChoice
from llmrerank.chunking import chunk
from llmrerank.errors import ConfigError, IncompatibleJudge
from llmrerank.judges import Question
from llmrerank.judges.chunked import Chunked, check_chunks
from llmrerank.judges.graded import Graded
from llmrerank.judges.listwise import Listwise
from llmrerank.judges.pointwise import Pointwise
from llmrerank.judges.scorers import BiEncoder, CrossEncoder
from llmrerank.rounds import Done, Step, advance
from llmrerank.tokens import estimate
from llmrerank.types import Detail, Document

QUESTION = Question(query="q", seed=5)
SENTENCE = "The quick brown fox jumps over the lazy dog. "
LONG = Document(id="long", text=SENTENCE * 6, title="Foxes", metadata={"page": 3})
SHORT = Document(id="short", text=" One line. ", title="Title")
EMPTY = Document(id="empty", text="")


def drive(judge, documents, *answers, attempt=0):
    """Run an inquiry with scripted batches of replies; returns the batches of calls and the opinion."""
    inquiry = judge.ask(QUESTION, documents, attempt=attempt)
    asked, step = [], advance(inquiry)
    for replies in answers:
        assert isinstance(step, Step)
        asked.append(step.asked)
        step = advance(inquiry, list(replies))
    assert isinstance(step, Done)
    return asked, step.result


def scored(*scores):
    return [Reply(score=score) for score in scores]


def odds(yes, no):
    return Reply(text="yes", choices=(TokenChoice("yes", yes), TokenChoice("no", no)))


def small(inner=None, **options):
    return Chunked(inner=inner or CrossEncoder(), tokens=22, overlap=0, **options)


def test_every_chunk_of_the_slate_is_asked_about_in_one_step():
    (calls,), opinion = drive(small(), [LONG, SHORT, EMPTY], scored(0.1, 0.9, 0.4, 0.5, -1.0))
    assert [call.document for call in calls] == [
        *[f"Foxes {SENTENCE * 2}".strip()] * 3,
        "Title  One line. ",
        "",
    ]
    assert opinion.scores == (0.9, 0.5, -1.0)
    assert opinion.tiers == ((0,), (1,), (2,))
    two = 2 * len(SENTENCE)
    whole = ((0, two - 1), (two, 2 * two - 1), (2 * two, 3 * two - 1))
    assert opinion.spans == ((whole[1], whole[2], whole[0]), ((1, 10),), ())
    assert opinion.usable


def test_a_short_document_is_asked_about_as_it_is():
    plain, alone = drive(CrossEncoder(), [SHORT], scored(0.5))
    chunked, opinion = drive(small(), [SHORT], scored(0.5))
    assert chunked == plain
    assert (opinion.scores, opinion.tiers, opinion.cut) == (alone.scores, alone.tiers, alone.cut)


def test_the_mean_and_the_first_chunk():
    _, opinion = drive(small(pool="mean"), [LONG], scored(0.1, 0.9, 0.5))
    assert opinion.scores == (pytest.approx(0.5),)
    assert len(opinion.spans[0]) == 3
    (calls,), opinion = drive(small(pool="first"), [LONG, SHORT], scored(0.1, 0.4))
    assert [call.document for call in calls] == [f"Foxes {SENTENCE * 2}".strip(), "Title  One line. "]
    assert opinion.scores == (0.1, 0.4)
    assert opinion.spans[0] == ((0, 2 * len(SENTENCE) - 1),)
    assert opinion.cut == estimate(LONG.text) - estimate(LONG.text[: 2 * len(SENTENCE) - 1])


def test_chunks_without_a_score_are_left_out():
    _, opinion = drive(small(pool="mean"), [LONG, SHORT], scored(None, 0.2, 0.4, None))
    assert opinion.scores == (pytest.approx(0.3), None)
    assert opinion.tiers == ((0,), (1,))
    assert opinion.flags == {"unparsed"}
    assert opinion.usable
    assert opinion.spans[1] == ()
    assert len(opinion.spans[0]) == 2
    _, nothing = drive(small(), [LONG], scored(None, None, None))
    assert not nothing.usable


def test_only_the_best_three_chunks_are_told_earlier_ones_first_among_equals():
    long = Document(id=1, text=SENTENCE * 12)
    _, opinion = drive(small(), [long], scored(0.1, 0.5, 0.9, 0.5, 0.5, 0.0))
    ranges = chunk(long.text, tokens=22)
    assert opinion.spans == ((ranges[2], ranges[1], ranges[3]),)


def test_strengths_are_pooled_and_give_the_order():
    judge = small(Pointwise())
    replies = [odds(-1e-9, -40.0), odds(-1.0, -1.0), odds(-3.0, -0.1), odds(-1e-9, -45.0)]
    (calls,), opinion = drive(judge, [LONG, SHORT], replies)
    assert len(calls) == 4
    assert opinion.scores == (1.0, 1.0)
    assert opinion.strengths == (pytest.approx(40.0), pytest.approx(45.0))
    assert opinion.tiers == ((1,), (0,))
    assert opinion.kind == "probability"


def test_an_inner_inquiry_of_several_steps_is_carried_through():
    judge = small(Graded())
    first = [Reply(text="2"), Reply(text="The"), Reply(text="1")]
    asked, opinion = drive(judge, [LONG], first, [Reply(text="The grade is 3.")])
    assert [len(calls) for calls in asked] == [3, 1]
    assert opinion.scores == (3.0,)
    assert opinion.raw
    (again,), _ = drive(judge, [SHORT], [Reply(text="2")], attempt=1)
    assert again[0].seed != QUESTION.seed


def test_it_passes_for_the_judge_that_it_asks():
    judge = Chunked(inner=Pointwise(read="logprobs"))
    assert (judge.gives, judge.capacity, judge.score_kind, judge.carrier) == (
        Detail.SCORES,
        None,
        "probability",
        "chat",
    )
    assert (judge.read, judge.dialect, judge.key_env) == ("logprobs", "auto", None)
    assert Chunked(inner=BiEncoder()).read is None
    room = Chunked(inner=Pointwise(read="text"), answer_tokens=99)
    (calls,), _ = drive(room, [SHORT], [Reply(text="yes")])
    assert calls[0].max_tokens == 99
    assert Chunked(inner=BiEncoder(), answer_tokens=99).inner == BiEncoder()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tokens": 15}, "16 or more, got tokens=15"),
        ({"overlap": -1}, "got overlap=-1"),
        ({"tokens": 50, "overlap": 50}, "less than tokens=50"),
        ({"pool": "min"}, "'max', 'mean' or 'first', got 'min'"),
        ({"inner": Chunked(inner=BiEncoder())}, "cannot be split into chunks again"),
        ({"inner": Pointwise(), "tokens": 400}, "tokens=300 or less, or passage_tokens=400 inside"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(options, told):
    with pytest.raises(ConfigError, match=told):
        Chunked(**{"inner": BiEncoder(), **options})


def test_a_judge_without_scores_is_no_judge_of_chunks():
    with pytest.raises(IncompatibleJudge, match="'listwise' gives only order; wrap one that scores"):
        Chunked(inner=Listwise())


def test_a_chunk_that_the_model_cannot_read_is_refused_with_the_number_to_write():
    check_chunks(Chunked(inner=BiEncoder()), model="m", context=None)
    check_chunks(Chunked(inner=BiEncoder()), model="m", context=201)
    check_chunks(BiEncoder(), model="m", context=10)
    with pytest.raises(ConfigError, match=r"'org/m' reads at most 256 tokens at once.*; write tokens=200$"):
        check_chunks(Chunked(inner=BiEncoder(), tokens=256), model="org/m#abc", context=256)
    with pytest.raises(ConfigError, match=r"write tokens=20, overlap=4$"):
        check_chunks(Chunked(inner=BiEncoder()), model="m", context=32)
    with pytest.raises(ConfigError, match="'m' reads only 16 tokens"):
        check_chunks(Chunked(inner=BiEncoder()), model="m", context=16)
