"""The plan: the pipeline with the best expected nDCG@10 under a latency and a cost, and why no other one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmrerank.errors import ConfigError
from llmrerank.settings import Settings

from .course import Part, spelled
from .measurements import Measurements
from .optimism import optimism
from .outlook import Glance, Outlook, Prophet
from .shapes import settings_of, shapes

__all__ = ["Plan", "Rejected", "plan", "written"]

WORTH = 0.002
"""Gain in nDCG@10 that is not worth a slower pipeline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A pipeline that was not chosen, at its best setting, and why."""

    outlook: Outlook
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"reason": self.reason, **self.outlook.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        docs: Size of the collection that is planned for.
        latency: Seconds within which 95 of 100 queries must end.
        cost: US dollars that a query may take, or None.
        chosen: The pipeline.
        luck: How much of its expected nDCG@10 is likely due to having been chosen: `optimism`. The lower end
            of its interval is lower by that.
        rejected: The others: each kind of pipeline once, and the chosen one with more candidates.
        weighed: Settings that were looked at.
        measurements: What it is made from.
    """

    docs: int
    latency: float
    cost: float | None
    chosen: Outlook
    luck: float
    rejected: tuple[Rejected, ...]
    weighed: int
    measurements: Measurements

    def to_dict(self) -> dict[str, Any]:
        """JSON values; of the measurements only what they are of."""
        measured = self.measurements
        return {
            "docs": self.docs,
            "latency": self.latency,
            "cost": self.cost,
            "chosen": self.chosen.to_dict(),
            "luck": round(self.luck, 6),
            "rejected": [one.to_dict() for one in self.rejected],
            "weighed": self.weighed,
            "measurements": {
                "dataset": measured.dataset,
                "stand_in": measured.stand_in,
                "documents": measured.documents,
                "queries": len(measured.queries),
                "machine": measured.machine,
                "seconds": round(measured.seconds, 3),
                "sizes": {one.stage: sorted(one.sizes) for one in measured.first},
                "notes": list(measured.notes),
            },
        }


def plan(
    measurements: Measurements,
    *,
    docs: int,
    latency: float,
    cost: float | None = None,
    pipelines: Sequence[str] = (),
    settings: Settings | None = None,
    seed: int = 0,
) -> Plan:
    """Choose how many candidates each stage passes on.

    The same measurements and arguments give the same plan. Of pipelines whose expected nDCG@10 differs by no
    more than `WORTH` the fastest is taken.

    Args:
        measurements: Of `measure`, or loaded.
        docs: Size of the collection, 1 or more.
        latency: Seconds within which 95 of 100 queries must end.
        cost: US dollars that a query may take at most; None: any.
        pipelines: Those to weigh, a cut-off that is written being fixed; none: all that was measured.
        settings: Calls under way at once, and prices.
        seed: Of all draws.

    Raises:
        ConfigError: Nothing keeps within the bounds (the sentence says what the cheapest pipeline needs), or
            a pipeline that cannot be planned with.
    """
    if not latency > 0:
        raise ConfigError(f"latency must be above 0 seconds, got {latency:g}")
    if cost is not None and cost < 0:
        raise ConfigError(f"cost must be 0 US dollars or more, got {cost:g}")
    prophet = Prophet(measurements, docs=docs, settings=settings, seed=seed)
    weighed = shapes(measurements, pipelines)
    for shape in weighed:
        prophet.check(shape)
    kinds = [
        [prophet.glance(parts) for parts in settings_of(shape, prophet.gains, _found(shape[0], measurements))]
        for shape in weighed
    ]
    every = [one for kind in kinds for one in kind]
    if not every:
        raise ConfigError("no number of candidates is left to choose from: the cut-offs leave no room")
    fitting = [one for one in every if _fits(one, latency, cost)]
    if not fitting:
        raise ConfigError(_impossible(every, prophet, docs=docs, latency=latency, cost=cost))
    best = _best(fitting)
    rejected: list[Rejected] = []
    for kind in kinds:
        shown = _shown(kind, best, [one for one in kind if _fits(one, latency, cost)])
        if shown is not None:
            reason = _reason(shown, best, latency=latency, cost=cost)
            rejected.append(Rejected(outlook=prophet.outlook(shown.parts), reason=reason))
    chosen = prophet.outlook(best.parts)
    ease = _ease(fitting)
    luck = optimism(fitting, prophet.gains, lambda worth: _place(worth, ease), seed=seed)
    quality = replace(chosen.quality, low=max(0.0, chosen.quality.low - luck))
    rejected.sort(key=lambda one: -one.outlook.quality.value)
    return Plan(
        docs=docs,
        latency=latency,
        cost=cost,
        chosen=replace(chosen, quality=quality),
        luck=luck,
        rejected=tuple(rejected),
        weighed=len(every),
        measurements=measurements,
    )


