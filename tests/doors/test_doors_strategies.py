"""Every registered LLM strategy, and wrappers, through the public doors against a perfect endpoint."""

import asyncio
import random
from dataclasses import dataclass, replace

import pytest
from oracle import LLM_STRATEGIES, answer, shown, value

from llmrerank import ConfigError, Reranker, rerank
from llmrerank.algorithms.consistent import Consistent
from llmrerank.algorithms.graph import Graph
from llmrerank.algorithms.head import Head
from llmrerank.algorithms.setwise import Setwise as BySets
from llmrerank.algorithms.sliding import Sliding
from llmrerank.algorithms.tournament import Tournament
from llmrerank.errors import IncompatibleJudge, TransientError
from llmrerank.registry import Kind, entries
from llmrerank.settings import Settings
from llmrerank.spec import Call, parse_call
from llmrerank.strategies import Strategy
from llmrerank.testing.stub_server import StubResponse, StubServer
from llmrerank.trace import Called, Degraded, Repaired, RoundDone
from llmrerank.types import Detail

WRAPPED = (
    "consistency(top-down, times=3)",
    "head(pairwise(method='sliding'), depth=6)",
    "fuse(tournament, weight=0.2)",
    "head(consistency(setwise, times=2), depth=9)",
    "guard(listwise)",
    "guard(setwise, places=3)",
    "head(guard(adaptive, places=2), depth=20)",
)
SPECS = (*LLM_STRATEGIES, *WRAPPED)
LISTWISE = tuple(
    name for name in LLM_STRATEGIES if Strategy.of(parse_call(name)).judge.asks.contents.form == "listwise"
)
JUDGES = tuple(entry.name for entry in entries(Kind.STRATEGY))
WORTH = random.Random(5).sample(range(100), 34)
DOCUMENTS = [value(worth) for worth in WORTH]
BEST = max(WORTH)


@pytest.fixture(scope="module")
def endpoint():
    with StubServer(answer) as server:
        yield server


def ranked(endpoint, spec, documents=DOCUMENTS, **options):
    return rerank("q", documents, strategy=spec, base_url=endpoint.base_url, model="oracle", **options)


def timeless(events):
    """What happened, without how long it took."""
    return [replace(one, seconds=0.0) if hasattr(one, "seconds") else one for one in events]


def test_all_that_were_promised_are_there():
    promised = (
        "pointwise graded listwise first-token top-down setwise pairwise tournament graph blocks full acurank"
    )
    assert {*promised.split(), "adaptive"} <= set(LLM_STRATEGIES)
    assert {"bi-encoder", "cross-encoder", "decide", "api"} <= set(JUDGES)


@pytest.mark.parametrize("spec", SPECS)
def test_the_best_comes_to_the_front_and_the_books_agree(endpoint, spec):
    sent = len(endpoint.requests)
    ranking = ranked(endpoint, spec)
    trace = ranking.trace
    assert sorted(hit.previous_rank for hit in ranking) == list(range(1, len(DOCUMENTS) + 1))
    assert [hit.document.text for hit in ranking] == [DOCUMENTS[hit.previous_rank - 1] for hit in ranking]
    # Not the first by every schedule: blocks leaves two that were never beaten as they stood.
    assert value(BEST) in [hit.document.text for hit in ranking[:3]]
    assert (trace.degraded, trace.repaired, ranking.degraded) == (0, 0, False)
    assert trace.calls == len(trace.of(Called)) == len(endpoint.requests) - sent
    assert sum(one.slates for one in trace.of(RoundDone)) >= trace.calls
    stated = Strategy.of(parse_call(spec)).algorithm.cost(len(DOCUMENTS), 10)
    assert stated.rounds.least <= len(trace.of(RoundDone)) <= stated.rounds.most
    assert stated.calls.least <= sum(one.slates for one in trace.of(RoundDone)) <= stated.calls.most


@pytest.mark.parametrize("spec", SPECS)
def test_sync_and_async_agree_in_order_and_events(endpoint, spec):
    def door():
        return Reranker(spec, base_url=endpoint.base_url, model="oracle", seed=3)

    async def in_a_loop():
        async with door() as reranker:
            return await reranker.arank("q", DOCUMENTS, top=7)

    with door() as reranker:
        sync = reranker.rank("q", DOCUMENTS, top=7)
    asynchronous = asyncio.run(in_a_loop())
    assert [hit.document for hit in sync] == [hit.document for hit in asynchronous]
    assert timeless(sync.trace.events) == timeless(asynchronous.trace.events)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "full"])
