"""The client of local models: many loops and threads, cancelled waiters, failures, forks, a quiet end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

from tiny_models import sentences, tiny_bi_encoder, tiny_cross_encoder

from llmrerank.calls import ChatCall, Message, PairCall, Reply
from llmrerank.clients import Client
from llmrerank.clients.loading import best_device
from llmrerank.clients.local import pair_client
from llmrerank.clients.models import find
from llmrerank.clients.pairs import PairScorer, Scored
from llmrerank.clients.worker import PORTION, Worker
from llmrerank.errors import ConfigError, PermanentError
from llmrerank.settings import Settings

TEXTS = sentences(60)
CLOSE = 1e-5


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder(tmp_path_factory.mktemp("ce") / "tiny")


@pytest.fixture(scope="module")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bi_encoder(tmp_path_factory.mktemp("bi") / "tiny")


async def replies_of(client: Client, texts: Sequence[str] = TEXTS) -> list[Reply]:
    return await asyncio.gather(*(client.send(PairCall(query="red cat", document=text)) for text in texts))


def scores_of(client: Client, texts: Sequence[str] = TEXTS) -> list[float]:
    return [reply.score for reply in asyncio.run(replies_of(client, texts))]  # type: ignore[misc]


def test_a_client_says_who_answers(cross: Path) -> None:
    client = pair_client("cross-encoder", model=str(cross), settings=Settings())
    identity = client.identity
    assert (identity.endpoint, identity.local) == ("local", True)
    assert identity.model == find("cross-encoder", str(cross)).identity


def test_scores_are_those_of_the_scorer(cross: Path) -> None:
    client = pair_client("cross-encoder", model=str(cross), settings=Settings())
    wanted = PairScorer(find("cross-encoder", str(cross))).score([("red cat", text) for text in TEXTS])
    assert scores_of(client) == pytest.approx(wanted, abs=CLOSE)


def test_equal_documents_have_equal_scores(cross: Path, bi: Path) -> None:
    texts = ["red dog", *TEXTS, "red dog"]
    for kind, folder in (("cross-encoder", cross), ("bi-encoder", bi)):
        scores = scores_of(pair_client(kind, model=str(folder), settings=Settings()), texts)  # type: ignore[arg-type]
        assert scores[0] == scores[-1]


def test_cosines_are_the_same_every_time(bi: Path) -> None:
    client = pair_client("bi-encoder", model=str(bi), settings=Settings())
    first = scores_of(client)
    assert scores_of(client) == first
    assert all(-1 <= score <= 1 for score in first)


def test_loops_in_several_threads_may_wait_at_once(cross: Path) -> None:
    client = pair_client("cross-encoder", model=str(cross), settings=Settings())
    wanted = scores_of(client)
    found: list[list[float]] = []
    threads = [threading.Thread(target=lambda: found.append(scores_of(client))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(scores == pytest.approx(wanted, abs=CLOSE) for scores in found)


def test_a_cancelled_waiter_does_no_harm(cross: Path) -> None:
    client = pair_client("cross-encoder", model=str(cross), settings=Settings())

    async def leave_and_stay() -> list[Reply]:
        leaving = asyncio.ensure_future(replies_of(client))
        staying = asyncio.ensure_future(replies_of(client, TEXTS[:5]))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    assert [reply.score for reply in asyncio.run(leave_and_stay())] == pytest.approx(
        scores_of(client, TEXTS[:5]), abs=CLOSE
    )


def test_a_model_that_cannot_be_loaded_is_said_to_every_waiter(tmp_path: Path) -> None:
    client = pair_client("cross-encoder", model=str(tmp_path), settings=Settings())
    assert client.identity.local

    async def ask() -> list[Reply | BaseException]:
        calls = (client.send(PairCall(query="q", document=text)) for text in TEXTS)
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(ask())
    assert {(type(answer), str(answer)) for answer in answers} == {
        (ConfigError, f"the folder {tmp_path} holds no model: it has no config.json")
    }
    tiny_cross_encoder(tmp_path)
    assert len(scores_of(client)) == len(TEXTS)


def test_only_pairs_are_carried(cross: Path) -> None:
    client = pair_client("cross-encoder", model=str(cross), settings=Settings())
    call = ChatCall(messages=(Message("user", "hello"),), max_tokens=5)
    assert not client.knows(call)
    with pytest.raises(ConfigError, match="scores pairs"):
        asyncio.run(client.send(call))


def test_scores_are_kept_in_a_cache_that_is_asked_for(cross: Path, tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / "cache.sqlite")
    first = asyncio.run(replies_of(pair_client("cross-encoder", model=str(cross), settings=settings)))
    again = asyncio.run(replies_of(pair_client("cross-encoder", model=str(cross), settings=settings)))
    assert not any(reply.cached for reply in first)
    assert all(reply.cached for reply in again)
    assert [reply.score for reply in again] == [reply.score for reply in first]
    other = pair_client(
        "cross-encoder", model=str(tiny_cross_encoder(tmp_path / "tiny", seed=1)), settings=settings
    )
    assert not any(reply.cached for reply in asyncio.run(replies_of(other)))


class Counting:
    """A scorer that notes what it was given, and fails on request."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self.failure: Exception | None = None

    def load(self) -> None:
        pass

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Scored]:
        self.given.append(len(pairs))
        if self.failure is not None:
            raise self.failure
        scores = [float(document) for _, document in pairs]
        yield Scored(positions=range(len(pairs)), scores=scores, cut=[0] * len(pairs))


def submitted(worker: Worker, count: int) -> list[float | None]:
    async def ask() -> list[float | None]:
        calls = [PairCall(query="q", document=str(number)) for number in range(count)]
        return [reply.score for reply in await asyncio.gather(*map(worker.submit, calls))]

    return asyncio.run(ask())


def test_waiting_pairs_are_taken_together() -> None:
    scorer = Counting()
    assert submitted(Worker(scorer), 3 * PORTION) == [float(number) for number in range(3 * PORTION)]
    assert max(scorer.given) <= PORTION
    assert sum(scorer.given) == 3 * PORTION


def test_a_failing_model_is_a_permanent_error_and_the_worker_lives_on() -> None:
    scorer = Counting()
    worker = Worker(scorer)
    scorer.failure = RuntimeError("out of memory")
    with pytest.raises(PermanentError, match="the local model failed: RuntimeError: out of memory"):
        submitted(worker, 3)
    scorer.failure = None
    assert submitted(worker, 3) == [0.0, 1.0, 2.0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.skipif(best_device() == "cuda", reason="CUDA refuses to go on in a forked child")
def test_a_forked_child_scores_and_the_process_ends_quietly(cross: Path) -> None:
    program = """
import asyncio, os, sys
from llmrerank.calls import PairCall
from llmrerank.clients.local import pair_client
from llmrerank.settings import Settings
client = pair_client("cross-encoder", model=sys.argv[1], settings=Settings())
async def ask():
    calls = [client.send(PairCall(query="red cat", document="dog " * n)) for n in range(9)]
    return [round(reply.score, 4) for reply in await asyncio.gather(*calls)]
print(asyncio.run(ask()), flush=True)
child = os.fork()
print(asyncio.run(ask()), flush=True)
if child:
    assert os.waitpid(child, 0)[1] == 0
    async def leave():
        asyncio.ensure_future(ask())
        await asyncio.sleep(0)
    asyncio.run(leave())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(cross)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1
