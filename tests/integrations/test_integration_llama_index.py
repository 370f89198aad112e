"""The LlamaIndex postprocessor, in a real query engine, with its events."""

import asyncio

import pytest

pytest.importorskip("llama_index.core", reason="needs the extra [llama-index]")

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import ImageNode, MetadataMode, NodeWithScore, QueryBundle, TextNode

from llmrerank.integrations.llama_index import RerankPostprocessor

TEXTS = ["Dogs bark.", "Roads of the Romans.", "A road."]


def nodes():
    return [
        NodeWithScore(node=TextNode(text=text, id_=f"n{place}", metadata={"page": place}), score=score)
        for place, (text, score) in enumerate(zip(TEXTS, (0.9, 0.0, None), strict=True))
    ]


class Everything(BaseRetriever):
    """Finds all nodes for any query."""

    def _retrieve(self, query_bundle):
        return nodes()


class Remembers(BaseEventHandler):
    """Keeps the events of reranking."""

    kept: list = []  # noqa: RUF012 - a field of a pydantic model

    def handle(self, event, **more):
        if isinstance(event, ReRankStartEvent | ReRankEndEvent):
            self.kept.append(event)


@pytest.fixture
def events():
    dispatcher = get_dispatcher()
    before = list(dispatcher.event_handlers)
    handler = Remembers(kept=[])
    dispatcher.add_event_handler(handler)
    yield handler.kept
    dispatcher.event_handlers = before


def engine(postprocessor, callback_manager=None):
    return RetrieverQueryEngine.from_args(
        Everything(callback_manager=callback_manager),
        llm=MockLLM(),
        node_postprocessors=[postprocessor],
        callback_manager=callback_manager,
    )


def test_it_works_in_a_query_engine_in_both_ways():
    made = engine(RerankPostprocessor(strategy="bm25", top_n=2))
    found = made.query("roman roads").source_nodes
    assert [one.node.node_id for one in found] == ["n1", "n2"]
    assert found[0].score > found[1].score > 0
    again = asyncio.run(made.aquery("roman roads")).source_nodes
    assert [(one.node.node_id, one.score) for one in again] == [
        (one.node.node_id, one.score) for one in found
    ]


@pytest.mark.parametrize(("top_n", "told"), [(None, 3), (2, 2), (9, 9)])
def test_events_tell_what_begins_and_what_came_out(events, top_n, told):
    given = nodes()
    found = RerankPostprocessor(strategy="bm25", top_n=top_n).postprocess_nodes(given, query_str="roads")
    start, end = events
    assert (start.top_n, start.model_name, start.query.query_str) == (told, "bm25", "roads")
    assert [one.node_id for one in start.nodes] == ["n0", "n1", "n2"]
    assert end.nodes == found


def test_events_are_those_of_the_async_way_too(events):
    found = asyncio.run(RerankPostprocessor(strategy="bm25").apostprocess_nodes(nodes(), query_str="roads"))
    assert [type(event) for event in events] == [ReRankStartEvent, ReRankEndEvent]
    assert events[1].nodes == found


def test_callbacks_hear_of_it():
    handler = LlamaDebugHandler(print_trace_on_end=False)
    engine(RerankPostprocessor(strategy="bm25", model=None), CallbackManager([handler])).query("roman roads")
    [(start, end)] = handler.get_event_pairs(CBEventType.RERANKING)
    assert start.payload[EventPayload.TOP_K] == 3
    assert start.payload[EventPayload.MODEL_NAME] == "bm25"
    assert [one.node.node_id for one in end.payload[EventPayload.NODES]] == ["n1", "n2", "n0"]


def test_no_bundle_is_the_error_that_llama_index_knows():
    for given in ([], nodes()):
        with pytest.raises(ValueError, match="Missing query bundle in extra info"):
            RerankPostprocessor(strategy="bm25").postprocess_nodes(given)
        with pytest.raises(ValueError, match="Missing query bundle in extra info"):
            asyncio.run(RerankPostprocessor(strategy="bm25").apostprocess_nodes(given))


def test_ranked_is_what_is_meant_for_embedding():
    hidden = TextNode(
        text="roads", id_="a", metadata={"note": "roman roman"}, excluded_embed_metadata_keys=["note"]
    )
    shown = TextNode(text="roads", id_="b", metadata={"note": "roman roman"})
    found = RerankPostprocessor(strategy="bm25").postprocess_nodes(
        [NodeWithScore(node=hidden), NodeWithScore(node=shown)], query_str="roman roads"
    )
    assert [one.node.node_id for one in found] == ["b", "a"]


def test_the_retrieval_score_is_kept_where_no_model_reads_it():
    given = nodes()
    postprocessor = RerankPostprocessor(strategy="bm25", keep_retrieval_score=True)
    found = {one.node.node_id: one.node for one in postprocessor.postprocess_nodes(given, query_str="roads")}
    assert found["n0"].metadata == {"page": 0, "retrieval_score": 0.9}
    assert found["n1"].metadata == {"page": 1, "retrieval_score": 0.0}
    assert found["n2"] is given[2].node
    for mode in (MetadataMode.EMBED, MetadataMode.LLM):
        assert found["n0"].get_content(metadata_mode=mode) == given[0].node.get_content(metadata_mode=mode)
    assert [one.node.metadata for one in given] == [{"page": 0}, {"page": 1}, {"page": 2}]
    again = postprocessor.postprocess_nodes(
        postprocessor.postprocess_nodes(given, query_str="roads"), query_str="roads"
    )
    assert {tuple(one.node.excluded_llm_metadata_keys) for one in again} == {("retrieval_score",)}


def test_nodes_pass_as_they_are_where_nothing_is_written():
    given = nodes()
    found = RerankPostprocessor(strategy="bm25").postprocess_nodes(given, query_str="roads")
    assert {id(one.node) for one in found} == {id(one.node) for one in given}
    assert [one.score for one in given] == [0.9, 0.0, None]


def test_other_kinds_of_nodes_stay_what_they_are():
    given = [
        NodeWithScore(node=ImageNode(text="a road", image_path="x.png", id_="i"), score=0.5),
        NodeWithScore(node=TextNode(text="dogs", id_="t"), score=0.5),
    ]
    found = RerankPostprocessor(strategy="bm25", keep_retrieval_score=True).postprocess_nodes(
        given, QueryBundle("road")
    )
    assert type(found[0].node) is ImageNode
    assert found[0].node.image_path == "x.png"


def test_it_is_written_and_read_again():
    made = RerankPostprocessor(
        strategy="bm25", top_n=2, keep_retrieval_score=True, limits={"calls": 3}, api_key="hush-hush"
    )
    text = made.to_json()
    assert "hush-hush" not in text
    assert '"class_name": "RerankPostprocessor"' in text
    again = RerankPostprocessor.from_json(text)
    assert (again.strategy, again.top_n, again.limits, again.keep_retrieval_score) == (
        "bm25",
        2,
        made.limits,
        True,
    )
