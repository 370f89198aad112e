"""A comparison that is killed goes on: what was answered is never asked again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmrerank.testing.stub_server import StubServer, completion

PARALLEL = 3
STRATEGIES = ("bm25 % 6 >> pointwise", "bm25 % 6 >> listwise(window=4, stride=2)")


def command(collection: Path, base_url: str, cache: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "llmrerank", "compare", "--dataset", str(collection)),
        *("--strategies", *STRATEGIES, "--base-url", base_url, "--model", "stub", "--api-key-env", "NO_KEY"),
        *("--parallel", str(PARALLEL), "--cache", str(cache), "--retries", "0", *more),
    ]


def answer(body: Mapping[str, Any]) -> str | dict[str, Any]:
    """An endpoint that can do all that is asked of it, so that nothing has to be found out twice."""
    prompt = "\n".join(message["content"] for message in body["messages"])
    if "[2]" in prompt:
        return "[2] > [1] > [3] > [4]"
    alternatives = [{"token": token, "logprob": logprob} for token, logprob in (("yes", -0.1), ("no", -2.4))]
    first = {**alternatives[0], "top_logprobs": alternatives}
    message = {"role": "assistant", "content": "yes"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": [first]}}
    return completion("yes", choices=[choice])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
@pytest.mark.slow
@pytest.mark.parametrize("after", [5, 40])
def test_killed_in_the_middle_it_pays_only_for_what_is_missing(
    collection: Path, tmp_path: Path, after: int
) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "home"), "NO_KEY": "none"}
    reached = threading.Event()
    seen = 0

    def counting(body: Mapping[str, Any]) -> str | dict[str, Any]:
        nonlocal seen
        seen += 1
        if seen >= after:
            reached.set()
        return answer(body)

    with StubServer(answer) as server:
        clean = subprocess.run(
            command(collection, server.base_url, tmp_path / "clean.sqlite", "--json"),
            env=environment,
            capture_output=True,
            check=False,
        )
        needed = len(server.requests)
    assert needed > after
    # Answers take a moment, so that some are under way when the process dies.
    with StubServer(counting, delay=0.01) as server:
        words = command(collection, server.base_url, tmp_path / "kept.sqlite", "--json")
        with subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as killed:
            assert reached.wait(60)
            killed.kill()
        assert killed.returncode == -signal.SIGKILL
        again = subprocess.run(words, env=environment, capture_output=True, check=False)
        sent = len(server.requests)
        once_more = subprocess.run(words, env=environment, capture_output=True, check=False)
        assert len(server.requests) == sent, "everything was answered"
    assert needed <= sent <= needed + PARALLEL
    assert again.returncode == once_more.returncode == clean.returncode
    measures = [
        [row["measures"] for row in json.loads(ended.stdout)["rows"]] for ended in (clean, again, once_more)
    ]
    assert measures[0] == measures[1] == measures[2]
