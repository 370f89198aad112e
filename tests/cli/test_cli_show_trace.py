"""rank --trace, search --trace and show trace."""

from __future__ import annotations

import json
import re

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.cli.trace_story import story_lines
from llmrerank.errors import DataError
from llmrerank.testing.stub_server import StubResponse, StubServer, completion
from llmrerank.trace import (
    Called,
    Degraded,
    Exhausted,
    Repaired,
    RoundDone,
    Scored,
    StageDone,
    Truncated,
    Warned,
)
from llmrerank.trace_file import StoredTraces, TracedQuery, TraceFile, UnknownEvent
from llmrerank.types import Query, Usage

WIDEST = 100


def backwards(body):
    text = body["messages"][-1]["content"]
    labels = dict.fromkeys(re.findall(r"^\[(\d+)\]", text, re.MULTILINE))
    return " > ".join(f"[{label}]" for label in reversed(labels)) or "3"


@pytest.fixture
def rank(cli, docs):
    """Rank the three documents under a stub's answers, with a trace."""

    def call(answer, *words, query="what barks", strategy="listwise", trace="t.jsonl"):
        with StubServer(answer) as server:
            return cli(
                "rank", "--docs", docs, "--query", query, "--strategy", strategy, "--trace", trace,
                "--base-url", server.base_url, "--model", "stub", "--no-cache", *words,
            )  # fmt: skip

    return call


def test_one_query_is_told_as_a_story(cli, rank):
    assert rank(backwards, strategy="bm25 % 3 >> listwise(window=2, stride=1)").code == Exit.DONE
    ended = cli("show", "trace", "t.jsonl")
    assert (ended.code, ended.err) == (Exit.DONE, "")
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "query: what barks",
        "strategy: bm25 % 3 >> listwise(window=2, stride=1)",
        next(line for line in lines if line.startswith("took: 2 calls, 0 cached, 2 rounds, 20 + 2 tokens")),
    ]
    assert any(
        re.fullmatch(r"1\. bm25: 3 documents in, 3 documents out, \d+\.\d\d s", line) for line in lines
    )
    assert "   round 1: 1 window, " in ended.out
    # bm25 puts the dog first; the window moves to the front and turns each pair round.
    assert "     call 1: places 2–3: cat, bread" in lines
    assert "     call 1: places 1, 3: dog, bread" in lines
    assert "order (no scores):" in lines
    assert [line.split() for line in lines[-3:]] == [
        ["1", "↑2", "·", "bread"],
        ["2", "=", "·", "dog", "Dogs"],
        ["3", "↓2", "·", "cat"],
    ]
    assert "Cats purr" not in ended.out
    assert max(map(len, lines)) <= WIDEST


def test_prompts_and_answers_on_demand(cli, rank):
    rank(backwards)
    out = cli("show", "trace", "t.jsonl", "--prompts").out
    assert "       [user]" in out
    assert re.search(r"\| \[2\] Dogs\n +\| A dog barks at night\.", out)
    assert "       [answer, ended by stop]\n       | [3] > [2] > [1]" in out
    assert "\ue000" not in out


def test_search_keeps_its_story_too(cli, dataset):
    with StubServer(backwards) as server:
        words = (
            "search", "--corpus", dataset, "--query", "which animals purr",
            "--pipeline", "bm25 % 2 >> pointwise",
            "--base-url", server.base_url, "--model", "stub", "--no-cache", "--trace", "deep/t.jsonl",
        )  # fmt: skip
        dry = cli(*words, "--dry-run")
        ended = cli(*words)
    assert (dry.code, ended.code) == (Exit.DONE, Exit.DONE)
    assert "known as: id q1" in cli("show", "trace", "deep/t.jsonl").out
    assert "call 2: place 2: d1" in cli("show", "trace", "deep/t.jsonl").out