def test_one_failing_call_costs_its_own_slate_and_nothing_else(spec):
    """The second call fails for good; its siblings end and are booked, and the trace says which it was."""

    def answers_all_but_one(body):
        if len(server.requests) == 2:
            return StubResponse(status=503, body={"error": {"message": "overloaded"}})
        return answer(body)

    with StubServer(answers_all_but_one) as server:
        settings = Settings(base_url=server.base_url, model="m", parallel=16, retries=0)
        with Reranker(spec, settings=settings) as reranker:
            ranking = reranker.rank("q", DOCUMENTS)
        lost = shown(server.requests[1])
    assert sorted(hit.previous_rank for hit in ranking) == list(range(1, len(DOCUMENTS) + 1))
    [degraded] = ranking.trace.of(Degraded)
    assert [WORTH[position] for position in degraded.slate] == lost
    assert "overloaded" in degraded.reason
    assert len(ranking.trace.of(Called)) == len(server.requests) - 1
    assert {hit.document.text for hit in ranking if hit.degraded} == set(map(value, lost))


def test_the_only_call_failing_is_no_ranking():
    with StubServer(
        lambda body: StubResponse(status=503, body={"error": {"message": "overloaded"}})
    ) as server:
        settings = Settings(base_url=server.base_url, model="m", retries=0)
        with (
            pytest.raises(TransientError, match="overloaded"),
            Reranker("full", settings=settings) as reranker,
        ):
            reranker.rank("q", DOCUMENTS)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("documents", [[], [value(7)]], ids=len)
def test_nothing_and_a_lone_document(endpoint, spec, documents):
    sent = len(endpoint.requests)
    ranking = ranked(endpoint, spec, documents)
    assert [hit.document.text for hit in ranking] == documents
    scores = Strategy.of(parse_call(spec)).algorithm.needs is Detail.SCORES
    assert len(endpoint.requests) - sent == (len(documents) if scores else 0)


@pytest.mark.parametrize("spec", SPECS)
def test_more_wanted_than_there_are_is_all(endpoint, spec):
    few = DOCUMENTS[:5]
    ranking = ranked(endpoint, spec, few, top=50)
    assert len(ranking) == 5
    if not spec.startswith("fuse"):
        assert [hit.document.text for hit in ranking] == sorted(
            few, key=lambda text: -WORTH[DOCUMENTS.index(text)]
        )


@pytest.mark.parametrize("name", LLM_STRATEGIES)
def test_windows_that_cannot_work_are_refused_before_anything_is_sent(endpoint, name):
    options = {
        option.name for entry in entries(Kind.STRATEGY) if entry.name == name for option in entry.options
    }
    sent = len(endpoint.requests)
    for option, values in {
        "window": (1, 0, -3),
        "stride": (0, 21),
        "children": (0,),
        "passes": (0,),
        "replicas": (0,),
        "tournaments": (0,),
    }.items():
        for wrong in values if option in options else ():
            with pytest.raises(ConfigError, match=option):
                ranked(endpoint, f"{name}({option}={wrong})")
    with pytest.raises(ConfigError, match="top"):
        ranked(endpoint, name, top=0)
    assert len(endpoint.requests) == sent


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_that_says_too_little_or_sees_too_few_is_refused_in_one_sentence(name):
    """For every pair in the registry: what fits is built, and what does not is refused before any call."""
    algorithm = Strategy.of(parse_call(name)).algorithm
    shows = getattr(algorithm, "window", None) or 1
    for other in JUDGES:
        judge = Strategy.of(parse_call(other)).judge
        spec = f"{name}(judge={other})"
        little = judge.gives < algorithm.needs
        if not little and (judge.capacity is None or shows <= judge.capacity):
            assert Strategy.of(parse_call(spec)).judge == judge
            continue
        with pytest.raises(IncompatibleJudge) as caught:
            Strategy.of(parse_call(spec))
        said = str(caught.value)
        assert spec in said
        assert "\n" not in said
        told = (algorithm.needs, judge.gives) if little else (shows, judge.capacity)
        assert all((one.name.lower() if little else str(one)) in said for one in told)


@dataclass(frozen=True)
class Five:
    """A judge of somebody else that can be shown five documents."""

    gives = Detail.ORDER
    capacity = 5
    score_kind = "none"
    carrier = "chat"


