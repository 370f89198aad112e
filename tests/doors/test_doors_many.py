"""Streams and many queries: what is told on the way, what comes as rows, what limits hold for."""

import asyncio
import re
import threading
from contextlib import aclosing

import pytest

from llmrerank import ConfigError, Limits, Pipeline, Reranker, portal, rerank
from llmrerank.errors import DataError, PermanentError
from llmrerank.testing.stub_server import StubResponse, StubServer

WORDS = [f"word{number}" for number in range(30)]
QUERY = "which word comes last?"


def backwards(body):
    """Orders a window by the number in each passage, the highest first."""
    text = body["messages"][-1]["content"]
    found = re.findall(r"\[(\d+)\][^\[]*?\bword(\d+)", text)
    return " > ".join(f"[{label}]" for label, _ in sorted(found, key=lambda pair: -int(pair[1])))


def collected(generator):
    async def run():
        return [item async for item in generator]

    return portal.run(run)


def test_every_round_is_told_and_the_last_is_the_result():
    with (
        StubServer(backwards) as server,
        Reranker("listwise(window=10, stride=5)", base_url=server.base_url, model="m") as door,
    ):
        rankings = collected(door.astream(QUERY, WORDS, top=5))
        whole = door.rank(QUERY, WORDS, top=5)
    assert len(rankings) == 5 + 1
    assert (
        [hit.document.text for hit in rankings[-1]] == [hit.document.text for hit in whole] == WORDS[:-6:-1]
    )
    assert [len(ranking.trace.of(type(ranking.trace.events[0]))) > 0 for ranking in rankings]
    calls = [ranking.trace.calls for ranking in rankings]
    assert calls == [1, 2, 3, 4, 5, 5]
    assert all(len(ranking) == 5 for ranking in rankings)


def test_the_first_stage_is_told_before_any_judge_is_asked():
    with StubServer(lambda body: "[2] > [1] > [3]") as server:
        pipeline = Pipeline(
            "bm25 % 3 >> listwise",
            corpus=["a cat", "a dog", "a cat and a dog"],
            base_url=server.base_url,
            model="m",
        )
        with pipeline:
            rankings = collected(pipeline.astream("cat dog"))
    assert [ranking.trace.calls for ranking in rankings] == [0, 1, 1]
    assert rankings[0].score_kind == "bm25"
    assert rankings[-1].score_kind == "none"


def test_a_reader_who_leaves_ends_the_work():
    asked = threading.Event()

    def answer(body):
        asked.set()
        return backwards(body)

    async def leave(door):
        async with aclosing(door.astream(QUERY, WORDS)) as rankings:
            async for _ in rankings:
                break

    with (
        StubServer(answer) as server,
        Reranker("listwise(window=10, stride=5)", base_url=server.base_url, model="m") as door,
    ):
        portal.run(lambda: leave(door))
        assert asked.is_set()
        assert len(server.requests) <= 2


def test_a_stream_refuses_bad_input_when_it_is_made():
    with pytest.raises(ConfigError, match="top"):
        Reranker("bm25").astream("q", ["a"], top=0)


@pytest.mark.parametrize("ordered", [True, False])
def test_many_queries_come_as_rows_with_their_places(ordered):
    queries = [f"query {number}" for number in range(25)]
    with StubServer(backwards) as server, Reranker("listwise", base_url=server.base_url, model="m") as door:
        rows = list(door.rank_many(((query, WORDS[:5]) for query in queries), ordered=ordered, top=1))
    assert sorted(row.index for row in rows) == list(range(25))
    assert not ordered or [row.index for row in rows] == list(range(25))
    assert all(row.ranking.query == queries[row.index] for row in rows)
    assert all(row.ranking[0].document.text == "word4" for row in rows)


