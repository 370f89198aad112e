"""What one pipeline is expected to do over a collection: quality, seconds, cost, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmrerank.errors import ConfigError
from llmrerank.rounds import Span
from llmrerank.settings import Settings

from .basis import Figure
from .course import Part, parts_of, spelled
from .gains import Gains
from .latency import Latency, StageSeconds
from .measurements import Measurements

__all__ = ["Glance", "Outlook", "Prophet", "StageOutlook", "outlook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutlook:
    """What one stage is expected to do.

    Attributes:
        stage: In the one notation, with its cut-off.
        documents: How many it gets; of a first stage, the collection.
        p50, p95: Seconds.
        calls: To a model elsewhere, least and most.
        tokens_in, tokens_out: Of these calls, at most.
    """

    stage: str
    documents: int
    p50: Figure
    p95: Figure
    calls: Span
    tokens_in: int
    tokens_out: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "stage": self.stage,
            "documents": self.documents,
            "p50": self.p50.to_dict(),
            "p95": self.p95.to_dict(),
            "calls": [self.calls.least, self.calls.most],
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a pipeline is expected to do.

    Attributes:
        pipeline: In the one notation.
        quality: nDCG@10.
        recall: Share of the relevant documents that the first stage passes on, in the dataset.
        p50, p95: Seconds of a query, end to end.
        cost: US dollars for a query, least and most; None where a price is unknown.
        scored: Queries on which the gain was measured; None where all stages but the first are assumed.
        stages: One by one.
    """

    pipeline: str
    quality: Figure
    recall: float
    p50: Figure
    p95: Figure
    cost: tuple[float, float] | None
    scored: int | None
    stages: tuple[StageOutlook, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "pipeline": self.pipeline,
            "ndcg@10": self.quality.to_dict(),
            "recall": round(self.recall, 4),
            "p50": self.p50.to_dict(),
            "p95": self.p95.to_dict(),
            "cost": None if self.cost is None else list(self.cost),
            "scored": self.scored,
            "stages": [stage.to_dict() for stage in self.stages],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The figures that a choice is made by, without intervals."""

    parts: tuple[Part, ...]
    quality: float
    p95: float
    cost: float | None


class Prophet:
    """Predicts pipelines from one set of measurements; what pipelines have in common is worked out once.

    Args:
        measurements: What was timed and judged.
        docs: Size of the collection, 1 or more.
        settings: Calls under way at once, and prices.
        seed: Of all draws.
    """

    def __init__(
        self, measurements: Measurements, *, docs: int, settings: Settings | None = None, seed: int = 0
    ) -> None:
        if docs < 1:
            raise ConfigError(f"docs must be 1 or more, got {docs}")
        self.measurements = measurements
        self.gains = Gains(measurements, docs=docs, seed=seed)
        self.latency = Latency(
            measurements, self.gains, docs=docs, settings=settings or Settings(), seed=seed
        )

    def check(self, parts: Sequence[Part]) -> None:
        """Refuse a pipeline of which some stage was not measured.

        Raises:
            ConfigError: It says which, and what was.
        """
        measured = self.measurements
        known = {
            "first": [one.stage for one in measured.first],
            "local": [one.strategy for one in measured.scorers],
            "asks": [one.strategy for one in measured.asked],
        }
        missing = [
            part.name
            for place, part in enumerate(parts)
            if part.name not in known["first" if place == 0 else "local" if part.local else "asks"]
        ]
        if missing:
            names = ", ".join(name for several in known.values() for name in several)
            notes = [note for note in measured.notes if any(name in note for name in missing)]
            why = "; ".join(notes or ["measure again with it among the pipelines"])
            raise ConfigError(f"{', '.join(missing)}: not measured (there is: {names}); {why}")

    def glance(self, parts: tuple[Part, ...]) -> Glance:
        """What a choice is made by."""
        cost = _cost(self.latency.stages(parts))
        return Glance(
            parts=parts,
            quality=self.gains.mean(parts),
            p95=self.latency.quantile(parts, 0.95),
            cost=None if cost is None else cost[1],
        )

    def outlook(self, parts: tuple[Part, ...]) -> Outlook:
        """All that is expected of a pipeline."""
        stages = self.latency.stages(parts)
        p50, p95 = self.latency.figures(stages, (0.5, 0.95))
        return Outlook(
            pipeline=spelled(parts),
            quality=self.gains.figure(parts),
            recall=self.gains.recall(parts),
            p50=p50,
            p95=p95,
            cost=_cost(stages),
            scored=self.gains.scored(parts) if any(part.local for part in parts) else None,
            stages=tuple(map(self._stage, stages)),
        )

    def _stage(self, stage: StageSeconds) -> StageOutlook:
        p50, p95 = self.latency.figures([stage], (0.5, 0.95))
        taken = stage.asking
        nothing = Span(0, 0)
        return StageOutlook(
            stage=spelled([stage.part]),
            documents=stage.documents,
            p50=p50,
            p95=p95,
            calls=taken.calls if taken else nothing,
            tokens_in=taken.tokens_in.most if taken else 0,
            tokens_out=taken.tokens_out.most if taken else 0,
        )


def outlook(
    measurements: Measurements,
    pipeline: str,
    *,
    docs: int,
    settings: Settings | None = None,
    seed: int = 0,
) -> Outlook:
    """What a pipeline, exactly as it is written, is expected to do.

    Args:
        measurements: Of `measure`, or loaded.
        pipeline: In the one notation; a first stage without a cut-off passes on 1000.
        docs: Size of the collection.
        settings: Calls under way at once, and prices.
        seed: Of all draws.

    Raises:
        ConfigError: A stage that was not measured, or cannot be planned with.
    """
    prophet = Prophet(measurements, docs=docs, settings=settings, seed=seed)
    parts = parts_of(pipeline)
    prophet.check(parts)
    return prophet.outlook(parts)


def _cost(stages: Sequence[StageSeconds]) -> tuple[float, float] | None:
    """US dollars of a query; None where a price is unknown, 0 where nobody is asked."""
    costs = [stage.asking.cost for stage in stages if stage.asking is not None]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return sum(cost[0] for cost in known), sum(cost[1] for cost in known)
