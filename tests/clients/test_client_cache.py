"""The cache: what is kept, under what, and what happens to the file when things go wrong."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from chat_endpoint import KEY, replies

from llmrerank.cache import Cache, digest
from llmrerank.cache_upkeep import Deleted
from llmrerank.calls import FENCE, Reply, TokenChoice
from llmrerank.clients.cached import Cached, Keeping
from llmrerank.clients.client import Identity
from llmrerank.clients.stack import chat_client
from llmrerank.errors import DataError, TransientError
from llmrerank.settings import Settings
from llmrerank.testing.scripted import Scripted
from llmrerank.types import Usage

WHO = Identity(model="m", endpoint="http://host/v1")
KEY_1, KEY_2 = b"1" * 32, b"2" * 32


@pytest.fixture
def cache(tmp_path):
    cache = Cache(tmp_path / "answers.db")
    yield cache
    cache.close()


def test_what_was_put_is_found(cache):
    assert cache.get(KEY_1) is None
    assert cache.put(KEY_1, {"text": "こんにちは \ud83d"}, model="m") is None
    assert cache.get(KEY_1) == {"text": "こんにちは \ud83d"}
    assert KEY_1 in cache
    assert KEY_2 not in cache
    cache.close()
    assert cache.get(KEY_1) == {"text": "こんにちは \ud83d"}


def test_stats_and_clear(cache):
    cache.put(KEY_1, {}, model="m", usage=Usage(input=10, output=2))
    cache.put(KEY_2, {}, model="n", usage=Usage(input=5, output=1))
    cache.put(KEY_2, {}, model="n", usage=Usage(input=5, output=1))
    stats = cache.stats()
    assert stats.entries == 2
    assert [(m.model, m.entries, m.tokens_in, m.tokens_out) for m in stats.models] == [
        ("m", 1, 10, 2),
        ("n", 1, 5, 1),
    ]
    assert stats.oldest <= stats.newest
    assert stats.bytes >= (cache.path.stat().st_size) > 0
    assert cache.clear() == Deleted(answers=2)
    assert cache.stats().entries == 0
    assert cache.stats().oldest is None


@pytest.mark.parametrize(
    "other",
    [
        replace(WHO, model="n"),
        replace(WHO, endpoint="http://other/v1"),
        replace(WHO, extra="{}"),
    ],
)
def test_the_key_says_who_was_asked(ask, other):
    assert digest(WHO, ask()) != digest(other, ask())


def test_the_key_says_what_was_asked_not_how(ask):
    call = ask(FENCE, fence="a")
    assert digest(WHO, call) == digest(WHO, replace(call, fence="b", otherwise=ask("else")))
    different = [ask("other"), replace(call, max_tokens=9), replace(call, logprobs=1), replace(call, seed=1)]
    assert len({digest(WHO, one) for one in [call, *different]}) == 5


def test_a_folder_is_made_and_the_file_is_private(tmp_path):
    cache = Cache(tmp_path / "new" / "answers.db")
    cache.put(KEY_1, {}, model="m")
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    cache.close()


def test_the_header_names_the_program_and_the_schema(cache):
    cache.put(KEY_1, {}, model="m")
    cache.close()
    head = cache.path.read_bytes()[:100]
    assert (head[68:72], int.from_bytes(head[60:64], "big")) == (b"llrr", 2)


def foreign_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def newer_cache(path):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA application_id = {0x6C6C7272}")
        connection.execute("PRAGMA user_version = 99")
        connection.execute("CREATE TABLE later (text)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("my notes"), "not a cache of llmrerank"),
        (lambda path: path.write_bytes(b"SQLite format 3\x00"), "not a cache of llmrerank"),
        (foreign_database, "database of another program"),
        (newer_cache, "newer llmrerank"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path, make, sentence):
    path = tmp_path / "file"
    make(path)
    before = None if path.is_dir() else path.read_bytes()
    with pytest.raises(DataError, match=sentence):
        Cache(path).get(KEY_1)
    assert before is None or path.read_bytes() == before
    assert os.listdir(tmp_path) == ["file"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot open the cache"):
        Cache(tmp_path / "file" / "answers.db").get(KEY_1)


def test_a_damaged_file_is_named(cache):
    for number in range(200):
        cache.put(bytes([number]) * 32, {"text": "x" * 500}, model="m")
    cache.close()
    with cache.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises(DataError, match=r"damaged|cannot"):
        cache.stats()


def test_threads_share_one_cache(cache):
    def work(start):
        for number in range(start, start + 50):
            cache.put(number.to_bytes(32, "big"), {"n": number}, model="m")
            assert cache.get(number.to_bytes(32, "big")) == {"n": number}

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.stats().entries == 200


WRITER = """
import sys
from llmrerank.cache import Cache
cache = Cache(sys.argv[1])
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    failure = cache.put(number.to_bytes(32, "big"), {"n": number, "text": "x" * 300}, model="m")
    assert failure is None, failure
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def writer(path, first, end):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(first), str(end)], stdout=subprocess.PIPE, text=True
    )


