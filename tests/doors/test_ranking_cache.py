"""Whole rankings, kept: the second time is a look-up, whatever decides a ranking decides what is found."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from oracle import LLM_STRATEGIES, answer, value

import llmrerank
from llmrerank import Document, Example, Limits, Pipeline, Reranker, rerank
from llmrerank.cache import Cache
from llmrerank.cli.app import run
from llmrerank.errors import CallError, DataError
from llmrerank.limits import Ledger, Price, Prices
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer
from llmrerank.trace import Called, Recalled

PIPELINES = (
    *LLM_STRATEGIES,
    "bm25 % 9 >> listwise(window=5, stride=3) % 6",
    "hybrid(bm25, rank-bm25) % 9 >> pointwise % 8 >> setwise % 4",
    "fuse(tournament, weight=0.2)",
    "chunks(pointwise, tokens=16, overlap=0)",
)
DOCUMENTS = [{"id": number, "text": value(7 * number % 90), "at": number} for number in range(11)]
TITLED = [{**document, "title": f"{document['id']}"} for document in DOCUMENTS]
TOLD_APART = ("calls", "cached", "recalled", "tokens_in", "tokens_out", "seconds", "cost")
"""What differs in the JSON of a ranking that was looked up; all of it in its trace."""


@pytest.fixture(scope="module")
def endpoint():
    with StubServer(answer) as server:
        yield server


@pytest.fixture
def settings(endpoint, tmp_path):
    return Settings(base_url=endpoint.base_url, model="oracle", cache=tmp_path / "c.sqlite")


@pytest.fixture
def yes(tmp_path):
    """Somebody who finds everything relevant."""
    with StubServer(lambda _: "yes") as server:
        yield Settings(base_url=server.base_url, model="yes", cache=tmp_path / "c.sqlite")


def ranked(settings, spec="listwise", query="worth 5", documents=DOCUMENTS, **wanted):
    with Reranker(spec, settings=settings) as reranker:
        return reranker.rank(query, documents, **wanted)


def tier(ranking):
    return next((event.tier for event in ranking.trace.of(Recalled)), None)


def timeless(ranking):
    """The books without seconds and without the look-up."""
    return [
        replace(event, seconds=0.0) if hasattr(event, "seconds") else event
        for event in ranking.trace
        if not isinstance(event, Recalled)
    ]


def as_json(ranking):
    """The JSON text, without what a look-up is known by."""
    values = ranking.to_dict()
    for name in TOLD_APART:
        del values["trace"][name]
    return json.dumps(values)


def forget_rankings(path):
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM rankings")
    connection.close()


@pytest.mark.parametrize("memory", [0, 64_000_000], ids=["file", "memory"])
@pytest.mark.parametrize("spec", PIPELINES)
def test_the_second_time_is_a_look_up_and_equal(settings, endpoint, spec, memory):
    settings = replace(settings, cache_memory=memory)
    first = ranked(settings, spec)
    sent = len(endpoint.requests)
    second = ranked(settings, spec)
    assert len(endpoint.requests) == sent
    assert (tier(first), tier(second)) == (None, "memory" if memory else "file")
    assert second.hits == first.hits  # history, deviations and spans included
    assert as_json(second) == as_json(first)
    assert (second.trace.calls, second.trace.cached) == (0, len(first.trace.of(Called)))
    assert (second.trace.paid.total, second.trace.cost) == (0, 0.0)
    assert second.trace.saved == first.trace.paid + first.trace.saved  # a question may be put twice
    assert 0 < second.trace.seconds < 10
    forget_rankings(settings.cache)
    by_answers = ranked(settings, spec)
    assert tier(by_answers) is None
    assert timeless(second) == [
        replace(event, cost=None) if isinstance(event, Called) else event for event in timeless(by_answers)
    ]


def test_a_search_asks_its_first_stage_and_looks_the_rest_up(settings, endpoint):
    with Pipeline("bm25 % 9 >> listwise % 4", corpus=DOCUMENTS, settings=settings) as pipeline:
        first, second = pipeline.search("worth 5"), pipeline.search("worth 5")
        again = list(pipeline.search_many(["worth 5", "worth 7"]))
    assert (tier(second), tier(again[0].ranking), tier(again[1].ranking)) == ("memory", "memory", None)
    assert second.hits == first.hits
    assert second.trace.events[0].seconds > 0  # of the first stage, which was asked


def test_the_callers_own_documents_come_back(settings):
    ranked(settings)
    mine = [Document.of(one, position=place) for place, one in enumerate(DOCUMENTS)]
    found = ranked(settings, documents=mine)
    assert tier(found) == "memory"
    assert all(any(hit.document is one for one in mine) for hit in found)


CHANGED = {
    "query": {"query": "worth 6"},
    "top": {"top": 3},
    "min_score": {"min_score": 0.5},
    "group_by": {"group_by": "at"},
    "strategy": {"spec": "pointwise(read='text', passage_tokens=200)"},
    "cut": {"spec": "pointwise(read='text') % 5"},
    "order": {"documents": TITLED[::-1]},
    "fewer": {"documents": TITLED[:-1]},
    "text": {"documents": [{**TITLED[0], "text": "worth 77"}, *TITLED[1:]]},
    "title": {"documents": [{**TITLED[0], "title": "other"}, *TITLED[1:]]},
    "id": {"documents": [{**TITLED[0], "id": "0"}, *TITLED[1:]]},
    "metadata": {"documents": [{**TITLED[0], "at": 1}, *TITLED[1:]]},
    "run together": {"documents": [{**TITLED[0], "text": "orth 0", "title": "0w"}, *TITLED[1:]]},
}
YES = "pointwise(read='text')"
SETTINGS = {
    "model": {"model": "other"},
    "instruction": {"instruction": "other"},
    "examples": {"examples": (Example(query="q", document="d", label="yes"),)},
    "seed": {"seed": 1},
    "answer_tokens": {"answer_tokens": 99},
    "effort": {"effort": "high"},
    "extra_body": {"extra_body": {"top_k": 1}},
    "on_error": {"on_error": "raise"},
}


@pytest.mark.parametrize("name", CHANGED)
def test_another_question_is_asked_anew(yes, name):
    before = {"spec": "pointwise(read='text')", "documents": TITLED}
    ranked(yes, **before)
    assert tier(ranked(yes, **before)) == "memory"
    assert [tier(ranked(yes, **{**before, **CHANGED[name]})) for _ in range(2)] == [None, "memory"]


@pytest.mark.parametrize("name", SETTINGS)
def test_another_setting_is_asked_anew(yes, name):
    ranked(yes, YES)
    changed = replace(yes, **SETTINGS[name])
    assert [tier(ranked(changed, YES)) for _ in range(2)] == [None, "memory"]


def test_another_endpoint_is_asked_anew(yes):
    ranked(yes, YES)
    with pytest.raises(CallError, match=r"127\.0\.0\.1:1"):
        ranked(replace(yes, base_url="http://127.0.0.1:1/v1", retries=0), YES)


@pytest.mark.parametrize(
    "how",
    [
        {"parallel": 1},
        {"retries": 0, "timeout": 5.0},
        {"api_key": "sk-other"},
        {"limits": Limits(calls=0, tokens=0)},
        {"cache_age": 1000.0, "cache_size": 10**9},
    ],
    ids=str,
)
def test_how_it_is_sent_decides_nothing(settings, how):
    ranked(settings)
    assert tier(ranked(replace(settings, **how))) is not None


def test_what_was_saved_is_priced_as_prices_are_now(settings):
    ranked(settings)
    dear = Prices({"oracle": Price(input=1e6, output=1e6)})
    found = ranked(replace(settings, prices=dear))
    assert [event.cost for event in found.trace.of(Called)] == [11.0]
    assert found.trace.cost == 0.0


def test_a_changed_prompt_is_asked_anew(settings, tmp_path):
    packaged = (Path(__file__).parents[2] / "prompts" / "listwise.toml").read_text(encoding="utf-8")
    prompt = tmp_path / "mine.toml"
    tiers = []
    for text in (packaged, packaged, packaged.replace("Rank all", "Please. Rank all")):
        prompt.write_text(text, encoding="utf-8")
        tiers.append(tier(ranked(settings, f"listwise(prompt={str(prompt)!r})")))
    assert tiers == [None, "memory", None]


OWN = """
from dataclasses import dataclass
from llmrerank.algorithms.full import Full
from llmrerank.judges.listwise import Listwise
from llmrerank.strategies import strategy
@dataclass(frozen=True, slots=True, kw_only=True)
class Mine(Full):
    pass
