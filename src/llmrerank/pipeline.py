"""Search: a first stage over a corpus, then rerankers over what it found."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import portal
from .calibration import Calibration
from .door import Door
from .engine import Progress
from .errors import ConfigError
from .estimate import Estimate, estimate
from .limits import Ledger
from .many import Row, Rows, drained, many, streamed
from .opening import found_by
from .purse import Purse
from .ranking import Ranking
from .ranking_cache import Candidates
from .retrieve.retriever import Retriever, Source
from .selection import Selection
from .settings import Settings
from .stages import Watch, smaller
from .trace import Seen, Trace
from .types import Document, Example, Limits, Query, documents_from

__all__ = ["DEPTH", "Pipeline"]

DEPTH = 1000
"""Documents that a first stage without a cut-off passes on."""


class Pipeline(Door):
    """A first stage and any number of rerankers, over one corpus.

    ```python
    pipeline = Pipeline("bm25 % 100 >> cross-encoder % 20 >> listwise % 5", corpus=documents, model="...")
    ranking = pipeline.search("how do I train a neural network?")
    ```

    Cost: that of its stages; `estimate` predicts it and sends nothing.
    """

    def __init__(  # noqa: D417 - the arguments it shares with `Door` are documented there
        self,
        spec: str,
        *,
        corpus: Iterable[str | Mapping[str, Any] | Document] | Path | None = None,
        source: Source | None = None,
        retrievers: MutableMapping[str, Retriever] | None = None,
        model: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        instruction: str | None = None,
        examples: Iterable[Example] = (),
        cache: str | Path | None = None,
        limits: Limits | None = None,
        parallel: int = 8,
        seed: int = 0,
        calibration: str | Path | Calibration | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Settle the pipeline; the first stage is opened by the first search. Further arguments: `Door`.

        Args:
            spec: In the one notation, starting with a first stage.
            corpus: Documents, or the path of a JSONL file or dataset folder.
            source: What the first stage draws on, in place of `corpus`.
            retrievers: First stages opened before, by their spelling; opened ones are added.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        super().__init__(
            spec,
            model=model,
            base_url=base_url,
            api_key=api_key,
            instruction=instruction,
            examples=examples,
            cache=cache,
            limits=limits,
            parallel=parallel,
            seed=seed,
            calibration=calibration,
            settings=settings,
        )
        if self.course.first is None:
            raise ConfigError(
                f"the pipeline '{spec}' starts with a reranker and has nothing to rerank; "
                f"put a first stage in front, as 'bm25 % 100 >> {spec}', or use Reranker over given documents"
            )
        self._first = self.course.first
        self.source = source or Source(corpus=_documents(corpus))
        self._retrievers = retrievers if retrievers is not None else {}
        self._opening = threading.Lock()

    def search(
        self,
        query: str | Query,
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
    ) -> Ranking:
        """Find and rank the best documents; see `asearch`. Works in scripts, notebooks and servers."""
        return portal.run(lambda: self.asearch(query, top=top, min_score=min_score, group_by=group_by))

    async def asearch(
        self,
        query: str | Query,
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
        found: Ranking | None = None,
        ledger: Ledger | None = None,
        progress: Callable[[Progress], None] | None = None,
        witness: Callable[[Seen], None] | None = None,
    ) -> Ranking:
        """Find and rank the best documents for a query.

        Args:
            query: The text, or a `Query` with the id that runs and judgements know.
            top: As `% top` after the last stage.
            min_score: Least score of a returned document, in the unit of `score_kind`; None: none.
            group_by: Key of the metadata that names the document a chunk belongs to: the best chunk of each
                is returned, with the others in its `group`. `top` then counts groups.
            found: What `afind` gave for this query before; None: the first stage is asked now.
            ledger: Spending shared with other searches; None: a new one from the limits.
            progress: Called as judgements come in.
            witness: Told every call with its reply, texts included.

        Raises:
            ConfigError: An empty query, a `top` below 1, a source that lacks what the first stage needs, a
                threshold on scores that mean nothing.
            CallError: The provider failed and nothing was answered.
        """
        selection = self._selection(top=top, min_score=min_score, group_by=group_by)
        return await self._searched(
            query, selection, ledger, Watch(progress=progress, witness=witness), found
        )

    def astream(
        self,
        query: str | Query,
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
    ) -> AsyncGenerator[Ranking, None]:
        """Search and tell of it on the way; see `Reranker.astream`."""
        selection = self._selection(top=top, min_score=min_score, group_by=group_by)
        return streamed(lambda tell: self._searched(query, selection, None, Watch(provisional=tell)))

    def search_many(
        self,
        queries: Iterable[str | Query],
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
        ordered: bool = True,
        at_once: int | None = None,
    ) -> Iterator[Row]:
        """Search for many queries; see `asearch_many`."""
        return drained(
            lambda: self.asearch_many(
                queries, top=top, min_score=min_score, group_by=group_by, ordered=ordered, at_once=at_once
            )
        )

    def asearch_many(
        self,
        queries: Rows[str | Query],
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
        ordered: bool = True,
        at_once: int | None = None,
    ) -> AsyncGenerator[Row, None]:
        """Search for many queries, interleaved; see `Reranker.arank_many`."""
        selection = self._selection(top=top, min_score=min_score, group_by=group_by)
        purse = Purse(self.settings.limits, self.settings.prices)
        return many(
            queries,
            lambda query: self._searched(query, selection, purse.query(), None),
            at_once=self._at_once(at_once),
            ordered=ordered,
        )

    async def _searched(
        self,
        query: str | Query,
        selection: Selection,
        ledger: Ledger | None,
        watch: Watch | None,
        found: Ranking | None = None,
    ) -> Ranking:
        asked = query if isinstance(query, Query) else Query(text=query)
        ledger = self._ledger(ledger)
        if found is None:
            alone = not self.course.steps and not selection.whole
            found = await self.afind(asked, k=smaller(self.depth, selection.top) if alone else None)
        found = replace(found, strategy=str(self.spec), trace=Trace((*self._unread(), *found.trace.events)))
        if watch is not None and watch.provisional is not None:
            watch.provisional(replace(found, hits=found.hits[: selection.top]))
        return await self._reranked(
            asked,
            Candidates.of(found),
            found,
            selection=selection,
            settings=self._effective(),
            ledger=ledger,
            watch=watch,
        )

    @property
    def depth(self) -> int:
        """How many documents the first stage is asked for."""
        return self.course.first_cut or DEPTH

    async def afind(self, query: str | Query, *, k: int | None = None) -> Ranking:
        """Ask the first stage alone.

        Args:
            query: As for `asearch`.
            k: How many documents, 1 or more; None: `depth`.

        Raises:
            ConfigError: The source lacks what the first stage needs.
            DataError: What the first stage reads is not in order.
        """
        asked = query if isinstance(query, Query) else Query(text=query)
        return await found_by(self.retriever, asked, k=k or self.depth, stage=self._first_name)

    def _effective(self) -> Settings:
        """The settings, with the source's own instruction and examples where none were given."""
        return replace(
            self.settings,
            instruction=self.settings.instruction or self.source.instruction,
            examples=self.settings.examples or self.source.examples,
        )

    @property
    def _first_name(self) -> str:
        return str(self.spec.stages[0].call)

    @property
    def first_key(self) -> str:
        """What the first stage is known by among opened ones: its spelling and its model."""
        return f"{self._first_name} {self._first.values.get('model')}"

    def retriever(self) -> Retriever:
        """The opened first stage.

        Raises:
            ConfigError: The source lacks what it needs; or, told before a corpus is indexed, a later stage
                needs a local model that is nowhere to be found.
        """
        with self._opening:
            if self.first_key not in self._retrievers:
                if self.source.corpus is not None:
                    self.course.find_models()
                self._retrievers[self.first_key] = self._first.build().open(self.source)
            return self._retrievers[self.first_key]

    def estimate(self, query: str | Query, *, top: int | None = None) -> Estimate:
        """Predict calls, rounds, tokens and cost of one search. Nothing is sent and no model is loaded."""
        asked = query if isinstance(query, Query) else Query(text=query)
        Selection(top=top)
        depth = self.depth
        if self.source.corpus is not None:
            sample = list(self.source.corpus[:depth])
        else:
            sample = self.retriever().search([asked], k=depth)[0].documents if self.course.steps else []
        return estimate(self.course, asked.text, sample, settings=self._effective(), top=top)


def _documents(
    corpus: Iterable[str | Mapping[str, Any] | Document] | Path | None,
) -> tuple[Document, ...] | None:
    if corpus is None:
        return None
    if isinstance(corpus, Path):
        from .retrieve.corpus import read_documents

        return tuple(read_documents(corpus))
    if isinstance(corpus, str):
        raise ConfigError(
            "corpus is one string; give a list of documents, or Path(...) for a file or a folder"
        )
    return documents_from(corpus)
