"""The books of a query as a story: its stages in order, and the rounds of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmrerank.trace import Called, Event, Exhausted, Retried, RoundDone, Routed, Seen, StageDone

from .event_values import UnknownEvent
from .traced import TracedQuery

__all__ = ["RoundStory", "StageStory", "story_of"]


@dataclass(slots=True, kw_only=True)
class RoundStory:
    """One round.

    Attributes:
        number: From 1 within the stage.
        events: What happened in it, in order; the events of a slate follow its calls.
        done: Its end; None where it has none.
        seen: Calls with their texts, in order; empty where texts were not kept.
    """

    number: int
    events: list[Event] = field(default_factory=list)
    done: RoundDone | None = None
    seen: list[Seen] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Wall-clock; 0 where it has no end."""
        return self.done.seconds if self.done else 0.0

    @property
    def calls(self) -> list[tuple[float, Called]]:
        """The calls in order, each with the seconds of the round before which it cannot have been sent.

        That is 0 but for a question that was put again: it waited for the answer before it.
        """
        found: list[tuple[float, Called]] = []
        free, resent, again = 0.0, False, False
        for event in self.events:
            if isinstance(event, Called):
                start = free if again else 0.0
                free = start + event.seconds
                # What the transport repeated is one call, and the next event says so.
                resent, again = event.attempts > 1 and not event.cached, False
                found.append((start, event))
            elif isinstance(event, Retried):
                resent, again = False, not resent
        return found


@dataclass(slots=True, kw_only=True)
class StageStory:
    """One stage.

    Attributes:
        name: As it is written.
        rounds: In order; none for a first stage.
        notes: What belongs to no round: warnings, limits, routes, kinds that this version does not know.
        done: Its end; None where it has none.
        names: Ids by the position at which the stage was shown them, as far as they are known.
    """

    name: str = ""
    rounds: list[RoundStory] = field(default_factory=list)
    notes: list[Event | UnknownEvent] = field(default_factory=list)
    done: StageDone | None = None
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall-clock; where the stage has no end, that of its rounds."""
        return self.done.seconds if self.done else sum(one.seconds for one in self.rounds)


def story_of(traced: TracedQuery) -> list[StageStory]:
    """The stages of a query in order, with every event and every text at its place."""
    stages = _stages(traced.events)
    for place, stage in enumerate(stages):
        stage.names = _names(traced, stages, place)
    _put_texts(stages, traced.seen)
    return stages


def _stages(events: Sequence[Event | UnknownEvent]) -> list[StageStory]:
    stages: list[StageStory] = []
    stage = StageStory()
    for event in events:
        if isinstance(event, StageDone):
            stage.name, stage.done = event.stage, event
            stages.append(stage)
            stage = StageStory()
            continue
        if stages and not (stage.rounds or stage.notes) and _is_of_route(event, stages[-1].notes):
            # Decided by what the stage before found, and there may be no other after it.
            stages[-1].notes.append(event)
            continue
        if not isinstance(event, UnknownEvent):
            stage.name = getattr(event, "stage", "") or stage.name
        number = getattr(event, "round", None)
        if number is None or isinstance(event, UnknownEvent):
            stage.notes.append(event)
            continue
        if not stage.rounds or stage.rounds[-1].number != number:
            stage.rounds.append(RoundStory(number=number))
        if isinstance(event, RoundDone):
            stage.rounds[-1].done = event
        else:
            stage.rounds[-1].events.append(event)
    return [*stages, stage] if stage.rounds or stage.notes else stages


def _is_of_route(event: Event | UnknownEvent, notes: Sequence[Event | UnknownEvent]) -> bool:
    """Whether an event is a decision, or the limit that changed the one just noted."""
    if isinstance(event, Exhausted):
        return bool(notes) and isinstance(notes[-1], Routed) and notes[-1].stage == event.stage
    return isinstance(event, Routed)


def _names(traced: TracedQuery, stages: Sequence[StageStory], place: int) -> dict[int, str]:
    """Ids by position in the input of a stage; documents that were cut off later are not known any more."""
    names = {}
    retrieved = bool(stages) and stages[0].done is not None and stages[0].done.documents_in == 0
    for hit in traced.hits:
        # Where the first stage retrieves, the input of the whole call is what it found.
        rank = hit.previous_rank if place == (1 if retrieved else 0) else None
        if place and len(hit.places) >= place:
            rank = hit.places[place - 1]
        if rank is not None:
            names[rank - 1] = str(hit.id)
    return names


def _put_texts(stages: Sequence[StageStory], seen: Sequence[Seen]) -> None:
    """Give each text to its round: stages of one name follow each other, so texts are used up in order.

    A call that another slate of the round had sent already is in no event; it stands with the one before it.
    """
    waiting = [
        (stage, one, [event.slate for event in one.events if isinstance(event, Called)])
        for stage in stages
        for one in stage.rounds
    ]
    last: RoundStory | None = None
    for text in seen:
        alike = [(one, open_) for stage, one, open_ in waiting if _same(stage, one, text)]
        called = next(((one, open_) for one, open_ in alike if text.slate in open_), None)
        if called is not None:
            last = called[0]
            called[1].remove(text.slate)
        elif last is None or all(one is not last for one, _ in alike):
            last = alike[0][0] if alike else last
        if last is not None:
            last.seen.append(text)


def _same(stage: StageStory, one: RoundStory, text: Seen) -> bool:
    return stage.name == text.stage and one.number == text.round
