from pathlib import Path
from typing import Any

import pytest

from llmrerank import Reranker
from llmrerank.cache import Cache
from llmrerank.cli.exits import Exit
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer
from llmrerank.trace_file import TraceFile
from llmrerank.types import Query, Usage


@pytest.fixture
def kept(tmp_path: Path) -> str:
    path = tmp_path / "c.sqlite"
    cache = Cache(path)
    for number in range(3):
        cache.put(bytes([number]) * 32, {"text": "yes"}, model="gpt-x", usage=Usage(input=10, output=1))
    cache.close()
    return str(path)


def test_stats_say_what_is_held(cli, kept):
    ended = cli("cache", "stats", "--cache", kept)
    assert ended.code == Exit.DONE
    assert "3 answers" in ended.out
    assert "gpt-x: 3 answers, 30 + 3 tokens" in ended.out
    found = cli("cache", "stats", "--cache", kept, "--json").json
    assert (found["entries"], found["models"][0]["tokens_in"]) == (3, 30)


def test_without_a_cache_there_is_nothing_to_say(cli):
    ended = cli("cache", "stats")
    assert ended.code == Exit.DONE
    assert "no cache yet" in ended.out
    assert cli("cache", "stats", "--json").json["entries"] == 0
    assert cli("cache", "clear").code == Exit.DONE


def test_clear_wants_a_yes(cli, kept):
    ended = cli("cache", "clear", "--cache", kept, stdin="")
    assert ended.code == Exit.USAGE
    assert "add --yes" in ended.err
    assert Cache(kept).stats().entries == 3
    assert cli("cache", "clear", "--cache", kept, "--yes").out.rstrip().endswith("3 answers deleted")
    assert Cache(kept).stats().entries == 0


def test_a_file_that_is_no_cache_is_never_touched(cli, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 200)
    for words in (("stats",), ("prune", "--older-than", "1d"), ("clear", "--yes")):
        ended = cli("cache", *words, "--cache", str(path))
        assert ended.code == Exit.USAGE
        assert "notes.txt" in ended.err
        assert len(ended.err.splitlines()) == 1
    assert path.read_text() == "my notes\n" * 200


@pytest.fixture
def ranked(cli, docs, tmp_path):
    """Rank by the command line, with a cache."""
    path = str(tmp_path / "r.sqlite")
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        where = ("--strategy", "listwise", "--model", "m", "--base-url", server.base_url, "--cache", path)

        def call(*words: str) -> tuple[Any, int]:
            before = len(server.requests)
            ended = cli("rank", "--query", "what barks", "--docs", docs, *where, *words)
            return ended, len(server.requests) - before

        yield call, path


def test_a_ranking_is_looked_up_and_without_a_cache_it_is_not(ranked):
    call, _ = ranked
    (first, sent), (second, sent_again) = call("--json"), call("--json")
    assert (sent, sent_again) == (1, 0)
    assert second.json["hits"] == first.json["hits"]
    trace = second.json["trace"]
    assert (trace["recalled"], trace["calls"], trace["cached"]) == (1, 0, 1)
    assert first.json["trace"]["recalled"] == 0
    assert "looked up whole" in call()[0].err
    assert call("--no-cache")[1] == 1


def test_a_trace_tells_of_a_look_up(cli, tmp_path):
    path = tmp_path / "t.jsonl"
    with StubServer(lambda _: "[2] > [1]") as server:
        settings = Settings(model="m", base_url=server.base_url, cache=tmp_path / "c")
        with Reranker("listwise", settings=settings) as reranker, TraceFile(path) as file:
            for _ in range(2):
                file.write(Query(text="q"), reranker.rank("q", ["a", "b"]), seconds=0.5)
    first, second = (cli("show", "trace", str(path), "--query", number).out for number in ("1", "2"))
    assert "looked up whole" not in first
    assert "looked up whole (memory), as it was ranked on 20" in second
    assert "from the cache, 10 + 1 tokens saved" in second


def test_both_levels_are_counted_and_cleared(ranked, cli):
    call, path = ranked
    call()
    stats = cli("cache", "stats", "--cache", path)
    assert "1 answer and 1 ranking, " in stats.out
    assert "each use of all of them saves 1 answer" in stats.out
    found = cli("cache", "stats", "--cache", path, "--json").json
    assert (found["entries"], found["rankings"], found["answers_saved"], found["redis"]) == (1, 1, 1, None)
    assert "1 answer and 1 ranking" in cli("cache", "clear", "--cache", path, stdin="").err
    assert "1 answer and 1 ranking deleted" in cli("cache", "clear", "--cache", path, "--yes").out
    assert call()[1] == 1


def test_prune_by_age_and_by_size(ranked, cli, monkeypatch):
    call, path = ranked
    call()
    assert "0 answers deleted" in cli("cache", "prune", "--cache", path, "--older-than", "1d").out
    assert call()[1] == 0
    found = cli("cache", "prune", "--cache", path, "--max-size", "1", "--json").json
    assert (found["deleted"], found["rankings"]) == (1, 1)
    assert call()[1] == 1
    monkeypatch.setenv("LLMRERANK_CACHE_AGE", "0.000001s")
    assert "1 answer and 1 ranking deleted" in cli("cache", "prune", "--cache", path).out


def test_prune_wants_to_know_what(cli, kept):
    for words, says in (
        ((), "--older-than AGE, --max-size SIZE or both"),
        (("--older-than", "soon"), "--older-than must be a time such as 30d, got 'soon'"),
        (("--max-size", "big"), "--max-size must be a size such as 1GB, got 'big'"),
    ):
        ended = cli("cache", "prune", "--cache", kept, *words)
        assert ended.code == Exit.USAGE
        assert says in ended.err
    assert Cache(kept).stats().entries == 3


def test_redis_that_is_not_configured_cannot_be_cleared(cli, kept):
    ended = cli("cache", "clear", "--cache", kept, "--yes", "--redis")
    assert (ended.code, Cache(kept).stats().entries) == (Exit.USAGE, 3)
    assert "LLMRERANK_REDIS" in ended.err
