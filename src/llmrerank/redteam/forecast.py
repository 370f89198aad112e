"""What a measurement will take, told before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmrerank.carriers import LOCAL
from llmrerank.estimate import Estimate
from llmrerank.passages import Prepared
from llmrerank.rounds import Span
from llmrerank.stage_cost import TOP
from llmrerank.strategies import Strategy
from llmrerank.tokens import expected
from llmrerank.types import Usage

from .plan import Plan

__all__ = ["forecast_of"]

_NOTHING = Span(0, 0)


@dataclass(slots=True)
class _Count:
    """What one strategy asks that no other asked before it; `most` and `longest` add its later rounds."""

    least: int = 0
    most: int = 0
    usage: Usage = field(default_factory=Usage)
    longest: Usage = field(default_factory=Usage)
    rounds: list[Span] = field(default_factory=list)


def forecast_of(plan: Plan) -> dict[str, Estimate]:
    """Predict by strategy what measuring it takes, all its arms together.

    Equal calls are asked once, by whichever strategy comes first. The least is what first rounds ask; where
    one round is all there is, that is exact. The most adds for every list the longest way that its algorithm
    states, and knows nothing of answers that lists share. Rounds are those of one list. What a cache knows is
    not looked up: it makes the work cheaper.

    Cost: every prompt of a first round is rendered.
    """
    seen: set[tuple[object, ...]] = set()
    found = {}
    for setup in plan.setups:
        count = _Count()
        for arm in setup.arms.values():
            _enter(count, plan, arm.strategy, seen)
        local = all(arm.strategy.carrier in LOCAL for arm in setup.arms.values())
        model = next(iter(setup.arms.values())).strategy.model or plan.settings.model or ""
        found[setup.strategy] = _estimate(count, plan, model=model, local=local)
    return found


def _enter(count: _Count, plan: Plan, strategy: Strategy, seen: set[tuple[object, ...]]) -> None:
    """Count one arm: its first rounds call by call, what may follow by what its algorithm states."""
    whom = (strategy.carrier, strategy.model, strategy.base_url)
    usage, asked, later = Usage(), 0, 0
    made: dict[str, Prepared] = {}
    for work in plan.work():
        stated = strategy.algorithm.cost(len(work.target.documents), TOP)
        count.rounds.append(stated.rounds)
        prepared = made.setdefault(work.target.id, Prepared())
        calls = plan.calls(strategy, work, prepared=prepared)
        new = {(*whom, call.key): call for call in calls if (*whom, call.key) not in seen}
        seen.update(new)
        asked += len(new)
        usage += sum(map(expected, new.values()), Usage())
        if stated.rounds.most > 1:
            later += max(0, stated.calls.most - len(calls))
    count.least += asked
    count.most += asked + later
    count.usage += usage
    # Later rounds ask in the same words about as many documents.
    more = later / max(1, asked)
    count.longest += Usage(input=round(usage.input * (1 + more)), output=round(usage.output * (1 + more)))


def _estimate(count: _Count, plan: Plan, *, model: str, local: bool) -> Estimate:
    settings, limits = plan.settings, plan.settings.limits
    rounds = Span(min(one.least for one in count.rounds), max(one.most for one in count.rounds))
    calls = Span(count.least, count.most)
    if local:
        return Estimate(
            calls=_NOTHING,
            rounds=rounds,
            tokens_in=_NOTHING,
            tokens_out=_NOTHING,
            pairs=calls,
            cost=(0.0, 0.0),
            stopped_by=None,
            prompt=None,
        )
    # An answer has one token at least; the most is the room that it is given.
    least = settings.prices.cost(model, Usage(input=count.usage.input, output=count.least))
    most = settings.prices.cost(model, count.longest)
    stopped = [
        kind
        for kind, limit, value in (
            ("calls", limits.calls, count.most),
            ("tokens", limits.tokens, count.longest.total),
            ("cost", limits.cost, most),
        )
        if limit is not None and value is not None and value > limit
    ]
    return Estimate(
        calls=calls,
        rounds=rounds,
        tokens_in=Span(count.usage.input, count.longest.input),
        tokens_out=Span(min(count.least, count.longest.output), count.longest.output),
        pairs=_NOTHING,
        cost=None if least is None or most is None else (least, most),
        stopped_by=", ".join(stopped) or None,
        prompt=None,
    )
