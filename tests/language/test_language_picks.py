"""Judges that ask for one letter, driven by hand: the best of a few, and the better of two."""

import math

import pytest
from test_language_judges import QUESTION, documents, drive, logprobs

from llmrerank.calls import Reply
from llmrerank.errors import ConfigError
from llmrerank.judges.pairwise import Pairwise
from llmrerank.judges.setwise import Setwise
from llmrerank.rounds import Done, advance
from llmrerank.types import Detail, Document

OWN = """
title = "Mine"
form = "{form}"
answer = "label"
labels = "{labels}"
[passage]
text = "[{{label}}] {{text}}"
[[messages]]
role = "user"
content = "{{query}} {{passages}}"
"""


def own(folder, form, labels):
    path = folder / f"{form}-{labels}.toml"
    path.write_text(OWN.format(form=form, labels=labels), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("read", "gives"), [("auto", "BEST"), ("text", "BEST"), ("logprobs", "ORDER")])
def test_setwise_promises_an_order_only_where_log_probabilities_are_asked_for(read, gives):
    judge = Setwise(read=read)
    assert judge.gives is Detail[gives]
    assert (judge.capacity, judge.score_kind, judge.carrier) == (26, "none", "chat")


def test_setwise_in_words_is_the_best_and_a_tie_of_the_others():
    ((call,),), opinion = drive(Setwise(read="text"), 4, [Reply(text="Passage C")])
    assert opinion.tiers == ((2,), (0, 1, 3))
    assert (opinion.usable, opinion.flags, opinion.scores) == (True, frozenset(), None)
    assert (call.logprobs, call.otherwise, call.seed) == (0, None, QUESTION.seed)
    assert "[D]" in call.messages[-1].content


@pytest.mark.parametrize("read", ["auto", "logprobs"])
def test_setwise_by_the_first_token_is_an_order_for_the_same_one_call(read):
    ((call,),), opinion = drive(Setwise(read=read), 4, [logprobs("C", C=-0.2, A=-2.0, D=-3.0, B=-5.0)])
    assert opinion.tiers == ((2,), (0,), (3,), (1,))
    assert (opinion.usable, opinion.flags) == (True, frozenset())
    assert (call.max_tokens, call.logprobs) == (1, 20)


def test_setwise_says_what_few_alternatives_leave_open_where_an_order_was_promised():
    few = logprobs("C", C=-0.2, A=-2.0, The=-2.5)
    _, promised = drive(Setwise(read="logprobs"), 4, [few])
    _, chance = drive(Setwise(), 4, [few])
    assert promised.tiers == chance.tiers == ((2,), (0,), (1, 3))
    assert (promised.usable, promised.flags) == (True, {"missing"})
    assert (chance.usable, chance.flags) == (True, frozenset())


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="E"),
        Reply(text="none of them is good"),
        Reply(text="A or B"),
        Reply(text=""),
        Reply(text=None, reasoning="let me see"),
        Reply(text="I'm sorry, but I can't help with that."),
        Reply(text="<think>A", finish_reason="length"),
    ],
)
@pytest.mark.parametrize("judge", [Setwise, Pairwise])
def test_an_answer_that_names_none_of_those_shown_is_no_evidence(judge, reply):
    _, opinion = drive(judge(read="text"), 2, [reply])
    assert not opinion.usable
    assert opinion.flags
    assert sorted(place for tier in opinion.tiers for place in tier) == [0, 1]


@pytest.mark.parametrize("judge", [Setwise, Pairwise])
@pytest.mark.parametrize("token", ["<think>", "The", "Q"])
def test_a_first_token_that_is_no_label_is_no_evidence_and_words_are_read_next(judge, token):
    _, opinion = drive(judge(), 2, [logprobs(token, **{token: -0.01})])
    assert not opinion.usable
    ((call,),), opinion = drive(judge(), 2, [Reply(text="B")], attempt=1)
    assert (call.logprobs, call.seed != QUESTION.seed) == (0, True)
    assert opinion.tiers == ((1,), (0,))


@pytest.mark.parametrize("judge", [Setwise, Pairwise])
def test_without_log_probabilities_words_are_read(judge):
    asked, opinion = drive(judge(), 2, [Reply(text="B", answers="otherwise")])
    assert opinion.tiers == ((1,), (0,))
    assert [len(calls) for calls in asked] == [1]
    # One token of an answer is no answer: "A" may begin "A better one is B".
    ((first,), (second,)), opinion = drive(judge(), 2, [Reply(text="A")], [Reply(text="A better one is B.")])
    assert second == first.otherwise
    assert opinion.raw == "A better one is B."


