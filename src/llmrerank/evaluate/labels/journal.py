"""The journal of judgements: a line for each as it is made, so that whoever is cut short goes on there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmrerank.batch.results import SCHEMA, Results
from llmrerank.errors import CallError, ConfigError
from llmrerank.jsonl import read_lines

from .judgement import Judgement, Pair

__all__ = ["Journal"]

_UNDONE = "undone"


class Journal:
    """Judgements by pair, in a file that one process writes at a time. Close it, or use it as a context.

    Nothing is ever taken out of the file: of several lines about a pair the last one counts, and one that
    says `undone` takes back what was said before. Killed at any time, the file loses at most the line being
    written.

    Args:
        path: The file; made where there is none.
        run: Digest of what judgements depend on beside the pair and the judge: prompt, instruction, examples.
        judge: Who judges: a model, or `person`; None where it is not known yet.

    Raises:
        ConfigError: The file holds something else, or judgements by another judge or under other words; or
            another process writes to it.
    """

    def __init__(self, path: Path, *, run: str, judge: str | None) -> None:
        self.path = path
        self._judge = judge
        self._known: dict[tuple[str, str], Judgement] = {}
        self._results = Results(path, run=run)
        try:
            for number, fields in read_lines(path):
                self._read(fields, number)
        except BaseException:
            self._results.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._results.close()

    def __iter__(self) -> Iterator[Judgement]:
        """What counts, in the order in which it was said."""
        return iter(tuple(self._known.values()))

    @property
    def judge(self) -> str:
        """Who judges; empty where nobody has yet."""
        return self._judge or ""

    def of(self, pair: Pair) -> Judgement | None:
        """What was said about a pair, or None; what was said about another text under its ids is nothing."""
        known = self._known.get(pair.key)
        return known if known is not None and known.digest == pair.digest else None

    def add(self, judgement: Judgement) -> None:
        """Write a judgement down.

        Raises:
            ConfigError: Another judge made the earlier ones; or the file cannot be written.
        """
        self._same(judgement.judge)
        self._append(judgement.digest, f"{judgement.query} {judgement.document}", judgement.fields())
        self._keep(judgement)

    def undo(self, judgement: Judgement) -> None:
        """Take a judgement back."""
        self._append(
            judgement.digest,
            f"{judgement.query} {judgement.document}",
            {**judgement.fields(), "grade": None, "score": None, "flags": [_UNDONE]},
        )
        self._known.pop(judgement.key, None)

    def failed(self, pair: Pair, error: CallError) -> None:
        """Write down why nobody could be asked about a pair; it stays open."""
        query, document = pair.key
        fault = {"kind": type(error).__name__, "message": str(error)}
        self._append(
            pair.digest, f"{query} {document}", {"query": query, "document": document, "error": fault}
        )

    def _append(self, digest: str, identifier: str, fields: dict[str, Any]) -> None:
        head = {"schema": SCHEMA, "id": identifier, "digest": digest, "run": self._results.run}
        self._results.append(digest, {**head, **fields}, final=True)

    def _read(self, fields: dict[str, Any], number: int) -> None:
        if "error" in fields:
            return
        try:
            judgement = Judgement.of(fields)
        except (KeyError, TypeError, ValueError):
            raise ConfigError(
                f"{self.path}, line {number}, is no judgement; nothing was changed: name another file"
            ) from None
        if _UNDONE in judgement.flags:
            self._known.pop(judgement.key, None)
            return
        self._same(judgement.judge)
        self._keep(judgement)

    def _keep(self, judgement: Judgement) -> None:
        self._known.pop(judgement.key, None)  # so that the last one said is the last one told
        self._known[judgement.key] = judgement

    def _same(self, judge: str) -> None:
        if self._judge is None:
            self._judge = judge
        elif judge != self._judge:
            raise ConfigError(
                f"{self.path} is for judgements of one judge, and '{judge}' and '{self._judge}' are two; "
                "name another file, or ask the same one"
            )
