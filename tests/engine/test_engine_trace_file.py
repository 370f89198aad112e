"""The trace file: what is written is read again, whole lines only, by its owner alone."""

from __future__ import annotations

import dataclasses
import json
import stat
import threading
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.calls import (
    ChatCall,
    DecisionCall,
    DecisionQuestion,
    ListCall,
    Message,
    PairCall,
    Reply,
    TokenChoice,
)
from llmrerank.errors import ConfigError, DataError
from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.trace import Called, Event, Repaired, Retried, RoundDone, Scored, Seen, StageDone, Trace
from llmrerank.trace_file import (
    StoredTraces,
    TracedHit,
    TracedQuery,
    TraceFile,
    UnknownEvent,
    event_from_dict,
    event_to_dict,
    story_of,
)
from llmrerank.types import Document, Query, Usage

NUMBERS = st.integers(0, 10**9)
SECONDS = st.floats(0, 1e6)
VALUES = {
    "bool": st.booleans(),
    "float": SECONDS,
    "float | None": st.none() | SECONDS,
    "int": NUMBERS,
    "Features": st.dictionaries(st.text(), st.none() | SECONDS, max_size=3).map(
        lambda one: tuple(one.items())
    ),
    "Slate": st.lists(NUMBERS, max_size=5).map(tuple),
    "str": st.text(),
    "str | None": st.none() | st.text(),
    "tuple[str, ...]": st.lists(st.text(), max_size=3).map(tuple),
    "Usage": st.builds(Usage, input=NUMBERS, output=NUMBERS, reasoning=NUMBERS),
}
EVENTS = st.one_of(
    *(
        st.builds(kind, **{field.name: VALUES[str(field.type)] for field in dataclasses.fields(kind)})
        for kind in get_args(Event)
    )
)


def called(slate, *, stage="s", number=1, seconds=0.5, **more):
    fields = {
        "model": "m",
        "usage": Usage(input=9, output=1),
        "counted": True,
        "attempts": 1,
        "cached": False,
        "cost": None,
    }
    return Called(stage=stage, round=number, slate=slate, seconds=seconds, **{**fields, **more})


def asked(text, slate, *, stage="s", number=1, **reply):
    call = ChatCall(messages=(Message("user", text),), max_tokens=5, fence="f1")
    return Seen(stage=stage, round=number, slate=slate, call=call, reply=Reply(text=f"to {text}", **reply))


def talked(call, reply):
    return Seen(stage="s", round=1, slate=(1, 0), call=call, reply=reply)


def ends(stage, came, went, seconds=1.0):
    return StageDone(stage=stage, documents_in=came, documents_out=went, seconds=seconds)


def over(stage, number, slates=1, seconds=0.5):
    return RoundDone(stage=stage, round=number, slates=slates, seconds=seconds)


def traced(text="what barks", *events, **more):
    fields = {"query": Query(text=text), "strategy": "s", "hits": (), "events": events, "seconds": 1.25}
    return TracedQuery(**{**fields, **more})


@given(EVENTS)
def test_every_event_comes_back_from_json(event):
    values = json.loads(json.dumps(event_to_dict(event)))
    assert event_from_dict(values) == event
    assert event_from_dict({**values, "of a newer version": 1}) == event


def test_every_kind_has_a_name_of_its_own():
    assert event_to_dict(over("s", 1))["kind"] == "round_done"
    kinds = {cls.__name__ for cls in get_args(Event)}
    assert len(kinds) == len(get_args(Event)) == 13


def test_kinds_of_a_newer_version_are_kept_as_they_are():
    values = {"kind": "dreamt", "of": ["sheep"]}
    event = event_from_dict(values)
    assert event == UnknownEvent(kind="dreamt", values=values)
    assert event_to_dict(event) == values
    assert traced("q", event, over("s", 1)).trace.events == (over("s", 1),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slates": "three"}, "'slates' is no int"),
        ({"slates": True}, "'slates' is no int"),
        ({"seconds": None}, "'seconds' is no float"),
        ({"kind": 7}, "'kind' must be a string"),
        ({"round": ...}, "a part of the trace is missing: event 2: round"),
    ],
)
def test_what_cannot_be_meant_is_said_with_file_and_line(tmp_path, change, said):
    line = traced("q", over("s", 1), over("s", 2)).to_dict()
    line["events"][1] |= change
    line["events"][1] = {name: value for name, value in line["events"][1].items() if value is not ...}
    path = tmp_path / "t.jsonl"
    path.write_text("\n" + json.dumps(line))
    with pytest.raises(DataError, match="line 2") as raised:
        list(StoredTraces(path))
    assert said in str(raised.value)


