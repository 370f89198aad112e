"""The cache within limits of age and size, files of an older schema, and processes that are killed."""

import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from llmrerank.cache import Cache
from llmrerank.cache_file import APPLICATION_ID
from llmrerank.cache_upkeep import Deleted
from llmrerank.ranking_cache.kept import Kept
from llmrerank.ranking_cache.ranking_file import RankingFile

SCHEMA_1 = """
CREATE TABLE answers (
    key BLOB PRIMARY KEY, model TEXT NOT NULL, endpoint TEXT NOT NULL, value TEXT NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, kept REAL NOT NULL
) WITHOUT ROWID
"""


def key(number):
    return number.to_bytes(32, "big")


def fill(path, number, *, size=300, **limits):
    cache = Cache(path, **limits)
    for place in range(number):
        assert cache.put(key(place), {"text": "x" * size}, model="m") is None
    return cache


def ranking(moment):
    return Kept(score_kind="none", hits=(), events=(), idf=None, moment=moment)


def backdate(path, number, seconds):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET kept = kept - ? WHERE key < ?", (seconds, key(number)))
    connection.close()


def test_a_file_of_the_first_schema_loses_nothing(tmp_path):
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(SCHEMA_1)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO answers VALUES (?, 'm', '', '{\"n\": 1}', 3, 4, 5.0)", (key(1),))
    connection.close()
    cache, rankings = Cache(path), RankingFile(path)
    assert cache.get(key(1)) == {"n": 1}
    assert rankings.put(key(1), ranking(6.0), "{}", strategy="s") is None
    stats = cache.stats()
    assert (stats.entries, stats.rankings, stats.oldest, stats.newest) == (1, 1, 5.0, 6.0)
    cache.close()
    rankings.close()


def test_what_is_too_old_is_not_used_and_can_be_deleted(tmp_path):
    path = tmp_path / "c"
    cache = fill(path, 10)
    rankings = RankingFile(path, max_age=3600)
    rankings.put(key(1), ranking(time.time() - 7200), "old", strategy="s")
    rankings.put(key(2), ranking(time.time()), "new", strategy="s")
    backdate(path, 4, 7200)
    young = Cache(path, max_age=3600)
    assert [young.get(key(place)) is not None for place in range(10)] == [False] * 4 + [True] * 6
    assert [key(place) in young for place in (3, 4)] == [False, True]
    assert (rankings.get(key(1)), rankings.get(key(2)), key(1) in rankings) == (None, "new", False)
    assert cache.get(key(1)) is not None  # who sets no limit has none
    assert cache.prune(max_age=3600) == Deleted(answers=4, rankings=1)
    assert (cache.stats().entries, cache.stats().rankings) == (6, 1)
    for one in (cache, young, rankings):
        one.close()


@pytest.mark.parametrize("most", [100_000, 500_000])
def test_pruned_to_a_size_the_oldest_go(tmp_path, most):
    cache = fill(tmp_path / "c", 2000)
    gone = cache.prune(max_bytes=most)
    left = cache.stats().entries
    assert gone == Deleted(answers=2000 - left)
    assert left > min(2000, most / 1500)
    assert cache.get(key(1999)) is not None
    assert cache.get(key(0)) is None
    cache.close()
    assert 0.5 * most < cache.path.stat().st_size <= most


def test_a_limit_of_size_is_kept_while_it_is_written(tmp_path):
    cache = fill(tmp_path / "c", 3000, max_bytes=500_000)
    cache.close()
    assert 200_000 < cache.path.stat().st_size < 600_000
    assert cache.get(key(2999)) is not None
    cache.close()


def test_nothing_fits_into_nothing(tmp_path):
    cache = fill(tmp_path / "c", 50)
    assert cache.prune(max_bytes=1) == Deleted(answers=50)
    assert cache.prune(max_bytes=1, max_age=1) == Deleted()
    assert cache.clear() == Deleted()
    cache.close()


WRITER = """
import sys, time
from llmrerank.cache import Cache
from llmrerank.ranking_cache.kept import Kept
from llmrerank.ranking_cache.ranking_file import RankingFile
path, first, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
answers, rankings = Cache(path), RankingFile(path)
for number in range(first, end):
    name = number.to_bytes(32, "big")
    kept = Kept(score_kind="none", hits=(), events=(), idf=None, moment=time.time())
    assert answers.put(name, {"n": number}, model="m") is None
    assert rankings.put(name, kept, f"{number} " + "x" * 500, strategy="s") is None
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def writer(path, first, end):
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(end)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def missing(path, acknowledged):
    answers, rankings = Cache(path), RankingFile(path)
    lost = [
        number
        for number in acknowledged
        if answers.get(key(number)) != {"n": number}
        or not (rankings.get(key(number)) or "").startswith(f"{number} ")
    ]
    answers.close()
    rankings.close()
    return lost


def test_two_writing_processes_lose_nothing(tmp_path):
    path = tmp_path / "c"
    started = [writer(path, 1000 * number, 1000 * number + 200) for number in range(2)]
    for process in started:
        process.communicate()
        assert process.returncode == 0
    assert not missing(path, [*range(200), *range(1000, 1200)])


@pytest.mark.slow
def test_twenty_kills_at_random_moments_lose_nothing_acknowledged(tmp_path):
    path, chance, acknowledged = tmp_path / "c", random.Random(20), []
    for time_killed in range(20):
        first = 10_000 * time_killed
        with writer(path, first, 10**6) as process:
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 150))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()  # what it had said by then; the last may be cut off
        whole = [int(line) for line in lines if line.endswith("\n")]
        acknowledged += whole
        assert not missing(path, whole)
    assert len(acknowledged) > 500
    assert not missing(path, acknowledged)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
