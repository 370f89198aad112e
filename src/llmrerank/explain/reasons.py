"""From where a document stood to why: one sentence for everything that decided. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmrerank.types import ScoreKind

from .account import Meeting, Reason, ReasonKind, Rival, Stand, Terms

__all__ = ["reasons_of", "score_in_words"]

_KINDS: dict[ScoreKind, str] = {
    "probability": "probability",
    "logit": "logit",
    "cosine": "cosine",
    "bm25": "BM25",
    "utility": "utility",
    "grade": "grade",
    "rrf": "sum of reciprocal ranks",
    "none": "score",
}
_FLAGS = {
    "missing": "it left documents out",
    "duplicate": "it named a document twice",
    "out_of_range": "it named what was not offered",
    "unparsed": "nothing could be read in it",
    "truncated": "it reached its length limit",
    "refused": "the model declined",
    "in_words": "its first token said no grade, so words were asked for",
}
_NAMED = 3
"""Other documents that a sentence names at most."""
_FOUND = 3
"""Things found in a suspicious document that are told at most."""
_WORDS = 12
"""Words of the query that a sentence names at most."""


def reasons_of(stands: Sequence[Stand], terms: Terms | None) -> tuple[Reason, ...]:
    """What decided, stage after stage."""
    found: list[Reason] = []
    for stand in stands:
        if stand.role == "part":
            continue
        rules = _retrieved(stand, terms) if stand.role == "first" else _judged(stand)
        found += rules
    return tuple(found)


def score_in_words(score: float | None, kind: ScoreKind) -> str:
    """A score with what it means: `probability 0.83`; empty where there is none."""
    return "" if score is None else f"{_KINDS[kind]} {_number(score)}"


def _retrieved(stand: Stand, terms: Terms | None) -> Iterator[Reason]:
    def reason(kind: ReasonKind, sentence: str) -> Reason:
        return Reason(kind=kind, stage=stand.stage, sentence=sentence)

    score = _aside(score_in_words(stand.score, stand.kind))
    if stand.passed:
        of = f" of the {stand.cut} it passes on" if stand.cut else ""
        yield reason("found", f"{stand.stage} put it at rank {stand.rank}{of}{score}")
        return
    if stand.rank is None:
        yield reason("missed", f"{stand.stage} did not find it; it found {stand.entered} documents in all")
    else:
        bar = stand.last
        than = f"; the last to pass had {_number(bar.score)}" if bar and bar.score is not None else ""
        yield reason(
            "missed",
            f"{stand.stage} passes on {stand.cut} documents, and it stood at rank {stand.rank}{score}{than}",
        )
    if terms is not None:
        yield reason("missed", _words(terms))


def _words(terms: Terms) -> str:
    if not terms.has:
        return f"no word of the query stands in it: it lacks {_list(terms.lacks, _WORDS)}"
    lacks = f", and lacks {_list(terms.lacks, _WORDS)}" if terms.lacks else ""
    return f"of the query's words it has {_list(terms.has, _WORDS)}{lacks}"


def _judged(stand: Stand) -> Iterator[Reason]:
    def reason(kind: ReasonKind, sentence: str) -> Reason:
        return Reason(kind=kind, stage=stand.stage, sentence=sentence)

    stage, before, rank = stand.stage, stand.before or 0, stand.rank or 0
    score = _aside(score_in_words(stand.score, stand.kind))
    if not stand.meetings and not stand.trouble:
        yield reason("unjudged", f"{stage} asked about it in no call; it stands where the schedule left it")
    for sentence in dict.fromkeys(stand.trouble):
        flags = sentence.split(", ")
        why = _told(flags) if set(flags) <= set(_FLAGS) else sentence
        yield reason("degraded", f"{stage} got no evidence on it: {why}")
    if rank < before:
        past = _rivals(stand.overtook, before - rank)
        yield reason("rose", f"{stage} raised it from {before} to {rank}{score}, past {past}")
    elif rank > before:
        behind = _rivals(stand.overtaken, rank - before)
        yield reason("fell", f"{stage} put it down from {before} to {rank}{score}, behind {behind}")
    else:
        yield reason("kept", f"{stage} left it at rank {rank}{score}")
    for sentence in stand.suspicions[:_FOUND]:
        yield reason("suspicious", f"it may try to influence the judge; {sentence}")
    for sentence in stand.guarded:
        yield reason("guarded", f"by {stage} it {sentence}")
    met = (pair for meeting in stand.meetings for pair in _met(stage, meeting))
    for kind, sentence in dict.fromkeys(met):
        yield reason(kind, sentence)
    if stand.limit is not None:
        yield reason("limit", f"{stage} was stopped early: {stand.limit}")
    if not stand.passed:
        yield reason("cut", f"{stage} passes on {stand.cut} documents, and it stood at rank {rank}")


def _met(stage: str, meeting: Meeting) -> Iterator[tuple[ReasonKind, str]]:
    """What a single question adds."""
    sight = meeting.sight
    if sight is not None and sight.left_out:
        yield "truncated", f"{stage} did not see all of it: about {sight.left_out} tokens were left out"
    mended = [flag for flag in meeting.flags if flag != "bounded"]
    if meeting.given is None:
        yield "repaired", f"an answer of {stage} about it could not be used: {_told(mended)}"
    elif not meeting.named:
        yield "unnamed", f"an answer of {stage} did not name it, and put it behind all that it named"
    elif mended:
        yield "repaired", f"an answer of {stage} about it had to be mended: {_told(mended)}"
    if meeting.cached:
        yield "cached", f"the answer of {stage} about it was kept from before; nothing was sent"


def _told(flags: Sequence[str]) -> str:
    """What was wrong with an answer, in words."""
    return " and ".join(_FLAGS.get(flag, flag) for flag in flags) or "it said nothing"


def _rivals(rivals: Sequence[Rival], least: int) -> str:
    """Other documents by name, and how many there are."""
    named = ", ".join(
        str(one.id) if one.score is None else f"{one.id} ({_number(one.score)})" for one in rivals[:_NAMED]
    )
    count = max(len(rivals), least)
    if count <= len(rivals[:_NAMED]):
        return named
    return f"{count} documents such as {named}" if named else f"{count} documents"


def _list(names: Sequence[str], most: int) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _aside(text: str) -> str:
    return f" ({text})" if text else ""


def _number(score: float) -> str:
    return f"{score:.2e}" if 0 < abs(score) < 0.005 else f"{score:.2f}"
