"""A planted key is looked for in everything that is written, printed, logged, raised or shown."""

import logging
import stat
import sys

import pytest

from llmrerank import Reranker
from llmrerank.cli.app import run
from llmrerank.clients.address import Address
from llmrerank.clients.capabilities import forget
from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.errors import CallError
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer

KEY = "sk-planted-0123456789abcdef"
DOCUMENTS = ("Cats purr softly.", "Dogs bark at night.", "Birds sing.")


@pytest.fixture(autouse=True)
def _planted(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANTED", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs.txt").write_text("".join(f"{text}\n" for text in DOCUMENTS))
    (tmp_path / "q.csv").write_text("id,text\n1,cats dogs birds\n")
    (tmp_path / "lines.jsonl").write_text('{"id": "1", "query": "what barks", "documents": ["a", "b"]}\n')
    forget()


def tattling():
    """An endpoint that repeats the key: in errors, in answers, in reasoning and in what it refuses."""
    count = 0

    def answer(body):
        nonlocal count
        count += 1
        said = {"message": f"bad key {KEY}", "type": KEY, "param": None}
        if count % 4 == 1:
            return StubResponse(status=503, body={"error": said}, headers={"retry-after-ms": "1"})
        if count % 4 == 2:
            return f"The key is {KEY}, and no ranking."
        message = {"role": "assistant", "content": f"[2] > {KEY} > [2]", "reasoning_content": KEY}
        return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": None}

    return StubServer(answer)


COMMANDS = {
    "rank": "rank --query barks --docs docs.txt --strategy listwise --trace trace.jsonl --json",
    "batch": "batch --input lines.jsonl --output out.jsonl --strategy listwise",
    "compare": (
        "compare --docs docs.txt --queries q.csv --report report.html --out runs --strategies bm25 listwise"
    ),
    "failing": "rank --query barks --docs docs.txt --strategy listwise --retries 0",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_writes_or_says_it(command, tmp_path, capsys, caplog):
    caplog.set_level(logging.DEBUG, "llmrerank")
    caplog.set_level(logging.DEBUG, "llmrerank.texts")
    with tattling() as server:
        words = [*COMMANDS[command].split(), "--base-url", server.base_url, "--model", "stub", "-vvv"]
        run([*words, "--api-key-env", "PLANTED", "--cache", "c.sqlite"])
        assert server.requests
    out, err = capsys.readouterr()
    assert KEY not in out + err + caplog.text
    given = {"docs.txt", "q.csv", "lines.jsonl"}
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in given]
    assert {path.name for path in written} >= {"c.sqlite"}
    for path in written:
        assert KEY.encode() not in path.read_bytes(), path
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path} can be read by others"


@pytest.mark.parametrize("words", ["config", "config --json", pytest.param("doctor", marks=pytest.mark.slow)])
def test_no_command_shows_it(words, capsys, monkeypatch):
    monkeypatch.setenv("LLMRERANK_API_KEY_ENV", "PLANTED")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://user:{KEY}@127.0.0.1:9/v1")
    run(words.split())
    out, err = capsys.readouterr()
    assert out
    assert KEY not in out + err


def test_no_error_and_no_repr_shows_it():
    with StubServer(lambda _: StubResponse(status=401, body={"error": {"message": f"no: {KEY}"}})) as server:
        settings = Settings(model="stub", base_url=server.base_url, api_key=KEY)
        with Reranker("listwise", settings=settings) as reranker, pytest.raises(CallError) as caught:
            reranker.rank("barks", DOCUMENTS)
    address = Address.of(f"http://user:{KEY}@example.org/v1?key={KEY}")
    shown = [settings, reranker, OpenAIChat(address, key=KEY), address, address.shown, caught.value]
    shown += [caught.value.call, caught.value.__cause__, caught.value.__context__]
    frames = sys.modules["traceback"].format_exception(caught.value)
    assert KEY not in "".join(map(repr, shown)) + str(caught.value) + "".join(frames)


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("http://10.0.0.5:8080/v1", True),
        ("http://models.example.org/v1", True),
        ("https://models.example.org/v1", False),
        ("http://127.0.0.1:8080/v1", False),
        ("http://127.9.9.9/v1", False),
        ("http://[::1]:8080/v1", False),
        ("http://localhost:8080/v1", False),
        ("http://localhost.example.org/v1", True),
    ],
)
def test_who_can_read_what_is_sent_there(url, exposed):
    assert Address.of(url).in_the_open == exposed
    assert OpenAIChat(Address.of(url), key=KEY).exposes_key == exposed
    assert not OpenAIChat(Address.of(url)).exposes_key
