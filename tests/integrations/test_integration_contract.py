"""What every adapter keeps: places, objects, ids, scores, both ways of calling, copies, and the books."""

import asyncio
import copy
import json
import logging
import pickle
import threading

import pytest
from frameworks import FRAMEWORKS, installed

from llmrerank import CallError, ConfigError, Limits
from llmrerank.calibration import Calibration
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer

QUERY = "roman roads"
TEXTS = ["Dogs bark.", "Roads of the Romans.", "A road."]

pytestmark = pytest.mark.parametrize(
    "framework",
    [
        pytest.param(
            one, id=one.name, marks=pytest.mark.skipif(not installed(one), reason=f"needs {one.package}")
        )
        for one in FRAMEWORKS
    ],
)

seen = []


@pytest.fixture
def make(framework):
    """Makes adapters, and closes them when the test is over."""
    made = []

    def make(strategy, **more):
        made.append(framework.make(strategy, **more))
        return made[-1]

    yield make
    for adapter in made:
        adapter.close()


def remember(ranking):
    seen.append(ranking)


async def close_here(adapter):
    await (adapter.close_async() if hasattr(adapter, "close_async") else adapter.aclose())


def items_of(framework, texts=TEXTS):
    return [
        framework.item(text, f"d{place}", {"place": place, "nested": {"a": [1]}})
        for place, text in enumerate(texts)
    ]


def places(framework, found):
    return [framework.read(one).metadata["place"] for one in found]


def llm(server, **more):
    return {"strategy": "listwise", "model": "m", "base_url": server.base_url, **more}


def test_items_are_told_apart_by_place_and_not_by_text(framework, make, turning):
    items = items_of(framework, ["the same"] * 3)
    found = framework.run(make(**llm(turning)), QUERY, items)
    assert places(framework, found) == [2, 1, 0]
    assert [framework.read(one).id for one in found] == ["d2", "d1", "d0"]


def test_nothing_of_the_callers_changes_and_everything_comes_back(framework, make):
    items = items_of(framework)
    before = copy.deepcopy(items)
    found = framework.run(make("bm25"), QUERY, items)
    assert items == before
    assert all(one not in items for one in found)
    for one in found:
        read = framework.read(one)
        assert read.text == TEXTS[read.metadata["place"]]
        assert read.id == f"d{read.metadata['place']}"
        assert read.metadata["nested"] == {"a": [1]}


@pytest.mark.parametrize("top", [None, 1, 2, 3, 9])
def test_top_is_a_cut(framework, make, top):
    found = framework.run(make("bm25", **{framework.top: top}), QUERY, items_of(framework))
    assert places(framework, found) == [1, 2, 0][:top]


@pytest.mark.parametrize("top", [0, -1, "3", 2.0, True])
def test_a_top_that_is_no_count_is_refused(framework, make, top):
    with pytest.raises(ValueError, match=framework.top):
        make("bm25", **{framework.top: top})


def test_nothing_given_is_nothing_back_and_nothing_asked(framework, make, turning):
    adapter = make(**llm(turning))
    assert list(framework.run(adapter, QUERY, [])) == []
    assert list(asyncio.run(framework.arun(adapter, QUERY, []))) == []
    assert turning.requests == []


def test_scores_are_plain_floats(framework, make):
    scores = [framework.read(one).score for one in framework.run(make("bm25"), QUERY, items_of(framework))]
    assert {type(score) for score in scores} == {float}
    assert scores == sorted(scores, reverse=True)
    json.dumps(scores)


def test_an_order_without_scores_has_none(framework, make, turning):
    scored = framework.run(make("bm25"), QUERY, items_of(framework))
    found = framework.run(make(**llm(turning)), QUERY, scored)
    assert [framework.read(one).score for one in found] == [None, None, None]
    assert places(framework, found) == [0, 2, 1]


def test_async_runs_on_the_callers_loop_and_gives_the_same(framework, make, turning):
    threads = []
    adapter = make(**llm(turning, on_ranking=lambda ranking: threads.append(threading.get_ident())))

    async def scene():
        found = await asyncio.gather(*(framework.arun(adapter, QUERY, items_of(framework)) for _ in range(3)))
        await close_here(adapter)
        return found

    sync = framework.run(adapter, QUERY, items_of(framework))
    for found in asyncio.run(scene()):
        assert [framework.read(one) for one in found] == [framework.read(one) for one in sync]
    assert threads == [threading.get_ident()] * 4


def test_adapters_and_results_survive_copying_and_pickling(framework, make, turning):
    adapter = make(**llm(turning, on_ranking=remember, limits=Limits(calls=5)))
    found = framework.run(adapter, QUERY, items_of(framework))
    for again in (pickle.loads(pickle.dumps(adapter)), copy.deepcopy(adapter), copy.copy(adapter)):
        seen.clear()
        assert places(framework, framework.run(again, QUERY, items_of(framework))) == [2, 1, 0]
        assert [ranking.strategy for ranking in seen] == ["listwise"]
        again.close()
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert [framework.read(one) for one in again] == [framework.read(one) for one in found]


