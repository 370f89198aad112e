"""A planted key is looked for in everything that is written, printed, logged, raised or shown."""

import json
import logging
import stat
import sys

import pytest

from llmrerank import Reranker
from llmrerank.cli.app import run
from llmrerank.clients.address import Address
from llmrerank.clients.capabilities import forget
from llmrerank.clients.openai_chat import OpenAIChat
from llmrerank.config import Config
from llmrerank.errors import CallError, ConfigError
from llmrerank.experiment import experiment_text
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


IN_ADDRESS = "qk-planted-9876543210fedcba"


def repeating(body):
    """An endpoint that repeats the address that it was called by, spelt in JSON's own way too."""
    said = f"no route http://user:{KEY}@host/v1?api-key={IN_ADDRESS}"
    if len(str(body)) % 2:
        return StubResponse(status=404, body={"error": {"message": said}})
    escaped = json.dumps(said).replace("-", "\\u002d")
    return StubResponse(
        body=f'{{"choices": [{{"message": {{"content": {escaped}}}, "finish_reason": {escaped}}}]}}'
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_nor_a_password_or_a_key_in_the_address(command, tmp_path, capsys, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG, "llmrerank")
    caplog.set_level(logging.DEBUG, "llmrerank.texts")
    with StubServer(repeating) as server:
        address = server.base_url.replace("http://", f"http://user:{KEY}@") + f"?api-key={IN_ADDRESS}"
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        for more in ([], ["--seed", "12"], ["--record", "calls.jsonl", "--no-cache"]):
            run([*COMMANDS[command].split(), "--model", "stub", "--cache", "c.sqlite", "-vvv", *more])
        assert server.requests
    out, err = capsys.readouterr()
    said = out + err + caplog.text
    for path in tmp_path.rglob("*"):
        said += path.read_bytes().decode(errors="replace") if path.is_file() else ""
    assert "no route" in said
    assert KEY not in said
    assert IN_ADDRESS not in said


def test_no_key_is_too_short_to_be_left_out_of_a_message():
    said = {"error": {"message": "no: k3y and 0123"}}
    with StubServer(lambda _: StubResponse(status=401, body=said)) as server:
        address = server.base_url.replace("http://", "http://user:0123@")
        settings = Settings(model="m", base_url=address, api_key="k3y")
        with Reranker("full", settings=settings) as reranker, pytest.raises(CallError) as caught:
            reranker.rank("q", ["a", "b"])
    assert "no: *** and ***" in str(caught.value)


def test_a_strategy_holds_no_password():
    """It is printed wherever its results are."""
    for address in (f"http://user:{KEY}@example.org/v1", f"https://example.org/v1?api-key={KEY}"):
        with pytest.raises(ConfigError, match="an endpoint in llmrerank") as caught:
            Reranker(f"listwise(base_url={address!r})")
        assert KEY not in str(caught.value)
    assert Reranker("listwise(base_url='https://example.org/v1?api-version=2024-10-21', model='m')")


def test_what_bears_the_name_of_a_secret_is_written_down_nowhere(tmp_path):
    body = {"api_key": KEY, "top_k": 1, "auth": {"token": KEY}}
    with StubServer(lambda _: "[2] > [1]") as server:
        settings = Settings(model="m", base_url=server.base_url, extra_body=body, record=tmp_path / "r.jsonl")
        with Reranker("full", settings=settings) as reranker:
            reranker.rank("q", ["a", "b"])
        assert server.requests[0]["api_key"] == KEY
    assert '"top_k\\": 1' in (tmp_path / "r.jsonl").read_text()
    assert KEY not in (tmp_path / "r.jsonl").read_text()
    assert KEY not in repr(settings) + repr(reranker)
    assert "'top_k': 1" in repr(settings)
    resolved = Config().resolve({"extra_body": body})
    assert KEY not in experiment_text({"dataset": "d"}, resolved)


def test_no_error_and_no_repr_shows_it():
    with StubServer(lambda _: StubResponse(status=401, body={"error": {"message": f"no: {KEY}"}})) as server:
        settings = Settings(model="stub", base_url=server.base_url, api_key=KEY)
        with Reranker("listwise", settings=settings) as reranker, pytest.raises(CallError) as caught:
            reranker.rank("barks", DOCUMENTS)
    address = Address.of(f"http://user:{KEY}@example.org/v1?key={KEY}")
    secretive = Settings(base_url=f"http://user:{KEY}@example.org/v1?key={KEY}")
    assert "example.org/v1" in repr(secretive)
    shown = [
        settings,
        reranker,
        secretive,
        OpenAIChat(address, key=KEY),
        address,
        address.shown,
        caught.value,
    ]
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
