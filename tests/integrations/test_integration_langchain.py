"""The LangChain compressor, in a chain of runnables behind a real retriever."""

import asyncio

import pytest

pytest.importorskip("langchain_core", reason="needs the extra [langchain]")

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from pydantic import ValidationError

from llmrerank.integrations.langchain import RerankCompressor

DOCUMENTS = [
    Document(id="a", page_content="Dogs bark.", metadata={"page": 1}),
    Document(page_content="Roads of the Romans.", metadata={"page": 2, "relevance_score": 0.01}),
    Document(id="c", page_content="A road.", metadata={"page": 3}),
]


class Everything(BaseRetriever):
    """Finds all documents for any query."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return DOCUMENTS

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return DOCUMENTS


def chain(compressor):
    def rerank(given):
        return compressor.compress_documents(given["documents"], given["query"])

    async def arerank(given):
        return await compressor.acompress_documents(given["documents"], given["query"])

    return RunnableParallel(documents=Everything(), query=RunnablePassthrough()) | RunnableLambda(
        rerank, afunc=arerank
    )


def test_it_works_behind_a_retriever_in_both_ways():
    ranked = chain(RerankCompressor(strategy="bm25", top_n=2))
    found = ranked.invoke("roman roads")
    assert [(one.id, one.metadata["page"]) for one in found] == [(None, 2), ("c", 3)]
    assert found[0].metadata["relevance_score"] > found[1].metadata["relevance_score"] > 0
    assert asyncio.run(ranked.ainvoke("roman roads")) == found
    assert [len(one) for one in ranked.batch(["roman roads", "dogs"])] == [2, 2]
    assert DOCUMENTS[1].metadata["relevance_score"] == 0.01


def test_it_is_what_langchain_takes_for_a_compressor():
    assert isinstance(RerankCompressor(strategy="bm25"), BaseDocumentCompressor)


def test_a_score_of_an_earlier_step_goes_where_there_is_none(turning):
    compressor = RerankCompressor(strategy="listwise", model="m", base_url=turning.base_url)
    found = compressor.compress_documents(DOCUMENTS, "roman roads", callbacks=[])
    compressor.close()
    assert [one.metadata for one in found] == [{"page": 3}, {"page": 2}, {"page": 1}]


def test_metadata_reach_prompts_that_name_them(turning, tmp_path):
    prompt = tmp_path / "pages.toml"
    prompt.write_text(
        'title = "With pages"\nform = "listwise"\nanswer = "permutation"\nlabels = "numbers"\n'
        "[passage]\ntext = '[{label}] page {meta.page}: {text}'\n"
        "[[messages]]\nrole = \"user\"\ncontent = '{query} {passages}'\n"
    )
    compressor = RerankCompressor(
        strategy=f"listwise(prompt={str(prompt)!r})", model="m", base_url=turning.base_url
    )
    compressor.compress_documents(DOCUMENTS, "roman roads")
    compressor.close()
    assert "page 2: Roads of the Romans." in turning.requests[0]["messages"][-1]["content"]


def test_chunks_of_one_document_are_one():
    chunks = [
        Document(page_content=text, metadata={"source": source})
        for text, source in [("roman", "x"), ("roman roads", "x"), ("roads", "y")]
    ]
    found = RerankCompressor(strategy="bm25", group_by="source").compress_documents(chunks, "roman roads")
    assert [(one.page_content, one.metadata["source"]) for one in found] == [
        ("roman roads", "x"),
        ("roads", "y"),
    ]


def test_changed_fields_count_and_wrong_ones_do_not_come_in(turning):
    compressor = RerankCompressor(strategy="bm25")
    copied = compressor.model_copy(
        update={"strategy": "listwise", "model": "m", "base_url": turning.base_url}
    )
    pages = [one.metadata["page"] for one in copied.compress_documents(DOCUMENTS, "roman roads")]
    copied.close()
    assert pages == [3, 2, 1]
    compressor.top_n = 1
    assert len(compressor.compress_documents(DOCUMENTS, "roman roads")) == 1
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        compressor.top_n = 0
    with pytest.raises(ValidationError, match="top_k"):
        RerankCompressor(strategy="bm25", top_k=1)


def test_a_dump_holds_no_key():
    compressor = RerankCompressor(
        strategy="bm25", settings={"api_key": "hush-hush", "timeout": 3.0}, cache=None, api_key="hush-hush"
    )
    assert "hush-hush" not in compressor.model_dump_json()
    again = RerankCompressor(**compressor.model_dump())
    assert (again.strategy, again.settings.timeout, again.settings.api_key) == ("bm25", 3.0, None)
