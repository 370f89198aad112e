"""`route` and `auto`: stages that choose, query by query, which of several strategies is worth its cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from llmrerank.carriers import SHARED
from llmrerank.errors import ConfigError
from llmrerank.registry import Kind, bind, canonical, find, register
from llmrerank.router.choice import Decider
from llmrerank.router.evidence import KEEP
from llmrerank.router.learned import Learned
from llmrerank.router.rules import Rules
from llmrerank.spec import Call, PipelineSpec, Stage, parse_call

from .recipe import Strategy

__all__ = ["Arm", "Auto", "Keep", "Route", "RouteOf"]

_DEARER = ("head(listwise, depth=20)", "head(adaptive, depth=100)")
"""The dearer arms of `auto`: one window, then several."""
_CHEAP = ("cross-encoder", "bi-encoder")
"""The cheap arm of `auto`: the first that is at hand."""


@register("keep", kind=Kind.ARM, use="route(keep, ...)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The cheapest arm of a route: the order stays as it is."""


@register("route", kind=Kind.ROUTE, source="https://arxiv.org/abs/2406.18665")
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOf:
    """Two to five strategies, the cheapest first: it runs, then each query takes one of the others or none.

    Attributes:
        a: The cheap arm, which always runs; `keep` leaves the order as it is.
        b: A dearer arm; it goes on from the order of the cheap one.
        c: A dearer one still, or None.
        d: Another one, or None.
        e: Another one, or None.
        by: `rules`, or the file of a fitted router.
    """

    a: Call
    b: Call
    c: Call | None = None
    d: Call | None = None
    e: Call | None = None
    by: str = "rules"

    @property
    def arms(self) -> tuple[Call, ...]:
        """The arms, in order."""
        return tuple(call for call in (self.a, self.b, self.c, self.d, self.e) if call is not None)


@register("auto", kind=Kind.ROUTE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """The local model that is at hand; an LLM on the head for queries that need it, where one is configured.

    The cheap arm is the default cross-encoder, else the default bi-encoder, else `keep`; the dearer ones are
    one window of an LLM, then several.

    Attributes:
        by: `rules`, or the file of a fitted router.
    """

    by: str = "rules"

    @property
    def arms(self) -> tuple[Call, ...]:
        """The arms, in order."""
        from llmrerank.clients.models import at_hand

        cheap = next((kind for kind in _CHEAP if at_hand(kind)), KEEP)  # type: ignore[arg-type]  # its kinds
        return tuple(map(parse_call, (cheap, *_DEARER)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way that a query may take: as it is written, and the strategy; None keeps the order."""

    spec: Call
    strategy: Strategy | None

    def __str__(self) -> str:
        return str(self.spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route with its arms, ready to be taken.

    Attributes:
        spec: As it was written.
        arms: Ordered by cost, the cheap one first; one or more.
        decider: Chooses between them.
        missing: Why dearer arms were left out; empty where none were.
    """

    spec: Call
    arms: tuple[Arm, ...]
    decider: Decider
    missing: str = ""

    @classmethod
    def of(cls, call: Call) -> Route:
        """Build the route that a call names.

        Raises:
            ConfigError: An arm that is none, stands twice or in the wrong place, or a fitted router that
                cannot be read or does not know the arms; in one sentence.
        """
        options: RouteOf | Auto = bind(call, Kind.ROUTE).build()
        arms = tuple(map(_arm, options.arms))
        names = [str(arm) for arm in arms]
        if KEEP in names[1:]:
            raise ConfigError(f"'{call}': keep costs nothing and can only be the first arm")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"'{call}': the arm {twice} stands there twice")
        decider: Decider = Rules() if options.by == Rules.name else Learned.load(options.by)
        decider.check(names)
        return cls(spec=call, arms=arms, decider=decider)

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """The strategies of the arms, `keep` left out."""
        return tuple(arm.strategy for arm in self.arms if arm.strategy is not None)

    def with_strategies(self, change: Callable[[Strategy], Strategy]) -> Route:
        """The same route with every strategy changed."""
        return replace(
            self,
            arms=tuple(
                arm if arm.strategy is None else replace(arm, strategy=change(arm.strategy))
                for arm in self.arms
            ),
        )

    def without_chat(self) -> Route:
        """`auto` where no chat model is configured: the arms that need none; any other route as it is.

        Who writes an arm out means it, and is told by the arm itself what it lacks.
        """
        if self.spec.name != "auto":
            return self
        arms = tuple(arm for arm in self.arms if arm.strategy is None or arm.strategy.carrier not in SHARED)
        return replace(
            self,
            arms=arms,
            missing=f"no chat model is configured (--model, --base-url), so {arms[0]} is all there is",
        )


def _arm(call: Call) -> Arm:
    [stage] = canonical(PipelineSpec((Stage(call),))).stages
    if find(call.name, Kind.STRATEGY, Kind.WRAPPER, Kind.ARM).kind is Kind.ARM:
        return Arm(spec=stage.call, strategy=None)
    return Arm(spec=stage.call, strategy=Strategy.of(stage.call))