def test_a_line_comes_back_with_everything(tmp_path):
    questions = (DecisionQuestion(name="d1", kind="score", text="How?", levels=("no", "yes")),)
    chat = ChatCall(
        messages=(Message("system", "s\ue000fence\ue000"), Message("user", "ü\u202e")),
        max_tokens=3,
        fence="ab",
    )
    reply = Reply(
        text="[1]", reasoning="hm", finish_reason="stop", choices=(TokenChoice("1", -0.1),),
        usage=Usage(input=1, output=2), seconds=0.5, attempts=3, answered=2, notes=("no seed",), cut=4,
    )  # fmt: skip
    one = traced(
        "lone \ud83d surrogate",
        called((1, 0)),
        query=Query(id="q1", text="lone \ud83d surrogate"),
        hits=(
            TracedHit(rank=1, id=7, previous_rank=2, score=0.5, title="T", places=(2, 1)),
            TracedHit(rank=2, id="b"),
        ),
        score_kind="logit",
        dataset="dl19",
        row=3,
        measures={"nDCG@10": 0.25},
        seen=(
            talked(chat, reply),
            talked(PairCall(query="q", document="d"), Reply(score=1.5, cached=True)),
            talked(ListCall(query="q", documents=("a", "b")), Reply(scores=(1.0, None))),
            talked(DecisionCall(state="x", questions=questions, fence="c"), Reply()),
        ),
    )  # fmt: skip
    with TraceFile(tmp_path / "new" / "t.jsonl") as file:
        file.add(one)
    [line] = StoredTraces(tmp_path / "new" / "t.jsonl")
    assert line.traced == one
    assert line.text.encode() + b"\n" == one.to_line()
    values = json.loads(line.text)
    assert values["totals"] == one.trace.to_dict()
    assert "seen" not in traced().to_dict()


def test_what_was_sent_is_kept_where_it_is_not_what_was_asked_first():
    other = ChatCall(messages=(Message("user", "in words"),), max_tokens=5)
    call = ChatCall(
        messages=(Message("user", "by log-probabilities"),), max_tokens=1, fence="f", otherwise=other
    )
    seen = talked(call, Reply(text="yes", answers="otherwise"))
    values = traced(seen=(seen,)).to_dict()
    [back] = TracedQuery.from_dict(values).seen
    assert back.call.messages == other.messages
    instructed = ListCall(query="q", documents=("a",), instruction="i")
    told = talked(instructed, Reply(scores=(1.0,), answers="otherwise"))
    assert TracedQuery.from_dict(traced(seen=(told,)).to_dict()).seen[0].call.instruction == ""


def test_a_ranking_is_written_with_where_each_stage_put_its_documents(tmp_path):
    documents = [Document(id=name, text="t", title=name.upper()) for name in "ab"]
    # Of a hybrid first stage a part's place stands before its own.
    stages = ("part", "first", "last")
    places = {"a": (1, 1, 2), "b": (2, 2, 1)}
    hits = tuple(
        Hit(
            rank=places[one.id][2],
            previous_rank=places[one.id][1],
            score=None,
            document=one,
            history=tuple(
                Place(stage=stage, rank=rank, score=None)
                for stage, rank in zip(stages, places[one.id], strict=True)
            ),
        )
        for one in reversed(documents)
    )
    trace = Trace((ends("first", 0, 2), ends("last", 2, 2)))
    ranking = Ranking(query="q", strategy="first >> last", hits=hits, trace=trace)
    path = tmp_path / "t.jsonl"
    with TraceFile(path) as file:
        file.write(Query(text="q"), ranking, seconds=2.0, dataset="d", row=1, measures={"AP": 1.0})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [line] = StoredTraces(path)
    assert [(hit.id, hit.title, hit.places) for hit in line.traced.hits] == [
        ("b", "B", (2, 1)),
        ("a", "A", (1, 2)),
    ]
    assert (line.traced.dataset, line.traced.row, line.traced.measures) == ("d", 1, {"AP": 1.0})


def test_hits_of_plain_parts():
    hits = TracedQuery.hits_of(["a", "b", "c"], previous=(2, 1), scores=(0.5, None), titles={"b": "B"})
    assert [(hit.rank, hit.id, hit.previous_rank, hit.score, hit.title) for hit in hits] == [
        (1, "a", 2, 0.5, ""),
        (2, "b", 1, None, "B"),
        (3, "c", None, None, ""),
    ]


