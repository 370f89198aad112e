"""A call with its texts as JSON values, both ways: what was asked, as it was sent, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from llmrerank.calls import Call, ChatCall, DecisionCall, ListCall, Reply
from llmrerank.clients.record import call_from_dict, call_to_dict
from llmrerank.trace import Seen

__all__ = ["seen_from_dict", "seen_to_dict"]


def seen_to_dict(seen: Seen) -> dict[str, Any]:
    """JSON values: `stage`, `round`, `slate`, `asked` and `answered`. It holds texts, and never a key.

    `asked` is what the answer answers: where an endpoint had to be asked in another way, that other way.
    """
    call, reply = _sent(seen), seen.reply
    asked = call_to_dict(call)
    if isinstance(call, ChatCall | DecisionCall) and call.fence:
        asked["fence"] = call.fence
    more = {"attempts": reply.attempts, "answered": reply.answered, "cached": reply.cached}
    return {
        "stage": seen.stage,
        "round": seen.round,
        "slate": list(seen.slate),
        "asked": asked,
        "answered": {**reply.to_dict(), **more, "notes": list(reply.notes)},
    }


def seen_from_dict(values: Mapping[str, Any]) -> Seen:
    """Read what `seen_to_dict` wrote.

    Raises:
        KeyError, TypeError, ValueError: The values are of another shape.
    """
    call = call_from_dict(values["asked"])
    if isinstance(call, ChatCall | DecisionCall):
        call = replace(call, fence=str(values["asked"].get("fence", "")))
    said = values["answered"]
    reply = replace(
        Reply.from_dict(said),
        score=None if said["score"] is None else float(said["score"]),
        attempts=int(said["attempts"]),
        answered=int(said["answered"]),
        cached=bool(said["cached"]),
        notes=tuple(map(str, said["notes"])),
    )
    slate = tuple(int(position) for position in values["slate"])
    if not all(isinstance(text, str) for text in (*_asked(call), *_answered(reply))):
        raise TypeError("what was asked or answered in a call is no text")
    return Seen(stage=str(values["stage"]), round=int(values["round"]), slate=slate, call=call, reply=reply)


def _sent(seen: Seen) -> Call:
    call = seen.call
    if seen.reply.answers == "call":
        return call
    if isinstance(call, ChatCall) and call.otherwise is not None:
        return replace(call.otherwise, fence=call.otherwise.fence or call.fence)
    return replace(call, instruction="") if isinstance(call, ListCall) else call


def _asked(call: Call) -> Iterator[object]:
    """What must be text in a call."""
    match call:
        case ChatCall():
            yield from (part for message in call.messages for part in (message.role, message.content))
        case DecisionCall():
            yield call.state
            yield from (part for one in call.questions for part in (one.name, one.text, *one.levels))
        case ListCall():
            yield from (call.query, call.instruction, *call.documents)
        case _:
            yield from (call.query, call.document)


def _answered(reply: Reply) -> Iterator[object]:
    """What must be text in a reply, where it is there."""
    yield from (text for text in (reply.text, reply.reasoning, reply.finish_reason) if text is not None)
