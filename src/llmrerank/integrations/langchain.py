"""A LangChain document compressor that puts documents in order; `pip install "llmrerank[langchain]"`.

```python
from llmrerank.integrations.langchain import RerankCompressor

compressor = RerankCompressor(strategy="listwise", model="...", top_n=5)
documents = compressor.compress_documents(retriever.invoke(query), query)
```
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from llmrerank.errors import MissingExtra
from llmrerank.ranking import Ranking
from llmrerank.types import Document as Candidate

from .fields import RerankFields

try:
    from langchain_core.documents import BaseDocumentCompressor, Document
except ModuleNotFoundError as error:
    raise MissingExtra("llmrerank.integrations.langchain", "langchain") from error

if TYPE_CHECKING:
    from langchain_core.callbacks import Callbacks

__all__ = ["RerankCompressor"]

SCORE = "relevance_score"


class RerankCompressor(RerankFields, BaseDocumentCompressor):
    """Puts documents in order for a query by any strategy; further fields: `RerankFields`.

    Ranked is `page_content`; the metadata are there for prompts that name them. What comes back are copies
    with every id and metadata key, best first. The score is in `metadata["relevance_score"]`, a float that
    means what the strategy's scores mean. A strategy that gives an order without scores (`listwise`) writes
    none, and takes away one that an earlier step left there, since it would contradict the order.

    Cost: that of the strategy; none for no documents.
    """

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """The documents in order, at most `top_n`. Works in scripts, notebooks and running servers.

        Args:
            documents: What was retrieved; neither the list nor its items are changed.
            query: What is asked.
            callbacks: LangChain's; nothing is reported to them.

        Raises:
            ConfigError: Bad input, in one sentence.
            CallError: The provider failed and nothing was answered.
        """
        if not documents:
            return []
        return _in_order(documents, self._rank(query, _candidates(documents)))

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """As `compress_documents`, on the running event loop."""
        if not documents:
            return []
        return _in_order(documents, await self._arank(query, _candidates(documents)))


def _candidates(documents: Sequence[Document]) -> list[Candidate]:
    return [
        Candidate(
            id=document.id or str(place),
            text=document.page_content,
            metadata=MappingProxyType(document.metadata),
        )
        for place, document in enumerate(documents)
    ]


def _in_order(documents: Sequence[Document], ranking: Ranking) -> list[Document]:
    ordered = []
    for hit in ranking:
        document = documents[hit.previous_rank - 1]
        metadata = {name: value for name, value in document.metadata.items() if name != SCORE}
        if hit.score is not None:
            metadata[SCORE] = float(hit.score)
        ordered.append(document.model_copy(update={"metadata": metadata}))
    return ordered
