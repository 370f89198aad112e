"""Find documents by the ids that somebody typed, or say which ids are close. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

from llmrerank.errors import ConfigError
from llmrerank.types import Document

from .account import Identifier

__all__ = ["named"]

_SEARCHED = 50_000
"""Ids that are looked through for close ones: enough for a typing error, and done in about a second."""


def named(doc_ids: Sequence[Identifier], documents: Iterable[Document], where: str) -> list[Document]:
    """The documents with these ids, in the order asked, each once.

    Args:
        doc_ids: One or more; compared as text.
        documents: To look in; read once.
        where: What to call them in a message.

    Raises:
        ConfigError: No id was given, or some are there not once; all of them in one sentence.
    """
    wanted = dict.fromkeys(map(str, doc_ids))
    if not wanted:
        raise ConfigError("name a document to explain, by its id")
    found: dict[str, list[Document]] = {name: [] for name in wanted}
    known: list[str] = []
    for document in documents:
        identifier = str(document.id)
        known.append(identifier)
        if identifier in found:
            found[identifier].append(document)
    faults = []
    for name, bearers in found.items():
        if not bearers:
            faults.append(f"no document of {where} has the id '{name}'{_close(name, known)}")
        elif len(bearers) > 1:
            faults.append(
                f"{len(bearers)} documents of {where} have the id '{name}'; ids must tell them apart"
            )
    if faults:
        raise ConfigError("; ".join(faults))
    return [bearers[0] for bearers in found.values()]


def _close(name: str, known: Sequence[str]) -> str:
    """Close ids, else the first few, so that one sees what ids look like."""
    close = get_close_matches(name, known[:_SEARCHED], n=3, cutoff=0.6)
    if not close:
        lowered = name.lower()
        close = list(islice((one for one in known if lowered in one.lower()), 3))
    if close:
        return "; did you mean " + " or ".join(f"'{one}'" for one in close) + "?"
    return f"; its ids are like {', '.join(repr(one) for one in known[:3])}" if known else "; it is empty"
