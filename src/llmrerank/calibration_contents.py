"""What a calibration holds besides its methods, and what its file may say, read strictly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import ConfigError, did_you_mean
from .spec import parse
from .types import ScoreKind

__all__ = ["SCALES", "SCHEMA", "Figures", "Quality", "Unjudged", "faults_of"]

SCHEMA = 1

SCALES = tuple(kind for kind in get_args(ScoreKind) if kind not in ("none", "rrf"))
"""Kinds of scores that mean the same from one query to the next, so that a map from them can be fitted."""

Unjudged = Literal["leave", "irrelevant"]
Baseline = Literal["score", "base rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How good probabilities are. Less is better, and 0 is perfect.

    Attributes:
        brier: Mean squared difference of probability and outcome, 0 to 1.
        ece: Expected calibration error, 0 to 1: mean absolute difference between what bins of equal mass
            predict and what was observed in them. A constant can have 0; it tells no documents apart.
        log_loss: Mean negative logarithm of the probability of what came true, in nats.
    """

    brier: float
    ece: float
    log_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a calibration is worth on queries that it was not fitted to.

    Attributes:
        folds: Parts that the queries were put into; each was predicted from the others.
        baseline: What `before` measures: the `score` as it is, where it claims to be a probability; else the
            `base rate`, the share of relevant documents, said of every document.
        before: Of the baseline.
        after: Of the calibrated scores.
    """

    folds: int
    baseline: Baseline
    before: Figures
    after: Figures


def faults_of(values: Any) -> list[str]:
    """What is wrong with the JSON values of a calibration, in sentences; empty where nothing is."""
    if not isinstance(values, dict):
        return ["it must be a JSON object, as `llmrerank calibrate` writes"]
    if (schema := values.get("schema", SCHEMA)) != SCHEMA or isinstance(schema, bool):
        return [f"its schema is {schema!r}, and this version reads {SCHEMA}"]
    faults = _named(values, {"schema", *_WANTED}, "")
    wrong = [key for key, (right, _) in _WANTED.items() if key in values and not right(values[key])]
    faults += [f"'{key}' must be {_WANTED[key][1]}" for key in wrong]
    if not {"x", "y"} & {*wrong} and {"x", "y"} <= values.keys() and len(values["x"]) != len(values["y"]):
        faults.append(f"'x' has {len(values['x'])} breakpoints and 'y' {len(values['y'])}")
    return faults + _faults_of_quality(values.get("quality"))


def _named(values: Mapping[str, Any], known: set[str], where: str) -> list[str]:
    faults = [f"unknown key '{where}{key}'{did_you_mean(key, known)}" for key in values if key not in known]
    return faults + [f"'{where}{key}' is missing" for key in sorted(known) if key not in values]


def _faults_of_quality(quality: Any) -> list[str]:
    if quality is None:
        return []
    if not isinstance(quality, dict):
        return ["'quality' must be an object or null"]
    faults = _named(quality, {"folds", "baseline", "before", "after"}, "quality.")
    if "folds" in quality and not _whole(2)(quality["folds"]):
        faults.append("'quality.folds' must be a whole number of 2 or more")
    if "baseline" in quality and quality["baseline"] not in get_args(Baseline):
        faults.append(f"'quality.baseline' must be {_either(get_args(Baseline))}")
    for part in ("before", "after"):
        figures = quality.get(part, {})
        if not isinstance(figures, dict):
            faults.append(f"'quality.{part}' must be an object")
        elif part in quality:
            faults += _named(figures, {"brier", "ece", "log_loss"}, f"quality.{part}.")
            faults += [
                f"'quality.{part}.{name}' must be a number of 0 or more"
                for name, value in figures.items()
                if not (_number(value) and value >= 0)
            ]
    return faults


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_number, value))


def _rises(value: Any) -> bool:
    return _numbers(value) and all(value[i] < value[i + 1] for i in range(len(value) - 1))


def _never_falls(value: Any) -> bool:
    steps = _numbers(value) and all(value[i] <= value[i + 1] for i in range(len(value) - 1))
    return steps and value[0] >= 0 and value[-1] <= 1


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def _pipeline(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(parse(value))
    except ConfigError:
        return False


def _either(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


_WANTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "strategy": (_pipeline, "a pipeline, as 'bm25 % 50 >> cross-encoder'"),
    "score_kind": (lambda value: value in SCALES, _either(SCALES)),
    "x": (_rises, "a list of one number or more, each above the one before it"),
    "y": (_never_falls, "a list of one number or more from 0 to 1, none below the one before it"),
    "models": (_names, "a list of model names"),
    "dataset": (lambda value: isinstance(value, str), "a string"),
    "queries": (_whole(0), "a whole number of 0 or more"),
    "pairs": (_whole(0), "a whole number of 0 or more"),
    "relevance_level": (_whole(1), "a whole number of 1 or more"),
    "unjudged": (lambda value: value in get_args(Unjudged), _either(get_args(Unjudged))),
    "quality": (lambda value: True, "an object or null"),
}