def test_several_queries_are_a_table_and_totals(cli, rank):
    rank(backwards)
    rank(lambda body: "[2] > [3]", query="second")
    rank(lambda body: "who knows", query="third")
    ended = cli("show", "trace", "t.jsonl")
    rows = [re.split(r"  +", line.strip()) for line in ended.out.splitlines()[:4]]
    assert rows[0] == [
        "query",
        "calls",
        "cached",
        "rounds",
        "tokens",
        "seconds",
        "repaired",
        "degraded",
        "cost USD",
    ]
    assert [row[:4] + row[7:9] for row in rows[1:]] == [
        ["1", "what barks", "1", "0", "0", "0"],
        ["2", "second", "1", "0", "1", "0"],
        ["3", "third", "2", "0", "0", "1"],
    ]
    assert "3 queries: 4 calls paid, 40 + 4 tokens, cost unknown" in ended.out
    assert "answers that could not be used and were asked for again: 1" in ended.out
    assert "seconds for one call: p50 " in ended.out
    assert "query: second" in cli("show", "trace", "t.jsonl", "--query", "2").out
    lost = cli("show", "trace", "t.jsonl", "--query", "4")
    assert (lost.code, lost.out) == (Exit.USAGE, "")
    assert "has no query '4'; it holds 3 queries, numbered from 1" in lost.err


def test_json_is_the_lines_as_they_are(cli, rank, tmp_path):
    rank(backwards)
    rank(backwards, query="second")
    text = (tmp_path / "t.jsonl").read_text()
    assert cli("show", "trace", "t.jsonl", "--json").out == text
    assert cli("show", "trace", "t.jsonl", "--json", "--query", "2").out == text.splitlines(keepends=True)[1]


def test_a_story_tells_of_repairs_and_of_what_got_no_evidence(cli, rank):
    assert rank(lambda body: "[2] > [3]").code == Exit.DONE
    out = cli("show", "trace", "t.jsonl").out
    assert "     repaired: missing; the answer was\n       | [2] > [3]\n" in out
    assert rank(lambda body: "who\x1b[2J knows", trace="u.jsonl").code == Exit.DEGRADED
    out = cli("show", "trace", "u.jsonl").out
    assert "     again: the answer was unusable (unparsed); asked again" in out
    assert "     degraded: no evidence on places 1–3: cat, dog, bread; unparsed; the answer was" in out
    assert "| who␛[2J knows" in out
    assert "\x1b" not in out


def test_no_key_is_ever_written(rank, tmp_path, monkeypatch):
    key = "sk-a-secret-of-forty-characters-and-more-1234"
    monkeypatch.setenv("OPENAI_API_KEY", key)

    def answer(body):
        if "dog" in body["messages"][-1]["content"]:
            return StubResponse(status=500, body={"error": {"message": f"bad key {key}"}})
        return "3"

    rank(answer, "--retries", "0", strategy="pointwise")
    text = (tmp_path / "t.jsonl").read_text()
    assert '"kind": "degraded"' in text
    assert key not in text


def test_half_a_line_is_said_and_the_rest_told(cli, rank, tmp_path):
    rank(backwards)
    path = tmp_path / "t.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    ended = cli("show", "trace", "t.jsonl")
    assert ended.code == Exit.DONE
    assert ended.out.startswith("query: what barks\n")
    assert "half a line at the end of t.jsonl was left out" in ended.err
    path.write_bytes(whole[:40])
    lost = cli("show", "trace", "t.jsonl")
    assert lost.code == Exit.USAGE
    assert "holds nothing but half a line" in lost.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file t.jsonl"),
        ("", "holds nothing"),
        ('{"_id": "d1", "text": "a corpus"}\n', "t.jsonl, line 1: this is no line of a trace file"),
        ('{"schema": 1, "events": []}\n', "t.jsonl, line 1: a part of the trace is missing: query"),
        ("words\nof a text\n", "t.jsonl, line 1: this is not JSON"),
    ],
    ids=str,
)
def test_bad_files_are_one_sentence(cli, tmp_path, content, said):
    if content is not None:
        (tmp_path / "t.jsonl").write_text(content)
    ended = cli("show", "trace", "t.jsonl")
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert said in ended.err


