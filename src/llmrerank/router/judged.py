"""What a router is worth on queries that it was not fitted to, beside every fixed arm and an oracle."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmrerank.evaluate.resampling import bounds, chances

from .curves import Curve, area, curve_of, line_at, mixture
from .fitting import WORTH, fit
from .learned import Learned
from .outcomes import Outcomes
from .rules import Rules

__all__ = ["FOLDS", "Gap", "RouterFigures", "Standing", "judge"]

FOLDS = 10
"""Parts, each decided by a router fitted to the others."""
WORST = 0.1
"""Share of the queries that regret is looked at on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A mean difference over the queries, its 95 % bootstrap interval, and its chance where there is none."""

    mean: float
    low: float
    high: float
    p: float

    def to_dict(self) -> dict[str, float]:
        """JSON values."""
        return {name: round(getattr(self, name), 6) for name in ("mean", "low", "high", "p")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One router, fixed arm or oracle.

    Attributes:
        name: Such as `rules`, `fitted`, `always keep`, `oracle`.
        score: Mean over the queries.
        cost: Mean of a query, in the outcomes' unit.
        shares: Of the queries, by arm.
        regret: How far the worst tenth of the queries stands below the best arm of each, mean.
        versus_cheap: Less the cheap arm.
        versus_line: Less the mixture of fixed arms that costs as much; None for fixed arms.
        area: As `curves.area`; None where there is no curve.
        curve: Score by cost share, or None.
        abstained: Queries that a fitted router left to the rules.
    """

    name: str
    score: float
    cost: float
    shares: tuple[float, ...]
    regret: float
    versus_cheap: Gap
    versus_line: Gap | None = None
    area: float | None = None
    curve: Curve | None = None
    abstained: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "score": round(self.score, 6),
            "cost": round(self.cost, 6),
            "shares": [round(share, 6) for share in self.shares],
            "worst_decile_regret": round(self.regret, 6),
            "versus_cheap": self.versus_cheap.to_dict(),
            "versus_line": None if self.versus_line is None else self.versus_line.to_dict(),
            "normalised_area": None if self.area is None else round(self.area, 6),
            "curve": None if self.curve is None else [list(point) for point in self.curve.points],
            "abstained": self.abstained,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterFigures:
    """Routers over the outcomes of one dataset.

    Attributes:
        outcomes: What was judged on.
        standings: The fixed arms by cost, `rules`, `fitted` (held out) and the oracle.
        line: Mixtures of fixed arms by lot.
        folds: Of the cross-validation.
    """

    outcomes: Outcomes
    standings: tuple[Standing, ...]
    line: Curve
    folds: int = FOLDS

    def __getitem__(self, name: str) -> Standing:
        """One of the standings; KeyError where there is none of that name."""
        for standing in self.standings:
            if standing.name == name:
                return standing
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        outcomes = self.outcomes
        return {
            "dataset": outcomes.dataset,
            "queries": len(outcomes.queries),
            "measure": outcomes.measure,
            "unit": outcomes.unit,
            "arms": list(outcomes.arms),
            "costs": list(outcomes.costs),
            "folds": self.folds,
            "line": [list(point) for point in self.line.points],
            "standings": [standing.to_dict() for standing in self.standings],
        }


