"""What a reader of a result should know about how it came about, from its trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmrerank.trace import Trace

__all__ = ["notes_on"]


def notes_on(trace: Trace) -> Iterator[str]:
    """Sentences: warnings, why something kept its order (each reason once), which limit ended the work."""
    from llmrerank.trace import Degraded

    yield from trace.warnings
    for reason, count in Counter(event.reason for event in trace.of(Degraded)).most_common():
        yield f"{count} {'slate kept its' if count == 1 else 'slates kept their'} order: {reason}"
    if trace.exhausted is not None:
        yield f"stopped early: {trace.exhausted.reason}"
