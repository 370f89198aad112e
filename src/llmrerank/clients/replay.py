"""Answers from a recording, in place of any endpoint: the same calls get the same replies, for nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from llmrerank.calls import Call, Reply
from llmrerank.errors import (
    CallError,
    ConfigError,
    ContentFiltered,
    DataError,
    PermanentError,
    TransientError,
)
from llmrerank.jsonl import text_lines

from .client import Identity
from .record import call_from_dict

__all__ = ["Replay"]


@dataclass(slots=True)
class _Tape:
    identity: Identity
    replies: dict[str, Reply | CallError] = field(default_factory=dict)


class Replay:
    """A client that answers calls by their key from a file that `Recording` wrote; read when first used.

    Args:
        path: The recording.
        model: Whose replies; None where the file holds one model alone.
    """

    def __init__(self, path: str | Path, *, model: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self._model = model

    @property
    def identity(self) -> Identity:
        """Who answered when it was recorded.

        Raises:
            DataError: The file cannot be read, or holds nothing of that model.
            ConfigError: The file holds several models and none was chosen.
        """
        return self._tape.identity

    async def send(self, call: Call) -> Reply:
        """The recorded reply, as it came: its time, its attempts and whether the cache gave it.

        Raises:
            CallError: That is what was recorded.
            DataError: The call is not in the file.
        """
        found = self._tape.replies.get(call.key)
        if found is None:
            raise DataError(
                f"{self.path} holds no reply of '{self.identity.model}' to this call: the query, the "
                "documents, the prompt or the options differ from the recording; record again"
            )
        if isinstance(found, CallError):
            raise type(found)(*found.args, call=call, status=found.status)
        return found

    def knows(self, call: Call) -> bool:
        """Whether the file holds a reply."""
        return isinstance(self._tape.replies.get(call.key), Reply)

    async def aclose(self) -> None:
        """Nothing is held open."""

    @cached_property
    def _tape(self) -> _Tape:
        tapes: dict[str, _Tape] = {}
        for line in text_lines(self.path):
            try:
                values = json.loads(line.text)
                identity = Identity(model=values["model"], endpoint=values["endpoint"], extra=values["extra"])
                call = call_from_dict(values["call"])
                outcome = _outcome(values)
            except (ValueError, KeyError, TypeError, IndexError):
                if line.text.strip().startswith('{"schema"') or not line.text.strip():
                    continue  # half a line of a process that was killed
                raise DataError(f"{self.path}, line {line.number}: this is no recorded call") from None
            tapes.setdefault(identity.model, _Tape(identity)).replies[call.key] = outcome
        if not tapes:
            raise DataError(f"{self.path} holds no recorded call")
        if self._model is None and len(tapes) > 1:
            raise ConfigError(f"{self.path} holds {', '.join(sorted(tapes))}; say which with --model")
        model = self._model if self._model is not None else next(iter(tapes))
        if model not in tapes:
            raise DataError(f"{self.path} holds nothing of '{model}', only of {', '.join(sorted(tapes))}")
        return tapes[model]


_ERRORS: dict[str, type[CallError]] = {
    cls.__name__: cls for cls in (ContentFiltered, PermanentError, TransientError)
}


def _outcome(values: dict[str, Any]) -> Reply | CallError:
    if "error" in values:
        error = values["error"]
        return _ERRORS.get(error["kind"], PermanentError)(error["message"], status=error["status"])
    reply = values["reply"]
    return replace(
        Reply.from_dict(reply),
        attempts=int(reply["attempts"]),
        cached=bool(reply["cached"]),
        notes=tuple(reply["notes"]),
    )
