"""Ended in the middle (a cancelled task, Ctrl-C, a deadline), a ranking leaves nothing behind."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from chaotic import ASKING, QUERY, documents, endpoint, settings, spelled

from llmrerank import Limits, Reranker
from llmrerank.testing.invariants import violations

QUICK = ("listwise", "graded", "setwise", "api", "decide")
DESCRIPTORS = Path("/proc/self/fd")


def held():
    """Threads and descriptors of this process."""
    files = len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.is_dir() else 0
    return set(threading.enumerate()), files


async def reached(condition):
    """Look every few milliseconds whether something holds that another thread brings about."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


async def cancelled(server, strategy, after, cache):
    """Rank, and cancel it once so many requests have come in."""
    before = server.arrived
    reranker = Reranker(spelled(strategy), settings=settings(server, cache=cache))
    task = asyncio.ensure_future(reranker.arank(QUERY, documents(9)))
    await reached(lambda: server.arrived - before >= after or task.done())
    task.cancel()
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert isinstance(outcome, asyncio.CancelledError) or not violations(outcome, documents(9))
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await reranker.aclose()
    await reached(lambda: server.connections == 0)


@pytest.mark.parametrize(
    "strategy",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ASKING],
)
def test_a_cancelled_task_leaves_no_task_thread_socket_or_file(strategy, tmp_path):
    """Requests hang one after another, so that some are under way whenever it is cancelled."""
    with endpoint({"hang": 0.4, "reset-in-body": 0.2}) as server:
        asyncio.run(cancelled(server, strategy, 1, None))  # what is made once is made now
        before = held()
        asyncio.run(cancelled(server, strategy, 2, tmp_path / "c.sqlite"))
        assert held() == before
    assert {path.name for path in tmp_path.iterdir()} <= {"c.sqlite"}


@pytest.mark.parametrize("strategy", ["listwise(window=4, stride=2)", "graded", "setwise", "api", "decide"])
def test_a_deadline_gives_the_best_order_so_far_and_ends_what_is_under_way(strategy):
    async def work(server):
        made = settings(server, limits=Limits(seconds=0.3), timeout=30.0)
        async with Reranker(spelled(strategy), settings=made) as reranker:
            ranking = await reranker.arank(QUERY, documents(9))
            assert asyncio.all_tasks() == {asyncio.current_task()}
        await reached(lambda: server.connections == 0)
        return ranking

    with endpoint({"hang": 1.0}) as server:
        ranking = asyncio.run(work(server))
    assert ranking.trace.exhausted.limit == "seconds"
    assert not violations(ranking, documents(9))


SCRIPT = """
import sys
from pathlib import Path
from llmrerank import Reranker
from llmrerank.settings import Settings

cache = Path(sys.argv[2])
made = Settings(model="chaos", base_url=sys.argv[1], api_key="none", parallel=16, cache=cache)
with Reranker("graded", settings=made) as reranker:
    try:
        reranker.rank("what is it worth", [f"worth {number}" for number in range(9)])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print("done", flush=True)
"""


def intact(path):
    with sqlite3.connect(path) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchone()
        entries = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
    connection.close()
    assert sound == ("ok",)
    return entries


def interrupted(server, words, after):
    """Run a program, and press Ctrl-C once so many requests have come in; its exit code and what it said."""
    paths = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_KEY": "none", "PYTHONPATH": paths},
    ) as process:
        try:
            asyncio.run(reached(lambda: server.arrived >= after))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    asyncio.run(reached(lambda: server.connections == 0))
    assert "Traceback" not in err
    return process.returncode, out, err


# Of this seed the first request is served, and two of nine hang.
HANGING = {"rates": {"hang": 0.5}, "seed": 1}


def test_ctrl_c_ends_a_synchronous_call_and_keeps_what_was_answered(tmp_path):
    cache = tmp_path / "c.sqlite"
    with endpoint(**HANGING) as server:
        ended = interrupted(server, ["-c", SCRIPT, server.base_url, str(cache)], 9)
        assert ended == (0, "interrupted\n", "")
        assert 1 <= intact(cache) <= server.served == 7
    assert [path.name for path in tmp_path.iterdir()] == ["c.sqlite"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["rank", "batch", "compare"])
def test_ctrl_c_ends_a_command_without_a_half_written_file(command, tmp_path):
    folder, cache = tmp_path / "data", tmp_path / "c.sqlite"
    folder.mkdir()
    texts = [f"worth {number}" for number in range(9)]
    (folder / "docs.txt").write_text("".join(f"{text}\n" for text in texts))
    (folder / "lines.jsonl").write_text(json.dumps({"id": "1", "query": QUERY, "documents": texts}) + "\n")
    (folder / "q.csv").write_text(f"id,text\n1,{QUERY}\n")
    out = tmp_path / "out"
    words = {
        "rank": ("rank", "--query", QUERY, "--docs", folder / "docs.txt", "--strategy", "graded"),
        "batch": ("batch", "--input", folder / "lines.jsonl", "--output", out, "--strategy", "graded"),
        "compare": (
            *("compare", "--docs", folder / "docs.txt", "--queries", folder / "q.csv", "--out", out),
            *("--strategies", "bm25(language=None) % 9 >> graded"),
        ),
    }[command]
    with endpoint(**HANGING) as server:
        common = ("--base-url", server.base_url, "--model", "chaos", "--api-key-env", "NO_KEY")
        common += ("--parallel", "16", "--cache", str(cache))
        code, said, err = interrupted(server, ["-m", "llmrerank", *map(str, words), *common], 9)
    assert (code, said) == (130, ""), err
    assert 1 <= intact(cache) <= 7
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()} - {"c.sqlite"}
    assert left <= {"docs.txt", "lines.jsonl", "q.csv", "out"}
    assert not out.is_file() or out.read_bytes() == b""
