"""What can happen while a ranking is made: one frozen event each."""

from __future__ import annotations

from dataclasses import dataclass

from .calls import Call, Reply
from .rounds import Slate
from .types import Usage

__all__ = [
    "Called",
    "Degraded",
    "Event",
    "Exhausted",
    "Features",
    "Guarded",
    "Recalled",
    "Repaired",
    "Retried",
    "RoundDone",
    "Routed",
    "Scored",
    "Seen",
    "StageDone",
    "Truncated",
    "Warned",
]

Features = tuple[tuple[str, float | None], ...]
"""What a decision could see: names with values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One model call was answered, by the endpoint or from the cache.

    Attributes:
        stage: The strategy that asked, as written.
        round: Counted from 1 within the stage.
        slate: Pool positions shown.
        model: Name of the model.
        usage: Tokens; kept on cache hits, where they were saved and not paid.
        counted: Whether the provider counted them (else they are estimated).
        seconds: Wall-clock seconds of the successful attempt; 0 from the cache.
        attempts: Times it was sent.
        answered: Times the endpoint answered, and billed, before the answer would do.
        cached: Nothing was sent or paid.
        cost: US dollars, or None where the price is unknown. For a cached call: what was saved.
        notes: What had to be changed for the endpoint.
    """

    stage: str
    round: int
    slate: Slate
    model: str
    usage: Usage
    counted: bool
    seconds: float
    attempts: int
    cached: bool
    cost: float | None
    answered: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A local model scored pairs in one round; `cached` of the `pairs` came from the cache."""

    stage: str
    round: int
    model: str
    pairs: int
    cached: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A call was sent more than once, or a slate was asked about again."""

    stage: str
    round: int
    slate: Slate
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """An answer had to be mended; it was used."""

    stage: str
    round: int
    slate: Slate
    flags: tuple[str, ...]
    raw: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """A slate got no evidence and keeps its order."""

    stage: str
    round: int
    slate: Slate
    reason: str
    raw: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """Tokens of document text were left out of a slate's prompt."""

    stage: str
    round: int
    slate: Slate
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDone:
    """A round ended: how many slates it had and how long it took."""

    stage: str
    round: int
    slates: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDone:
    """A stage ended: documents in and out, wall-clock seconds."""

    stage: str
    documents_in: int
    documents_out: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """A limit ended the work early; the order is the best known until then."""

    stage: str
    limit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A document was looked at by itself: it rose too far for one judgement, or it was kept apart.

    Attributes:
        stage: The strategy, as written.
        document: Its place from 0 in what came in.
        id: Its identifier, as text.
        before: The rank from 1 that it came with: the best of its earlier ones.
        would: The rank that it would have.
        rank: The rank that it was given.
        reason: What was done, in words that go on from its name.
    """

    stage: str
    document: int
    id: str
    before: int
    would: int
    rank: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A router chose a strategy, for a reason.

    Attributes:
        strategy: The arm that was chosen, as written; `keep` where the order stays as it is.
        reason: In words.
        stage: The route, as written.
        features: What the decision could see, by name; None where there was nothing to measure.
    """

    strategy: str
    reason: str
    stage: str = ""
    features: Features = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """All stages that follow were ranked before, and their result was looked up whole.

    The events after it tell how it was made, as if the cache had answered every call; their seconds are 0.

    Attributes:
        stage: What was ranked before: the pipeline, as written.
        tier: Where it was found: `memory`, `file`, `redis`, or `flight`, the same question under way.
        kept: When it was made, in seconds since 1970.
        seconds: What finding it took.
    """

    stage: str
    tier: str
    kept: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something the caller should know that changed no order."""

    stage: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One call with its texts, told to a witness and kept by nobody else.

    Attributes:
        stage: The strategy that asked, as written.
        round: Counted from 1 within the stage.
        slate: Positions in the stage's input, in the order in which they were shown.
        call: What was asked.
        reply: What came back, from the endpoint, a local model or the cache.
    """

    stage: str
    round: int
    slate: Slate
    call: Call
    reply: Reply


Event = (
    Called
    | Scored
    | Retried
    | Repaired
    | Degraded
    | Truncated
    | RoundDone
    | StageDone
    | Exhausted
    | Guarded
    | Routed
    | Recalled
    | Warned
)