def test_a_trace_that_cannot_be_written_shows_before_anything_is_paid(rank, cli, docs, tmp_path):
    (tmp_path / "notes.txt").write_text("mine\n")
    asked = []
    ended = rank(lambda body: asked.append(body) or "x", trace="notes.txt")
    assert (ended.code, ended.out, asked) == (Exit.USAGE, "", [])
    assert "no trace file" in ended.err
    assert (tmp_path / "notes.txt").read_text() == "mine\n"


EVIL = "\x1b]0;x\x07\u202e\x9b31m\r\n"


def called(slate, number, seconds, **more):
    fields = {
        "usage": Usage(input=9, output=1),
        "counted": False,
        "attempts": 1,
        "cached": False,
        "cost": None,
    }
    return Called(
        stage="ask", round=number, slate=slate, seconds=seconds, model=f"m{EVIL}", **{**fields, **more}
    )


def over(number, seconds, stage="ask"):
    return RoundDone(stage=stage, round=number, slates=2, seconds=seconds)


def wrote(*events, seconds=10.0, **more):
    """A trace file with one query that has everything hostile in it."""
    one = TracedQuery(
        query=Query(text=f"q{EVIL}", id=f"i{EVIL}"),
        strategy=f"s{EVIL}",
        hits=TracedQuery.hits_of([f"d{EVIL}", "e"], previous=(2, 1), titles={"e": f"t{EVIL}"}),
        events=events,
        seconds=seconds,
        dataset=f"x{EVIL}",
        **more,
    )
    with TraceFile("t.jsonl") as file:
        file.add(one)


def test_whatever_the_file_says_moves_no_cursor(cli):
    wrote(
        called((0, 1), 1, 1.0, notes=(f"n{EVIL}",)),
        Repaired(stage="ask", round=1, slate=(0,), flags=(f"f{EVIL}",), raw=f"r{EVIL}"),
        Degraded(stage="ask", round=1, slate=(0,), reason=f"r{EVIL}", raw=None),
        Truncated(stage="ask", round=1, slate=(0, 1), tokens=7),
        Scored(stage="ask", round=1, model=f"m{EVIL}", pairs=2, cached=1, seconds=0.1),
        over(1, 1.0),
        Warned(stage="ask", message=f"w{EVIL}"),
        Exhausted(stage="ask", limit=f"l{EVIL}", reason=f"r{EVIL}"),
        UnknownEvent(kind=f"k{EVIL}", values={"kind": f"k{EVIL}"}),
        StageDone(stage=f"ask{EVIL}", documents_in=2, documents_out=2, seconds=1.0),
        measures={f"AP{EVIL}": 0.5},
    )
    for words in ((), ("--prompts",), ("--query", "1", "-v")):
        ended = cli("show", "trace", "t.jsonl", *words)
        assert ended.code == Exit.DONE
        for told in (
            "scored: ",
            "7 tokens of text",
            "stopped early by the limit on",
            "does not know: k",
            "AP",
        ):
            assert told in ended.out
        assert not set("\x1b\x07\u202e\x9b\r") & set(ended.out)
        assert max(map(len, ended.out.splitlines())) <= WIDEST
    wrote(over(1, 1.0))
    assert not set("\x1b\x07\u202e\x9b\r") & set(cli("show", "trace", "t.jsonl").out)


def bars(out):
    """First and last column of each bar of the time line, and where its solid part ends, by label."""
    lines = out[out.index("time line") :].splitlines()
    found = {}
    for line in lines[1 : lines.index("")]:
        drawn = re.search("[█░]+", line[29:])
        if drawn and re.search(r"\d s$|cached$", line):
            label = line[:29].strip()
            solid = drawn.group().rstrip("░")
            found[label] = (drawn.start(), drawn.start() + len(solid), drawn.end())
    return found


