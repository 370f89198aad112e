"""Every call and its reply, one JSON object on a line: for people to read and `replay` to answer from."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmrerank.calls import (
    Call,
    ChatCall,
    DecisionCall,
    DecisionQuestion,
    ListCall,
    Message,
    PairCall,
    Reply,
)
from llmrerank.errors import CallError, ConfigError, TransientError
from llmrerank.hidden import without_secrets

from .client import Client, Identity

__all__ = ["Recording", "call_from_dict", "call_to_dict"]

_SCHEMA = 1


class Recording:
    """A client that writes down what it carries: replies, and failures of the provider.

    Lines are appended whole, by one write each, so several processes may record into one file. The file can
    be read by its owner alone, since it holds the documents; it never holds a key.
    """

    def __init__(self, inner: Client, path: str | Path) -> None:
        self._inner = inner
        self.path = Path(path).expanduser()
        self._file: int | None = None
        self._lock = threading.Lock()

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._inner.identity

    async def send(self, call: Call) -> Reply:
        """Carry the call and write down what came of it.

        Raises:
            CallError: As the client within.
            ConfigError: The file cannot be written.
        """
        try:
            reply = await self._inner.send(call)
        except CallError as error:
            self._write(call, {"error": _error_to_dict(error)})
            raise
        self._write(
            call,
            {
                "reply": {
                    **reply.to_dict(),
                    "attempts": reply.attempts,
                    "cached": reply.cached,
                    "notes": list(reply.notes),
                }
            },
        )
        return reply

    def knows(self, call: Call) -> bool:
        """Whether the client within would answer for free."""
        return self._inner.knows(call)

    async def aclose(self) -> None:
        """Close the file, which is opened again when it is needed, and what the client within holds."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                os.close(file)
        await self._inner.aclose()

    def _write(self, call: Call, outcome: Mapping[str, Any]) -> None:
        identity = self._inner.identity
        extra = identity.extra and json.dumps(without_secrets(json.loads(identity.extra)), sort_keys=True)
        who = {"model": identity.model, "endpoint": identity.endpoint, "extra": extra}
        text = json.dumps(
            {"schema": _SCHEMA, **who, "call": call_to_dict(call), **outcome}, ensure_ascii=False
        )
        # A lone surrogate, which JSON may carry and UTF-8 may not, becomes its escape.
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        try:
            with self._lock:
                if self._file is None:
                    self._file = _open(self.path)
                os.write(self._file, line)
        except OSError as error:
            raise ConfigError(f"cannot record to {self.path}: {error.strerror}") from error


def call_to_dict(call: Call) -> dict[str, Any]:
    """JSON values of what was asked; the fence keeps its place holder, so that the key is the same again."""
    match call:
        case PairCall():
            return {"kind": "pair", "query": call.query, "document": call.document}
        case ListCall():
            return {
                "kind": "list",
                "query": call.query,
                "documents": list(call.documents),
                "instruction": call.instruction,
            }
        case DecisionCall():
            asked = [
                {"name": q.name, "kind": q.kind, "text": q.text, "levels": list(q.levels)}
                for q in call.questions
            ]
            return {"kind": "decision", "state": call.state, "questions": asked}
    return {
        "kind": "chat",
        "messages": [{"role": m.role, "content": m.content} for m in call.messages],
        "max_tokens": call.max_tokens,
        "logprobs": call.logprobs,
        "schema": call.schema,
        "seed": call.seed,
    }


def call_from_dict(values: Mapping[str, Any]) -> Call:
    """Read what `call_to_dict` wrote.

    Raises:
        KeyError, TypeError: The values are of another shape.
    """
    if values["kind"] == "pair":
        return PairCall(query=values["query"], document=values["document"])
    if values["kind"] == "list":
        return ListCall(
            query=values["query"], documents=tuple(values["documents"]), instruction=values["instruction"]
        )
    if values["kind"] == "decision":
        asked = [DecisionQuestion(**{**q, "levels": tuple(q["levels"])}) for q in values["questions"]]
        return DecisionCall(state=values["state"], questions=tuple(asked))
    return ChatCall(
        messages=tuple(Message(m["role"], m["content"]) for m in values["messages"]),
        max_tokens=values["max_tokens"],
        logprobs=values["logprobs"],
        schema=values["schema"],
        seed=values["seed"],
    )


def _error_to_dict(error: CallError) -> dict[str, Any]:
    return {
        "kind": next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == CallError.__module__),
        "message": str(error),
        "status": error.status,
        "retry_after": error.retry_after if isinstance(error, TransientError) else None,
    }


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    if os.fstat(file).st_size and not os.pread(file, 1, 0).startswith(b"{"):
        os.close(file)
        raise ConfigError(f"{path} is no record of llmrerank; nothing was changed: name another file")
    # A process that was killed may have left half a line: what follows must not be glued to it.
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")
    return file
