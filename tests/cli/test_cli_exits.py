"""Every exit code, each reached the way a user reaches it."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.cli.failures import explain
from llmrerank.errors import BudgetExceeded, ContentFiltered, MissingExtra
from llmrerank.testing.stub_server import StubResponse, StubServer

BASE = ("rank", "--query", "what barks", "--retries", "0", "--model", "stub")


def refusing(status, message="no", **more):
    return lambda _: StubResponse(status=status, body={"error": {"message": message, **more}})


def test_0_done(cli, docs):
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        ended = cli(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url)
    assert ended.code == Exit.DONE == 0


def test_1_the_model_says_nothing_usable_and_is_to_be_stopped_at(cli, docs):
    with StubServer(lambda _: "I would rather not.") as server:
        ended = cli(
            *(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url),
            *("--on-error", "raise"),
        )
    assert ended.code == Exit.FAILED == 1
    assert ended.out == ""
    assert "--on-error keep" in ended.err


def test_3_the_endpoint_is_down(cli, docs):
    ended = cli(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", "http://127.0.0.1:9/v1")
    assert ended.code == Exit.PROVIDER == 3
    assert ended.out == ""
    assert "cannot reach http://127.0.0.1:9/v1" in ended.err
    assert "llmrerank doctor" in ended.err


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (refusing(401, "bad key"), "key"),
        (refusing(404, "no such model"), "no model 'stub'"),
        (refusing(429, "quota", code="insufficient_quota"), "quota"),
        (refusing(500, "boom"), "500"),
    ],
    ids=["wrong key", "wrong model", "no quota", "server error"],
)
def test_3_the_provider_refuses(cli, docs, answer, part):
    with StubServer(answer) as server:
        ended = cli(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url)
    assert ended.code == Exit.PROVIDER
    assert part in ended.err
    assert len(ended.err.splitlines()) == 2


def test_4_some_slate_kept_its_order_and_the_reason_is_told(cli, docs):
    with StubServer(lambda _: "I would rather not.") as server:
        ended = cli(*BASE, "--docs", docs, "--strategy", "listwise", "--base-url", server.base_url)
    assert ended.code == Exit.DEGRADED == 4
    assert len(ended.out.splitlines()) == 3
    assert "1 slate kept its order" in ended.err


def test_5_the_budget_is_reached_and_the_best_order_is_written(cli, docs):
    with StubServer(lambda _: "yes") as server:
        ended = cli(
            *(*BASE, "--docs", docs, "--strategy", "pointwise", "--base-url", server.base_url),
            *("--max-calls", "2"),
        )
        assert server.requests == []
    assert ended.code == Exit.BUDGET == 5
    assert len(ended.out.splitlines()) == 3
    assert "limit of 2" in ended.err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_130_interrupted(docs):
    asked = threading.Event()

    def answer(_):
        asked.set()
        return "[1]"

    with StubServer(answer, delay=30) as server:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "llmrerank", *BASE, "--docs", docs),
                *("--strategy", "listwise", "--base-url", server.base_url),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED == 130
    assert out == ""
    assert err.startswith("llmrerank: interrupted\n")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (BudgetExceeded("no room for anything"), 5, "no room"),
        (ContentFiltered("it is refused"), 3, "refused"),
        (MissingExtra("a cross-encoder", "local"), 2, 'pip install "llmrerank[local]"'),
        (ExceptionGroup("many", [MissingExtra("x", "local")]), 2, "local"),
        (FileNotFoundError(2, "No such file or directory", "gone.txt"), 2, "gone.txt"),
        (ValueError("odd\nvalue"), 1, "ValueError: odd value"),
    ],
)
def test_every_error_has_its_code_and_one_line(error, code, part):
    failure = explain(error)
    assert failure.code == code
    assert part in failure.sentence
    assert "\n" not in failure.sentence + failure.step


def test_debug_shows_the_traceback_and_only_then(docs):
    words = [sys.executable, "-m", "llmrerank", *BASE, "--docs", docs, "--strategy", "no-such"]
    plain, debug = (
        subprocess.run([*words, *more], capture_output=True, text=True) for more in ([], ["--debug"])
    )
    assert plain.returncode == debug.returncode == 2
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr


def test_json_leaves_standard_output_empty_on_failure(cli, docs):
    ended = cli(*BASE, "--docs", docs, "--strategy", "no-such", "--json")
    assert ended.out == ""
    assert json.dumps(ended.err)
