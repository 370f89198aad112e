"""Which pipelines give scores that mean the same from one query to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from llmrerank.calibration_contents import SCALES
from llmrerank.errors import ConfigError, RerankError
from llmrerank.pipeline import Pipeline
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, entries
from llmrerank.spec import Call
from llmrerank.strategies import Strategy
from llmrerank.types import ScoreKind

__all__ = ["kind_of", "refuse_scoreless"]


def refuse_scoreless(pipeline: Pipeline, kind: ScoreKind | None = None) -> None:
    """Refuse a pipeline whose last stage gives no scores that mean anything.

    Args:
        pipeline: Neither opened nor asked here.
        kind: What its scores are; None: what the last stage says of itself, if it does before it is opened.

    Raises:
        ConfigError: It gives an order, or sums of reciprocal ranks; names strategies that give scores.
    """
    course = pipeline.course
    kinds = [kind for _, kind in course.ends]
    if kind is None and kinds:
        kind = next((kind for kind in kinds if kind not in SCALES), kinds[0])
    elif kind is None and course.first is not None:
        kind = getattr(course.first.entry.target, "score_kind", None)
    if kind is None or kind in SCALES:
        return
    what = "sums of reciprocal ranks, which depend on the list" if kind == "rrf" else "an order and no scores"
    raise ConfigError(
        f"'{pipeline.spec.stages[-1].call}' gives {what}, so there is nothing to calibrate; end the pipeline "
        f"with a strategy that gives scores: {', '.join(_scoring())}"
    )


def _scoring() -> Iterable[str]:
    """Names of the strategies that give scores without being told more."""
    for entry in entries(Kind.STRATEGY):
        try:
            if Strategy.of(Call(entry.name)).judge.score_kind in SCALES:
                yield entry.name
        except RerankError:
            continue  # it needs options


def kind_of(pipeline: Pipeline, rankings: Iterable[Ranking]) -> ScoreKind:
    """What the scores are that came back; `none` where none did.

    Raises:
        ConfigError: Some rankings have scores of another kind than others, or of one that means nothing.
    """
    kinds = Counter(
        ranking.score_kind for ranking in rankings if any(hit.score is not None for hit in ranking)
    )
    if len(kinds) > 1:
        mixed = " and ".join(f"{count} of kind '{kind}'" for kind, count in kinds.most_common())
        raise ConfigError(
            f"the scores of '{pipeline.spec}' are {mixed}, and one map cannot serve both; choose a model, or "
            "a way of reading (read='text'), that gives one kind"
        )
    for kind in kinds:
        refuse_scoreless(pipeline, kind)
        return kind
    return "none"
