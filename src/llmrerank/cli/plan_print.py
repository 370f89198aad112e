"""A plan in words: what to run, what its stages take, what else was weighed, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmrerank.counted import counted
from llmrerank.harmless import harmless
from llmrerank.planner.plan import written

from .grid import print_grid
from .wrapping import wrapped

if TYPE_CHECKING:
    from llmrerank.planner import Figure, Outlook, Plan

__all__ = ["print_plan"]

_LUCK = 0.002
"""Share of nDCG@10 by luck that nobody needs to be told."""


def print_plan(plan: Plan) -> None:
    """Write a plan to standard output; the pipeline alone on the first line."""
    print("\n".join(_chosen(plan)), end="\n\n")
    rows = [
        [
            harmless(stage.stage),
            f"{stage.documents:,}",
            _time(stage.p50),
            _time(stage.p95),
            f"{stage.calls}" if stage.calls.most else "",
            f"{stage.p95.basis.kind}{_far(stage.p95)}",
        ]
        for stage in plan.chosen.stages
    ]
    print_grid(["stage", "gets", "p50", "p95", "calls", "seconds are"], rows)
    print("\n".join(_rejected(plan)))
    print("\n".join(_rests_on(plan)))


def _chosen(plan: Plan) -> Iterator[str]:
    chosen = plan.chosen
    yield harmless(chosen.pipeline)
    yield from wrapped(f"nDCG@10 {_quality(chosen.quality)}: {chosen.quality.basis}", hang=2)
    if plan.luck >= _LUCK:
        by = chosen.scored if chosen.scored is not None else len(plan.measurements.queries)
        yield from wrapped(
            f"some {plan.luck:.3f} of it is likely luck: it is the best of "
            f"{counted(plan.weighed, 'setting')} on {counted(by, 'query')}",
            indent=2,
            hang=2,
        )
    yield from wrapped(f"p50 {_time(chosen.p50)}, p95 {_time(chosen.p95)}: {chosen.p95.basis}", hang=2)
    if chosen.p95.high > plan.latency:
        yield from wrapped(
            f"the interval of p95 reaches over {written(plan.latency)}: measure before you promise it", hang=2
        )
    yield from wrapped(_cost(chosen), hang=2)


def _rejected(plan: Plan) -> Iterator[str]:
    if not plan.rejected:
        return
    yield f"\nweighed {counted(plan.weighed, 'setting')}; not chosen:"
    for one in plan.rejected:
        other = one.outlook
        yield from wrapped(
            f"{harmless(other.pipeline)}: nDCG@10 {_quality(other.quality)}, p95 {_time(other.p95)}"
            f"{_far(other.p95)}: {one.reason}",
            indent=2,
            hang=2,
        )


def _rests_on(plan: Plan) -> Iterator[str]:
    measured, chosen = plan.measurements, plan.chosen
    sizes = ", ".join(
        f"{one.stage} at {' / '.join(f'{size:,}' for size in sorted(one.sizes))} documents"
        for one in measured.first
    )
    yield ""
    yield from wrapped(
        f"measured: {counted(len(measured.queries), 'query')} of {harmless(measured.dataset)} "
        f"({measured.documents:,} documents) on {measured.machine}; {harmless(sizes)}",
        hang=2,
    )
    if chosen.scored is not None and chosen.scored < len(measured.queries):
        yield from wrapped(
            f"gains of local models are from {chosen.scored} of them, and so are their intervals", indent=2
        )
    yield from wrapped(
        f"of the relevant documents the first stage passes on {chosen.recall:.0%}; in a larger "
        "collection fewer",
        indent=2,
    )
    for note in measured.notes:
        yield from wrapped(harmless(note), indent=2, hang=2)
    yield "in brackets: 95 % intervals"


def _quality(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _time(figure: Figure) -> str:
    return f"{written(figure.value)} [{written(figure.low)}, {written(figure.high)}]"


def _far(figure: Figure) -> str:
    factor = figure.basis.factor
    return f" x{factor:.3g}" if figure.basis.kind != "measured" and factor > 1 else ""


def _cost(outlook: Outlook) -> str:
    """Unknown is never 0."""
    calls = [stage.calls for stage in outlook.stages if stage.calls.most]
    if not calls:
        return "cost of a query: nothing is sent anywhere"
    if outlook.cost is None:
        return "cost of a query: unknown; a price file (--prices) must list the model"
    low, high = outlook.cost
    return f"cost of a query: {low:.5f} to {high:.5f} USD at most, by tokens counted here"
