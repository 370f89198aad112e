"""The Haystack component, in real pipelines, run in both ways, written to YAML and read again."""

import asyncio

import pytest

pytest.importorskip("haystack", reason="needs the extra [haystack]")

from haystack import Document, Pipeline
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import Secret

from llmrerank.integrations.haystack import RerankComponent

TEXTS = ["Dogs bark on roads.", "Roman roads.", "All the roads."]


def documents():
    return [Document(id=f"d{place}", content=text, meta={"page": place}) for place, text in enumerate(TEXTS)]


def remember(ranking):
    seen.append(ranking)


seen = []


def pipeline(component):
    store = InMemoryDocumentStore()
    store.write_documents(documents())
    made = Pipeline()
    made.add_component("retriever", InMemoryBM25Retriever(document_store=store))
    made.add_component("reranker", component)
    made.connect("retriever.documents", "reranker.documents")
    return made


def asked(query, **more):
    return {"retriever": {"query": query}, "reranker": {"query": query, **more}}


def test_it_works_in_a_pipeline_in_both_ways():
    made = pipeline(RerankComponent("bm25", top_k=2))
    found = made.run(asked("roman roads"))["reranker"]["documents"]
    assert [one.id for one in found] == ["d1", "d2"]
    assert found[0].score > found[1].score > 0

    async def scene():
        return await made.run_async(asked("roman roads"))

    assert asyncio.run(scene())["reranker"]["documents"] == found
    assert len(made.run(asked("roman roads", top_k=1))["reranker"]["documents"]) == 1


def test_a_pipeline_is_written_to_yaml_and_read_again():
    seen.clear()
    made = pipeline(
        RerankComponent(
            "bm25 % 2",
            api_key=Secret.from_env_var("SOME_KEY", strict=False),
            examples=[("q", "d", "yes")],
            limits={"calls": 3},
            settings=None,
            meta_fields_to_embed=["page"],
            on_ranking=remember,
        )
    )
    text = made.dumps()
    assert "bm25 % 2" in text
    # Haystack reads no class of a module that the reader of the file does not trust.
    again = Pipeline.loads(text, allowed_modules=["llmrerank.integrations.haystack", __name__])
    assert again.get_component("reranker").to_dict() == made.get_component("reranker").to_dict()
    found = again.run(asked("roman roads"))["reranker"]["documents"]
    assert [one.id for one in found] == ["d1", "d2"]
    assert [ranking.strategy for ranking in seen] == ["bm25 % 2"]


def test_settings_are_written_without_their_key():
    component = RerankComponent("bm25", settings={"timeout": 3.0, "api_key": "hush-hush"})
    described = component.to_dict()
    assert described["init_parameters"]["settings"]["timeout"] == 3.0
    assert "hush-hush" not in str(described)
    assert RerankComponent.from_dict(described).to_dict() == described


def test_a_token_is_never_written():
    with pytest.raises(ValueError, match="token"):
        RerankComponent("bm25", api_key=Secret.from_token("hush-hush")).to_dict()


def test_a_key_is_looked_up_when_it_is_needed(turning, monkeypatch):
    component = RerankComponent(
        "listwise", model="m", base_url=turning.base_url, api_key=Secret.from_env_var("SOME_KEY")
    )
    with pytest.raises(ValueError, match="SOME_KEY"):
        component.warm_up()
    monkeypatch.setenv("SOME_KEY", "hush-hush")
    component.warm_up()
    found = component.run("roman roads", documents())["documents"]
    component.close()
    assert [one.id for one in found] == ["d2", "d1", "d0"]


def test_of_documents_with_one_id_the_best_scored_stays():
    given = [
        Document(id="a", content="nothing", score=None),
        Document(id="b", content="a road", score=0.5),
        Document(id="a", content="roman roads", score=-1.0),
        Document(id="a", content="dogs", score=-2.0),
        Document(id="b", content="cats", score=0.5),
    ]
    for found in (
        RerankComponent("bm25").run("roman roads", given)["documents"],
        asyncio.run(RerankComponent("bm25").run_async("roman roads", given))["documents"],
    ):
        assert [(one.id, one.content) for one in found] == [("a", "roman roads"), ("b", "a road")]


def test_fields_of_the_metadata_are_read_in_front_of_the_content():
    given = [
        Document(id="plain", content="roads"),
        Document(id="titled", content="roads", meta={"title": "roman roman", "year": 0, "none": None}),
        Document(id="bare", content=None, meta={"title": "dogs"}),
    ]
    seen.clear()
    component = RerankComponent(
        "bm25", meta_fields_to_embed=["title", "year", "none"], meta_data_separator=" | ", on_ranking=remember
    )
    found = component.run("roman roads", given)["documents"]
    assert [one.id for one in found] == ["titled", "plain", "bare"]
    assert [hit.document.text for hit in seen[0]] == ["roman roman | 0 | roads", "roads", "dogs | "]
    assert found[0].content == "roads"


@pytest.mark.parametrize("top_k", [0, -1, True])
def test_a_top_k_that_is_no_count_is_refused_in_a_run_too(top_k):
    component = RerankComponent("bm25")
    with pytest.raises(ValueError, match="top_k"):
        component.run("roads", documents(), top_k=top_k)
    with pytest.raises(ValueError, match="top_k"):
        asyncio.run(component.run_async("roads", [], top_k=top_k))


def test_embeddings_and_blobs_come_back():
    given = [Document(id="a", content="roads", embedding=[0.5, 1.0], meta={"k": 1})]
    [found] = RerankComponent("bm25").run("roads", given)["documents"]
    assert (found.embedding, found.meta) == ([0.5, 1.0], {"k": 1})
    assert found.meta is not given[0].meta
