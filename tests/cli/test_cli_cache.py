from pathlib import Path

import pytest

from llmrerank.cache import Cache
from llmrerank.cli.exits import Exit
from llmrerank.types import Usage


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
    for words in (("stats",), ("clear", "--yes")):
        ended = cli("cache", *words, "--cache", str(path))
        assert ended.code == Exit.USAGE
        assert "notes.txt" in ended.err
        assert len(ended.err.splitlines()) == 1
    assert path.read_text() == "my notes\n" * 200
