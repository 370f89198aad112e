"""The trace file: everything that happened for a query, one JSON object on a line."""

from .event_values import UnknownEvent, event_from_dict, event_to_dict
from .reading import StoredTraces, TraceLine
from .story import RoundStory, StageStory, story_of
from .traced import TracedHit, TracedQuery
from .writing import TraceFile

__all__ = [
    "RoundStory",
    "StageStory",
    "StoredTraces",
    "TraceFile",
    "TraceLine",
    "TracedHit",
    "TracedQuery",
    "UnknownEvent",
    "event_from_dict",
    "event_to_dict",
    "story_of",
]