def test_a_killed_writer_loses_the_line_that_it_was_writing_and_no_other(tmp_path):
    path = tmp_path / "t.jsonl"
    whole, last = traced("first", over("s", 1)).to_line(), traced("second").to_line()
    for kept in (*range(0, len(last), 11), len(last) - 2, len(last) - 1, len(last)):
        path.write_bytes(whole + last[:kept])
        stored = StoredTraces(path)
        texts = [line.traced.query.text for line in stored]
        done = kept >= len(last) - 1  # all but its end is a line that can be read
        assert texts == ["first", "second"][: 1 + done]
        assert stored.cut_off == (kept > 0 and not done)
        with TraceFile(path) as file:
            file.add(traced("third"))
        after = StoredTraces(path)
        assert [line.traced.query.text for line in after] == [*texts, "third"]
        assert not after.cut_off


def test_lines_are_added_unless_it_begins_anew(tmp_path):
    path = tmp_path / "t.jsonl"
    path.touch(0o644)
    for fresh, texts in ((False, ["a"]), (False, ["a", "a"]), (True, ["a"])):
        with TraceFile(path, fresh=fresh) as file:
            file.add(traced("a"))
        assert [line.traced.query.text for line in StoredTraces(path)] == texts
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ['{"_id": "d1", "text": "a corpus"', "words\n", '{"schema": 1, "id": 3}\n']
)
def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path, content):
    path = tmp_path / "corpus.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match="nothing was changed"):
        TraceFile(path)
    assert path.read_text() == content


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot write the trace"):
        TraceFile(tmp_path)


def test_threads_write_whole_lines(tmp_path):
    path = tmp_path / "t.jsonl"
    with TraceFile(path) as file:

        def write(number):
            for _ in range(10):
                file.add(traced(f"{number} " + "x" * 9000, over("s", number)))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    numbers = [line.traced.query.text.split()[0] for line in StoredTraces(path)]
    assert sorted(numbers) == sorted(str(number) for number in range(8) for _ in range(10))


def test_a_story_has_every_event_and_text_in_its_round():
    # Two stages of one spelling, as 'listwise >> listwise' has them.
    events = (
        ends("bm25", 0, 3),
        called((1, 2), number=1), over("s", 1), called((0, 1), number=2), over("s", 2), ends("s", 3, 2),
        called((0, 1), number=1), Repaired(stage="s", round=1, slate=(0, 1), flags=("missing",), raw="r"),
        over("s", 1), ends("s", 2, 2),
    )  # fmt: skip
    seen = (
        asked("one", (1, 2)), asked("shared", (2, 1)), asked("two", (0, 1), number=2), asked("three", (0, 1)),
    )  # fmt: skip
    hits = (
        TracedHit(rank=1, id="c", previous_rank=3, places=(3, 2, 1)),
        TracedHit(rank=2, id="a", previous_rank=1, places=(1, 1, 2)),
    )
    first, second, third = story_of(traced("q", *events, hits=hits, seen=seen))
    assert [one.name for one in (first, second, third)] == ["bm25", "s", "s"]
    assert [[text.call.messages[0].content for text in one.seen] for one in second.rounds] == [
        ["one", "shared"],
        ["two"],
    ]
    assert [text.reply.text for text in third.rounds[0].seen] == ["to three"]
    assert [type(event) for event in third.rounds[0].events] == [Called, Repaired]
    assert (first.names, second.names, third.names) == ({}, {2: "c", 0: "a"}, {1: "c", 0: "a"})


def test_in_given_documents_the_first_stage_was_shown_them_as_given():
    hits = TracedQuery.hits_of(["b", "a"], previous=(2, 1))
    [only] = story_of(traced("q", called((0, 1)), over("s", 1), ends("s", 2, 2), hits=hits))
    assert only.names == {1: "b", 0: "a"}


def test_a_question_put_again_waits_for_its_answer_and_a_repeated_one_does_not():
    again = Retried(stage="s", round=1, slate=(1, 0), attempts=2, reason="unusable")
    resent = Retried(stage="s", round=1, slate=(2, 3), attempts=3, reason="busy")
    events = (
        called((0, 1), seconds=2.0), again, called((1, 0), seconds=1.0),
        called((2, 3), attempts=3), resent, called((4, 5)), over("s", 1), ends("s", 6, 6),
    )  # fmt: skip
    [stage] = story_of(traced("q", *events))
    assert [start for start, _ in stage.rounds[0].calls] == [0.0, 2.0, 0.0, 0.0]


def test_local_rounds_have_their_pairs():
    pair = Seen(
        stage="x", round=1, slate=(0,), call=PairCall(query="q", document="d"), reply=Reply(score=1.0)
    )
    scored = Scored(stage="x", round=1, model="m", pairs=1, cached=0, seconds=0.1)
    [stage] = story_of(traced("q", scored, over("x", 1), ends("x", 1, 1), seen=(pair,)))
    assert stage.rounds[0].seen == [pair]
