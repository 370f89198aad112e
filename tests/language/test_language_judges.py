"""Chat judges, driven by hand: what they ask, and what they make of every kind of reply."""

import json
import math

import pytest

from llmrerank.calls import Reply, TokenChoice
from llmrerank.errors import ConfigError, PromptError
from llmrerank.judges import Question
from llmrerank.judges.graded import Graded
from llmrerank.judges.listwise import Listwise
from llmrerank.judges.pointwise import Pointwise
from llmrerank.rounds import Done, Step, advance
from llmrerank.types import Detail, Document, Example

QUESTION = Question(query="q", seed=5)


def documents(count):
    return [Document(id=number, text=f"text {number}") for number in range(count)]


def logprobs(text="", **tokens):
    return Reply(
        text=text or None,
        finish_reason="length",
        choices=tuple(TokenChoice(token, value) for token, value in tokens.items()),
    )


def drive(judge, count, *answers, question=QUESTION, attempt=0):
    """Run an inquiry with scripted batches of replies; returns the batches of calls and the opinion."""
    inquiry = judge.ask(question, documents(count), attempt=attempt)
    asked, step = [], advance(inquiry)
    for replies in answers:
        assert isinstance(step, Step)
        asked.append(step.asked)
        assert len(step.asked) == len(replies)
        step = advance(inquiry, list(replies))
    assert isinstance(step, Done)
    return asked, step.result


def test_listwise_reads_an_order_in_text():
    judge = Listwise()
    ((call,),), opinion = drive(judge, 3, [Reply(text="[2] > [3] > [1]", finish_reason="stop")])
    assert opinion.tiers == ((1,), (2,), (0,))
    assert opinion.usable
    assert opinion.flags == frozenset()
    assert opinion.scores is None
    assert (judge.gives, judge.capacity, judge.score_kind, judge.carrier) == (
        Detail.ORDER,
        None,
        "none",
        "chat",
    )
    assert (call.logprobs, call.schema, call.seed, call.otherwise) == (0, "", 5, None)
    assert call.max_tokens >= 5 * 3
    assert call.fence
    assert "[3]" in call.messages[-1].content


def test_listwise_documents_that_were_not_named_share_the_last_tier():
    _, opinion = drive(Listwise(), 4, [Reply(text="[3] > [2] > [2] > [9]")])
    assert opinion.tiers == ((2,), (1,), (0, 3))
    assert opinion.usable
    assert opinion.flags == {"missing", "duplicate", "out_of_range"}
    assert opinion.raw == "[3] > [2] > [2] > [9]"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text=None, reasoning="let me see"),
        Reply(text=""),
        Reply(text="I cannot rank these."),
        Reply(text="[2]"),
        Reply(text="<think>[1] > [2]", finish_reason="length"),
    ],
)
def test_listwise_answers_without_evidence_are_unusable(reply):
    _, opinion = drive(Listwise(), 5, [reply])
    assert not opinion.usable
    assert opinion.flags
    assert sorted(place for tier in opinion.tiers for place in tier) == list(range(5))


def test_listwise_asked_again_takes_another_seed():
    ((first,),), _ = drive(Listwise(), 2, [Reply(text="x")])
    ((again,),), _ = drive(Listwise(), 2, [Reply(text="[1] > [2]")], attempt=1)
    assert first.seed != again.seed
    assert first.key != again.key


def test_listwise_json_sends_a_schema():
    judge = Listwise(read="json")
    assert judge.asks.name == "listwise-json"
    ((call,),), opinion = drive(judge, 3, [Reply(text='{"ranking": [3, 1, 2]}')])
    assert opinion.tiers == ((2,), (0,), (1,))
    schema = json.loads(call.schema)
    assert schema["properties"]["ranking"]["items"] == {"type": "integer", "enum": [1, 2, 3]}
    assert Listwise(prompt="listwise-json").how == "json"
    ((call,),), _ = drive(Listwise(prompt="listwise-json", read="text"), 3, [Reply(text="[3, 1, 2]")])
    assert call.schema == ""


def test_listwise_by_the_first_token():
    judge = Listwise(read="logprobs")
    assert judge.capacity == 26
    ((call,),), opinion = drive(judge, 3, [logprobs("B", B=-0.1, A=-3.0, The=-4.0, C=-2.0)])
    assert opinion.tiers == ((1,), (2,), (0,))
    assert opinion.usable
    assert (call.max_tokens, call.logprobs) == (1, 20)
    assert call.otherwise is not None
    assert (call.otherwise.logprobs, call.otherwise.messages) == (0, call.messages)
    assert call.otherwise.max_tokens >= 4 * 3


def test_listwise_few_alternatives_are_a_partial_order():
    _, opinion = drive(Listwise(read="logprobs"), 5, [logprobs("D", D=-0.1)])
    assert opinion.tiers == ((3,), (0, 1, 2, 4))
    assert opinion.usable
    assert opinion.flags == {"missing"}
    _, nothing = drive(Listwise(read="logprobs"), 5, [logprobs("<think>", **{"<think>": -0.0})])
    assert not nothing.usable


