"""A LlamaIndex node postprocessor that puts nodes in order; `pip install "llmrerank[llama-index]"`.

```python
from llmrerank.integrations.llama_index import RerankPostprocessor

postprocessor = RerankPostprocessor(strategy="listwise", model="...", top_n=5)
engine = index.as_query_engine(similarity_top_k=50, node_postprocessors=[postprocessor])
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from llmrerank.errors import MissingExtra
from llmrerank.ranking import Ranking
from llmrerank.types import Document as Candidate

from .fields import RerankFields

try:
    from llama_index.core.callbacks import CBEventType, EventPayload
    from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined] # not in __all__
    from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle
except ModuleNotFoundError as error:
    raise MissingExtra("llmrerank.integrations.llama_index", "llama-index") from error

__all__ = ["RerankPostprocessor"]

RETRIEVAL_SCORE = "retrieval_score"

_dispatcher = get_dispatcher(__name__)


class RerankPostprocessor(RerankFields, BaseNodePostprocessor):
    """Puts nodes in order for a query by any strategy; further fields: `RerankFields`.

    Ranked is a node's content with the metadata that are meant for embedding. The score is in
    `NodeWithScore.score`, a float that means what the strategy's scores mean, or None where the strategy
    gives an order without scores (`listwise`): the retriever's score would contradict the order. Nodes are
    passed on as they are, and copied only where metadata are written.

    Attributes:
        keep_retrieval_score: Write the retriever's score, where there is one, to the metadata of a copy of
            the node, as `retrieval_score`, hidden from the texts that LLMs and embeddings see.

    Cost: that of the strategy; none for no nodes.
    """

    keep_retrieval_score: bool = False

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised components go by."""
        return "RerankPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query = _query_of(query_bundle)
        if not nodes:
            return []
        with self._reported(query, nodes) as ended:
            ended += self._in_order(nodes, self._rank(query.query_str, _candidates(nodes)))
        return ended

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query = _query_of(query_bundle)
        if not nodes:
            return []
        with self._reported(query, nodes) as ended:
            ended += self._in_order(nodes, await self._arank(query.query_str, _candidates(nodes)))
        return ended

    @contextmanager
    def _reported(self, query: QueryBundle, nodes: list[NodeWithScore]) -> Iterator[list[NodeWithScore]]:
        """Tell instrumentation and callbacks what begins, and which nodes are in the list when it ends."""
        top_n = len(nodes) if self.top_n is None else self.top_n
        model = self.model or self.strategy
        _dispatcher.event(ReRankStartEvent(query=query, nodes=nodes, top_n=top_n, model_name=model))
        payload: dict[str, object] = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: model,
            EventPayload.QUERY_STR: query.query_str,
            EventPayload.TOP_K: top_n,
        }
        ended: list[NodeWithScore] = []
        with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:
            yield ended
            event.on_end(payload={EventPayload.NODES: ended})
        _dispatcher.event(ReRankEndEvent(nodes=ended))

    def _in_order(self, nodes: Sequence[NodeWithScore], ranking: Ranking) -> list[NodeWithScore]:
        ordered = []
        for hit in ranking:
            given = nodes[hit.previous_rank - 1]
            node = given.node
            if self.keep_retrieval_score and given.score is not None:
                node = _with_retrieval_score(node, float(given.score))
            ordered.append(NodeWithScore(node=node, score=None if hit.score is None else float(hit.score)))
        return ordered


def _query_of(query_bundle: QueryBundle | None) -> QueryBundle:
    if query_bundle is None:
        raise ValueError("Missing query bundle in extra info.")
    return query_bundle


def _candidates(nodes: Sequence[NodeWithScore]) -> list[Candidate]:
    return [
        Candidate(
            id=one.node.id_,
            text=one.node.get_content(metadata_mode=MetadataMode.EMBED),
            metadata=MappingProxyType(one.node.metadata),
        )
        for one in nodes
    ]


def _with_retrieval_score(node: BaseNode, score: float) -> BaseNode:
    # Metadata are part of the texts that LLMs and embeddings read, unless their key is excluded.
    return node.model_copy(
        update={
            "metadata": {**node.metadata, RETRIEVAL_SCORE: score},
            "excluded_embed_metadata_keys": _with_name(node.excluded_embed_metadata_keys),
            "excluded_llm_metadata_keys": _with_name(node.excluded_llm_metadata_keys),
        }
    )


def _with_name(excluded: list[str]) -> list[str]:
    return excluded if RETRIEVAL_SCORE in excluded else [*excluded, RETRIEVAL_SCORE]
