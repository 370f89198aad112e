"""A Haystack component that puts documents in order; `pip install "llmrerank[haystack]"`.

```python
from llmrerank.integrations.haystack import RerankComponent

pipeline.add_component("reranker", RerankComponent("listwise", model="...", top_k=5))
pipeline.connect("retriever.documents", "reranker.documents")
```
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from llmrerank.errors import MissingExtra
from llmrerank.ranking import Ranking
from llmrerank.reranker import Reranker
from llmrerank.settings import Settings
from llmrerank.types import Document as Candidate
from llmrerank.types import Example, Limits

from .held import Arguments, Held, from_mapping, without_key

try:
    from haystack import Document, component, default_from_dict, default_to_dict
    from haystack.utils import Secret, deserialize_callable, serialize_callable
except ModuleNotFoundError as error:
    raise MissingExtra("llmrerank.integrations.haystack", "haystack") from error

__all__ = ["RerankComponent"]


@component
class RerankComponent:
    """Puts documents in order for a query by any strategy.

    Ranked is `content`, behind the values of `meta_fields_to_embed`. What comes back are copies with every
    id, field and key of `meta`, best first. The score is in `Document.score`, a float that means what the
    strategy's scores mean, or None where the strategy gives an order without scores (`listwise`): the
    retriever's score would contradict the order. Of documents with one id only the one that the retriever
    scored best is ranked, of equally scored ones the first.

    A failure is raised; the input order is never returned as if it were a ranking.

    Cost: that of the strategy; none for no documents.
    """

    def __init__(  # noqa: D417 - the arguments it shares with `Reranker` are documented there
        self,
        strategy: str,
        *,
        model: str | None = None,
        base_url: str | None = None,
        api_key: Secret | None = None,
        instruction: str | None = None,
        examples: Iterable[Example | Mapping[str, str] | Sequence[str]] = (),
        cache: str | Path | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
        parallel: int = 8,
        seed: int = 0,
        calibration: str | Path | None = None,
        settings: Settings | Mapping[str, Any] | None = None,
        top_k: int | None = None,
        min_score: float | None = None,
        meta_fields_to_embed: Sequence[str] = (),
        meta_data_separator: str = "\n",
        on_ranking: Callable[[Ranking], None] | None = None,
    ) -> None:
        """Settle names, options and models; nothing is loaded or sent. Further arguments: `Reranker`.

        Args:
            strategy: A strategy or pipeline in the one notation.
            api_key: Key of the endpoint; None: the environment's `OPENAI_API_KEY`, if there is one.
            limits: What one run may spend, as `Limits` or a mapping of its fields.
            settings: As for `Reranker`, in place of the other arguments, as `Settings` or a mapping.
            top_k: Documents to return, 1 or more; None: all.
            min_score: Least score of a returned document, in the unit of the strategy's scores; None: none.
            meta_fields_to_embed: Keys of `meta` whose values are put in front of the content.
            meta_data_separator: Stands between these values and the content.
            on_ranking: Handed every `Ranking`, which holds what documents have no place for: what the scores
                mean, calls, tokens, cost, what was repaired or degraded. A function of a module, if pipelines
                are serialised.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
            ValueError: `top_k` is 0 or less.
        """
        self.api_key = api_key
        self.top_k = _checked(top_k)
        self.min_score = min_score
        self.meta_fields_to_embed = list(meta_fields_to_embed)
        self.meta_data_separator = meta_data_separator
        self.on_ranking = on_ranking
        self._arguments = Arguments(
            strategy=strategy,
            model=model,
            base_url=base_url,
            instruction=instruction,
            examples=tuple(Example.of(one) for one in examples),
            cache=None if cache is None else os.fspath(cache),
            limits=None if limits is None else from_mapping(Limits, limits),
            parallel=parallel,
            seed=seed,
            calibration=None if calibration is None else os.fspath(calibration),
            settings=None if settings is None else from_mapping(Settings, settings),
        )
        self._held = Held()
        self._arguments.open()

    def to_dict(self) -> dict[str, Any]:
        """The arguments as JSON values, the strategy as its spec string; a key only as the name it goes by.

        Raises:
            ValueError: The key was given as a token, which is never written.
        """
        given = self._arguments
        return default_to_dict(
            self,
            strategy=given.strategy,
            model=given.model,
            base_url=given.base_url,
            api_key=self.api_key,
            instruction=given.instruction,
            examples=[asdict(one) for one in given.examples],
            cache=given.cache,
            limits=None if given.limits is None else asdict(given.limits),
            parallel=given.parallel,
            seed=given.seed,
            calibration=given.calibration,
            settings=None if given.settings is None else without_key(given.settings),
            top_k=self.top_k,
            min_score=self.min_score,
            meta_fields_to_embed=self.meta_fields_to_embed,
            meta_data_separator=self.meta_data_separator,
            on_ranking=None if self.on_ranking is None else serialize_callable(self.on_ranking),
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The component that `to_dict` described."""
        parameters = dict(data.get("init_parameters", {}))
        if isinstance(parameters.get("api_key"), Mapping):
            parameters["api_key"] = Secret.from_dict(dict(parameters["api_key"]))
        if isinstance(parameters.get("on_ranking"), str):
            parameters["on_ranking"] = deserialize_callable(parameters["on_ranking"])
        return default_from_dict(cls, {**data, "init_parameters": parameters})

    def warm_up(self) -> None:
        """Open the reranker; models are loaded, and endpoints spoken to, when there is something to rank.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        self._reranker()

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, documents: list[Document], top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """The documents in order. Works in scripts, notebooks and running servers.

        Args:
            query: What is asked.
            documents: What was retrieved; neither the list nor its items are changed.
            top_k: In place of the component's; None: the component's.

        Raises:
            ConfigError: Bad input, in one sentence.
            CallError: The provider failed and nothing was answered.
            ValueError: `top_k` is 0 or less.
        """
        top = self.top_k if top_k is None else _checked(top_k)
        given = _distinct(documents)
        if not given:
            return {"documents": []}
        ranking = self._reranker().rank(
            query,
            self._candidates(given),
            top=top,
            min_score=self.min_score,
        )
        return {"documents": _in_order(given, self._told(ranking))}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, documents: list[Document], top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """As `run`, on the running event loop."""
        top = self.top_k if top_k is None else _checked(top_k)
        given = _distinct(documents)
        if not given:
            return {"documents": []}
        ranking = await self._reranker().arank(
            query,
            self._candidates(given),
            top=top,
            min_score=self.min_score,
        )
        return {"documents": _in_order(given, self._told(ranking))}

    def close(self) -> None:
        """Release the connections that `run` opened; the next run opens them again."""
        self._held.close()

    async def close_async(self) -> None:
        """Release the connections of the running event loop; the next run opens them again."""
        await self._held.aclose()

    def _reranker(self) -> Reranker:
        key = None if self.api_key is None else self.api_key.resolve_value()
        return self._held.reranker(replace(self._arguments, api_key=key))

    def _told(self, ranking: Ranking) -> Ranking:
        if self.on_ranking is not None:
            self.on_ranking(ranking)
        return ranking

    def _candidates(self, documents: Sequence[Document]) -> list[Candidate]:
        return [
            Candidate(id=document.id, text=self._text(document), metadata=MappingProxyType(document.meta))
            for document in documents
        ]

    def _text(self, document: Document) -> str:
        content = document.content or ""
        values = [document.meta.get(name) for name in self.meta_fields_to_embed]
        in_front = [str(value) for value in values if value is not None]
        return self.meta_data_separator.join([*in_front, content]) if in_front else content


def _checked(top_k: int | None) -> int | None:
    if top_k is not None and (type(top_k) is not int or top_k < 1):
        raise ValueError(f"top_k must be a whole number of 1 or more, got {top_k!r}")
    return top_k


def _distinct(documents: Sequence[Document]) -> list[Document]:
    """Of documents with one id the best scored, else the first; at the place of the first."""
    best: dict[str, Document] = {}
    for document in documents:
        other = best.get(document.id)
        if other is None or _above(document.score, other.score):
            best[document.id] = document
    return list(best.values())


def _above(score: float | None, other: float | None) -> bool:
    return score is not None and (other is None or score > other)


def _in_order(documents: Sequence[Document], ranking: Ranking) -> list[Document]:
    return [
        replace(
            document := documents[hit.previous_rank - 1],
            score=None if hit.score is None else float(hit.score),
            meta=dict(document.meta),
        )
        for hit in ranking
    ]
