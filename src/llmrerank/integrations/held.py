"""What an adapter holds: a strategy with its settings, and the reranker that the first use opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from llmrerank.calibration import Calibration
from llmrerank.errors import ConfigError, UnknownName
from llmrerank.reranker import Reranker
from llmrerank.settings import Settings
from llmrerank.types import Example, Limits

__all__ = ["Arguments", "Held", "from_mapping", "without_key"]

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a `Reranker` is opened with, under the names of its own arguments.

    Raises:
        ConfigError: `settings` beside an argument that it would silently replace.
    """

    strategy: str
    model: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    instruction: str | None = None
    examples: tuple[Example, ...] = ()
    cache: str | Path | None = None
    limits: Limits | None = None
    parallel: int = 8
    seed: int = 0
    calibration: str | Path | Calibration | None = None
    settings: Settings | None = None

    def __post_init__(self) -> None:
        if self.settings is None:
            return
        apart = {"strategy", "api_key", "calibration", "settings"}
        lost = [
            one.name
            for one in fields(self)
            if one.name not in apart and getattr(self, one.name) != one.default
        ]
        if lost:
            raise ConfigError(
                f"'settings' stands in place of {', '.join(lost)}; write them into the settings"
            )

    def open(self) -> Reranker:
        """A reranker; nothing is loaded or sent.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        settings = self.settings
        if settings is not None and self.api_key is not None:
            settings = replace(settings, api_key=self.api_key)
        return Reranker(
            self.strategy,
            model=self.model,
            base_url=self.base_url,
            api_key=self.api_key,
            instruction=self.instruction,
            examples=self.examples,
            cache=self.cache,
            limits=self.limits,
            parallel=self.parallel,
            seed=self.seed,
            calibration=self.calibration,
            settings=settings,
        )


class Held:
    """The reranker of one adapter: opened by the first use, and anew where the adapter's settings changed.

    Copies and pickles hold none and open their own: connections and models stay where they are.
    """

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: tuple[Arguments, Reranker] | None = None

    def reranker(self, arguments: Arguments) -> Reranker:
        """The reranker for these arguments.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        held = self._open
        if held is None or held[0] != arguments:
            held = self._open = (arguments, arguments.open())
        return held[1]

    def close(self) -> None:
        """Release the connections that synchronous calls opened; the next use opens them again."""
        if self._open is not None:
            self._open[1].close()

    async def aclose(self) -> None:
        """Release the connections of the running event loop; the next use opens them again."""
        if self._open is not None:
            await self._open[1].aclose()

    def __reduce__(self) -> tuple[type[Held], tuple[()]]:
        return Held, ()


def from_mapping(kind: type[_Value], value: Any) -> _Value:
    """A value read from a mapping of its fields, as files hold it; a value of that kind as it is.

    Raises:
        UnknownName: A key that is no field.
        ConfigError: It is neither, or the fields contradict each other.
    """
    if isinstance(value, kind):
        return value
    word = kind.__name__.lower()
    if not isinstance(value, Mapping):
        raise ConfigError(f"{word} must be {kind.__name__}(...) or a mapping of its fields, got {value!r}")
    known = [one.name for one in fields(kind)]  # type: ignore[arg-type] # it is a dataclass
    for name in value:
        if name not in known:
            raise UnknownName("field", str(name), known, where=word)
    from pydantic import TypeAdapter, ValidationError

    inner = {name: from_mapping(Limits, one) if name == "limits" else one for name, one in value.items()}
    try:
        return TypeAdapter(kind).validate_python(inner)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ConfigError(f"{word}: {'; '.join(faults)}") from error


def without_key(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values, for files; a key is never written there."""
    from pydantic import TypeAdapter

    written: dict[str, Any] = TypeAdapter(Settings).dump_python(settings, mode="json", exclude={"api_key"})
    return written