def test_the_time_line_goes_on_and_shows_what_ran_together(cli):
    wrote(
        StageDone(stage="bm25", documents_in=0, documents_out=9, seconds=2.0),
        called((0, 1), 1, 4.0), called((2, 3), 1, 1.0), over(1, 4.0),
        called((0, 2), 2, 0.0, cached=True), called((1, 3), 2, 2.0), over(2, 2.0),
        StageDone(stage="ask", documents_in=9, documents_out=9, seconds=8.0),
    )  # fmt: skip
    out = cli("show", "trace", "t.jsonl").out
    assert "time line, 10.00 s from left to right:" in out
    drawn = bars(out)
    room = 60
    assert drawn["bm25"] == (0, room * 0.2, room * 0.2)
    assert drawn["ask"] == (room * 0.2, room, room)
    # Calls of a round start with it; what they leave of it is shaded.
    assert drawn["round 1, call 1"] == (room * 0.2, room * 0.6, room * 0.6)
    assert drawn["round 1, call 2"] == (room * 0.2, room * 0.3, room * 0.6)
    assert drawn["round 2, call 1"] == (room * 0.6, room * 0.6, room * 0.8)
    assert drawn["round 2, call 2"] == (room * 0.6, room * 0.8, room * 0.8)
    assert "when it was sent is not recorded" in out


def test_of_many_calls_the_first_are_shown_and_all_on_demand(cli):
    wrote(*(called((place,), 1, 0.5) for place in range(30)), over(1, 5.0))
    short, whole = cli("show", "trace", "t.jsonl").out, cli("show", "trace", "t.jsonl", "-v").out
    assert "and 20 more calls; -v shows them" in short
    assert "and 20 more calls of round 1; -v shows them" in short
    assert "call 30: place 30" not in short
    assert "call 30: place 30" in whole
    assert "more calls" not in whole


def test_what_the_cache_saved_is_told_apart_from_what_was_paid(cli):
    for cached in (False, True):
        wrote(called((0, 1), 1, 0.0 if cached else 2.0, cached=cached, cost=0.25), over(1, 2.0))
    wrote(called((0, 1), 1, 4.0, attempts=3, cost=0.5), over(1, 5.0))
    out = cli("show", "trace", "t.jsonl").out
    assert "3 queries: 2 calls paid, 18 + 2 tokens, cost 0.7500 USD" in out
    assert "saved by the cache: 1 call, 9 + 1 tokens, cost 0.2500 USD" in out
    assert "seconds for one call: p50 2.00, p95 4.00" in out
    assert "retries of 1 call: 2" in out


def test_questions_that_were_answered_in_vain_are_told(cli, rank):
    # The first answer has no room for what was asked: the endpoint is asked again, and bills both.
    answers = iter(["", "[3] > [2] > [1]"])

    def answer(body):
        text = next(answers)
        if text:
            return text
        return completion(
            "",
            choices=[
                {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "length"}
            ],
        )

    assert rank(answer).code == Exit.DONE
    out = cli("show", "trace", "t.jsonl", "--prompts").out
    assert "took: 2 calls" in out
    assert json.loads(cli("show", "trace", "t.jsonl", "--json").out)["totals"]["calls"] == 2


def leaves(value, path=()):
    """The paths of all values within a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from leaves(inner, (*path, key))


def test_a_damaged_line_is_told_or_refused_and_never_a_crash(rank, tmp_path):
    rank(backwards, strategy="bm25 % 1 >> pointwise")
    path = tmp_path / "t.jsonl"
    text = path.read_text()
    told = refused = 0
    # One message or choice is as good as another; events are of many kinds.
    alike = {
        tuple(key if isinstance(key, str) or leaf[0] == "events" else 0 for key in leaf)
        for leaf in leaves(json.loads(text))
    }
    for leaf in sorted(alike - {()}, key=str):
        for damage in ("null", '"x"', "-1", "{}", "NaN", "1" + "0" * 400):
            values = json.loads(text)
            inner = values
            for key in leaf[:-1]:
                inner = inner[key]
            inner[leaf[-1]] = "DAMAGE"
            path.write_text(json.dumps(values).replace('"DAMAGE"', damage) + "\n")
            try:
                [line] = StoredTraces(path)
            except DataError:
                refused += 1
            else:
                told += len(list(story_lines(line.traced, prompts=True, whole=True))) > 0
    assert told > 100
    assert refused > 100
