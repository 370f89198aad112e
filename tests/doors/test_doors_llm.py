"""Rankings by an LLM through the public doors, against a real server on loopback."""

import os
import subprocess
import sys

import numpy as np
import pytest

from llmrerank import ConfigError, Limits, rerank
from llmrerank.testing.stub_server import StubServer, completion

DOCUMENTS = ["a a", "b b", "c c"]


def test_every_answer_that_was_billed_is_counted():
    """An endpoint without log-probabilities has to be found out by one answer more, and the books say so."""
    with StubServer(lambda body: "5") as server:
        ranking = rerank("q", DOCUMENTS, strategy="pointwise", base_url=server.base_url, model="counted")
        assert ranking.trace.calls == len(server.requests) == 4
        assert ranking.score_kind == "grade"
        assert "share their score" in ranking.trace.warnings[0]
        again = rerank("q", DOCUMENTS, strategy="pointwise", base_url=server.base_url, model="counted")
        assert again.trace.calls == 3


SEVERAL_LOOPS = """
import asyncio, gc, sys
from llmrerank import Reranker
documents = ["a a", "b b", "c c"]
reranker = Reranker("listwise", base_url=sys.argv[1], model="m")
for _ in range(3):
    print([hit.previous_rank for hit in asyncio.run(reranker.arank("q", documents))])
    gc.collect()
with reranker:
    print([hit.previous_rank for hit in reranker.rank("q", documents)])
"""


def test_one_reranker_serves_one_loop_after_another_in_silence():
    with StubServer(lambda body: "[3] > [2] > [1]") as server:
        ended = subprocess.run(
            [sys.executable, "-c", SEVERAL_LOOPS, server.base_url], capture_output=True, text=True, timeout=60
        )
    assert ended.stdout == "[3, 2, 1]\n" * 4
    assert ended.stderr == ""


def test_finding_out_what_an_endpoint_can_do_keeps_to_the_limit():
    with StubServer(lambda body: "5") as server:
        ranking = rerank(
            "q",
            DOCUMENTS,
            strategy="pointwise",
            base_url=server.base_url,
            model="strict",
            limits=Limits(calls=3),
        )
        assert len(server.requests) == 3
        assert ranking.trace.exhausted is not None
    empty = completion("")
    empty["choices"][0]["finish_reason"] = "length"
    with StubServer(lambda body: empty) as server:
        ranking = rerank(
            "q",
            DOCUMENTS,
            strategy="listwise",
            base_url=server.base_url,
            model="mute",
            limits=Limits(calls=1),
        )
        assert len(server.requests) == ranking.trace.calls == 1
        assert ranking.degraded


def test_log_probabilities_that_were_asked_for_and_not_given_are_said():
    with StubServer(lambda body: "5") as server:
        told = [
            rerank(
                "q", DOCUMENTS, strategy=f"pointwise(read={read!r})", base_url=server.base_url, model="wordy"
            ).trace.warnings
            for read in ("logprobs", "auto")
        ]
    assert any("gave no log-probabilities" in message for message in told[0])
    assert not any("gave no log-probabilities" in message for message in told[1])


def test_a_judge_may_be_named_in_a_keyword():
    with pytest.raises(ConfigError, match="needs scores"):
        rerank("q", DOCUMENTS, strategy="pointwise", judge="listwise", model="m")


@pytest.mark.parametrize(
    "arguments",
    [
        {"top": 2.0},
        {"top": True},
        {"query": 3},
        {"strategy": None},
        {"limits": {"calls": 1}},
        {"examples": ["a"]},
        {"examples": [("q", "d", 1)]},
        {"model": 5},
        {"base_url": b"http://127.0.0.1"},
        {"api_key": 5},
        {"instruction": 5},
        {"cache": 5},
        {"parallel": "8"},
        {"parallel": True},
        {"seed": None},
        {"parallel": np.True_},
    ],
    ids=str,
)
def test_wrong_types_are_refused_before_anything_is_sent(arguments):
    with StubServer(lambda body: "[1]") as server:
        call = {"query": "q", "strategy": "listwise", "model": "m", "base_url": server.base_url, **arguments}
        with pytest.raises(ConfigError):
            rerank(call.pop("query"), DOCUMENTS, **call)
        assert server.requests == []


def test_numbers_and_paths_may_be_of_other_libraries(tmp_path):
    class Folder(os.PathLike):
        def __fspath__(self):
            return str(tmp_path / "kept.sqlite")

    with StubServer(lambda body: "[1]") as server:
        call = {
            "model": "m",
            "base_url": server.base_url,
            "seed": np.int64(3),
            "parallel": np.int64(2),
            "cache": Folder(),
        }
        assert len(rerank("q", DOCUMENTS, strategy="listwise", **call)) == len(DOCUMENTS)
    assert (tmp_path / "kept.sqlite").exists()


def test_an_instruction_that_nobody_reads_is_said():
    ranking = rerank("a", DOCUMENTS, strategy="bm25", instruction="only good ones", limits=Limits())
    assert "reads the instruction" in ranking.trace.warnings[0]
