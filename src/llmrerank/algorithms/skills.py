"""Beliefs about skills from matches of many: the model of TrueSkill without draws.

A document's skill is believed to be Normal(mean, deviation^2). In a match each shows its skill plus
Normal(0, NOISE^2), and every member of a tier has shown more than every member of the next. Expectation
propagation fits a normal belief to what these inequalities leave possible; for two documents it is exact in
one step.

Source: Herbrich, Minka and Graepel 2006 (TrueSkill). That tiers of several stand for ties, whose members say
nothing about each other, is this project's choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from llmrerank.rounds import Verdict

__all__ = ["NOISE", "Belief", "chance_above", "updated"]

NOISE = 25 / 6
"""Standard deviation of one performance, for skills around 25 with a deviation of 25 / 3."""
_CLOSE = 1e-4
_SWEEPS = 30
_FAR = -35.0  # standard deviations behind which the normal tail is taken from its series
_CERTAIN = 1e-12


@dataclass(frozen=True, slots=True)
class Belief:
    """A normal belief: mean, and standard deviation above 0."""

    mean: float
    deviation: float


def chance_above(belief: Belief, border: float) -> float:
    """Probability that a skill is above a border."""
    return 0.5 * math.erfc((border - belief.mean) / (belief.deviation * math.sqrt(2)))


def updated(beliefs: Mapping[int, Belief], verdict: Verdict) -> dict[int, Belief]:
    """The beliefs about the documents of a slate after its verdict.

    Args:
        beliefs: By position, for all of the slate.
        verdict: The outcome; one that is degraded, or ties all, changes nothing.
    """
    before = {position: beliefs[position] for position in verdict.slate}
    if verdict.degraded:
        return before
    shown = {p: _Normal.of(b.mean, b.deviation**2 + NOISE**2) for p, b in before.items()}
    told = _propagated(shown, verdict)
    after = {}
    for position, belief in before.items():
        skill = _Normal.of(belief.mean, belief.deviation**2)
        message = _Normal(
            told[position].precision - shown[position].precision, told[position].pull - shown[position].pull
        )
        if message.precision > _CERTAIN:
            skill = skill.times(_Normal.of(message.mean, message.variance + NOISE**2))
        after[position] = Belief(skill.mean, math.sqrt(skill.variance))
    return after


@dataclass(frozen=True, slots=True)
class _Normal:
    """A normal density up to a factor: precision, and precision times mean."""

    precision: float
    pull: float

    @classmethod
    def of(cls, mean: float, variance: float) -> _Normal:
        return cls(1 / variance, mean / variance)

    @property
    def mean(self) -> float:
        return self.pull / self.precision

    @property
    def variance(self) -> float:
        return 1 / self.precision

    def times(self, other: _Normal) -> _Normal:
        return _Normal(self.precision + other.precision, self.pull + other.pull)

    def without(self, other: _Normal) -> _Normal:
        return _Normal(self.precision - other.precision, self.pull - other.pull)


_NOTHING = _Normal(0.0, 0.0)


def _propagated(shown: Mapping[int, _Normal], verdict: Verdict) -> dict[int, _Normal]:
    """What is believed of the performances, given all inequalities."""
    believed = dict(shown)
    pairs = [(a, b) for upper, lower in pairwise(verdict.tiers) for a in upper for b in lower]
    messages = dict.fromkeys(pairs, (_NOTHING, _NOTHING))
    for sweep in range(_SWEEPS):
        moved = 0.0
        for winner, loser in pairs if sweep % 2 == 0 else reversed(pairs):
            old_up, old_down = messages[winner, loser]
            above, below = believed[winner].without(old_up), believed[loser].without(old_down)
            gap = _truncated(above.mean - below.mean, above.variance + below.variance)
            if gap.precision < _CERTAIN:
                continue
            up = _Normal.of(below.mean + gap.mean, below.variance + gap.variance)
            down = _Normal.of(above.mean - gap.mean, above.variance + gap.variance)
            after = above.times(up), below.times(down)
            moved = max(
                moved,
                abs(after[0].mean - believed[winner].mean),
                abs(after[1].mean - believed[loser].mean),
            )
            believed[winner], believed[loser] = after
            messages[winner, loser] = up, down
        if moved < _CLOSE:
            break
    return believed


def _truncated(mean: float, variance: float) -> _Normal:
    """What knowing that a gap is above 0 adds to the belief that it is Normal(mean, variance)."""
    spread = math.sqrt(variance)
    score = mean / spread
    if score < _FAR:
        rise = -score - 1 / score
    else:
        density = math.exp(-0.5 * score * score) / math.sqrt(2 * math.pi)
        rise = density / (0.5 * math.erfc(-score / math.sqrt(2)))
    shrink = min(rise * (rise + score), 1 - _CERTAIN)
    left = _Normal.of(mean + spread * rise, variance * (1 - shrink))
    return left.without(_Normal.of(mean, variance))