def _found(first: Part, measurements: Measurements) -> int:
    """Documents that a first stage found at most."""
    lists = next(one.found for one in measurements.first if one.stage == first.name)
    return max(map(len, lists))


def _shown(kind: Sequence[Glance], best: Glance, fitting: Sequence[Glance]) -> Glance | None:
    """What is shown of one kind of pipeline: its best setting, else the one that is nearest to the bounds.

    Of the kind that was chosen, the nearest setting beyond the bounds that would be better, if any.
    """
    if best in kind:
        beyond = [one for one in kind if one not in fitting and one.quality > best.quality + WORTH]
    elif fitting:
        return _best(fitting)
    else:
        beyond = list(kind)
    return min(beyond, key=lambda one: (one.p95, spelled(one.parts)), default=None)


def _fits(one: Glance, latency: float, cost: float | None) -> bool:
    return one.p95 <= latency and (cost is None or (one.cost is not None and one.cost <= cost))


def _best(several: Sequence[Glance]) -> Glance:
    """The fastest of those that are as good as the best."""
    return several[_place([one.quality for one in several], _ease(several))]


def _place(worth: Sequence[float], ease: Sequence[int]) -> int:
    """The place of the easiest of those that are worth as much as the best."""
    most = max(worth)
    return min(
        (place for place, one in enumerate(worth) if one >= most - WORTH), key=lambda place: ease[place]
    )


def _ease(several: Sequence[Glance]) -> list[int]:
    """The rank of each: the fastest first, then the cheapest."""
    order = sorted(
        range(len(several)),
        key=lambda place: (
            several[place].p95,
            several[place].cost or 0.0,
            spelled(several[place].parts),
        ),
    )
    ranks = [0] * len(order)
    for rank, place in enumerate(order):
        ranks[place] = rank
    return ranks


def _reason(one: Glance, best: Glance, *, latency: float, cost: float | None) -> str:
    gain = one.quality - best.quality
    told = f"{abs(gain):.3f} nDCG@10 {'more' if gain > 0 else 'less'}"
    faults = []
    if one.p95 > latency:
        faults.append(f"p95 {written(one.p95)} is over {written(latency)}")
    if cost is not None and one.cost is None:
        faults.append("its price is unknown; a price file (--prices) must list the model")
    elif cost is not None and one.cost is not None and one.cost > cost:
        faults.append(f"up to {_dollars(one.cost)} USD a query is over {cost:g}")
    if faults:
        return f"{' and '.join(faults)}; it would bring {told}"
    if gain >= 0:
        return f"{told}, which is not worth {written(one.p95 - best.p95)} more at p95"
    return told


def _impossible(
    every: Sequence[Glance], prophet: Prophet, *, docs: int, latency: float, cost: float | None
) -> str:
    """What the cheapest plan needs."""
    within = [one for one in every if cost is None or (one.cost is not None and one.cost <= cost)]
    over = f"over {docs:,} documents"
    if not within:
        known = [one for one in every if one.cost is not None]
        if not known:
            return "a bound on cost needs prices; give a price file (--prices) that lists the model"
        least = min(known, key=lambda one: (one.cost or 0.0, spelled(one.parts)))
        needed = _dollars(least.cost or 0.0)
        return (
            f"no pipeline keeps within {cost:g} USD a query {over}; the cheapest, '{spelled(least.parts)}', "
            f"needs up to {needed} USD: give --cost {needed} or more"
        )
    least = min(within, key=lambda one: (one.p95, spelled(one.parts)))
    p95 = prophet.outlook(least.parts).p95
    return (
        f"no pipeline answers 95 of 100 queries within {written(latency)} {over}; the cheapest, "
        f"'{spelled(least.parts)}', needs {written(p95.value)} ({written(p95.low)} to {written(p95.high)}, "
        f"{p95.basis}): give more time than that, or fewer documents"
    )


def _dollars(cost: float) -> str:
    """An amount in two digits or more, rounded up: what is said to be enough must be."""
    places = max(4, 1 - math.floor(math.log10(cost))) if cost > 0 else 4
    return f"{math.ceil(cost * 10**places - 1e-9) / 10**places:.{places}f}"


def written(seconds: float) -> str:
    """Seconds for people: `0.8 ms`, `12 ms`, `1.25 s`, `12 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