@pytest.mark.parametrize("judge", [Setwise, Pairwise])
def test_one_document_is_not_asked_about(judge):
    ended = advance(judge().ask(QUESTION, documents(1)))
    assert isinstance(ended, Done)
    assert ended.result.tiers == ((0,),)
    assert ended.result.usable


def test_pairwise_strengths_differ_by_the_log_odds_and_there_are_no_scores():
    judge = Pairwise()
    assert (judge.gives, judge.capacity, judge.score_kind) == (Detail.ORDER, 2, "none")
    ((call,),), opinion = drive(judge, 2, [logprobs("B", A=math.log(0.2), B=math.log(0.6), The=-2.0)])
    assert opinion.tiers == ((1,), (0,))
    assert opinion.scores is None
    first, second = opinion.strengths
    assert first - second == pytest.approx(-math.log(3))
    assert (call.max_tokens, call.logprobs) == (1, 20)


def test_pairwise_spellings_are_summed_and_equal_sides_are_a_tie():
    _, opinion = drive(
        Pairwise(), 2, [logprobs("A", **{"A": math.log(0.2), " A": math.log(0.2), "B": math.log(0.4)})]
    )
    assert opinion.tiers in (((0, 1),), ((0,), (1,)), ((1,), (0,)))
    assert opinion.strengths == (pytest.approx(0.0), pytest.approx(0.0))
    _, opinion = drive(Pairwise(), 2, [logprobs("A", A=-1.0, B=-1.0)])
    assert opinion.tiers == ((0, 1),)


def test_pairwise_a_side_that_was_not_returned_stands_at_its_bound():
    _, opinion = drive(Pairwise(), 2, [logprobs("A", A=-0.1, The=-4.0)])
    assert opinion.tiers == ((0,), (1,))
    assert opinion.strengths == (pytest.approx(1.95), pytest.approx(-1.95))
    assert opinion.usable


@pytest.mark.parametrize(
    "text", ["Tie", "It's a tie.", "**both**", "Neither", "<think>hm</think>a draw", "Equal"]
)
def test_pairwise_a_tie_in_words_is_an_answer(text):
    _, opinion = drive(Pairwise(read="text"), 2, [Reply(text=text)])
    assert opinion.tiers == ((0, 1),)
    assert (opinion.usable, opinion.flags, opinion.strengths) == (True, frozenset(), None)


def test_pairwise_takes_two_and_no_more():
    with pytest.raises(ConfigError, match="1 to 2 documents at a time, got 3"):
        advance(Pairwise().ask(QUESTION, documents(3)))


def test_prompts_of_ones_own_with_numbers(tmp_path):
    """A numeral may be several tokens; of two it is one."""
    several = Setwise(prompt=own(tmp_path, "setwise", "numbers"))
    assert (several.how, several.gives, several.capacity) == ("text", Detail.BEST, None)
    _, opinion = drive(several, 30, [Reply(text="[27]")])
    assert opinion.tiers[0] == (26,)
    with pytest.raises(ConfigError, match="numbers, which may be several tokens"):
        Setwise(prompt=several.prompt, read="logprobs")
    _, opinion = drive(
        Pairwise(prompt=own(tmp_path, "pairwise", "numbers"), read="logprobs"),
        2,
        [logprobs("2", **{"2": -0.1, "1": -2.1})],
    )
    assert opinion.strengths == (pytest.approx(-1.0), pytest.approx(1.0))


@pytest.mark.parametrize("judge", [Setwise, Pairwise])
def test_what_does_not_fit_is_refused(judge):
    name = judge.__name__.lower()
    with pytest.raises(ConfigError, match=f"'{name}' reads form '{name}' and answer 'label'"):
        judge(prompt="listwise")
    with pytest.raises(ConfigError, match="32 or more"):
        judge(passage_tokens=3)


@pytest.mark.parametrize("judge", [Setwise, Pairwise])
def test_cut_text_and_the_room_for_answers_are_told(judge):
    long = [Document(id=1, text="word " * 100), Document(id=2, text="word " * 100)]
    inquiry = judge(passage_tokens=40, answer_tokens=77, read="text").ask(QUESTION, long)
    asked = advance(inquiry).asked
    assert asked[0].max_tokens == 77
    assert advance(inquiry, [Reply(text="A")]).result.cut == 120
