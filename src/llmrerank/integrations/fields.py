"""The fields of adapters that are pydantic models: the arguments of `Reranker`, and what is wanted of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PrivateAttr, SecretStr

from llmrerank.calibration import Calibration
from llmrerank.ranking import Ranking
from llmrerank.reranker import Reranker
from llmrerank.settings import Settings
from llmrerank.types import Document, Example, Limits

from .held import Arguments, Held, from_mapping, without_key

__all__ = ["RerankFields"]


def _examples(value: Any) -> tuple[Example, ...]:
    return tuple(Example.of(one) for one in value)


def _read(kind: type[Any], value: Any) -> Any:
    return None if value is None else from_mapping(kind, value)


def _written(settings: Settings | None) -> dict[str, Any] | None:
    return None if settings is None else without_key(settings)


def _path(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


class RerankFields(BaseModel):
    """What LangChain's and LlamaIndex's adapters share.

    Attributes:
        strategy: A strategy or pipeline in the one notation.
        model, base_url, instruction, examples, cache, limits, parallel, seed, calibration: As `Reranker`
            takes them.
        api_key: Key of the endpoint; None: the environment's. Never shown and never serialised, except that
            a pickle carries it.
        settings: All of these (but strategy, key and calibration) and more in one value, in place of them.
        top_n: Documents to return, 1 or more; None: all.
        min_score: Least score of a returned document, in the unit of the strategy's scores; None: none.
        group_by: Key of the metadata by which chunks are one document's; the best of each is returned.
        on_ranking: Handed every `Ranking`, which holds what the framework has no place for: what the scores
            mean, calls, tokens, cost, what was repaired or degraded. Not serialised. What is degraded is
            logged as well, by `llmrerank.stages`.

    Raises:
        ConfigError: Whatever cannot work, in one sentence, before anything is loaded or sent.
        ValueError: A field of the wrong type, an unknown field, a `top_n` of 0 or less.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", validate_assignment=True)

    strategy: str
    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    instruction: str | None = None
    examples: Annotated[tuple[Example, ...], BeforeValidator(_examples)] = ()
    cache: Annotated[str | None, BeforeValidator(_path)] = None
    limits: Annotated[Limits | None, BeforeValidator(partial(_read, Limits))] = None
    parallel: int = 8
    seed: int = 0
    calibration: Annotated[str | Calibration | None, BeforeValidator(_path)] = None
    settings: Annotated[
        Settings | None, BeforeValidator(partial(_read, Settings)), PlainSerializer(_written)
    ] = None
    top_n: int | None = Field(default=None, ge=1, strict=True)
    min_score: float | None = None
    group_by: str | None = None
    on_ranking: Callable[[Ranking], None] | None = Field(default=None, exclude=True)

    _held: Held = PrivateAttr(default_factory=Held)

    def model_post_init(self, context: Any) -> None:
        """Refuse what cannot work when the adapter is made, and not at the first query."""
        super().model_post_init(context)
        self._reranker()

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied._held = Held()
        return copied

    def close(self) -> None:
        """Release the connections that synchronous calls opened; the next call opens them again."""
        self._held.close()

    async def aclose(self) -> None:
        """Release the connections of the running event loop; the next call opens them again."""
        await self._held.aclose()

    def _reranker(self) -> Reranker:
        key = self.api_key
        return self._held.reranker(
            Arguments(
                strategy=self.strategy,
                model=self.model,
                base_url=self.base_url,
                api_key=None if key is None else key.get_secret_value(),
                instruction=self.instruction,
                examples=self.examples,
                cache=self.cache,
                limits=self.limits,
                parallel=self.parallel,
                seed=self.seed,
                calibration=self.calibration,
                settings=self.settings,
            )
        )

    def _rank(self, query: str, documents: Sequence[Document]) -> Ranking:
        ranking = self._reranker().rank(
            query, documents, top=self.top_n, min_score=self.min_score, group_by=self.group_by
        )
        return self._told(ranking)

    async def _arank(self, query: str, documents: Sequence[Document]) -> Ranking:
        ranking = await self._reranker().arank(
            query, documents, top=self.top_n, min_score=self.min_score, group_by=self.group_by
        )
        return self._told(ranking)

    def _told(self, ranking: Ranking) -> Ranking:
        if self.on_ranking is not None:
            self.on_ranking(ranking)
        return ranking