def test_an_error_is_the_row_of_its_query_alone():
    def answer(body):
        text = body["messages"][-1]["content"]
        return (
            StubResponse(status=404, body={"error": {"message": "no"}})
            if "broken" in text
            else backwards(body)
        )

    rows = [
        ("fine", WORDS[:3]),
        ("broken", WORDS[:3]),
        ("", WORDS[:3]),
        ("fine", "no list"),
        "no pair",
        ("fine", []),
    ]
    with StubServer(answer) as server, Reranker("listwise", base_url=server.base_url, model="m") as door:
        done = list(door.rank_many(rows))
    assert [type(row.error) for row in done] == [
        type(None),
        PermanentError,
        DataError,
        DataError,
        DataError,
        type(None),
    ]
    assert len(done[5].ranking) == 0


def test_what_is_nobodys_row_ends_the_batch():
    with pytest.raises(ConfigError, match="nowhere"):
        list(Reranker("cross-encoder(model='nowhere/at-all')").rank_many([("q", ["a"])] * 3))


def test_rows_are_read_as_they_are_needed_and_may_use_the_library_themselves():
    read = []

    def rows():
        for number in range(1000):
            read.append(number)
            yield "cat", rerank("cat", ["a cat", "a dog"], strategy="bm25").documents

    with Reranker("bm25") as door:
        stream = door.rank_many(rows(), at_once=2)
        first = [next(stream) for _ in range(3)]
        stream.close()
    assert [row.index for row in first] == [0, 1, 2]
    assert len(read) < 40


def test_a_limit_on_calls_holds_for_all_rows_together():
    with StubServer(backwards) as server:
        door = Reranker("listwise", base_url=server.base_url, model="m", limits=Limits(calls=3))
        with door:
            rows = list(door.rank_many([(f"q{n}", WORDS[:4]) for n in range(6)], at_once=1))
        assert len(server.requests) == 3
    assert [row.ranking.degraded for row in rows] == [False] * 3 + [True] * 3
    assert rows[-1].ranking.trace.exhausted.limit == "calls"


def test_queries_are_interleaved_under_one_limit_on_calls_at_once():
    under_way, most = 0, 0
    lock = threading.Lock()

    class Watching(StubServer):
        async def _respond(self, method, path, body):
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)
            try:
                return await super()._respond(method, path, body)
            finally:
                with lock:
                    under_way -= 1

    with Watching(backwards, delay=0.01) as server:
        door = Reranker("listwise", base_url=server.base_url, model="m", parallel=4)
        with door:
            list(door.rank_many([(f"q{n}", WORDS[:4]) for n in range(20)]))
    assert 2 <= most <= 4


def test_asynchronous_sources_and_searches():
    async def queries():
        for query in ("cat", "dog"):
            await asyncio.sleep(0)
            yield query

    with Pipeline("bm25 % 1", corpus=["a cat", "a dog"]) as pipeline:
        rows = collected(pipeline.asearch_many(queries()))
        again = list(pipeline.search_many(["cat", "dog"]))
    assert [row.ranking[0].document.text for row in rows] == ["a cat", "a dog"]
    assert [row.ranking.to_dict()["hits"] for row in rows] == [row.ranking.to_dict()["hits"] for row in again]


@pytest.mark.parametrize("at_once", [0, -1])
def test_no_work_at_once_is_no_way_to_work(at_once):
    with pytest.raises(ConfigError, match="at_once"):
        list(Reranker("bm25").rank_many([("q", ["a"])], at_once=at_once))


def test_a_witness_sees_every_call_with_its_reply():
    seen = []
    with (
        StubServer(backwards) as server,
        Reranker("listwise(window=10, stride=5)", base_url=server.base_url, model="m") as door,
    ):
        portal.run(lambda: door.arank(QUERY, WORDS, witness=seen.append))
    assert [one.round for one in seen] == [1, 2, 3, 4, 5]
    assert seen[0].slate == tuple(range(20, 30))
    assert "word29" in seen[0].call.messages[-1].content
    assert seen[0].reply.text.startswith("[10]")
