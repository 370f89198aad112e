"""What a file of a fitted router holds, and everything that can be wrong with one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from .features import DESCRIPTIONS, VERSION

__all__ = ["KIND", "SCHEMA", "faults_of"]

KIND = "llmrerank router"
SCHEMA = 1

_KEYS = {
    "kind",
    "schema",
    "features_version",
    "arms",
    "costs",
    "unit",
    "measure",
    "worth",
    "inputs",
    "gains",
    "dataset",
    "queries",
    "figures",
}


def faults_of(values: Any) -> list[str]:
    """Everything that is wrong with the values of a file, in sentences without a full stop; none: it is good.

    A file that is something else altogether, or of other features, has that one fault.
    """
    if not isinstance(values, dict) or values.get("kind") != KIND:
        return ["this is no fitted router; `llmrerank router fit` makes one"]
    if values.get("schema") != SCHEMA:
        return [f"its schema is {values.get('schema')!r} and this version reads {SCHEMA}"]
    if values.get("features_version") != VERSION:
        return [
            f"it was fitted to version {values.get('features_version')!r} of the features and this is "
            f"version {VERSION}: fit it again with `llmrerank router fit`"
        ]
    missing, unknown = sorted(_KEYS - values.keys()), sorted(values.keys() - _KEYS)
    if missing or unknown:
        found = [f"{', '.join(missing)} missing"] if missing else []
        return [*found, *([f"unknown: {', '.join(map(str, unknown))}"] if unknown else [])]
    return list(_faults(values))


def _faults(values: Mapping[str, Any]) -> Iterator[str]:
    arms, costs, inputs, gains = values["arms"], values["costs"], values["inputs"], values["gains"]
    if not _texts(arms) or len(arms) < 2 or len(set(arms)) != len(arms):
        yield "'arms' must be two or more different strategies"
        return
    if not _numbers(costs) or len(costs) != len(arms):
        yield "'costs' must hold a number for each arm"
    elif any(b < a for a, b in pairwise(costs)):
        yield "'costs' must never fall: arms stand in the order of their cost"
    if not _number(values["worth"]) or values["worth"] < 0:
        yield "'worth' must be a number of 0 or more"
    for name in ("unit", "measure", "dataset"):
        if not isinstance(values[name], str):
            yield f"'{name}' must be a text"
    if type(values["queries"]) is not int or values["queries"] < 1:
        yield "'queries' must be a whole number of 1 or more"
    if not isinstance(values["figures"], dict):
        yield "'figures' must be an object"
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
        yield "'inputs' must be a list of objects"
        return
    for one in inputs:
        yield from _input_faults(one)
    names = [one.get("name") for one in inputs]
    if len(set(map(str, names))) != len(names):
        yield "'inputs' names a feature twice"
    if (
        not isinstance(gains, list)
        or len(gains) != len(arms) - 1
        or not all(isinstance(g, dict) for g in gains)
    ):
        yield "'gains' must hold an object for each arm but the first"
        return
    for arm, gain in zip(arms[1:], gains, strict=True):
        yield from (f"'gains' of '{arm}': {fault}" for fault in _gain_faults(gain, len(inputs)))


def _input_faults(one: Mapping[str, Any]) -> Iterator[str]:
    name = one.get("name")
    if not isinstance(name, str) or name not in DESCRIPTIONS:
        yield f"'inputs' names the feature {name!r}, which nobody knows"
        return
    if one.keys() != {"name", "mean", "scale", "low", "high"}:
        yield f"'inputs' of '{name}' must hold name, mean, scale, low and high"
    elif not _numbers([one[key] for key in ("mean", "scale", "low", "high")]):
        yield f"'inputs' of '{name}' must hold numbers"
    elif not one["scale"] > 0 or one["low"] > one["high"]:
        yield f"'inputs' of '{name}' need a scale above 0 and a low end below the high one"


def _gain_faults(gain: Mapping[str, Any], inputs: int) -> Iterator[str]:
    if gain.keys() != {"intercept", "weights", "x", "y"}:
        yield "must hold intercept, weights, x and y"
        return
    if not _number(gain["intercept"]):
        yield "the intercept must be a number"
    if not _numbers(gain["weights"]) or len(gain["weights"]) != inputs:
        yield "there must be a weight for each input"
    x, y = gain["x"], gain["y"]
    if not _numbers(x) or not _numbers(y) or len(x) != len(y) or not x:
        yield "x and y must be lists of as many numbers, one or more"
    elif any(b <= a for a, b in pairwise(x)) or any(b < a for a, b in pairwise(y)):
        yield "x must rise and y must never fall"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _numbers(values: Any) -> bool:
    return isinstance(values, list) and all(map(_number, values))


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) and value for value in values)
