"""The course of one call: which of its two forms is sent, with how much room, and what it has cost so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from llmrerank.calls import ChatCall, Reply
from llmrerank.limits import NO_FURTHER
from llmrerank.types import Usage

from .capabilities import Knowledge

__all__ = ["Course"]

_ROOMS = (0, 32, 2048, 8192)  # tokens added to an answer's limit for what comes before it
_OPENED = re.compile(r"\s*(?:<(?:think|thinking|thought|reasoning)>|\[THINK\])", re.IGNORECASE)
_CLOSED = re.compile(r"</(?:think|thinking|thought|reasoning)>|\[/THINK\]", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Course:
    """One call under way.

    Attributes:
        call: What was asked.
        knowledge: What is remembered of the endpoint; learns from every answer.
        turned: The call's `otherwise` is sent in its place.
        more: Room that this call was found to need, in tokens.
        ceiling: Most room that fits the model beside this call.
        spent: Usage of answers that were not enough.
        answered: Answers of the endpoint, the last one included.
        notes: What was done about them.
    """

    call: ChatCall
    knowledge: Knowledge
    turned: bool = False
    more: int = 0
    ceiling: int = _ROOMS[-1]
    spent: Usage = field(default_factory=Usage)
    answered: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def question(self) -> ChatCall:
        """The form of the call that is sent."""
        return self.call.otherwise if self.turned and self.call.otherwise is not None else self.call

    @property
    def room(self) -> int:
        """Tokens that are added for reasoning."""
        return min(max(self.knowledge.room, self.more), self.ceiling)

    def turn(self) -> bool:
        """Go over to the form without log-probabilities; False where there is none, or it was sent."""
        if self.turned or not self.call.logprobs or self.call.otherwise is None:
            return False
        self.turned = True
        return True

    def lower_room(self) -> bool:
        """Leave less room, for this call alone; False where there is none to take away."""
        room = self.room
        self.ceiling = max((step for step in _ROOMS if step < room), default=room)
        return self.ceiling < room

    def wants_more(self, reply: Reply, question: ChatCall, room: int) -> bool:
        """Learn from an answer to what was sent, and say whether to send again: with more room, or turned."""
        self._observe(reply, question)
        if _broke_off(reply):
            higher = self._more_room(reply, room)
            if higher is None:
                self._settle_room(helped=False)
                return False
            self.more = higher
            self.notes.append(f"asked again with {higher} tokens of room: it was cut off before the answer")
        elif reply.text and question.logprobs and not reply.choices and self.turn():
            self.notes.append("asked again for text: there were no log-probabilities of the answer")
        else:
            self._settle_room(helped=True)
            return False
        self.spent += reply.usage
        self.answered += 1
        return True

    def _more_room(self, reply: Reply, room: int) -> int | None:
        """The next larger room to try, or None.

        Without a sign of reasoning a little comes first: a blank token before the answer needs no more, and a
        model that repeats line breaks would fill any room.
        """
        known = self.knowledge
        if known.reasons:
            least, most = _ROOMS[2], _ROOMS[-1]
        elif known.room_in_vain:
            return None
        else:
            least, most = _ROOMS[1], _ROOMS[1] if reply.text else _ROOMS[2]
        most = min(most, self.ceiling)
        return next((step for step in _ROOMS if step > room and least <= step <= most), None)

    def conclude(self, reply: Reply, *, requests: int) -> Reply:
        """The reply with the books of the whole call."""
        return replace(
            reply,
            choices=reply.choices or None,
            usage=self.spent + reply.usage,
            attempts=requests,
            answered=self.answered,
            answers="otherwise" if self.turned else "call",
            notes=(*self.knowledge.notes.values(), *self.notes),
        )

    def stop(self, reply: Reply, question: ChatCall, *, requests: int) -> Reply:
        """An answer that was not enough and must do: a limit allows no further request."""
        return replace(
            reply,
            choices=reply.choices or None,
            usage=self.spent,
            attempts=requests,
            answered=self.answered - 1,
            answers="otherwise" if question is self.call.otherwise else "call",
            notes=(*self.knowledge.notes.values(), NO_FURTHER),
        )

    def _settle_room(self, *, helped: bool) -> None:
        if not self.more:
            return
        if helped or self.knowledge.reasons:
            self._give_room(self.more)
        else:
            self.knowledge.room_in_vain = True

    def _give_room(self, room: int) -> None:
        if room > self.knowledge.room:
            self.knowledge.room = room
            self.knowledge.notes["room"] = f"{room} tokens of room added for what comes before the answer"

    def _observe(self, reply: Reply, question: ChatCall) -> None:
        """Learn whether the model reasons, and whether log-probabilities come with its answers."""
        known, text = self.knowledge, reply.text or ""
        if not known.reasons and (
            reply.reasoning or reply.usage.reasoning or _OPENED.match(text) or _CLOSED.search(text)
        ):
            known.reasons = True
            self._give_room(_ROOMS[2])
        if not question.logprobs or known.logprobs is not None:
            return
        if reply.choices:
            known.logprobs = True
        elif reply.choices is None and text.strip() and not _broke_off(reply):
            known.logprobs = False
            known.notes["logprobs"] = "this endpoint gives no log-probabilities"


def _broke_off(reply: Reply) -> bool:
    """Whether the limit was reached before the answer began: while reasoning, or with nothing said."""
    text = reply.text or ""
    if reply.finish_reason != "length":
        return False
    return not text.strip() or (_OPENED.match(text) is not None and _CLOSED.search(text) is None)
