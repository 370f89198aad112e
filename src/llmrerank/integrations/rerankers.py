"""The names that users of the package `rerankers` know, over our strategies: one import line to change.

```python
from llmrerank.integrations.rerankers import Reranker

ranker = Reranker("cross-encoder")
results = ranker.rank(query="I love you", docs=["I hate you", "I really like you"], doc_ids=[0, 1])
```

The package itself is not needed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from llmrerank.errors import ConfigError, UnknownName
from llmrerank.settings import Settings
from llmrerank.types import Document as Candidate
from llmrerank.types import Limits

from .held import Arguments, Held
from .ranked_results import Document, RankedResults, Result, to_rerankers

if TYPE_CHECKING:
    from .langchain import RerankCompressor

__all__ = ["Document", "RankedResults", "Reranker", "Result", "to_rerankers"]

_STRATEGIES: Mapping[str, str] = MappingProxyType(
    {
        "cross-encoder": "cross-encoder",
        "rankgpt": "listwise",
        "rankllm": "listwise",
        "cohere": "api(dialect='cohere')",
        "jina": "api(dialect='jina')",
        "voyage": "api(dialect='voyage')",
        "text-embeddings-inference": "api(dialect='tei')",
    }
)
"""What the kinds of model that `rerankers` tells apart are called here."""
_VENDORS = frozenset({"cohere", "jina", "voyage"})
_NOT_HERE = ("colbert", "flashrank", "lit5", "llm-layerwise", "mixedbread.ai", "pylate", "t5", "upr")


class Reranker:
    """Ranks as `rerankers.Reranker` does; what it returns also carries our `Ranking`.

    What differs: a name that cannot work is an error and never None; nothing is printed; documents with equal
    texts stay apart; no documents give no results; keys of hosted rerankers come from the environment.
    """

    def __init__(
        self,
        model_name: str,
        lang: str = "en",
        model_type: str | None = None,
        verbose: int = 1,
        *,
        model: str | None = None,
        api_key: str | None = None,
        api_provider: str | None = None,
        url: str | None = None,
        base_url: str | None = None,
        instruction: str | None = None,
        cache: str | Path | None = None,
        limits: Limits | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Settle what is meant; nothing is loaded or sent.

        Args:
            model_name: A kind of model (`cross-encoder`, `rankgpt`, `cohere`, ...), the name of a model, or a
                strategy or pipeline of ours. A name with a slash is a cross-encoder, of the hub or a folder.
            lang: Only `en` has a default model; for another language name one.
            model_type: The kind of the model that `model_name` names.
            verbose: Taken for the sake of old calls; nothing is ever printed.
            model: The model of a strategy of ours.
            api_key: Key of a chat endpoint or of a server of one's own.
            api_provider: As `model_type`, for hosted rerankers.
            url: Address of a rerank server of one's own.
            base_url: OpenAI-compatible endpoint; None: `OPENAI_BASE_URL`, else OpenAI's own.
            instruction: What makes a document relevant here.
            cache: SQLite file that keeps answers.
            limits: What one ranking may spend.
            settings: As for `llmrerank.Reranker`.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        kind = model_type or api_provider
        strategy, named = _meant(model_name, kind, url)
        if named is not None and model is not None:
            raise ConfigError(f"two models, {named!r} and {model!r}; leave one of them out")
        if lang != "en" and strategy == "cross-encoder" and (named or model) is None:
            raise ConfigError(
                f"there is no default cross-encoder for lang={lang!r}; name a model that reads it"
            )
        if api_key is not None and url is None and (kind or model_name) in _VENDORS:
            raise ConfigError(_keys_elsewhere(kind or model_name))
        self._arguments = Arguments(
            strategy=strategy,
            model=named or model,
            base_url=url or base_url,
            api_key=api_key,
            instruction=instruction,
            cache=None if cache is None else os.fspath(cache),
            limits=limits,
            settings=settings,
        )
        self._held = Held()
        self._held.reranker(self._arguments)

    def rank(
        self,
        query: str,
        docs: str | Document | Sequence[str | Document],
        doc_ids: Sequence[str | int] | None = None,
        metadata: Sequence[Mapping[str, Any]] | None = None,
    ) -> RankedResults:
        """Put documents in order. Works in scripts, notebooks and running servers.

        Args:
            query: What is asked.
            docs: Texts or documents; neither the list nor its items are changed.
            doc_ids: `doc_ids[i]` belongs to `docs[i]`, and replaces an id of its own; None: places, from 0,
                where a document has none.
            metadata: `metadata[i]` belongs to `docs[i]`, and replaces metadata of its own.

        Raises:
            ConfigError: Bad input, in one sentence.
            CallError: The provider failed and nothing was answered.
        """
        documents = _documents(docs, doc_ids, metadata)
        ranking = self._held.reranker(self._arguments).rank(query, _candidates(documents))
        return to_rerankers(ranking, documents)

    async def rank_async(
        self,
        query: str,
        docs: str | Document | Sequence[str | Document],
        doc_ids: Sequence[str | int] | None = None,
        metadata: Sequence[Mapping[str, Any]] | None = None,
    ) -> RankedResults:
        """As `rank`, on the running event loop."""
        documents = _documents(docs, doc_ids, metadata)
        ranking = await self._held.reranker(self._arguments).arank(query, _candidates(documents))
        return to_rerankers(ranking, documents)

    def score(self, query: str, doc: str) -> float:
        """The score of one document.

        Raises:
            ConfigError: The strategy gives an order without scores.
        """
        score = self.rank(query, [doc])[0].score
        if score is None:
            raise ConfigError(
                f"'{self._arguments.strategy}' gives an order and no scores; choose one that scores"
            )
        return score

    def as_langchain_compressor(self, k: int | None = 10) -> RerankCompressor:
        """The same as a LangChain document compressor that returns the k best documents; None: all.

        Raises:
            MissingExtra: LangChain is not installed.
        """
        from .langchain import RerankCompressor

        given = {one.name: getattr(self._arguments, one.name) for one in fields(self._arguments)}
        return RerankCompressor(**given, top_n=k)

    def close(self) -> None:
        """Release the connections that `rank` opened; the next call opens them again."""
        self._held.close()

    async def aclose(self) -> None:
        """Release the connections of the running event loop; the next call opens them again."""
        await self._held.aclose()


def _meant(name: str, kind: str | None, url: str | None) -> tuple[str, str | None]:
    """The strategy, and the model where the name is one."""
    if kind is not None:
        if kind not in _STRATEGIES:
            _refuse(kind)
            raise UnknownName("model_type", kind, _STRATEGIES)
        model = None if name == kind else name
    elif name in _STRATEGIES:
        kind, model = name, None
    elif "/" in name and not set(name) & set("('\"> "):
        kind, model = "cross-encoder", name
    else:
        _refuse(name)
        return name, None
    # A server of one's own says itself which dialect it speaks, and wants no vendor's key.
    return "api" if url is not None else _STRATEGIES[kind], model


def _keys_elsewhere(kind: str) -> str:
    from llmrerank.clients.rerank_dialects.spoken import SPOKEN

    vendor = SPOKEN[kind].vendor
    names = " or ".join(vendor.keys) if vendor is not None else "the environment"
    return f"the key of '{kind}' is read from {names}; set that variable and leave api_key out"


def _refuse(kind: str) -> None:
    if kind in _NOT_HERE:
        raise ConfigError(
            f"llmrerank runs no '{kind}' models; the nearest are Reranker('cross-encoder') and, as "
            f"Reranker('bi-encoder'), embeddings"
        )


def _documents(
    docs: str | Document | Sequence[str | Document],
    doc_ids: Sequence[str | int] | None,
    metadata: Sequence[Mapping[str, Any]] | None,
) -> list[Document]:
    given = [docs] if isinstance(docs, str | Document) else list(docs)
    for name, values in (("doc_ids", doc_ids), ("metadata", metadata)):
        if values is not None and len(values) != len(given):
            raise ConfigError(f"{len(values)} {name} for {len(given)} documents")
    made = []
    for place, one in enumerate(given):
        if not isinstance(one, str | Document):
            raise ConfigError(
                f"document {place}: expected a string or a Document of this module, got {type(one).__name__}"
            )
        own = Document(one) if isinstance(one, str) else one
        identifier = own.doc_id if doc_ids is None else doc_ids[place]
        made.append(
            Document(
                text=own.text,
                doc_id=place if identifier is None else identifier,
                metadata=dict(own.metadata if metadata is None else metadata[place]),
            )
        )
    return made


def _candidates(documents: Sequence[Document]) -> list[Candidate]:
    return [
        Candidate(
            id=place if one.doc_id is None else one.doc_id,
            text=one.text,
            metadata=MappingProxyType(dict(one.metadata)),
        )
        for place, one in enumerate(documents)
    ]
