"""Documents looked over before they are judged: which of them may try to influence whoever judges them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .harmless import harmless
from .passages import READ
from .ranking import Hit
from .suspicion import suspicions_of
from .trace import Warned
from .types import Document

__all__ = ["earlier_ranks", "looked_over", "marked", "suspected", "warning"]

_NAMED = 10
"""Documents that the warning names at most; all of them are marked."""
_LONGEST = 60
"""Characters of an identifier in it."""


def suspected(documents: Sequence[Document], query: str) -> dict[int, tuple[str, ...]]:
    """By place, the kinds of what is found in a document; nothing for those in which nothing is found.

    Of a text as much is read as a prompt reads of it.

    Cost: a millisecond or two of one core for a passage of a kilobyte.
    """
    found = ((place, _kinds(document, query)) for place, document in enumerate(documents))
    return {place: kinds for place, kinds in found if kinds}


async def looked_over(documents: Sequence[Document], query: str) -> dict[int, tuple[str, ...]]:
    """As `suspected`, in a thread, one document after another.

    So an event loop serves others meanwhile, and whoever is cancelled leaves one document at most under way.
    """
    found = [await asyncio.to_thread(_kinds, document, query) for document in documents]
    return {place: kinds for place, kinds in enumerate(found) if kinds}


def _kinds(document: Document, query: str) -> tuple[str, ...]:
    """What is found in one document, each kind once."""
    if len(document.text) > READ:
        document = replace(document, text=document.text[:READ])
    return tuple(dict.fromkeys(suspicion.kind for suspicion in suspicions_of(document, query)))


def marked(hits: Sequence[Hit], suspects: Mapping[int, object]) -> tuple[Hit, ...]:
    """The hits with the suspects among them marked as such."""
    return tuple(
        replace(hit, suspicious=True) if place in suspects else hit for place, hit in enumerate(hits)
    )


def warning(stage: str, hits: Sequence[Hit], suspects: Mapping[int, Sequence[str]]) -> Warned:
    """What is said of suspects: which they are, and why."""
    # An identifier is a text of the document's as well: it may not write into a terminal.
    named = [
        f"{harmless(str(hits[place].document.id))[:_LONGEST]} ({', '.join(kinds)})"
        for place, kinds in list(suspects.items())[:_NAMED]
    ]
    more = f" and {len(suspects) - _NAMED} more" if len(suspects) > _NAMED else ""
    return Warned(
        stage=stage,
        message=f"{len(suspects)} of {len(hits)} documents may try to influence the judge: "
        f"{', '.join(named)}{more}",
    )


def earlier_ranks(hits: Sequence[Hit], *, stages: int) -> tuple[int, ...]:
    """By place, the best rank that any of so many stages before, or the order itself, gives each hit.

    Places that a joined first stage has of its parts are no ranks of a stage, and left out.
    """
    return tuple(
        min([rank, *(place.rank for place in hit.history[max(0, len(hit.history) - stages) :])])
        for rank, hit in enumerate(hits, start=1)
    )
