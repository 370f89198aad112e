"""Logging: useful levels through the standard library, silence unless asked, no keys, no texts."""

import json
import logging
import re
import subprocess
import sys

import pytest

from llmrerank import Limits, Reranker
from llmrerank.cli.app import run
from llmrerank.cli.exits import Exit
from llmrerank.clients.capabilities import forget
from llmrerank.errors import CallError
from llmrerank.logs import log_events, logger
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer, completion
from llmrerank.trace import Degraded, Warned

KEY = "sk-very-secret-0123456789"
DOCUMENTS = ["Cats purr softly.", "Dogs bark at night."]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    forget()


def reranked(server, strategy="listwise", documents=DOCUMENTS, **settings):
    made = Settings(base_url=server.base_url, model="stub", retries=0, **settings)
    with Reranker(strategy, settings=made) as reranker:
        return reranker.rank("what barks", documents)


def refusing(status):
    return StubResponse(status=status, body={"error": {"message": f"Incorrect API key provided: {KEY}"}})


def told(caplog, name):
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == f"llmrerank.{name}"
    ]


def test_stages_calls_and_rounds_have_their_levels(caplog):
    caplog.set_level(logging.DEBUG, "llmrerank")
    with StubServer(lambda _: "[2] > [1]") as server:
        reranked(server, "bm25 >> listwise")
    [(level, call)] = told(caplog, "calls")
    assert level == "DEBUG"
    assert call.startswith("listwise round 1: stub, 2 documents: ")
    assert call.endswith(" s, 10 + 1 tokens")
    seconds = re.compile(r"\d+\.\d\d s$")
    assert [(level, seconds.sub("_ s", message)) for level, message in told(caplog, "stages")] == [
        ("INFO", "bm25: 2 documents in, 2 out, _ s"),
        ("DEBUG", "listwise round 1: 1 slates in _ s"),
        ("INFO", "listwise: 2 documents in, 2 out, _ s"),
    ]


def test_a_cached_call_says_so(caplog, tmp_path):
    caplog.set_level(logging.DEBUG, "llmrerank")
    with StubServer(lambda _: "[2] > [1]") as server:
        for strategy in ("listwise", "listwise(window=10)", "listwise"):
            reranked(server, strategy, cache=tmp_path / "c.sqlite")
    assert told(caplog, "calls")[1] == (
        "DEBUG",
        "listwise(window=10) round 1: stub, 2 documents: cached, 10 + 1 tokens saved",
    )
    assert len(told(caplog, "calls")) == 2
    level, message = told(caplog, "stages")[-1]
    assert level == "INFO"
    assert message.startswith("listwise: the whole ranking was looked up (memory), 0.0")


def test_degradations_retries_repairs_and_limits(caplog):
    caplog.set_level(logging.INFO, "llmrerank")
    answers = iter(["nonsense", "[2] > [2]"])
    with StubServer(lambda _: next(answers)) as server:
        reranked(server)
    assert [level for level, _ in told(caplog, "calls")] == ["WARNING"]
    assert "asked again" in told(caplog, "calls")[0][1]
    assert ("INFO", "listwise round 1: an answer was repaired (duplicate, missing)") in told(caplog, "stages")
    caplog.clear()
    with StubServer(lambda _: "nonsense") as server:
        reranked(server)
        reranked(server, limits=Limits(calls=0))
    warned = [message for level, message in told(caplog, "stages") if level == "WARNING"]
    assert warned[0].startswith("listwise round 1: 2 documents without evidence: ")
    assert "stopped early: 1 more call would exceed the limit of 0" in warned[1]


def test_what_an_endpoint_made_us_change_is_told_once(caplog):
    caplog.set_level(logging.INFO, "llmrerank")

    def answer(body):
        if "seed" in body:
            return StubResponse(
                status=400, body={"error": {"message": "Unsupported parameter: seed", "param": "seed"}}
            )
        return completion("yes")

    with StubServer(answer) as server:
        reranked(server, "pointwise(read='text')", parallel=1)
    notes = [message for level, message in told(caplog, "calls") if level == "INFO"]
    assert len(notes) == 1
    assert "seed" in notes[0]


@pytest.mark.parametrize("status", [401, 403, 500, 400])
def test_keys_are_never_logged(caplog, capsys, tmp_path, status):
    """A server that repeats the key in its refusal, at every level, by the library and the command line."""
    caplog.set_level(logging.DEBUG, "llmrerank")
    caplog.set_level(logging.DEBUG, "llmrerank.texts")
    refusal = refusing(status)
    with StubServer(lambda _: refusal) as server:
        with pytest.raises(CallError) as caught:
            reranked(server, "pointwise")
        (tmp_path / "docs.txt").write_text("\n".join(DOCUMENTS))
        words = f"rank --query bark --docs docs.txt --strategy pointwise --base-url {server.base_url}"
        assert run([*words.split(), "--model", "stub", "--retries", "0", "-vvv"]) == Exit.PROVIDER
    out, err = capsys.readouterr()
    assert KEY not in caplog.text + str(caught.value) + out + err


