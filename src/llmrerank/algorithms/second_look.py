"""Documents shown once more: which slates, and how much of what was said they confirm."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmrerank.rounds import Slate, Verdict

__all__ = ["Finding", "Look", "again", "alone", "found", "looks_at_most"]

MOST = 20
"""Documents of a slate at most, however many the first judgement saw at once."""
COMPANY = 10
"""The same where a slate is there for one document only."""
RIVALS = 4
"""Documents that each one meets at least, where so many are there to be met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A slate, and whom each of those that it is about should stand before."""

    slate: Slate
    rivals: Mapping[int, Slate]


@dataclass(slots=True)
class Finding:
    """What became of one document: rivals that were shown with it, and how many it did not stand before.

    Of an answer that failed all are lost, and `silent` counts them besides; so is a tie, which `tied` counts.
    """

    met: int = 0
    lost: int = 0
    tied: int = 0
    silent: int = 0


def again(passing: Mapping[int, Slate], *, most: int, one_wins: bool, seed: int) -> list[Look]:
    """Slates that show documents with some of those that they would pass.

    Args:
        passing: By document, those that it would pass, best first; one or more.
        most: Documents of a slate, 2 or more.
        one_wins: The judge names only the best, so that a slate can be about one document alone.
        seed: Of the order within a slate.
    """
    size, rows = _shape(most, one_wins)
    asked = list(passing)
    made = []
    for start in range(0, len(asked), size):
        group = asked[start : start + size]
        room = most - len(group)
        each = max(1, room * rows // len(group))
        nominated = (_spread(passing[one], each) for one in group)
        rivals = [one for one in dict.fromkeys(p for few in nominated for p in few) if one not in group]
        for row in range(max(1, min(rows, -(-len(rivals) // room)))):
            shown = (*group, *rivals[row * room : (row + 1) * room])
            met = {one: tuple(p for p in shown if p in passing[one]) for one in group}
            made.append(Look(slate=_shuffled(shown, seed), rivals=met))
    return made


def looks_at_most(count: int, *, most: int, one_wins: bool) -> int:
    """Slates that `again` makes for so many documents, at most."""
    size, rows = _shape(most, one_wins)
    return -(-count // size) * rows


def alone(one: int, behind: Sequence[int], *, most: int, seed: int) -> list[Look]:
    """Slates about one document, with some of those that stand behind the place where it came in."""
    most = min(most, COMPANY)
    rivals = _spread(behind, (most - 1) * _shape(most, one_wins=True)[1])
    few = (tuple(rivals[start : start + most - 1]) for start in range(0, len(rivals), most - 1))
    return [Look(slate=_shuffled((one, *shown), seed), rivals={one: shown}) for shown in few]


def found(looks: Sequence[Look], verdicts: Sequence[Verdict]) -> dict[int, Finding]:
    """What the verdicts say of each document that the slates are about."""
    findings: dict[int, Finding] = {}
    for look, verdict in zip(looks, verdicts, strict=True):
        tier = {position: level for level, tier in enumerate(verdict.tiers) for position in tier}
        for one, rivals in look.rivals.items():
            finding = findings.setdefault(one, Finding())
            finding.met += len(rivals)
            if verdict.degraded:
                finding.lost += len(rivals)
                finding.silent += len(rivals)
                continue
            finding.lost += sum(tier[rival] <= tier[one] for rival in rivals)
            finding.tied += sum(tier[rival] == tier[one] for rival in rivals)
    return findings


def _shape(most: int, one_wins: bool) -> tuple[int, int]:
    """Documents that share a slate, and how many slates they get, so that each meets enough others."""
    size = 1 if one_wins else max(1, most // 2)
    return size, -(-RIVALS // (most - size)) if most - size < RIVALS else 1


def _spread(members: Sequence[int], count: int) -> list[int]:
    """So many of them, each from the middle of an equal stretch; all, where there are no more."""
    if len(members) <= count:
        return list(members)
    return [members[(2 * index + 1) * len(members) // (2 * count)] for index in range(count)]


def _shuffled(slate: Slate, seed: int) -> Slate:
    shown = list(slate)
    random.Random(f"{seed}:{slate}").shuffle(shown)
    return tuple(shown)
