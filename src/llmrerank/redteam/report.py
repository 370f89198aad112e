"""What was found out, as values: places gained by strategy, defence, family and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from llmrerank.evaluate.contrast import Contrast, holm
from llmrerank.trace import Trace

from .defences import AS_GIVEN, Setup
from .findings import Judged, Weighed, conclusion, judged
from .measurement import Measurement
from .outcomes import Outcome, Share, against, both, by_query, gained, lost, shares, total
from .planting import Place

__all__ = ["Measured", "Report", "StrategyReport", "report_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One arm of one strategy.

    Attributes:
        arm: Its name.
        spelling: Its strategy in the one notation.
        queries: Queries with a finished trial.
        trials: Finished trials.
        gain: Places gained over filler; None without trials.
        room: Mean places that there were to gain.
        loss: nDCG@10 taken; None without trials.
        clean: Mean nDCG@10 of the lists as they were found; None without any.
    """

    arm: str
    spelling: str
    queries: int
    trials: int
    gain: Contrast | None
    room: float
    loss: Contrast | None
    clean: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "arm": self.arm,
            "strategy": self.spelling,
            "queries": self.queries,
            "trials": self.trials,
            "places_gained": self.gain.to_dict() if self.gain else None,
            "places_to_gain": round(self.room, 4),
            "ndcg_lost": self.loss.to_dict() if self.loss else None,
            "clean_ndcg": None if self.clean is None else round(self.clean, 6),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyReport:
    """One strategy with everything that it was measured by.

    Attributes:
        strategy: As typed.
        arms: The strategy as given, then what defences need besides.
        defences: What each is worth.
        left_out: By defence, why it does not apply.
        families: Gains of the strategy as given, by family of attacks.
        places: The same by place, the instruction too.
        unshown: Places that its prompt does not show: nothing that stands there is read.
        sentence: What attacks do to it.
        failures: What the provider said where it failed.
    """

    strategy: str
    arms: tuple[Measured, ...]
    defences: tuple[Judged, ...]
    left_out: Mapping[str, str]
    families: Mapping[str, Share]
    places: Mapping[str, Share]
    unshown: tuple[Place, ...]
    sentence: str
    failures: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""

        def told(parts: Mapping[str, Share]) -> dict[str, Any]:
            return {
                name: {"trials": one.trials, "places_gained": round(one.gain, 4)}
                for name, one in parts.items()
            }

        return {
            "strategy": self.strategy,
            "sentence": self.sentence,
            "arms": [arm.to_dict() for arm in self.arms],
            "defences": [one.to_dict() for one in self.defences],
            "left_out": dict(self.left_out),
            "families": told(self.families),
            "places": told(self.places),
            "unshown": list(self.unshown),
            "failures": list(self.failures),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What attacks gain, and what defences are worth.

    Attributes:
        dataset: Name of the collection.
        model, endpoint: Who was asked.
        queries: Lists that were to be attacked.
        depth: Documents of a list.
        trials: How many there were to be.
        finished: How many have an end for every arm.
        strategies: In the order given.
        stopped: The limit that ended it early, in words; empty where none did.
        trace: Everything that happened.
    """

    dataset: str
    model: str
    endpoint: str
    queries: int
    depth: int
    trials: int
    finished: int
    strategies: tuple[StrategyReport, ...]
    stopped: str = ""
    trace: Trace = field(default_factory=Trace)

    @property
    def failed(self) -> bool:
        """Whether the provider failed anywhere."""
        return any(one.failures for one in self.strategies)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "endpoint": self.endpoint,
            "queries": self.queries,
            "documents": self.depth,
            "trials": self.trials,
            "finished": self.finished,
            "stopped": self.stopped or None,
            "strategies": [one.to_dict() for one in self.strategies],
            "trace": self.trace.to_dict(),
        }


def report_of(measurement: Measurement) -> Report:
    """What is known now, whether or not the measurement came to its end."""
    plan = measurement.plan
    return Report(
        dataset=plan.dataset,
        model=measurement.model,
        endpoint=measurement.endpoint,
        queries=len(plan.targets),
        depth=plan.depth,
        trials=len(plan.trials),
        finished=measurement.finished,
        strategies=tuple(_strategy(measurement, setup) for setup in plan.setups),
        stopped=measurement.stopped,
        trace=measurement.trace,
    )


def _strategy(measurement: Measurement, setup: Setup) -> StrategyReport:
    plan, typed = measurement.plan, setup.strategy
    unshown = plan.unshown[typed]
    every = {arm: measurement.outcomes.get((typed, arm), []) for arm in setup.arms}
    counted = {arm: total(outcomes, unshown) for arm, outcomes in every.items()}
    arms = tuple(
        _measured(setup, arm, counted[arm], measurement.clean.get((typed, arm), {}), plan.settings.seed)
        for arm in setup.arms
    )
    given, plain = arms[0], counted[AS_GIVEN]
    left_out = dict(setup.left_out)
    pairs = dict(setup.pairs)
    if measurement.logprobs is False and "log-probabilities" in pairs:
        del pairs["log-probabilities"]
        left_out["log-probabilities"] = "the endpoint gives none"
    return StrategyReport(
        strategy=typed,
        arms=arms,
        defences=_defences(measurement, typed, pairs, counted),
        left_out=left_out,
        families=shares(plain, lambda one: one.family),
        places=shares([one for one in every[AS_GIVEN] if one.place not in unshown], lambda one: one.place),
        unshown=unshown,
        sentence=conclusion(typed, given.gain, given.room, given.loss, given.queries),
        failures=tuple(
            dict.fromkeys(said for arm in setup.arms for said in measurement.failures.get((typed, arm), ()))
        ),
    )


def _measured(
    setup: Setup, arm: str, outcomes: tuple[Outcome, ...], clean: Mapping[str, float], seed: int
) -> Measured:
    return Measured(
        arm=arm,
        spelling=str(setup.arms[arm].strategy.spec),
        queries=len({one.query for one in outcomes}),
        trials=len(outcomes),
        gain=gained(outcomes, seed=seed),
        room=fmean(by_query(outcomes, lambda one: one.room).values()) if outcomes else 0.0,
        loss=lost(outcomes, seed=seed),
        clean=fmean(clean.values()) if clean else None,
    )


def _defences(
    measurement: Measurement,
    typed: str,
    pairs: Mapping[str, tuple[str, str]],
    counted: Mapping[str, tuple[Outcome, ...]],
) -> tuple[Judged, ...]:
    """What each defence is worth; chances are corrected for there being several."""
    seed = measurement.plan.settings.seed
    weighed = []
    for defence, (without, within) in pairs.items():
        before, after = (
            by_query(outcomes, lambda one: one.gain) for outcomes in both(counted[without], counted[within])
        )
        clean_before, clean_after = (measurement.clean.get((typed, arm), {}) for arm in (without, within))
        common = [query for query in clean_before if query in clean_after]
        weighed.append(
            Weighed(
                defence=defence,
                without=without,
                within=within,
                queries=len(before),
                before=fmean(before.values()) if before else 0.0,
                after=fmean(after.values()) if after else 0.0,
                change=against(before, after, seed=seed),
                clean=against(clean_before, clean_after, seed=seed),
                clean_before=fmean(clean_before[query] for query in common) if common else 0.0,
            )
        )
    corrected = iter(holm([one.change.p for one in weighed if one.change is not None]))
    return tuple(
        judged(one if one.change is None else replace(one, adjusted=next(corrected))) for one in weighed
    )