strategy("mine", algorithm=Mine, judge=Listwise, summary="Mine.")
"""
USE = """
import sys
from pathlib import Path
import own
from llmrerank import Reranker
with Reranker("mine", model="oracle", base_url=sys.argv[1], cache=sys.argv[2]) as reranker:
    print(reranker.rank("q", ["worth 1", "worth 2"]).trace.recalled)
"""


def python(code, *words, cwd):
    env = {**os.environ, "PYTHONPATH": str(Path(llmrerank.__file__).parents[1])}
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=cwd, env=env
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_an_edited_strategy_of_ones_own_is_asked_anew(settings, tmp_path):
    found = []
    for text in (OWN, OWN, OWN + "# edited\n"):
        (tmp_path / "own.py").write_text(text)
        found.append(python(USE, settings.base_url, str(settings.cache), cwd=tmp_path))
    assert found == ["0", "1", "0"]


def test_a_strategy_that_comes_from_no_file_is_not_kept(settings, tmp_path):
    code = OWN + USE.replace("import own\n", "")
    assert [python(code, settings.base_url, str(settings.cache), cwd=tmp_path) for _ in range(2)] == ["0"] * 2


def test_processes_share_what_was_ranked(settings, endpoint, tmp_path):
    mine = ranked(settings, documents=["worth 1", "worth 2"], query="q")
    sent = len(endpoint.requests)
    code = USE.replace("import own\n", "").replace('"mine"', '"listwise"')
    assert python(code, settings.base_url, str(settings.cache), cwd=tmp_path) == "1"
    assert len(endpoint.requests) == sent
    assert not mine.trace.recalled


# What is not kept


@pytest.mark.parametrize(
    ("reply", "limits"),
    [
        ("I cannot tell.", Limits()),
        (StubResponse(status=429, body={"error": {"message": "later"}}), Limits()),
        ("[2] > [1] > [3] > [4] > [5]", Limits(calls=2)),
    ],
    ids=["degraded", "failed", "exhausted"],
)
def test_what_may_be_better_another_time_is_not_kept(tmp_path, reply, limits):
    replies = iter(["[2] > [1] > [3] > [4] > [5]", *[reply] * 50])
    with StubServer(lambda _: next(replies)) as server:
        made = Settings(base_url=server.base_url, model="m", cache=tmp_path / "c", retries=0, limits=limits)
        rankings = [ranked(made, "listwise(window=5, stride=3)") for _ in range(2)]
    assert rankings[0].degraded
    assert [tier(ranking) for ranking in rankings] == [None, None]
    # With what the first time paid for, the second one stays within its limit.
    assert Cache(tmp_path / "c").stats().rankings == (limits.calls is not None)


def test_whoever_is_owed_every_call_is_told_every_call(settings, tmp_path):
    ranked(settings)
    seen = []
    with Reranker("listwise", settings=settings) as reranker:
        found = asyncio.run(_told(reranker, seen))
    assert (tier(found), len(seen)) == (None, 1)
    record = tmp_path / "r.jsonl"
    assert tier(ranked(replace(settings, record=record))) is None
    assert len(record.read_text().splitlines()) == 1
    assert tier(ranked(replace(settings, replay=record))) is None
    assert tier(ranked(replace(settings, cache=None))) is None


async def _told(reranker, seen):
    found = await reranker.arank("worth 5", DOCUMENTS, witness=seen.append)
    await reranker.aclose()
    return found


def test_a_model_that_must_be_found_out_is_known_the_second_time(settings):
    with Reranker("listwise", settings=replace(settings, model=None)) as reranker:
        tiers = [tier(reranker.rank("q", DOCUMENTS)) for _ in range(2)]
    assert tiers == [None, "memory"]


def test_a_stream_of_what_was_ranked_is_its_end(settings):
    async def rounds():
        async with Reranker("setwise", settings=settings) as reranker:
            return [[one async for one in reranker.astream("q", DOCUMENTS)] for _ in range(2)]

    first, second = asyncio.run(rounds())
    assert len(first) > 1
    assert [tier(one) for one in second] == ["memory"]
    assert second[0].hits == first[-1].hits


# At once


def at_once(server, tmp_path, number, **each):
    made = Settings(base_url=server.base_url, model="m", cache=tmp_path / "c", retries=0)

    async def run():
        async with Reranker("listwise", settings=made) as reranker:
            tasks = [
                asyncio.ensure_future(reranker.arank("q", DOCUMENTS, **each.get(f"n{place}", {})))
                for place in range(number)
            ]
            if "cancelled" in each:
                while not server.requests:
                    await asyncio.sleep(0.001)
                tasks[each["cancelled"]].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_identical_questions_at_once_are_ranked_once(tmp_path):
    with StubServer(answer, delay=0.05) as server:
        found = at_once(server, tmp_path, 10)
        assert len(server.requests) == 1
    assert [tier(one) for one in found] == [None, *["flight"] * 9]
    assert all(one.hits == found[0].hits for one in found)
    assert sum(one.trace.calls for one in found) == 1


@pytest.mark.parametrize("cancelled", [0, 1])
def test_who_gives_up_takes_nothing_from_the_others(tmp_path, cancelled):
    with StubServer(answer, delay=0.2) as server:
        found = at_once(server, tmp_path, 3, cancelled=cancelled)
        assert len(server.requests) == 1
    assert isinstance(found.pop(cancelled), asyncio.CancelledError)
    assert all(len(one) == len(DOCUMENTS) for one in found)


def test_limits_of_one_are_not_those_of_another(tmp_path):
    with StubServer(answer, delay=0.05) as server:
        found = at_once(server, tmp_path, 3, n0={"ledger": Ledger(limits=Limits(calls=0))})
    assert [one.degraded for one in found] == [True, False, False]
    assert tier(found[0]) is None


def test_nobody_waits_longer_than_he_may(tmp_path):
    with StubServer(answer, delay=0.5) as server:
        found = at_once(server, tmp_path, 2, n1={"ledger": Ledger(limits=Limits(seconds=0.05))})
    assert not found[0].degraded
    assert found[1].trace.exhausted.limit == "seconds"


def test_threads_share_one_ranking(tmp_path):
    with StubServer(answer, delay=0.2) as server:
        made = Settings(base_url=server.base_url, model="m", cache=tmp_path / "c")
        found = []
        threads = [threading.Thread(target=lambda: found.append(ranked(made, query="one"))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 1
    assert len(found) == 6


# The file


def test_memory_knows_nothing_that_the_file_has_lost(settings, cli_run):
    ranked(settings)
    assert tier(ranked(settings)) == "memory"
    cli_run("cache", "clear", "--yes", "--cache", str(settings.cache))
    assert tier(ranked(settings)) is None
    forget_rankings(settings.cache)  # by another process, as far as ours can tell
    assert tier(ranked(settings)) is None
    assert tier(ranked(settings)) == "memory"
    settings.cache.unlink()
    assert tier(ranked(settings)) is None
    assert tier(ranked(settings)) == "memory"


@pytest.fixture
def cli_run(capsys):
    def call(*words):
        assert run(words) == 0
        return capsys.readouterr().out

    return call


def test_a_door_that_stays_open_notices_as_well(settings):
    with Reranker("listwise", settings=settings) as reranker:
        assert [tier(reranker.rank("q", DOCUMENTS)) for _ in range(2)] == [None, "memory"]
        for end in ("", "-wal", "-shm"):
            settings.cache.with_name(settings.cache.name + end).unlink(missing_ok=True)
        assert [tier(reranker.rank("q", DOCUMENTS)) for _ in range(2)] == [None, "memory"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("my notes\n" * 50), "not a cache of llmrerank"),
        (lambda path: _database(path), "database of another program"),
        (lambda path: _damaged(path), "is damaged|cannot open"),
    ],
    ids=["text", "foreign", "damaged"],
)
def test_a_file_that_cannot_serve_is_refused_untouched(settings, endpoint, make, sentence):
    make(settings.cache)
    before, sent = settings.cache.read_bytes(), len(endpoint.requests)
    with pytest.raises(DataError, match=sentence):
        ranked(settings)
    assert settings.cache.read_bytes() == before
    assert len(endpoint.requests) == sent


def _database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def _damaged(path):
    cache = Cache(path)
    cache.put(b"k", {}, model="m")
    cache.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)


FULL = """
import resource, signal, sys
from llmrerank import Reranker
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Reranker("listwise", model="oracle", base_url=sys.argv[1], cache=sys.argv[2]) as reranker:
    reranker.rank("first", ["worth 1", "worth 2"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
    for query in ("second", "third"):
        ranking = reranker.rank(query, ["worth 1", "worth 2"])
        print(ranking[0].document.text, sum("not kept" in one for one in ranking.trace.warnings))
"""


def test_a_full_disk_ends_nothing_and_is_said_once(settings, tmp_path):
    """Files may not grow any further, as where a disk is full."""
    said = python(FULL, settings.base_url, str(settings.cache), cwd=tmp_path).splitlines()
    assert said == ["worth 2 1", "worth 2 0"]
    assert tier(ranked(settings, documents=["worth 1", "worth 2"], query="first")) in ("memory", "file")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_few_documents(settings, number):
    found = [ranked(settings, documents=DOCUMENTS[:number]) for _ in range(2)]
    assert [tier(one) for one in found] == [None, "memory"]
    assert found[0].hits == found[1].hits


def test_rerank_looks_up_too(settings):
    where = {"model": "oracle", "base_url": settings.base_url, "cache": settings.cache}
    found = [rerank("q", DOCUMENTS, strategy="bm25 % 5 >> listwise", **where) for _ in range(3)]
    assert [tier(one) for one in found] == [None, "memory", "memory"]
