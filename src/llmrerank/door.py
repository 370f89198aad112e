"""What `Reranker` and `Pipeline` share: settings, a course, clients, and how they are closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from . import portal
from .calibration import Calibration
from .carriers import Carriers
from .limits import Ledger
from .ranking import Ranking
from .ranking_cache import Candidates, Recall, Request
from .selection import Selection
from .settings import Settings
from .spec import PipelineSpec
from .stages import Course, Watch
from .trace import Event, Warned
from .types import Example, Limits, Query

__all__ = ["Door"]


class Door:
    """A settled course with the clients it uses. Open one, use it many times, close it."""

    def __init__(
        self,
        strategy: str,
        *,
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
        """Settle names, options and models; nothing is loaded or sent.

        Args:
            strategy: A strategy or pipeline in the one notation.
            model: Configures the chat stages; without one, the only stage that takes a model.
            base_url: OpenAI-compatible endpoint; None: `OPENAI_BASE_URL`, else OpenAI's own.
            api_key: Its key; None: `OPENAI_API_KEY`, else none.
            instruction: What makes a document relevant here.
            examples: Worked judgements shown to the model.
            cache: SQLite file that keeps answers and whole rankings.
            limits: What one call of this object may spend.
            parallel: Most calls under way at once to one endpoint.
            seed: Of shuffles and of sampling.
            calibration: Map from this strategy's scores to probabilities, or the file that holds it
                (`llmrerank calibrate` makes one).
            settings: All of these (but strategy and calibration) and more in one value, in place of them.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        self.settings = settings or Settings(
            model=model,
            base_url=base_url,
            api_key=api_key,
            instruction=instruction or "",
            examples=tuple(Example.of(example) for example in examples),
            cache=Path(cache) if isinstance(cache, str) else cache,
            limits=limits or Limits(),
            parallel=parallel,
            seed=seed,
        )
        self.course = Course.of(
            strategy, model=self.settings.stage_model, base_url=self.settings.stage_base_url
        ).for_settings(self.settings)
        self.calibration = (
            Calibration.load(Path(calibration)) if isinstance(calibration, str | Path) else calibration
        )
        self._carriers = Carriers()
        self._recall = Recall(self.course, self._carriers)
        self._models_found = False

    @property
    def spec(self) -> PipelineSpec:
        """The strategy or pipeline in its one spelling."""
        return self.course.spec

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.spec)!r})"

    def _selection(
        self, *, top: int | None, min_score: float | None = None, group_by: str | None = None
    ) -> Selection:
        """What the caller wants of a ranking, checked before anything is paid."""
        selection = Selection(top=top, min_score=min_score, group_by=group_by, calibration=self.calibration)
        selection.check(self.course)
        return selection

    def _at_once(self, wanted: int | None) -> int:
        """Queries under way at once, of many: as wanted, else twice as many as calls.

        Some are between two rounds or have one call left, and others fill their places. Waiting for a place
        would use up a deadline, so where there is one no more queries are begun than can all be served.
        """
        if wanted is not None:
            return wanted
        return self.settings.parallel * (1 if self.settings.limits.seconds is not None else 2)

    def _ledger(self, ledger: Ledger | None) -> Ledger:
        return ledger or Ledger(limits=self.settings.limits, prices=self.settings.prices)

    async def _seek_models(self) -> None:
        """Find local models, once, before a first stage works for what could not rerank; see `Course`."""
        if self.course.first is not None and not self._models_found:
            await asyncio.to_thread(self.course.find_models)
            self._models_found = True

    def _unread(self) -> tuple[Event, ...]:
        """An instruction that was given and that no stage reads is said, not lost."""
        settings, course = self.settings, self.course
        if course.instructed or not (settings.instruction or settings.examples):
            return ()
        what = "instruction that was" if settings.instruction else "examples that were"
        return (Warned(stage=str(self.spec), message=f"no stage of '{self.spec}' reads the {what} given"),)

    async def _reranked(
        self,
        query: Query,
        candidates: Candidates,
        start: Ranking | Callable[[], Awaitable[Ranking]],
        *,
        selection: Selection,
        settings: Settings,
        ledger: Ledger,
        watch: Watch | None,
    ) -> Ranking:
        """Pass candidates through the stages, or look up what became of them, and choose.

        Args:
            query: What is asked.
            candidates: What the ranking is made of.
            start: What the first stage found; or, for documents as given, what makes that.
            selection: Which hits are wanted.
            settings: How calls are made.
            ledger: What may be spent.
            watch: Who is told meanwhile.
        """

        async def work() -> Ranking:
            return await self.course.rerank(
                start if isinstance(start, Ranking) else await start(),
                settings=settings,
                carriers=self._carriers,
                ledger=ledger,
                top=selection.top,
                whole=selection.whole,
                watch=watch,
            )

        request = Request(
            query=query.text,
            candidates=candidates,
            given=not isinstance(start, Ranking),
            settings=settings,
            ledger=ledger,
            top=selection.top,
            whole=selection.whole,
            watch=watch,
            work=work,
        )
        return selection.of(await self._recall.ranking(request))

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._carriers.aclose()
        self._recall.close()

    def close(self) -> None:
        """Release the connections that synchronous calls opened."""
        portal.run(self.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