def test_the_ranking_with_its_books_is_handed_out(framework, make, turning):
    seen.clear()
    framework.run(make(**llm(turning, on_ranking=remember)), QUERY, items_of(framework))
    [ranking] = seen
    assert (ranking.trace.calls, ranking.score_kind) == (1, "none")
    assert dict(ranking[0].document.metadata)["place"] == 2


def test_an_instruction_and_examples_reach_the_judge(framework, make, turning):
    adapter = make(**llm(turning, instruction="Only aqueducts count.", examples=[("q", "an arch", "yes")]))
    framework.run(adapter, QUERY, items_of(framework))
    assert "Only aqueducts count." in json.dumps(turning.requests[0]["messages"])


def test_a_degraded_ranking_is_said(framework, make, caplog):
    with StubServer(lambda body: "I would rather not.") as server, caplog.at_level(logging.WARNING):
        found = framework.run(make(**llm(server)), QUERY, items_of(framework))
    assert places(framework, found) == [0, 1, 2]
    assert "3 documents without evidence" in caplog.text


def test_a_limit_that_was_reached_is_said(framework, make, turning, caplog):
    with caplog.at_level(logging.WARNING):
        framework.run(make(**llm(turning, limits=Limits(calls=0))), QUERY, items_of(framework))
    assert "stopped early" in caplog.text
    assert turning.requests == []


def test_a_failure_is_raised_and_no_ranking(framework, make):
    refused = StubResponse(status=401, body={"error": {"message": "no such key"}})
    with (
        StubServer(lambda body: refused) as server,
        pytest.raises(CallError, match="does not accept the key"),
    ):
        framework.run(make(**llm(server)), QUERY, items_of(framework))


def test_a_threshold_filters_and_is_refused_where_scores_mean_nothing(framework, make, turning):
    found = framework.run(make("bm25", min_score=0.3), QUERY, items_of(framework))
    assert places(framework, found) == [1]
    with pytest.raises(ConfigError, match="mean nothing"):
        framework.run(make(**llm(turning, min_score=0.3)), QUERY, items_of(framework))
    assert turning.requests == []


def test_a_calibration_makes_probabilities(framework, make, tmp_path):
    calibration = Calibration(strategy="bm25", score_kind="bm25", x=(0.0, 5.0), y=(0.0, 1.0))
    calibration.save(tmp_path / "calibration.json")
    plain = framework.run(make("bm25"), QUERY, items_of(framework))
    adapter = make("bm25", calibration=tmp_path / "calibration.json", min_score=0.01, on_ranking=remember)
    seen.clear()
    found = framework.run(adapter, QUERY, items_of(framework))
    assert [framework.read(one).score for one in found] == pytest.approx(
        [framework.read(one).score / 5 for one in plain[:2]]
    )
    assert seen[0].score_kind == "probability"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"strategy": "bm52"}, "did you mean 'bm25'"),
        ({"strategy": "listwise(stride=30)"}, "stride"),
        ({"strategy": "bm25", "limits": {"call": 1}}, "did you mean 'calls'"),
        ({"strategy": "bm25", "limits": {"calls": "many"}}, "calls"),
        ({"strategy": "bm25", "settings": {"timout": 1}}, "did you mean 'timeout'"),
        ({"strategy": "bm25", "settings": {"limits": {"call": 1}}}, "did you mean 'calls'"),
        ({"strategy": "bm25", "settings": Settings(), "model": "m", "seed": 3}, "in place of model, seed"),
        ({"strategy": "bm25", "examples": ["a"]}, "query, document and label"),
        ({"strategy": "bm25", "parallel": 0}, "parallel must be 1 or more"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_when_the_adapter_is_made(framework, make, arguments, says):
    with pytest.raises(ConfigError) as caught:
        make(**arguments)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_stand_in_place_of_the_rest(framework, make, turning):
    settings = Settings(model="told", base_url=turning.base_url, extra_body={"top_p": 0.5})
    found = framework.run(make("listwise", settings=settings), QUERY, items_of(framework))
    assert places(framework, found) == [2, 1, 0]
    assert (turning.requests[0]["model"], turning.requests[0]["top_p"]) == ("told", 0.5)


def test_what_is_none_is_as_not_given(framework, make):
    nothing = dict.fromkeys(("model", "limits", "settings", "cache", "calibration", "api_key", "min_score"))
    found = framework.run(make("bm25", **nothing), QUERY, items_of(framework))
    assert places(framework, found) == [1, 2, 0]


def test_a_key_is_used_and_not_shown(framework, make, turning):
    adapter = make(**llm(turning, api_key="hush-hush"))
    assert places(framework, framework.run(adapter, QUERY, items_of(framework))) == [2, 1, 0]
    assert "hush-hush" not in repr(adapter)


def test_an_adapter_that_was_closed_opens_again(framework, make, turning):
    adapter = make(**llm(turning))
    for _ in range(2):
        assert places(framework, framework.run(adapter, QUERY, items_of(framework))) == [2, 1, 0]
        adapter.close()
    assert len(turning.requests) == 2


def test_an_empty_query_is_one_sentence(framework, make):
    with pytest.raises(ConfigError, match="the query is empty"):
        framework.run(make("bm25"), "  ", items_of(framework))
