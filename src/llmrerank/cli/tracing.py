"""The option that keeps a query's whole story in a trace file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from llmrerank.ranking import Ranking
    from llmrerank.trace import Seen
    from llmrerank.types import Query

__all__ = ["Told", "Tracing"]


@dataclass(slots=True, kw_only=True)
class Told:
    """What is heard while a query is ranked.

    Attributes:
        witness: What `arank` and `asearch` tell every call to; None where no story is kept.
        seen: What the witness was told.
        ranking: The result, once there is one.
        seconds: From the beginning to the result.
    """

    witness: Callable[[Seen], None] | None = None
    seen: list[Seen] = field(default_factory=list)
    ranking: Ranking | None = None
    seconds: float = 0.0
    _begun: float = field(default_factory=time.perf_counter)

    def end(self, ranking: Ranking) -> None:
        """Note the result."""
        self.ranking, self.seconds = ranking, time.perf_counter() - self._begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """Where the story is kept."""

    trace: Annotated[
        Path | None,
        Option(
            "--trace",
            metavar="FILE",
            rich_help_panel="Work",
            show_default=False,
            help="Add the whole story there (see show trace)",
        ),
    ] = None

    @contextmanager
    def told(self, query: Query) -> Iterator[Told]:
        """Listen to one query; what was heard is written at the end of the context.

        The file is opened first, so that one that cannot be written shows before anything is paid, and
        written last, so that no trouble with it keeps the result from whoever waits for it.

        Raises:
            ConfigError: The file cannot be written, or is no trace file.
        """
        if self.trace is None:
            yield Told()
            return
        from llmrerank.trace_file import TraceFile

        seen: list[Seen] = []
        told = Told(witness=seen.append, seen=seen)
        with TraceFile(self.trace) as file:
            try:
                yield told
            finally:
                if told.ranking is not None:
                    file.write(query, told.ranking, seconds=told.seconds, seen=seen)
