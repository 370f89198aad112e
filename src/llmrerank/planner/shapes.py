"""Which pipelines are weighed: stages in an order that makes sense, and the cut-offs between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product

from .course import Part, parts_of
from .gains import Gains
from .measurements import Measurements

__all__ = ["DEEPEST", "GRID", "settings_of", "shapes"]

GRID = (10, 20, 30, 50, 75, 100, 150, 200)
"""Numbers of candidates that are weighed."""
DEEPEST = GRID[-1]


def shapes(measurements: Measurements, pipelines: Sequence[str]) -> list[tuple[Part, ...]]:
    """The pipelines that are weighed, with the cut-offs that are fixed.

    Those that are named; else every first stage alone, before one or two local models (the faster one first,
    as measured) and before or without one strategy that asks.

    Raises:
        ConfigError: A named pipeline that cannot be planned with.
    """
    if pipelines:
        return list(dict.fromkeys(map(parts_of, pipelines)))
    scorers = sorted(
        measurements.scorers,
        key=lambda one: min(timed.seconds / timed.documents for timed in one.lists),
    )
    local = [Part(name=one.strategy, local=True) for one in scorers]
    middles = [(), *((one,) for one in local)]
    middles += [(a, b) for place, a in enumerate(local) for b in local[place + 1 :]]
    ends = [(), *((Part(name=one.strategy, asks=True),) for one in measurements.asked)]
    return [
        (Part(name=first.stage), *middle, *end)
        for first, middle, end in product(measurements.first, middles, ends)
    ]


def settings_of(shape: Sequence[Part], gains: Gains, found: int) -> Iterator[tuple[Part, ...]]:
    """A shape with every sensible choice of the cut-offs that are left open, in a fixed order.

    A later stage gets fewer documents than the one before it, and a local model no more than it has scored.
    The last stage passes on all it got; a first stage alone passes on ten.

    Args:
        shape: The stages.
        gains: Knows how much local models have scored.
        found: Documents that the first stage found at most, of which quality is known.
    """
    if all(part.cut is not None for part in shape[:-1]) and len(shape) > 1:
        yield tuple(shape)
        return
    if len(shape) == 1:
        yield (shape[0] if shape[0].cut is not None else replace(shape[0], cut=GRID[0]),)
        return
    open_ = [place for place, part in enumerate(shape[:-1]) if part.cut is None]
    for chosen in product(GRID, repeat=len(open_)):
        cuts = dict(zip(open_, chosen, strict=True))
        parts = tuple(
            replace(part, cut=cuts[place]) if place in cuts else part for place, part in enumerate(shape)
        )
        falling = [part.cut for part in parts if part.cut is not None]
        if (
            all(cut <= max(found, GRID[0]) for cut in chosen)
            and all(a > b for a, b in pairwise(falling))
            and gains.covered(parts)
        ):
            yield parts