@pytest.mark.parametrize(
    ("algorithm", "advice"),
    [
        (Sliding(), "write window=5 or less"),
        (Head(inner=Consistent(inner=Graph())), "write window=5 or less"),
        (BySets(children=9), "write children=4 or less"),
        (Tournament(), "choose another judge"),
    ],
    ids=str,
)
def test_more_than_a_judge_can_be_shown_is_refused_with_what_to_write(algorithm, advice):
    with pytest.raises(IncompatibleJudge, match=f"more than the 5 documents .*; {advice}"):
        Strategy(spec=Call("mine"), algorithm=algorithm, judge=Five())
    fitting = Strategy(spec=Call("mine"), algorithm=Sliding(window=5, stride=2), judge=Five())
    assert fitting.judge.capacity == 5


def test_a_whole_list_that_has_no_letters_is_refused_before_anything_is_sent(endpoint):
    sent = len(endpoint.requests)
    with pytest.raises(ConfigError, match="1 to 26 documents at a time, got 34"):
        ranked(endpoint, "full(read='logprobs')")
    assert len(endpoint.requests) == sent


def test_few_alternatives_are_partial_orders_and_that_is_said():
    """An endpoint that returns five alternatives tells five places of a window of twenty."""
    with StubServer(lambda body: answer(body, alternatives=5)) as server:
        ranking = rerank("q", DOCUMENTS, strategy="first-token", base_url=server.base_url, model="few")
    assert ranking[0].document.text == value(BEST)
    assert [one.flags for one in ranking.trace.of(Repaired)] == [("missing",)] * ranking.trace.calls


@pytest.mark.parametrize("name", LISTWISE)
def test_the_first_token_can_be_read_in_every_listwise_form(name):
    documents = DOCUMENTS[:20] if name == "full" else DOCUMENTS
    with StubServer(answer) as server:
        spec = f"{name}(read='logprobs')"
        ranking = rerank("q", documents, strategy=spec, base_url=server.base_url, model="m")
        assert {body["max_tokens"] for body in server.requests} == {1}
    assert value(max(WORTH[: len(documents)])) in [hit.document.text for hit in ranking[:3]]
    assert (ranking.trace.repaired, ranking.trace.degraded) == (0, 0)


@pytest.mark.parametrize("name", ["setwise", "pairwise"])
def test_words_serve_where_an_endpoint_gives_no_log_probabilities(name):
    def in_words(body):
        return answer({**body, "logprobs": None})

    with StubServer(in_words) as server:
        place = {"base_url": server.base_url, "model": "wordy"}
        ranking = rerank("q", DOCUMENTS[:9], strategy=name, **place)
        strict = rerank("q", DOCUMENTS[:9], strategy=f"{name}(read='logprobs')", **place)
    best = sorted(WORTH[:9], reverse=True)
    assert (
        [hit.document.text for hit in ranking]
        == [hit.document.text for hit in strict]
        == list(map(value, best))
    )
    assert not any("log-probabilities" in message for message in ranking.trace.warnings)
    assert any("gave no log-probabilities" in message for message in strict.trace.warnings)
    assert ranking.score_kind == "none"
    assert {hit.score for hit in ranking} == {None}


LONG = [value(worth) + "\n" + "words of equal length " * 40 for worth in range(100)]


@pytest.mark.parametrize("spec", ["full", "consistency(full, times=3)"])
def test_a_list_that_its_model_cannot_read_is_refused_before_it_is_sent(spec):
    with StubServer(answer, models=("m",), context=8192) as server:
        with pytest.raises(ConfigError, match=r"100 documents in one prompt .* reads 8192 at once"):
            rerank("q", LONG, strategy=spec, base_url=server.base_url, model="m")
        assert server.requests == []
        rerank("q", LONG, strategy="adaptive", base_url=server.base_url, model="m")
        rerank("q", LONG[:20], strategy=spec, base_url=server.base_url)
        assert len(server.requests) == 7 + (3 if "times" in spec else 1)


def test_where_it_is_not_known_what_a_model_reads_the_endpoint_is_left_to_say_so():
    for context in (None, 100_000):
        with StubServer(answer, models=("m", "n"), context=context) as server:
            assert len(rerank("q", LONG, strategy="full", base_url=server.base_url, model="m")) == 100
            assert len(server.requests) == 1