def judge(outcomes: Outcomes, *, worth: float = WORTH, seed: int = 0) -> RouterFigures:
    """Judge the rules, and a router fitted in cross-validation, on the same queries.

    Args:
        outcomes: Of enough queries that nine tenths of them can be fitted to.
        worth: As `fit`.
        seed: Of parts, resamples and flips.

    Raises:
        ConfigError, MissingExtra: As `fit`.

    Cost: ten fits, a second or two.
    """
    arms, scores = outcomes.arms, outcomes.scores
    places = range(len(scores))
    worths: list[list[float]] = [[] for _ in places]
    taken = [0] * len(scores)
    abstained = 0
    means = _gains(scores)
    for part in _parts(len(scores), seed):
        rest = [place for place in places if place not in part]
        seen = _gains([scores[place] for place in rest])
        learned = Learned(name="fitted", model=fit(outcomes.of(rest), worth=worth, seed=seed))
        for place in part:
            choice = learned.decide(outcomes.features[place], arms)
            taken[place] = choice.arm
            abstained += bool(choice.abstained)
            gains = learned.model.predicted(learned.model.standardised(outcomes.features[place]))
            # The mean of the others falls where the part's own is high: left in, it would order the parts
            # of a curve the wrong way round. The mean of all orders nothing.
            worths[place] = [one - own + all_ for one, own, all_ in zip(gains, seen, means, strict=True)]
    ruled = [Rules().decide(features, arms) for features in outcomes.features]
    fired = [[sum(part.weight for part in choice.parts)] for choice in ruled]
    # More reasons come first; of as many, one arm dearer is worth as much as the next.
    rule_worths = [[one[0] * share for share in outcomes.shares] for one in fired]
    standings = [
        _standing(outcomes, f"always {arm}", [place] * len(scores), None, seed)
        for place, arm in enumerate(arms)
    ]
    standings.append(_standing(outcomes, "rules", [choice.arm for choice in ruled], rule_worths, seed))
    standings.append(_standing(outcomes, "fitted", taken, worths, seed, abstained=abstained))
    best = [max(range(len(arms)), key=lambda arm: (one[arm], -arm)) for one in scores]
    standings.append(_standing(outcomes, "oracle", best, scores, seed))
    return RouterFigures(
        outcomes=outcomes,
        standings=tuple(standings),
        line=mixture(scores, outcomes.shares),
    )


def _gains(scores: Sequence[Sequence[float]]) -> list[float]:
    """Mean gain of every arm over the cheap one."""
    return [math.fsum(one[arm] - one[0] for one in scores) / len(scores) for arm in range(len(scores[0]))]


def _parts(size: int, seed: int) -> list[list[int]]:
    order = list(range(size))
    random.Random(seed).shuffle(order)
    return [part for fold in range(FOLDS) if (part := order[fold::FOLDS])]


def _standing(
    outcomes: Outcomes,
    name: str,
    taken: Sequence[int],
    worths: Sequence[Sequence[float]] | None,
    seed: int,
    *,
    abstained: int = 0,
) -> Standing:
    scores, shares = outcomes.scores, outcomes.shares
    size = len(scores)
    own = [one[arm] for one, arm in zip(scores, taken, strict=True)]
    regrets = sorted((max(one) - score for one, score in zip(scores, own, strict=True)), reverse=True)
    worst = max(1, round(WORST * size))
    versus_line = found = None
    curve = None if worths is None else curve_of(worths, scores, shares)
    if curve is not None:
        spent = math.fsum(shares[arm] for arm in taken) / size
        (one, part), (other, rest) = line_at(scores, shares, spent)
        lots = [part * query[one] + rest * query[other] for query in scores]
        versus_line = _gap(own, lots, seed)
        found = area(curve, mixture(scores, shares), curve_of(scores, scores, shares))
    return Standing(
        name=name,
        score=math.fsum(own) / size,
        cost=math.fsum(outcomes.costs[arm] for arm in taken) / size,
        shares=tuple(list(taken).count(arm) / size for arm in range(len(outcomes.arms))),
        regret=math.fsum(regrets[:worst]) / worst,
        versus_cheap=_gap(own, [one[0] for one in scores], seed),
        versus_line=versus_line,
        area=found,
        curve=curve,
        abstained=abstained,
    )


def _gap(own: Sequence[float], others: Sequence[float], seed: int) -> Gap:
    import numpy as np

    gaps = (np.asarray(own) - np.asarray(others))[:, None]
    low, high = bounds(gaps, seed=seed)[:, 0].tolist()
    return Gap(mean=float(gaps.mean()), low=low, high=high, p=float(chances(gaps, seed=seed)[0]))
