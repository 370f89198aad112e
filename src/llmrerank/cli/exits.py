"""How a command ends: one number for scripts."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmrerank.ranking import Ranking

__all__ = ["Exit", "exit_of"]


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    """Ran, but failed."""
    USAGE = 2
    """The caller's to mend: options, files, names, packages."""
    PROVIDER = 3
    """An endpoint or a model failed."""
    DEGRADED = 4
    """Done, but something got no evidence and kept its order."""
    BUDGET = 5
    """A limit was reached; the best order until then was written."""
    INTERRUPTED = 130


def exit_of(ranking: Ranking) -> Exit:
    """The exit code of a ranking that was written."""
    if ranking.trace.exhausted is not None:
        return Exit.BUDGET
    return Exit.DEGRADED if ranking.trace.degraded else Exit.DONE
