"""Why documents stand where they do, as values: stages, meetings, what was seen, reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llmrerank.trace import Trace
from llmrerank.types import ScoreKind

__all__ = [
    "Account",
    "Explanation",
    "Identifier",
    "Meeting",
    "Reason",
    "ReasonKind",
    "Rival",
    "Sight",
    "Stand",
    "Terms",
]

Identifier = str | int

ReasonKind = Literal[
    "missed",
    "found",
    "cut",
    "rose",
    "fell",
    "kept",
    "unjudged",
    "suspicious",
    "guarded",
    "truncated",
    "unnamed",
    "repaired",
    "degraded",
    "cached",
    "limit",
]
"""What kind of thing decided: `missed` by the first stage, `found` by it, `cut` off, and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Words of the query that a lexical stage looks for, as the query has them; stop words are left out.

    Attributes:
        has: Those that the document has, in some form of the word.
        lacks: The others.
    """

    has: tuple[str, ...]
    lacks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"has": list(self.has), "lacks": list(self.lacks)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another document, the rank that a stage gave it, and its score there."""

    id: Identifier
    rank: int
    score: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"id": self.id, "rank": self.rank, "score": self.score}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a model was shown of a document.

    Attributes:
        text: The passage as it was rendered for the model; `…` between blanks stands for what was left out
            in the middle. Of a document read in chunks, the chunk that scored best.
        left_out: Tokens of its text (estimated, for local models counted) that were not shown or not read.
        chunks: In how many pieces it was read; 1: as a whole.
    """

    text: str
    left_out: int = 0
    chunks: int = 1

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"text": self.text, "left_out": self.left_out, "chunks": self.chunks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One question in which the document was shown, and what was answered.

    Attributes:
        round: Of the stage, from 1.
        attempt: 1, or 2 where the slate was asked about again.
        shown: Ids in the order in which they were shown.
        place: Of the document among them, from 1.
        tiers: Ids as the answer orders them, best tier first; empty where it could not be used.
        given: Rank of the document in the answer, from 1; None where it could not be used.
        named: Whether the answer says anything of this document.
        score: What the answer gives it, or None.
        sight: What was shown of it; None where that cannot be told.
        raw: The answer as it came; None where it is only a number.
        flags: What had to be mended.
        cached: The answer was kept from before.
    """

    round: int
    attempt: int
    shown: tuple[Identifier, ...]
    place: int
    tiers: tuple[tuple[Identifier, ...], ...]
    given: int | None
    named: bool
    score: float | None
    sight: Sight | None
    raw: str | None
    flags: tuple[str, ...]
    cached: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "round": self.round,
            "attempt": self.attempt,
            "shown": list(self.shown),
            "place": self.place,
            "answer": [list(tier) for tier in self.tiers],
            "given": self.given,
            "named": self.named,
            "score": self.score,
            "seen": self.sight.to_dict() if self.sight else None,
            "raw": self.raw,
            "flags": list(self.flags),
            "cached": self.cached,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where one stage put the document.

    Attributes:
        stage: As it is written.
        role: `first`: it retrieves, or ranks what is given; `part`: one of the stages that the first one
            joins; `judge`: it reranks.
        entered: Documents that it ranked; of a first stage, those that it found.
        before: Rank among those that entered; None for what retrieves.
        rank: Rank that it gave; None where it did not find the document.
        score: What it gave; None where it gives none.
        kind: What the score means.
        cut: How many it passes on; None: all.
        passed: Whether the document went on from here.
        last: The last document that went on, where this one did not.
        overtook: Documents that stood before it and stand behind it now, the best of them first.
        overtaken: Documents that stood behind it and stand before it now, the best first.
        meetings: Questions in which it was shown, in order.
        trouble: Why it got no evidence here, each reason once.
        limit: The limit that ended the stage early, or None.
        suspicions: What a guard found in it that may be meant to influence the judge, a sentence each.
        guarded: What the guard did about it, a sentence each, that go on from its name.
    """

    stage: str
    role: Literal["first", "part", "judge"]
    entered: int
    before: int | None
    rank: int | None
    score: float | None
    kind: ScoreKind
    cut: int | None
    passed: bool
    last: Rival | None = None
    overtook: tuple[Rival, ...] = ()
    overtaken: tuple[Rival, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    trouble: tuple[str, ...] = ()
    limit: str | None = None
    suspicions: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "stage": self.stage,
            "role": self.role,
            "entered": self.entered,
            "before": self.before,
            "rank": self.rank,
            "score": self.score,
            "score_kind": self.kind,
            "cut": self.cut,
            "passed": self.passed,
            "last_passed": self.last.to_dict() if self.last else None,
            "overtook": [rival.to_dict() for rival in self.overtook],
            "overtaken_by": [rival.to_dict() for rival in self.overtaken],
            "meetings": [meeting.to_dict() for meeting in self.meetings],
            "trouble": list(self.trouble),
            "limit": self.limit,
            "suspicions": list(self.suspicions),
            "guarded": list(self.guarded),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that decided where the document stands: what kind of thing, at which stage, in words."""

    kind: ReasonKind
    stage: str
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"kind": self.kind, "stage": self.stage, "sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Why one document stands where it does.

    Attributes:
        id: The document.
        title: Its title.
        rank: In the result; None where it is not there.
        of: Documents in the result.
        stands: Where each stage put it, in the order of the stages, until it was left behind.
        reasons: What decided, in the same order.
        terms: Which words of the query it has, where the first stage goes by words; else None.
    """

    id: Identifier
    title: str
    rank: int | None
    of: int
    stands: tuple[Stand, ...]
    reasons: tuple[Reason, ...]
    terms: Terms | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "id": self.id,
            "title": self.title,
            "rank": self.rank,
            "of": self.of,
            "terms": self.terms.to_dict() if self.terms else None,
            "stages": [stand.to_dict() for stand in self.stands],
            "reasons": [reason.to_dict() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why some documents stand where they do in one ranking.

    Attributes:
        query: What was asked.
        strategy: The pipeline, in the one notation.
        accounts: In the order in which they were asked for.
        trace: How the ranking came about.
    """

    query: str
    strategy: str
    accounts: tuple[Account, ...]
    trace: Trace

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "query": self.query,
            "strategy": self.strategy,
            "documents": [account.to_dict() for account in self.accounts],
            "trace": self.trace.to_dict(),
        }
