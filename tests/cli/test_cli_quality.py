"""doctor --quality on the stdlib collection, against models on loopback."""

from __future__ import annotations

import random
import re

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubResponse, StubServer

WIDEST = 100
_SHOWN = re.compile(r"^\[(\d+)\] \S", re.MULTILINE)


def place(body):
    """Lists the passages as they are shown; grades a passage by chance."""
    text = body["messages"][-1]["content"]
    labels = dict.fromkeys(_SHOWN.findall(text)) if "Rank " in text else ()
    return " > ".join(f"[{label}]" for label in labels) or str(random.Random(text).randint(0, 10))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home for all, so that the documents are read once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _shared_home(_own_home, monkeypatch, home):
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))


def test_a_model_is_measured_and_gets_its_verdict(cli):
    with StubServer(place) as server:
        flags = ("--quality", "--queries", "6", "--base-url", server.base_url, "--model", "place")
        ended = cli("doctor", *flags)
        sent = len(server.requests)
        again = cli("doctor", *flags, "--json")
        assert len(server.requests) == sent
    assert ended.code == again.code == Exit.DONE  # a bad verdict is no failure
    assert "6 queries of the stdlib collection" in ended.out
    assert "listwise is noise on this model: what it returns is the place in the" in ended.out
    assert "Advice: neither beats its first stage" in ended.out
    assert max(map(len, ended.out.splitlines())) <= WIDEST
    # Two of the six queries are read more deeply.
    assert "200 pointwise calls and 20 listwise calls" in ended.err
    report = again.json
    assert report["schema"] == 1
    assert report["trace"]["calls"] == 0
    assert [one["strategy"] for one in report["measured"]] == ["pointwise", "listwise"]
    listwise = report["measured"][1]
    assert listwise["places"]["correlation"] == pytest.approx(1)
    assert len(listwise["places"]["mean_rank"]) == 20
    assert report["verdicts"][1]["finding"] == "place"
    assert 0.2 < listwise["ndcg"]["first_stage"] < listwise["ndcg"]["best_possible"] < 1


def test_a_dry_run_sends_nothing_and_needs_no_endpoint(cli):
    ended = cli("doctor", "--quality", "--dry-run", "--queries", "5", "--max-calls", "10")
    assert ended.code == Exit.DONE
    assert "bm25 % 20 >> pointwise" in ended.out
    assert "LLM calls:     140" in ended.out
    assert "LLM calls:     16" in ended.out
    assert "would stop it early, by the limit on calls" in ended.out
    rows = cli("doctor", "--quality", "--dry-run", "--queries", "5", "--json").json["rows"]
    assert [row["calls"] for row in rows] == [[140, 140], [16, 16]]


def test_a_limit_writes_what_there_is_and_ends_with_5(cli):
    with StubServer(place) as server:
        ended = cli(
            "doctor", "--quality", "--base-url", server.base_url, "--model", "limited", "--max-calls", "90"
        )
        assert len(server.requests) <= 90
    assert ended.code == Exit.BUDGET
    assert "stopped early: " in ended.err
    assert "of 20 queries were finished" in ended.err
    assert "nothing can be said of pointwise" in ended.out


def test_a_deadline_that_nothing_meets_measures_nothing_and_says_so(cli):
    with StubServer(place) as server:
        words = ("--base-url", server.base_url, "--model", "late", "--queries", "5", "--deadline", "0")
        ended = cli("doctor", "--quality", *words)
        assert server.requests == []
    assert ended.code == Exit.BUDGET
    assert "stopped early: the deadline of 0 s has passed" in ended.err
    assert "pointwise was not measured: no answer came" in ended.out
    assert "Advice: nothing shows yet" in ended.out


def test_without_an_endpoint_it_says_what_to_do(cli):
    ended = cli("doctor", "--quality")
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert "llmrerank endpoint" in ended.err


def test_an_endpoint_that_fails_ends_with_3(cli):
    with StubServer(lambda body: StubResponse(status=401, body="who are you?")) as server:
        ended = cli("doctor", "--quality", "--base-url", server.base_url, "--model", "m", "--queries", "3")
    assert (ended.code, ended.out) == (Exit.PROVIDER, "")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--queries", "3"), "--queries: only --quality reads this"),
        (("--max-calls", "3", "--dry-run"), "--max-calls, --dry-run"),
        (("--quality", "--dry-run", "--queries", "41"), "stdlib has 40 queries; ask for 1 to 40"),
        (("--quality", "--queries", "0"), "--queries"),
    ],
    ids=str,
)
def test_flags_that_cannot_work_are_refused(cli, flags, said):
    ended = cli("doctor", *flags)
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert said in ended.err


def test_a_folder_that_cannot_be_written_is_one_sentence(cli, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    ended = cli("doctor", "--quality", "--dry-run")
    assert ended.code == Exit.USAGE
    assert "the stdlib collection could not be made in" in ended.err
