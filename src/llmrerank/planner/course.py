"""A pipeline as a plan sees it: stages by name, what kind each is, and how many documents it passes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmrerank.algorithms.pointwise import Pointwise
from llmrerank.carriers import LOCAL
from llmrerank.errors import ConfigError
from llmrerank.spec import Stage, parse
from llmrerank.stages import Course, Fork
from llmrerank.strategies import Strategy

__all__ = ["Part", "parts_of", "spelled", "strategy_of"]

UNTIMED = ("run", "pool")
"""First stages that read what was found before: nobody waits for a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stage.

    Attributes:
        name: As written, without its cut-off.
        cut: Documents passed on; None: all, or not decided yet.
        local: Whether it is a model on this machine that scores each document by itself.
        asks: Whether it asks a model elsewhere; neither: a first stage.
    """

    name: str
    cut: int | None = None
    local: bool = False
    asks: bool = False


def parts_of(pipeline: str) -> tuple[Part, ...]:
    """The stages of a pipeline in the one notation, the first stage first.

    Raises:
        ConfigError: It cannot work, starts with a reranker, or holds a stage that cannot be planned with.
    """
    course = Course.of(pipeline)
    if course.first is None:
        raise ConfigError(f"a plan needs a first stage in front of '{pipeline}'; write 'bm25 >> {pipeline}'")
    if course.first.entry.name in UNTIMED:
        raise ConfigError(
            f"'{course.first.entry.name}' reads what was found before, so no plan can time it; "
            "start with a first stage that searches, such as bm25"
        )
    if course.first.entry.name == "tantivy" and course.first.values.get("path") is not None:
        raise ConfigError(
            "an index of its own has one size, and no plan can tell how its searches grow; plan with "
            "'tantivy' over a dataset of documents like these (--dataset)"
        )
    steps: list[Part] = []
    for step in course.steps:
        if isinstance(step, Fork):
            raise ConfigError(
                f"'{step.route.spec}' decides query by query; plan with each of its arms instead"
            )
        steps.append(_part(step.strategy, step.cut))
    return (Part(name=str(course.spec.stages[0].call), cut=course.first_cut), *steps)


def _part(strategy: Strategy, cut: int | None) -> Part:
    local = strategy.carrier in LOCAL
    if local and not isinstance(strategy.algorithm, Pointwise):
        raise ConfigError(
            f"'{strategy.spec}' does not order by its scores alone, so its gain by the number of candidates "
            "is not known from one run; plan with bi-encoder, cross-encoder or chunks(...) of them"
        )
    return Part(name=str(strategy.spec), cut=cut, local=local, asks=not local)


def strategy_of(part: Part) -> Strategy:
    """The strategy of a stage that reranks."""
    return Strategy.of(parse(part.name).stages[0].call)


def spelled(parts: Sequence[Part]) -> str:
    """The pipeline in the one notation."""
    return " >> ".join(str(Stage(parse(part.name).stages[0].call, part.cut)) for part in parts)
