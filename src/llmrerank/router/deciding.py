"""One decision, taken: features measured, a decider asked, limits heeded, the reason booked."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.carriers import LOCAL
from llmrerank.limits import Ledger
from llmrerank.ranking import Ranking
from llmrerank.settings import Settings
from llmrerank.stage_cost import TOP, stage_cost
from llmrerank.strategies import Strategy
from llmrerank.strategies.routes import Route
from llmrerank.trace import Exhausted, Routed
from llmrerank.types import Usage

from .choice import Choice
from .evidence import Evidence
from .features import FeatureSet, features_of

__all__ = ["Decision", "chosen", "decided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided.

    Attributes:
        strategy: What goes on from the cheap arm's order; None where that is kept.
        choice: The decider's, before limits were heeded.
        features: What it could see.
        events: For the books: the route, and the limit that allowed no dearer arm, if one did not.
    """

    strategy: Strategy | None
    choice: Choice
    features: FeatureSet
    events: tuple[Routed | Exhausted, ...]


def chosen(route: Route, before: Ranking, after: Ranking) -> tuple[Choice, FeatureSet]:
    """What the decider says, whatever the limits are; arguments as `decided`."""
    cheap = str(route.arms[0])
    features = features_of(Evidence.of(before, after, cheap=cheap))
    if len(route.arms) == 1:
        return Choice(arm=0, reason=route.missing), features
    return route.decider.decide(features, [str(arm) for arm in route.arms]), features


def decided(
    route: Route,
    before: Ranking,
    after: Ranking,
    *,
    cut: int | None,
    settings: Settings,
    ledger: Ledger,
) -> Decision:
    """Decide which arm a query takes.

    An arm of which not even the least calls fit into what may still be spent is passed over for the next
    cheaper one, and that is booked as the limit that it is.

    Args:
        route: With its arms.
        before: What the cheap arm was given.
        after: What it made of it.
        cut: Leading places that must be right; None: `TOP`.
        settings: Model and prices.
        ledger: What may still be spent.

    Cost: some milliseconds; with a limit on tokens or cost also those of rendering the prompts.
    """
    choice, features = chosen(route, before, after)
    stage, reason, arm = str(route.spec), choice.reason, choice.arm
    limits: list[Exhausted] = []
    while arm > 0:
        strategy = route.arms[arm].strategy
        refusal = None if strategy is None else _refusal(strategy, after, cut, settings, ledger)
        if refusal is None:
            break
        limits.append(Exhausted(stage=stage, limit=refusal[0], reason=f"{route.arms[arm]}: {refusal[1]}"))
        reason += f"; but {route.arms[arm]} is not taken: {refusal[1]}"
        arm -= 1
    taken = route.arms[arm]
    routed = Routed(strategy=str(taken), reason=reason, stage=stage, features=features.values)
    return Decision(
        strategy=taken.strategy if arm else None,
        choice=choice,
        features=features,
        events=(routed, *limits[:1]),
    )


def _refusal(
    strategy: Strategy, ranking: Ranking, cut: int | None, settings: Settings, ledger: Ledger
) -> tuple[str, str] | None:
    """The limit that the least calls of a strategy would break, and how; None where they fit."""
    if strategy.carrier in LOCAL:
        return ledger.refuse(calls=0, expected=Usage(), model="")
    model = strategy.model or settings.model or ""
    limits = ledger.limits
    if limits.tokens is None and limits.cost is None:
        size = len(ranking.hits)
        calls = strategy.algorithm.cost(size, min(cut or TOP, max(size, 1))).calls.least
        return ledger.refuse(calls=calls, expected=Usage(), model=model)
    documents = [hit.document for hit in ranking.hits]
    cost = stage_cost(strategy, ranking.query, documents, cut, settings)
    expected = Usage(input=cost.tokens_in.least, output=cost.tokens_out.least)
    return ledger.refuse(calls=cost.calls.least, expected=expected, model=model)
