"""The adapters behind one face, so that what all of them must keep is written once."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Read:
    """What an item of a framework says."""

    id: Any
    text: str
    score: float | None
    metadata: dict[str, Any]


class LangChain:
    name, package, top = "langchain", "langchain_core", "top_n"

    def make(self, strategy: str, **more: Any) -> Any:
        from llmrerank.integrations.langchain import RerankCompressor

        return RerankCompressor(strategy=strategy, **more)

    def item(self, text: str, id: str, metadata: Mapping[str, Any]) -> Any:
        from langchain_core.documents import Document

        return Document(page_content=text, id=id, metadata=dict(metadata))

    def run(self, adapter: Any, query: str, items: Sequence[Any]) -> Sequence[Any]:
        return adapter.compress_documents(items, query)

    async def arun(self, adapter: Any, query: str, items: Sequence[Any]) -> Sequence[Any]:
        return await adapter.acompress_documents(items, query)

    def read(self, item: Any) -> Read:
        metadata = dict(item.metadata)
        score = metadata.pop("relevance_score", None)
        return Read(item.id, item.page_content, score, metadata)


class LlamaIndex:
    name, package, top = "llama_index", "llama_index.core", "top_n"

    def make(self, strategy: str, **more: Any) -> Any:
        from llmrerank.integrations.llama_index import RerankPostprocessor

        return RerankPostprocessor(strategy=strategy, **more)

    def item(self, text: str, id: str, metadata: Mapping[str, Any]) -> Any:
        from llama_index.core.schema import NodeWithScore, TextNode

        return NodeWithScore(node=TextNode(text=text, id_=id, metadata=dict(metadata)), score=0.25)

    def run(self, adapter: Any, query: str, items: Sequence[Any]) -> Sequence[Any]:
        return adapter.postprocess_nodes(items, query_str=query)

    async def arun(self, adapter: Any, query: str, items: Sequence[Any]) -> Sequence[Any]:
        return await adapter.apostprocess_nodes(items, query_str=query)

    def read(self, item: Any) -> Read:
        return Read(item.node.node_id, item.node.text, item.score, dict(item.node.metadata))


class Haystack:
    name, package, top = "haystack", "haystack", "top_k"

    def make(self, strategy: str, **more: Any) -> Any:
        from haystack.utils import Secret

        from llmrerank.integrations.haystack import RerankComponent

        if isinstance(more.get("api_key"), str):
            more["api_key"] = Secret.from_token(more["api_key"])
        return RerankComponent(strategy, **more)

    def item(self, text: str, id: str, metadata: Mapping[str, Any]) -> Any:
        from haystack import Document

        return Document(content=text, id=id, meta=dict(metadata), score=0.25)

    def run(self, adapter: Any, query: str, items: Sequence[Any]) -> Sequence[Any]:
        return adapter.run(query, items)["documents"]

    async def arun(self, adapter: Any, query: str, items: Sequence[Any]) -> Sequence[Any]:
        return (await adapter.run_async(query, items))["documents"]

    def read(self, item: Any) -> Read:
        return Read(item.id, item.content, item.score, dict(item.meta))


Framework = LangChain | LlamaIndex | Haystack
FRAMEWORKS: tuple[Framework, ...] = (LangChain(), LlamaIndex(), Haystack())


def installed(framework: Framework) -> bool:
    return importlib.util.find_spec(framework.package.partition(".")[0]) is not None