def test_listwise_without_log_probabilities_reads_the_whole_answer():
    text = Reply(text="C > A > B", finish_reason="stop")
    _, opinion = drive(Listwise(read="logprobs"), 3, [Reply(text="C > A > B", answers="otherwise")])
    assert opinion.tiers == ((2,), (0,), (1,))
    ((first,), (second,)), opinion = drive(Listwise(read="logprobs"), 3, [Reply(text="C")], [text])
    assert opinion.tiers == ((2,), (0,), (1,))
    assert second == first.otherwise
    ((again,),), opinion = drive(Listwise(read="logprobs"), 3, [text], attempt=1)
    assert again.logprobs == 0
    assert opinion.usable


def test_listwise_refuses_what_does_not_fit(tmp_path):
    for options, told in (
        ({"prompt": "pointwise"}, "form 'pointwise'"),
        ({"prompt": "listwise-letters", "read": "json"}, "answers permutation"),
        ({"prompt": "listwise-json", "read": "logprobs"}, "listwise-letters"),
        ({"passage_tokens": 3}, "32 or more"),
    ):
        with pytest.raises(ConfigError, match=told):
            Listwise(**options)
    broken = tmp_path / "broken.toml"
    broken.write_text('title = "x"')
    with pytest.raises(PromptError):
        Listwise(prompt=str(broken))


def test_cut_text_and_the_room_for_answers_are_told():
    judge = Listwise(passage_tokens=40, answer_tokens=77)
    inquiry = judge.ask(QUESTION, [Document(id=1, text="word " * 100), Document(id=2, text="word " * 100)])
    step = advance(inquiry)
    assert isinstance(step, Step)
    assert step.asked[0].max_tokens == 77
    done = advance(inquiry, [Reply(text="[1] > [2]")])
    assert isinstance(done, Done)
    assert done.result.cut == 120


def test_pointwise_scores_probabilities_and_orders_by_log_odds():
    judge = Pointwise()
    replies = [
        logprobs("yes", yes=-1e-9, no=-40.0),
        logprobs("yes", Yes=-1e-9, no=-45.0),
        logprobs("No", No=-0.2, yes=-2.0),
    ]
    ((first, *_),), opinion = drive(judge, 3, replies)
    assert opinion.tiers == ((1,), (0,), (2,))
    assert opinion.scores is not None
    assert opinion.strengths is not None
    assert opinion.scores[0] == opinion.scores[1] == 1.0
    assert opinion.scores[2] == pytest.approx(1 / (1 + math.exp(1.8)))
    assert opinion.strengths[2] == pytest.approx(-1.8)
    assert opinion.kind == "probability"
    assert opinion.flags == frozenset()
    assert (first.max_tokens, first.logprobs) == (1, 20)
    assert first.otherwise is not None
    assert "0 to 10" in first.otherwise.messages[-1].content
    assert (judge.gives, judge.score_kind) == (Detail.SCORES, "probability")


def test_pointwise_a_missing_side_is_bounded_and_two_are_an_error():
    _, opinion = drive(Pointwise(), 1, [logprobs("yes", yes=-0.1, maybe=-3.0)])
    assert opinion.flags == {"bounded"}
    assert opinion.strengths == (pytest.approx(2.9),)
    _, opinion = drive(Pointwise(), 1, [logprobs("<think>", **{"<think>": -0.0, "\n": -9.0})])
    assert not opinion.usable
    assert opinion.flags == {"unparsed"}
    assert opinion.scores == (None,)


def test_pointwise_grades_where_there_are_no_log_probabilities():
    _, opinion = drive(Pointwise(), 1, [Reply(text="7", answers="otherwise")])
    assert (opinion.scores, opinion.kind) == ((7.0,), "grade")
    (one, two), opinion = drive(
        Pointwise(),
        3,
        [Reply(text="yes"), logprobs("no", no=-0.1, yes=-3.0), Reply(text="3", answers="otherwise")],
        [Reply(text="Score: 10/10"), Reply(text="0")],
    )
    assert [call.otherwise for call in one[:2]] == list(two)
    assert (opinion.scores, opinion.kind) == ((10.0, 0.0, 3.0), "grade")
    assert opinion.tiers == ((0,), (2,), (1,))
    assert opinion.strengths is not None
    assert opinion.strengths[0] == pytest.approx(-opinion.strengths[1])


def test_pointwise_asked_again_asks_in_words():
    ((call,),), opinion = drive(Pointwise(), 1, [Reply(text="8")], attempt=1)
    assert (call.logprobs, call.seed != QUESTION.seed) == (0, True)
    assert opinion.scores == (8.0,)


def test_pointwise_keeps_its_prompt_in_words_where_a_grade_would_lose_something():
    examples = Question(query="q", examples=(Example(query="a", document="b", label="yes"),))
    for judge, question in ((Pointwise(), examples), (Pointwise(prompt="qwen3-reranker"), QUESTION)):
        ((call,),), opinion = drive(judge, 1, [Reply(text="Yes", answers="otherwise")], question=question)
        assert call.otherwise is not None
        assert call.otherwise.messages == call.messages
        assert (opinion.scores, opinion.kind) == ((1.0,), "grade")