def test_processes_share_one_file(tmp_path):
    path = tmp_path / "answers.db"
    started = [writer(path, 1000 * n, 1000 * n + 300) for n in range(3)]
    for process in started:
        process.communicate()
        assert process.returncode == 0
    cache = Cache(path)
    assert cache.stats().entries == 900
    cache.close()


def test_another_process_that_ends_does_not_take_the_log_away(cache):
    """A second opening in this process must not cost the first one its locks on the file."""
    cache.put(KEY_1, {}, model="m")
    second = Cache(cache.path)
    assert KEY_1 in second
    writer(cache.path, 0, 3).communicate()
    assert cache.put(KEY_2, {}, model="m") is None
    seen = "import sys; from llmrerank.cache import Cache; print(Cache(sys.argv[1]).stats().entries)"
    ended = subprocess.run([sys.executable, "-c", seen, str(cache.path)], capture_output=True, text=True)
    assert ended.stdout.strip() == "5"
    second.close()


def test_a_process_that_is_killed_loses_nothing_it_had_kept(tmp_path):
    path = tmp_path / "answers.db"
    with writer(path, 0, 10**9) as process:
        kept = [int(process.stdout.readline()) for _ in range(500)]
        process.send_signal(signal.SIGKILL)
    cache = Cache(path)
    assert all(cache.get(number.to_bytes(32, "big"))["n"] == number for number in kept)
    assert cache.put(KEY_1, {}, model="m") is None
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    cache.close()


def test_a_forked_child_opens_its_own(cache):
    cache.put(KEY_1, {"from": "parent"}, model="m")
    child = os.fork()
    if child == 0:
        found = (
            cache.get(KEY_1) == {"from": "parent"} and cache.put(KEY_2, {"from": "child"}, model="m") is None
        )
        os._exit(0 if found else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert cache.get(KEY_2) == {"from": "child"}


# The client


def test_a_reply_is_kept_and_an_error_is_not(cache, ask):
    whole = Reply(
        text="yes",
        reasoning="hm",
        finish_reason="stop",
        choices=(TokenChoice("yes", -0.5),),
        usage=Usage(input=10, output=3, reasoning=1),
        seconds=1.5,
        answers="otherwise",
    )
    answers = [TransientError("busy"), whole, Reply(text=None)]
    inner = Scripted(lambda _: answers.pop(0))

    async def run():
        client = Cached(Keeping(inner, cache), cache)
        assert not client.knows(ask())
        with pytest.raises(TransientError):
            await client.send(ask())
        assert not client.knows(ask())
        first, second = await client.send(ask()), await client.send(ask())
        empty = [await client.send(ask("empty")) for _ in range(2)]
        assert client.knows(ask())
        await client.aclose()
        return first, second, empty

    first, second, empty = asyncio.run(run())
    assert first == whole
    assert second == replace(whole, cached=True, seconds=0.0)
    assert [reply.cached for reply in empty] == [False, True]
    assert len(inner.calls) == 3
    assert inner.closed == 1


def test_a_value_of_another_shape_is_asked_for_again(cache, ask):
    inner = Scripted(lambda _: "yes")
    cache.put(digest(inner.identity, ask()), {"text": "old"}, model="m")
    assert asyncio.run(Cached(Keeping(inner, cache), cache).send(ask())).cached is False
    assert asyncio.run(Cached(Keeping(inner, cache), cache).send(ask())).cached is True


def test_a_reply_that_cannot_be_kept_is_returned_with_a_note(cache, ask):
    cache.get(KEY_1)
    other = sqlite3.connect(cache.path, isolation_level=None)
    cache._open().execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    reply = asyncio.run(Cached(Keeping(Scripted(lambda _: "yes"), cache), cache).send(ask()))
    other.close()
    assert reply.text == "yes"
    assert "not kept in the cache" in reply.notes[0]


def test_the_key_is_in_no_file(endpoint, ask, tmp_path):
    endpoint.post("/chat/completions").mock(side_effect=replies("yes", (401, f"wrong: {KEY}")))
    settings = Settings(
        model="m",
        base_url="http://endpoint.test/v1",
        api_key=KEY,
        cache=tmp_path / "c",
        record=tmp_path / "r",
    )

    async def run():
        client = chat_client(settings)
        await client.send(ask("1"))
        await asyncio.gather(client.send(ask("2")), return_exceptions=True)
        assert client.knows(ask("1"))
        await client.aclose()

    asyncio.run(run())
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()
    lines = (tmp_path / "r").read_text().splitlines()
    assert [json.loads(line)["call"]["kind"] for line in lines] == ["chat", "chat"]
