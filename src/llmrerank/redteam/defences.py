"""The defences, and the two ways of asking that each is measured by: without it and with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from llmrerank.errors import ConfigError, UnknownName
from llmrerank.prompts import Prompt
from llmrerank.settings import Settings
from llmrerank.spec import Call, parse_call
from llmrerank.strategies import Strategy

from .unfenced import has_fence, unfenced

__all__ = ["AS_GIVEN", "DEFENCES", "Arm", "Defence", "Setup", "setup_of"]

AS_GIVEN = "as given"
"""The name of a strategy's first arm: the strategy as it was written."""
STRATEGY = "{strategy}"
"""Stands for the strategy in a defence that is written as a wrapper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way of asking: its name in tables, and the strategy that does it."""

    name: str
    strategy: Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Defence:
    """What is held against what.

    Attributes:
        says: What it does, in a few words.
        make: From a strategy and the settings to the arms without and with it (None: the strategy as it was
            given), or the reason why it does not apply.
    """

    says: str
    make: Callable[[Strategy, Settings], tuple[Arm | None, Arm | None] | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything that one strategy is measured by.

    Attributes:
        strategy: As it was typed.
        arms: The strategy itself, then what the defences need besides, by name.
        pairs: By defence, the names of the arms without and with it.
        left_out: By defence, why it does not apply to this strategy.
    """

    strategy: str
    arms: Mapping[str, Arm]
    pairs: Mapping[str, tuple[str, str]]
    left_out: Mapping[str, str]


def _fences(strategy: Strategy, settings: Settings) -> tuple[Arm | None, Arm | None] | str:
    if not has_fence(strategy.judge):
        return "it has no prompt with a fence"
    bare = unfenced(strategy.judge_with(settings))
    return Arm(name="no fence", strategy=replace(strategy, judge=bare)), None


def _log_probabilities(strategy: Strategy, settings: Settings) -> tuple[Arm | None, Arm | None] | str:
    call = strategy.spec
    if call.name == "listwise" and not call.args:
        return None, Arm(name="first-token", strategy=Strategy.of(Call("first-token")))
    judge: Any = strategy.judge
    asks = getattr(judge, "asks", None)
    if getattr(judge, "read", None) != "auto" or not isinstance(asks, Prompt):
        return "its answers are read in one way only"
    if asks.contents.form not in ("pointwise", "setwise", "pairwise"):
        return "its answers are orders, which are read in words"
    try:
        words = Strategy.of(Call(call.name, (*call.args, ("read", "text"))))
    except ConfigError:
        return "its options are those of a wrapper"
    return Arm(name="read in words", strategy=words), None


def _written(template: str, name: str) -> Defence:
    """A defence that is a wrapper around the strategy, in the one notation."""

    def make(strategy: Strategy, settings: Settings) -> tuple[Arm | None, Arm | None] | str:
        spelled = template.replace(STRATEGY, str(strategy.spec))
        return None, Arm(name=name, strategy=Strategy.of(parse_call(spelled)))

    return Defence(says=template, make=make)


DEFENCES: Mapping[str, Defence] = MappingProxyType(
    {
        "fences": Defence(says="a nonce around each passage, and the sentence that names it", make=_fences),
        "log-probabilities": Defence(
            says="the first token's alternatives are read, not generated words", make=_log_probabilities
        ),
        "cross-check": _written("guard({strategy}, places=3, leave_out=False)", "cross-check"),
        "leave-out": _written("guard({strategy}, places=None)", "leave-out"),
    }
)
"""By name. What is not here can be measured too: a wrapper written with `{strategy}` is a defence."""


def setup_of(typed: str, defences: Sequence[str], settings: Settings) -> Setup:
    """What is asked to measure one strategy with these defences.

    Args:
        typed: A strategy in the one notation, no pipeline: attacks are planted in what it is given.
        defences: Names of `DEFENCES`, or wrappers such as `consistency({strategy}, times=3)`.
        settings: The room for answers is read.

    Raises:
        ConfigError: A name or an option that does not exist, or a pipeline.
    """
    plain = Arm(name=AS_GIVEN, strategy=Strategy.of(parse_call(typed)))
    arms = {plain.name: plain}
    pairs: dict[str, tuple[str, str]] = {}
    left_out: dict[str, str] = {}
    for name in defences:
        made = _defence(name).make(plain.strategy, settings)
        if isinstance(made, str):
            left_out[name] = made
            continue
        without, within = (arm or plain for arm in made)
        arms |= {arm.name: arm for arm in (without, within)}
        pairs[name] = without.name, within.name
    return Setup(strategy=typed, arms=arms, pairs=pairs, left_out=left_out)


def _defence(name: str) -> Defence:
    if STRATEGY in name:
        return _written(name, name.replace(STRATEGY, "_"))
    if name not in DEFENCES:
        raise UnknownName("defence", name, DEFENCES)
    return DEFENCES[name]