def test_pointwise_can_be_held_to_one_way_of_reading():
    ((call,),), opinion = drive(Pointwise(read="text"), 1, [Reply(text="no.")])
    assert (call.logprobs, call.otherwise) == (0, None)
    assert opinion.scores == (0.0,)
    ((call,),), opinion = drive(Pointwise(read="logprobs"), 1, [Reply(text="yes")])
    assert call.otherwise is None
    assert not opinion.usable


def test_pointwise_one_unread_of_three_is_last_and_flagged():
    replies = [Reply(text="yes"), Reply(text="whatever"), Reply(text="no")]
    _, opinion = drive(Pointwise(read="text"), 3, replies)
    assert opinion.tiers == ((0,), (2,), (1,))
    assert opinion.scores == (1.0, None, 0.0)
    assert opinion.usable
    assert opinion.flags == {"unparsed"}


def test_qwen3_reranker_ends_with_an_empty_reasoning_block():
    ((call,),), _ = drive(Pointwise(prompt="qwen3-reranker"), 1, [logprobs("yes", yes=-0.1, no=-3.0)])
    assert call.messages[-1].role == "assistant"
    assert call.messages[-1].content == "<think>\n\n</think>\n\n"
    assert call.messages[1].content.startswith("<Instruct>: Given a web search query")
    ((call,),), _ = drive(
        Pointwise(prompt="qwen3-reranker"),
        1,
        [logprobs("yes", yes=-0.1, no=-3.0)],
        question=Question(query="q", instruction="Find code"),
    )
    assert "<Instruct>: Find code\n<Query>: q\n<Document>: text 0" in call.messages[1].content


def test_graded_takes_the_expected_value():
    judge = Graded()
    even = {str(grade): math.log(0.25) for grade in range(4)}
    ((call, _),), opinion = drive(judge, 2, [logprobs("2", **even), logprobs("3", **{"3": -0.01, "2": -5.0})])
    assert opinion.scores is not None
    assert opinion.scores[0] == pytest.approx(1.5)
    assert 2.8 < opinion.scores[1] <= 3
    assert opinion.tiers == ((1,), (0,))
    assert opinion.flags == {"bounded"}
    assert opinion.kind == judge.score_kind == "grade"
    assert (call.max_tokens, call.logprobs) == (1, 20)
    assert call.otherwise is not None


def test_graded_reads_words_where_there_are_no_log_probabilities():
    asked, opinion = drive(Graded(), 2, [Reply(text="2"), Reply(text="The")], [Reply(text="The grade is 1.")])
    assert opinion.scores == (2.0, 1.0)
    assert opinion.flags == {"in_words"}
    assert [len(calls) for calls in asked] == [2, 1]
    assert asked[1][0] == asked[0][1].otherwise
    _, opinion = drive(Graded(), 1, [Reply(text="Grade: 3", answers="otherwise")])
    assert opinion.scores == (3.0,)
    _, opinion = drive(Graded(), 1, [Reply(text=None)], [Reply(text=None, reasoning="hm")])
    assert not opinion.usable


def test_graded_asked_again_reads_words():
    _, opinion = drive(Graded(), 1, [logprobs("<think>", **{"<think>": -0.0})])
    assert not opinion.usable
    ((call,),), opinion = drive(Graded(), 1, [Reply(text="2")], attempt=1)
    assert call.logprobs == 0
    assert (opinion.scores, opinion.flags) == ((2.0,), {"in_words"})


def test_graded_knows_which_scales_one_token_can_tell_apart():
    ((call,),), opinion = drive(Graded(prompt="grade10"), 1, [Reply(text="10")])
    assert call.logprobs == 0
    assert (opinion.scores, opinion.flags) == ((10.0,), set())
    with pytest.raises(ConfigError, match="first token"):
        Graded(prompt="grade10", read="logprobs")
    with pytest.raises(ConfigError, match="belong to 'pointwise'"):
        Graded(prompt="pointwise")
    with pytest.raises(ConfigError, match="belong to 'graded'"):
        Pointwise(prompt="graded")


@pytest.mark.parametrize("judge", [Listwise, Pointwise, Graded])
def test_of_a_long_document_the_excerpt_or_the_beginning_is_shown(judge):
    filler, best = "Nothing of note was seen that day. ", "Locusts ate the barley. "
    long = Document(id=1, text=filler * 60 + best + filler * 60)
    known = Question(query="cicadas", spans={long: ((60 * len(filler), 60 * len(filler) + len(best)),)})

    def shown(question, **options):
        step = advance(judge(passage_tokens=60, **options).ask(question, [long]))
        assert isinstance(step, Step)
        return step.asked[0].messages[-1].content

    assert best.strip() in shown(Question(query="locusts"))
    assert best.strip() in shown(known)
    assert best.strip() not in shown(Question(query="locusts"), excerpt="head")
    assert best.strip() not in shown(known, excerpt="head")
