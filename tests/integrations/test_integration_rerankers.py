"""The names that users of `rerankers` know: the door, the results, and what differs."""

import asyncio
import copy
import json
import pickle

import pytest

from llmrerank import ConfigError, rerank
from llmrerank.integrations.rerankers import Document, RankedResults, Reranker, to_rerankers
from llmrerank.testing.stub_server import StubServer

DOCS = ["Dogs bark.", "Roads of the Romans.", "A road."]
QUERY = "roman roads"


@pytest.fixture
def door(turning, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", turning.base_url)
    made = Reranker("gpt-5-mini", model_type="rankgpt", verbose=0)
    yield made
    made.close()


def test_ids_metadata_ranks_and_scores_are_where_they_were():
    results = Reranker("bm25").rank(
        query=QUERY, docs=DOCS, doc_ids=["a", "b", "c"], metadata=[{"source": n} for n in range(3)]
    )
    assert isinstance(results, RankedResults)
    assert (results.query, results.has_scores, results.results_count(), len(results)) == (QUERY, True, 3, 3)
    assert [(r.rank, r.doc_id, r.text, r.metadata) for r in results] == [
        (1, "b", DOCS[1], {"source": 1}),
        (2, "c", DOCS[2], {"source": 2}),
        (3, "a", DOCS[0], {"source": 0}),
    ]
    assert results[0].document.doc_id == "b"
    assert [r.doc_id for r in results[1:]] == ["c", "a"]
    assert results.get_score_by_docid("b") == results[0].score > results.get_score_by_docid("c")
    assert results.get_result_by_docid("c") is results.results[1]
    assert results.get_result_by_docid("z") is results.get_score_by_docid("z") is None
    assert [r.doc_id for r in results.top_k(2)] == ["b", "c"]
    assert {type(r.score) for r in results} == {float}
    json.dumps([r.score for r in results])


def test_ids_are_places_where_none_are_given():
    assert [r.doc_id for r in Reranker("bm25").rank(QUERY, DOCS)] == [1, 2, 0]
    given = [Document(DOCS[0], doc_id="x"), Document(text=DOCS[1]), DOCS[2]]
    assert [r.doc_id for r in Reranker("bm25").rank(QUERY, given)] == [1, 2, "x"]
    assert [r.doc_id for r in Reranker("bm25").rank(QUERY, given, doc_ids=[7, 8, 9])] == [8, 9, 7]
    assert [r.text for r in Reranker("bm25").rank(QUERY, DOCS[1])] == [DOCS[1]]


def test_equal_texts_stay_apart(door):
    results = door.rank(QUERY, ["the same"] * 3, metadata=[{"n": n} for n in range(3)])
    assert [(r.doc_id, r.metadata["n"]) for r in results] == [(2, 2), (1, 1), (0, 0)]


def test_an_order_without_scores_has_none(door):
    results = door.rank(QUERY, DOCS)
    assert results.has_scores is False
    assert [(r.rank, r.score) for r in results] == [(1, None), (2, None), (3, None)]
    assert [r.doc_id for r in results.top_k(1)] == [2]
    with pytest.raises(ConfigError, match="an order and no scores"):
        door.score(QUERY, DOCS[0])


def test_async_gives_the_same(door):
    async def scene():
        results = await door.rank_async(QUERY, DOCS)
        await door.aclose()
        return results

    assert [r.doc_id for r in asyncio.run(scene())] == [r.doc_id for r in door.rank(QUERY, DOCS)] == [2, 1, 0]


def test_no_documents_are_no_results_and_no_call(door, turning):
    results = door.rank(QUERY, [])
    assert (results.results, results.has_scores, results.top_k(3)) == ([], False, [])
    assert turning.requests == []


def test_the_books_are_kept(door):
    assert door.rank(QUERY, DOCS).ranking.trace.calls == 1


def test_one_document_has_a_score():
    score = Reranker("bm25").score(QUERY, DOCS[1])
    assert type(score) is float
    assert score > 0


def test_results_and_doors_survive_copying_and_pickling(door):
    results = door.rank(QUERY, DOCS, metadata=[{"n": [n]} for n in range(3)])
    for again in (pickle.loads(pickle.dumps(results)), copy.deepcopy(results)):
        assert again.results == results.results
        assert again.query == QUERY
    for again in (pickle.loads(pickle.dumps(door)), copy.deepcopy(door)):
        assert [r.doc_id for r in again.rank(QUERY, DOCS)] == [2, 1, 0]
        again.close()


def test_callers_objects_stay_as_they_are():
    metadata = [{"n": [n]} for n in range(3)]
    docs = [Document(text, doc_id=None, metadata=one) for text, one in zip(DOCS, metadata, strict=True)]
    before = copy.deepcopy(docs)
    Reranker("bm25").rank(QUERY, docs)
    assert docs == before


def test_any_ranking_takes_the_shape():
    results = to_rerankers(rerank(QUERY, [{"id": "x", "text": DOCS[1], "year": 1}, DOCS[0]], strategy="bm25"))
    assert (results[0].doc_id, results[0].metadata, results[1].doc_id) == ("x", {"year": 1}, "1")
    listwise = to_rerankers(rerank(QUERY, [], strategy="bm25"))
    assert listwise.has_scores is False


@pytest.mark.parametrize(
    ("arguments", "spec", "model"),
    [
        (("cross-encoder",), "cross-encoder", None),
        (("some-org/some-model",), "cross-encoder", "some-org/some-model"),
        (("some-model", "en", "cross-encoder"), "cross-encoder", "some-model"),
        (("some-org/some-model", "fr", "cross-encoder"), "cross-encoder", "some-org/some-model"),
        (("rankgpt",), "listwise", None),
        (("some-llm", "en", "rankllm"), "listwise", "some-llm"),
        (("cohere",), "api(dialect='cohere')", None),
        (("rerank-v3.5", "en", "cohere"), "api(dialect='cohere')", "rerank-v3.5"),
        (("bm25 % 20 >> listwise",), "bm25 % 20 >> listwise", None),
        (("listwise(window=10, stride=5)",), "listwise(window=10, stride=5)", None),
    ],
    ids=str,
)
def test_what_a_name_means(arguments, spec, model):
    opened = Reranker(*arguments)
    assert (opened._arguments.strategy, opened._arguments.model) == (spec, model)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"model_name": "flashrank"}, "no 'flashrank' models; the nearest are"),
        ({"model_name": "x", "model_type": "t5"}, "no 't5' models"),
        ({"model_name": "x", "model_type": "rankgtp"}, "did you mean 'rankgpt'"),
        ({"model_name": "bm52"}, "did you mean 'bm25'"),
        ({"model_name": "cross-encoder", "lang": "fr"}, "no default cross-encoder for lang='fr'"),
        ({"model_name": "cohere", "api_key": "k"}, "is read from COHERE_API_KEY or CO_API_KEY; set"),
        ({"model_name": "x", "model_type": "rankgpt", "model": "y"}, "two models, 'x' and 'y'"),
    ],
    ids=str,
)
def test_a_name_that_cannot_work_is_one_sentence(arguments, says):
    with pytest.raises(ConfigError) as caught:
        Reranker(**arguments)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"docs": DOCS, "doc_ids": [1]}, "1 doc_ids for 3 documents"),
        ({"docs": DOCS, "metadata": [{}] * 4}, "4 metadata for 3 documents"),
        ({"docs": [3]}, "document 0: expected a string or a Document"),
        ({"docs": DOCS, "query": " "}, "the query is empty"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(arguments, says):
    with pytest.raises(ConfigError) as caught:
        Reranker("bm25").rank(**{"query": QUERY, **arguments})
    assert says in str(caught.value)


def test_images_and_counts_below_one_are_refused():
    with pytest.raises(ConfigError, match="only texts"):
        Document(text="x", document_type="image")
    with pytest.raises(ConfigError, match="only texts"):
        Document(text=None)
    with pytest.raises(ValueError, match="1 or more"):
        Reranker("bm25").rank(QUERY, DOCS).top_k(0)


def test_it_becomes_a_langchain_compressor():
    documents = pytest.importorskip("langchain_core.documents", reason="needs the extra [langchain]")
    compressor = Reranker("bm25", instruction=None).as_langchain_compressor(k=2)
    given = [documents.Document(page_content=text) for text in DOCS]
    found = compressor.compress_documents(given, QUERY)
    assert [one.page_content for one in found] == DOCS[1:]
    assert compressor.top_n == 2


def test_a_server_of_ones_own_is_asked_by_its_address():
    with StubServer(lambda body: "") as server:
        opened = Reranker("cohere", api_key="k", url=server.base_url + "/rerank")
    assert (opened._arguments.strategy, opened._arguments.base_url) == ("api", server.base_url + "/rerank")
