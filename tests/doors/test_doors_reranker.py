"""The library's doors: documents in every form, pipelines over them, sync and async, and what is refused."""

import asyncio
import copy
import json
import threading

import pytest

import llmrerank
from llmrerank import ConfigError, Document, Pipeline, Reranker, rerank
from llmrerank.errors import IncompatibleJudge, UnknownName

DOCUMENTS = [
    "The cat sat on the mat.",
    "Training a neural network needs gradients.",
    "Neural network training by gradient descent, step by step.",
    "A recipe for apple pie.",
]
QUERY = "how do I train a neural network?"


def test_a_first_stage_ranks_the_given_documents_themselves():
    ranking = rerank(QUERY, DOCUMENTS, strategy="bm25")
    assert [hit.document.text for hit in ranking][:2] == [DOCUMENTS[1], DOCUMENTS[2]]
    assert sorted(hit.previous_rank for hit in ranking) == [1, 2, 3, 4]
    assert [hit.rank for hit in ranking] == [1, 2, 3, 4]
    assert ranking.score_kind == "bm25"
    assert ranking.trace.calls == 0
    assert not ranking.degraded


def test_documents_come_in_every_form_and_go_out_unchanged():
    given = [
        {"id": 7, "text": "neural network", "title": "T", "year": 2001, "metadata": {"a": [1]}},
        Document(id="d", text="apple pie"),
        "training a neural network",
        {"_id": "x", "contents": ""},
        "training a neural network",
    ]
    before = copy.deepcopy(given)
    ranking = rerank("training network", given, strategy="bm25")
    assert given == before
    assert len(ranking) == 5
    by_rank = {hit.previous_rank: hit.document for hit in ranking}
    assert by_rank[1].id == 7
    assert dict(by_rank[1].metadata) == {"a": [1], "year": 2001}
    assert by_rank[2] is given[1]
    assert (by_rank[3].id, by_rank[5].id) == ("2", "4")
    twins = [hit.rank for hit in ranking if hit.document.text == given[2]]
    assert twins == [1, 2]
    assert [hit.previous_rank for hit in ranking][:2] == [3, 5]
    json.dumps(ranking.to_dict())


@pytest.mark.parametrize("top", [1, 2, 4, 9])
def test_top_is_the_cut_of_the_last_stage(top):
    assert len(rerank(QUERY, DOCUMENTS, strategy="bm25", top=top)) == min(top, 4)
    assert len(rerank(QUERY, DOCUMENTS, strategy="bm25 % 3", top=top)) == min(top, 3)


def test_no_documents_is_an_empty_ranking():
    ranking = rerank(QUERY, [], strategy="bm25")
    assert list(ranking) == []
    assert ranking.trace.calls == 0


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"query": "  "}, ConfigError, "empty"),
        ({"top": 0}, ConfigError, "top must be a whole number of 1 or more"),
        ({"strategy": "bm52"}, UnknownName, "did you mean 'bm25'"),
        ({"strategy": "bm25(langage=None)"}, UnknownName, "did you mean"),
        ({"strategy": "bm25(k1='x')"}, ConfigError, "must be a number"),
        ({"strategy": "sliding"}, ConfigError, "use 'listwise'"),
        ({"strategy": "listwise >> bm25"}, ConfigError, "can only open a pipeline"),
        ({"strategy": "listwise(stride=30)"}, ConfigError, "stride"),
        ({"strategy": "listwise(window=6)"}, ConfigError, "got 10; half the window is usual, as stride=3"),
        ({"strategy": "pointwise(judge=listwise)"}, IncompatibleJudge, "needs scores"),
        ({"strategy": "listwise(judge=cross-encoder, prompt='x')"}, ConfigError, "inside"),
        ({"documents": "one string"}, ConfigError, "not one string"),
        ({"documents": [3]}, ConfigError, "document 0"),
        ({"documents": [{"id": "a"}]}, ConfigError, "'text' must be a string"),
    ],
)
def test_bad_input_is_one_sentence(arguments, error, says):
    call = {"query": QUERY, "documents": DOCUMENTS, "strategy": "bm25", **arguments}
    with pytest.raises(error) as caught:
        rerank(call.pop("query"), call.pop("documents"), **call)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_corpus_is_no_string():
    with pytest.raises(ConfigError, match=r"one string; give a list of documents, or Path\(\.\.\.\)"):
        Pipeline("bm25", corpus="docs.jsonl")


def test_options_are_written_into_the_last_stage():
    ranking = rerank(QUERY, DOCUMENTS, strategy="bm25", k1=0.9, language=None)
    assert ranking.strategy == "bm25(k1=0.9, language=None)"
    with pytest.raises(UnknownName, match="window"):
        rerank(QUERY, DOCUMENTS, strategy="listwise", windwo=3)


def test_the_sync_door_works_inside_a_running_loop_and_from_threads():
    async def scene():
        return rerank(QUERY, DOCUMENTS, strategy="bm25")

    inside = asyncio.run(scene())
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(rerank(QUERY, DOCUMENTS, strategy="bm25")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {tuple(hit.previous_rank for hit in r) for r in [inside, *found]} == {(2, 3, 1, 4)}


def test_sync_and_async_agree():
    async def scene():
        async with Reranker("bm25 % 3") as reranker:
            return await reranker.arank(QUERY, DOCUMENTS)

    with Reranker("bm25 % 3") as reranker:
        assert [h.to_dict() for h in reranker.rank(QUERY, DOCUMENTS)] == [
            h.to_dict() for h in asyncio.run(scene())
        ]


def test_a_pipeline_searches_its_corpus():
    with Pipeline("bm25(b=0.75, k1=1.2) % 2", corpus=DOCUMENTS) as pipeline:
        assert str(pipeline.spec) == "bm25 % 2"
        ranking = pipeline.search(QUERY)
        assert [hit.document.text for hit in ranking] == [DOCUMENTS[1], DOCUMENTS[2]]
        assert ranking[0].history[0].stage == "bm25"
        assert len(pipeline.search(QUERY, top=1)) == 1
        assert list(pipeline.search("zebra")) == []


def test_a_pipeline_needs_a_first_stage_and_a_corpus():
    with pytest.raises(ConfigError, match="put a first stage in front"):
        Pipeline("listwise", corpus=DOCUMENTS)
    with Pipeline("bm25") as pipeline, pytest.raises(ConfigError, match="corpus"):
        pipeline.search(QUERY)


def test_one_model_for_two_stages_is_refused_with_the_way_out():
    with pytest.raises(ConfigError, match="write it into the stage, as cross-encoder"):
        Reranker("bi-encoder >> cross-encoder", model="m")
    assert Reranker("bi-encoder(model='b') >> cross-encoder", model="m").course.steps[1].strategy.model == "m"
    chats = Reranker("cross-encoder >> listwise", model="m")
    assert [step.strategy.model for step in chats.course.steps] == [None, None]


def test_results_survive_copying_and_pickling_by_others():
    ranking = rerank(QUERY, DOCUMENTS, strategy="bm25")
    assert copy.deepcopy(ranking).to_dict() == ranking.to_dict()
    import pickle

    assert pickle.loads(pickle.dumps(ranking)).to_dict() == ranking.to_dict()


def test_version_is_stated():
    assert llmrerank.__version__
