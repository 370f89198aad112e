"""Calibrations: how likely a document with some score is to be relevant, as judgements showed it.

A score orders documents; that a cross-encoder gives 3.1 does not say how likely the document is to be
relevant. A calibration does, for the scores of one last stage and model, on documents like those it was
fitted to. `llmrerank calibrate` fits one; reading and applying it needs no other package.
"""

from __future__ import annotations

import math
import shlex
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from .calibration_contents import SCHEMA, Figures, Quality, Unjudged, faults_of
from .errors import ConfigError, UnknownName
from .expansion import expand
from .json_file import read_learned, write_learned
from .ranking import Ranking
from .registry import canonical
from .spec import Call, PipelineSpec, parse
from .trace import Called, Scored, Trace, Warned
from .types import ScoreKind

__all__ = ["Calibration", "models_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A map from scores to probabilities of relevance that never falls.

    Attributes:
        strategy: The pipeline whose scores it was fitted to, in its one spelling.
        score_kind: What those scores are; neither `none` nor `rrf`.
        x: Scores of the breakpoints, rising.
        y: `y[i]` is the probability, 0 to 1, at the score `x[i]`; none is below the one before it.
        models: Models that gave the scores, as traces name them; empty where no model did.
        dataset: What it was fitted on.
        queries: Queries that had scored and judged documents.
        pairs: Scored and judged documents of these queries.
        relevance_level: The lowest grade that counted as relevant, 1 or more.
        unjudged: `leave`: documents without a judgement were left out; `irrelevant`: they counted as such.
        quality: Figures on held-out queries; None for a map that was not fitted here.

    Raises:
        ConfigError: The values contradict each other; all faults at once.
    """

    strategy: str
    score_kind: ScoreKind
    x: tuple[float, ...]
    y: tuple[float, ...]
    models: tuple[str, ...] = ()
    dataset: str = ""
    queries: int = 0
    pairs: int = 0
    relevance_level: int = 1
    unjudged: Unjudged = "leave"
    quality: Quality | None = None

    def __post_init__(self) -> None:
        if faults := faults_of(self.to_dict()):
            raise ConfigError("no calibration can be like this: " + "; ".join(faults))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises:
            ConfigError: It cannot be read, or holds unknown, missing or impossible values; all at once.
        """
        values = read_learned(path, what="calibration", faults_of=faults_of)
        del values["schema"]
        for name in ("x", "y", "models"):
            values[name] = tuple(values[name])
        quality = values["quality"]
        if quality is not None:
            for name in ("before", "after"):
                quality[name] = Figures(**quality[name])
            values["quality"] = Quality(**quality)
        return cls(**values)

    def save(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all.

        Raises:
            ConfigError: The file cannot be written.
        """
        write_learned(path, self.to_dict(), what="calibration")

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as the file holds them."""
        values = asdict(self)
        return {"schema": SCHEMA, **values, **{name: list(values[name]) for name in ("x", "y", "models")}}

    def probability(self, score: float) -> float:
        """How likely a document with this score is to be relevant, 0 to 1.

        Between breakpoints it is interpolated; beyond the first and the last it stays as they are.

        Raises:
            ConfigError: The score is no number.
        """
        if math.isnan(score):
            raise ConfigError("a score that is no number (nan) has no probability")
        after = bisect_right(self.x, score)
        if after == 0:
            return self.y[0]
        if after == len(self.x):
            return self.y[-1]
        left, right = self.x[after - 1], self.x[after]
        low, high = self.y[after - 1], self.y[after]
        # Rounding may not lift it above the next breakpoint: the map never falls.
        return min(high, low + (score - left) / (right - left) * (high - low))

    def check(
        self, strategy: str, score_kind: ScoreKind | None = None, *, models: Iterable[str] = ()
    ) -> None:
        """Refuse scores that it was not fitted to; to be asked before they are paid for.

        Compared is the last stage with its options, which gives the scores; its cut-off changes none of them.

        Args:
            strategy: The pipeline in use.
            score_kind: What its scores are; None: not known yet, as a judge may fall back to another kind.
            models: Models that give them, as traces name them; empty: not known yet.

        Raises:
            ConfigError: They differ, in one sentence; or the strategy cannot be read.
        """
        used = _resolved(strategy)
        mine, theirs = _last(_resolved(self.strategy)), _last(used)
        given = set(models)
        if mine != theirs:
            fault = f"the scores of '{mine}', not on those of '{theirs}'"
        elif given and given != set(self.models):
            fault = f"the scores of the model {_names(self.models)}, not on those of {_names(given)}"
        elif score_kind is not None and score_kind != self.score_kind:
            fault = f"scores of kind '{self.score_kind}', and those of '{theirs}' are '{score_kind}' here"
        else:
            return
        command = f"llmrerank calibrate --dataset DIR --strategy {shlex.quote(str(used))}"
        raise ConfigError(f"the calibration was fitted on {fault}; fit one with: {command}")

    def caution(self, strategy: str) -> str | None:
        """What may make the probabilities wrong although the scores are the same; None where nothing does.

        Behind another first stage, more or fewer of the documents with one score are relevant.
        """
        used, fitted = _resolved(strategy).stages[:-1], _resolved(self.strategy).stages[:-1]
        if not used or used == fitted:
            return None
        behind = f"behind '{PipelineSpec(fitted)}'" if fitted else "on documents without a first stage"
        return (
            f"the calibration was fitted {behind}; behind '{PipelineSpec(used)}' another share of the "
            "documents with one score may be relevant"
        )

    def apply(self, ranking: Ranking) -> Ranking:
        """The ranking with probabilities in place of its scores.

        The order is that of the ranking: the map never falls, and documents whose scores become equal keep
        their places. A document without a score has none afterwards; the history keeps the scores as they
        were. A ranking without any score comes back as it is.

        Raises:
            ConfigError: The scores are not those that the calibration was fitted to.
        """
        if all(hit.score is None for hit in ranking):
            return ranking
        trace = ranking.trace
        self.check(ranking.strategy, ranking.score_kind, models=models_of(ranking.strategy, trace))
        if caution := self.caution(ranking.strategy):
            trace = Trace((*trace.events, Warned(stage=ranking.strategy, message=caution)))
        hits = tuple(
            # A deviation was one of scores; it says nothing about probabilities.
            replace(hit, score=None if hit.score is None else self.probability(hit.score), deviation=None)
            for hit in ranking
        )
        return replace(ranking, hits=hits, score_kind="probability", trace=trace)


def models_of(strategy: str, trace: Trace) -> tuple[str, ...]:
    """The models that gave the scores of a pipeline's last stage, by name; empty where no model did."""
    stage = str(_last(_resolved(strategy)))
    called = {event.model for event in trace.of(Called) if event.stage == stage}
    scored = {event.model for event in trace.of(Scored) if event.stage == stage}
    return tuple(sorted(called | scored))


def _resolved(strategy: str) -> PipelineSpec:
    """The pipeline in its one spelling; as it stands where this installation does not know its names."""
    spec = parse(strategy)
    try:
        return canonical(expand(spec))
    except UnknownName:
        return spec


def _last(spec: PipelineSpec) -> Call:
    return spec.stages[-1].call


def _names(models: Iterable[str]) -> str:
    return ", ".join(f"'{model}'" for model in sorted(models)) or "none"
