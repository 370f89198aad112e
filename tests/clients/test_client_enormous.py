"""Replies that never end, in bytes or in words: what is read of them is limited."""

import gzip
import tracemalloc

import pytest

from llmrerank import Reranker
from llmrerank.clients.body_limit import MOST
from llmrerank.clients.completion import LONGEST
from llmrerank.errors import PermanentError, TransientError
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer
from llmrerank.trace import Degraded


def ranked(server):
    settings = Settings(model="stub", base_url=server.base_url, retries=0)
    with Reranker("full", settings=settings) as reranker:
        return reranker.rank("q", ["a", "b"])


@pytest.mark.parametrize("length", [{}, {"content-length": ""}])
def test_a_body_larger_than_any_answer_is_not_read(length):
    body = bytes(4 * MOST)
    with StubServer(lambda _: StubResponse(body=body, headers=length)) as server:
        tracemalloc.start()
        with pytest.raises(TransientError, match="more than 16 MiB, which is no answer"):
            ranked(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 3 * MOST


def test_a_little_that_unpacks_to_much_is_not_unpacked():
    bomb = gzip.compress(bytes(2 * MOST))
    assert len(bomb) < MOST // 100
    reply = StubResponse(body=bomb, headers={"content-encoding": "gzip"})
    with StubServer(lambda _: reply) as server, pytest.raises(TransientError, match="more than 16 MiB"):
        ranked(server)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "zstd", "deflate,gzip", "br"])
def test_what_unpacks_to_any_size_is_not_unpacked(encoding):
    """Gzip of gzip makes half a gigabyte of a kilobyte."""
    bomb = gzip.compress(gzip.compress(bytes(2 * MOST)))
    assert len(bomb) < 1000
    reply = StubResponse(body=bomb, headers={"content-encoding": encoding})
    with StubServer(lambda _: reply) as server:
        tracemalloc.start()
        with pytest.raises(PermanentError, match=f"compressed as {encoding}"):
            ranked(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < MOST


def test_a_small_reply_may_come_compressed():
    packed = gzip.compress(b'{"choices": [{"message": {"content": "[2] > [1]"}}]}')
    with StubServer(lambda _: StubResponse(body=packed, headers={"content-encoding": "gzip"})) as server:
        assert [hit.document.text for hit in ranked(server)] == ["b", "a"]


def test_of_an_answer_without_end_a_limited_part_is_read():
    with StubServer(lambda _: "[2] > [1]" + " and so on" * LONGEST) as server:
        ranking = ranked(server)
    assert [hit.document.text for hit in ranking] == ["b", "a"]
    with StubServer(lambda _: "and so on " * LONGEST) as server:
        ranking = ranked(server)
    assert ranking.degraded
    assert max(len(event.raw) for event in ranking.trace.of(Degraded)) == LONGEST