def test_a_failure_that_is_lived_with_is_logged_without_the_key(caplog):
    caplog.set_level(logging.DEBUG, "llmrerank")

    def answer(body):
        return refusing(500) if "bark at" in str(body["messages"]) else "[2] > [1]"

    with StubServer(answer) as server:
        windows = [*reversed(DOCUMENTS), "Birds sing."]
        assert reranked(server, "listwise(window=2, stride=1)", windows).degraded
    [reason] = [message for _, message in told(caplog, "stages") if "without evidence" in message]
    assert "Incorrect API key provided: ***" in reason
    assert KEY not in caplog.text


def test_texts_are_logged_on_purpose_alone(caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "llmrerank")
    with StubServer(lambda _: "[2] > [1]") as server:
        reranked(server)
        assert "barks" not in caplog.text
        assert "purr" not in caplog.text
        with caplog.at_level(logging.DEBUG, "llmrerank.texts"):
            reranked(server)
    [(_, message)] = told(caplog, "texts")
    text = json.loads(message.partition("round 1: ")[2])
    assert "Cats purr softly." in text["asked"][-1]["content"]
    assert text["answered"] == "[2] > [1]"


def test_an_answer_moves_no_cursor_and_fills_no_screen(caplog):
    caplog.set_level(logging.DEBUG, "llmrerank")
    log_events([Warned(stage="a", message="x\x1b[2J\n\r" + "y" * 1000)])
    log_events([Degraded(stage="a", round=1, slate=(0,), reason="r", raw="Cats purr.")])
    assert all(record.getMessage().isprintable() for record in caplog.records)
    assert max(len(record.getMessage()) for record in caplog.records) == 300
    assert "purr" not in caplog.text


def test_a_program_that_sets_up_nothing_sees_nothing():
    code = (
        "from llmrerank.logs import log_events, logger\n"
        "from llmrerank.trace import Warned\n"
        "log_events([Warned(stage='a', message='b')])\n"
        "logger('config').warning('old')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout + ended.stderr == ""


def test_a_level_that_was_set_before_is_left_alone():
    code = (
        "import logging\n"
        "logging.getLogger('llmrerank.texts').setLevel(logging.DEBUG)\n"
        "from llmrerank.logs import logger\n"
        "print(logger('texts').level)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "10\n"


def test_importing_the_package_imports_no_logging():
    code = "import sys, llmrerank; print('logging' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


class TestCommandLine:
    def err(self, capsys, tmp_path, *flags):
        (tmp_path / "docs.txt").write_text("\n".join(DOCUMENTS))
        with StubServer(lambda _: "[2] > [1]") as server:
            words = f"rank --query bark --docs docs.txt --strategy listwise --base-url {server.base_url}"
            assert run([*words.split(), "--model", "stub", *flags]) == Exit.DONE
        return capsys.readouterr().err

    def test_each_v_says_more(self, capsys, tmp_path):
        assert "llmrerank." not in self.err(capsys, tmp_path)
        once = self.err(capsys, tmp_path, "-v")
        assert "INFO llmrerank.stages: listwise: 2 documents in, 2 out" in once
        assert "DEBUG" not in once
        twice = self.err(capsys, tmp_path, "-vv")
        assert "DEBUG llmrerank.calls: listwise round 1: stub" in twice
        assert "purr" not in twice
        assert "Cats purr softly." in self.err(capsys, tmp_path, "-vvv")
        assert self.err(capsys, tmp_path, "-vvvq") == ""

    def test_it_leaves_no_handler_and_no_level_behind(self, capsys, tmp_path):
        names = ("llmrerank", "llmrerank.config", "llmrerank.texts")
        before = [(logging.getLogger(n).level, len(logging.getLogger(n).handlers)) for n in names]
        self.err(capsys, tmp_path, "-vvv")
        after = [(logging.getLogger(n).level, len(logging.getLogger(n).handlers)) for n in names]
        assert after == before

    def test_old_prices_are_told_without_any_v(self, capsys, tmp_path):
        (tmp_path / "llmrerank.toml").write_text(
            "[prices]\ndate = 2020-01-01\n[prices.models.stub]\ninput = 1\noutput = 1\n"
        )
        assert "warning: the prices are of 2020-01-01, " in self.err(capsys, tmp_path)


def test_loggers_are_below_that_of_the_package():
    assert logger("calls").name == "llmrerank.calls"
