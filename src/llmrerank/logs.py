"""Logging: the books, told while they are written, through the standard library.

Loggers and what they say:

```
llmrerank.stages   INFO stages and repairs; WARNING degradations, limits, cautions; DEBUG rounds
llmrerank.calls    INFO what an endpoint made us change, once; WARNING retries; DEBUG every call
llmrerank.config   INFO which file is in use; WARNING prices that are old
llmrerank.texts    DEBUG what was sent and answered; never inherits that level, it must be set on purpose
```

Nothing is shown until a program adds a handler. Keys are never logged; queries and documents only by
`llmrerank.texts`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable

from .calls import ChatCall
from .trace import (
    Called,
    Degraded,
    Event,
    Exhausted,
    Guarded,
    Recalled,
    Repaired,
    Retried,
    RoundDone,
    Routed,
    Scored,
    Seen,
    StageDone,
    Truncated,
    Warned,
)

__all__ = ["ROOT", "log_events", "logger", "witness"]

LONGEST = 300
"""Characters of a message: sentences of endpoints may go on and on."""

ROOT = logging.getLogger("llmrerank")
# Without it Python would write warnings to standard error by itself, where nobody asked for them.
ROOT.addHandler(logging.NullHandler())


def logger(name: str) -> logging.Logger:
    """The logger `llmrerank.<name>`."""
    return ROOT.getChild(name)


_STAGES, _CALLS, _TEXTS = logger("stages"), logger("calls"), logger("texts")
if _TEXTS.level == logging.NOTSET:
    _TEXTS.setLevel(logging.INFO)
_told: set[tuple[str, str]] = set()


def log_events(events: Iterable[Event]) -> None:
    """Log what was booked; costs next to nothing where nobody listens."""
    for event in events:
        if isinstance(event, Called):
            _log_notes(event)
        place, level = _place(event)
        if place.isEnabledFor(level):
            place.log(level, "%s", _one_line(_sentence(event)))


def witness(other: Callable[[Seen], None] | None) -> Callable[[Seen], None] | None:
    """A witness that logs texts, where they are asked for, beside another one."""
    if not _TEXTS.isEnabledFor(logging.DEBUG):
        return other

    def see(seen: Seen) -> None:
        _log_texts(seen)
        if other is not None:
            other(seen)

    return see


def _place(event: Event) -> tuple[logging.Logger, int]:
    match event:
        case Called():
            return _CALLS, logging.DEBUG
        case Retried():
            return _CALLS, logging.WARNING
        case Degraded() | Exhausted() | Warned():
            return _STAGES, logging.WARNING
        case StageDone() | Recalled() | Repaired() | Routed() | Guarded():
            return _STAGES, logging.INFO
        case _:
            return _STAGES, logging.DEBUG


def _sentence(event: Event) -> str:
    """An event in words."""
    match event:
        case Called():
            tokens = f"{event.usage.input} + {event.usage.output} tokens"
            took = f"cached, {tokens} saved" if event.cached else f"{event.seconds:.2f} s, {tokens}"
            return f"{event.stage} round {event.round}: {event.model}, {len(event.slate)} documents: {took}"
        case Retried():
            return f"{event.stage} round {event.round}: sent {event.attempts} times: {event.reason}"
        case Repaired():
            flags = ", ".join(event.flags)
            return f"{event.stage} round {event.round}: an answer was repaired ({flags})"
        case Degraded():
            kept = f"{len(event.slate)} documents without evidence"
            return f"{event.stage} round {event.round}: {kept}: {event.reason}"
        case Truncated():
            return f"{event.stage} round {event.round}: {event.tokens} tokens of text were left out"
        case Scored():
            scored = f"{event.pairs} pairs, {event.cached} of them cached"
            return f"{event.stage} round {event.round}: {event.model}: {scored}, {event.seconds:.2f} s"
        case RoundDone():
            return f"{event.stage} round {event.round}: {event.slates} slates in {event.seconds:.2f} s"
        case StageDone():
            passed = f"{event.documents_in} documents in, {event.documents_out} out"
            return f"{event.stage}: {passed}, {event.seconds:.2f} s"
        case Exhausted():
            return f"{event.stage}: stopped early: {event.reason}"
        case Guarded():
            return f"{event.stage}: {event.id} {event.reason}"
        case Routed():
            return f"{event.strategy} was chosen: {event.reason}"
        case Recalled():
            return f"{event.stage}: the whole ranking was looked up ({event.tier}), {event.seconds:.4f} s"
        case Warned():
            return f"{event.stage}: {event.message}"


def _log_notes(event: Called) -> None:
    """What was changed for an endpoint comes with each of its calls; it is told once."""
    for note in event.notes:
        if (event.model, note) not in _told and _CALLS.isEnabledFor(logging.INFO):
            _told.add((event.model, note))
            _CALLS.info("%s", _one_line(f"{event.model}: {note}"))


def _log_texts(seen: Seen) -> None:
    call = seen.call
    asked = (
        [{"role": message.role, "content": message.content} for message in call.fenced()]
        if isinstance(call, ChatCall)
        else dataclasses.asdict(call)
    )
    reply = seen.reply
    said = {"asked": asked, "answered": reply.text, "score": reply.score, "scores": reply.scores}
    _TEXTS.debug("%s round %d: %s", seen.stage, seen.round, json.dumps(said, ensure_ascii=False, default=str))


def _one_line(text: str) -> str:
    """On one line, without characters that move a cursor, and not too long."""
    flat = "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
