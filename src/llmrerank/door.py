"""What `Reranker` and `Pipeline` share: settings, a course, clients, and how they are closed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from . import portal
from .carriers import Carriers
from .errors import ConfigError
from .limits import Ledger
from .settings import Settings
from .spec import PipelineSpec
from .stages import Course
from .trace import Event, Warned
from .types import Example, Limits

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
            cache: SQLite file that keeps answers.
            limits: What one call of this object may spend.
            parallel: Most calls under way at once to one endpoint.
            seed: Of shuffles and of sampling.
            settings: All of these and more in one value, in place of them.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        self.settings = settings or Settings(
            model=model,
            base_url=base_url,
            api_key=api_key,
            instruction=instruction or "",
            examples=tuple(Example.of(example) for example in examples),
            cache=Path(cache) if cache is not None else None,
            limits=limits or Limits(),
            parallel=parallel,
            seed=seed,
        )
        self.course = Course.of(strategy, model=self.settings.model)
        self._carriers = Carriers()

    @property
    def spec(self) -> PipelineSpec:
        """The strategy or pipeline in its one spelling."""
        return self.course.spec

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.spec)!r})"

    def _ledger(self, ledger: Ledger | None) -> Ledger:
        return ledger or Ledger(limits=self.settings.limits, prices=self.settings.prices)

    def _unread(self) -> tuple[Event, ...]:
        """An instruction that was given and that no stage reads is said, not lost."""
        settings, course = self.settings, self.course
        if course.chats or not (settings.instruction or settings.examples):
            return ()
        what = "instruction" if settings.instruction else "examples"
        return (
            Warned(
                stage=str(self.spec), message=f"no stage of '{self.spec}' reads the {what} that was given"
            ),
        )

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._carriers.aclose()

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


def check_top(top: int | None) -> None:
    """Refuse a cut-off that is no whole number of 1 or more, before anything is paid.

    Raises:
        ConfigError: It is none.
    """
    if top is not None and (type(top) is not int or top < 1):
        raise ConfigError(f"top must be a whole number of 1 or more, got {top!r}")
