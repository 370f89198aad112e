"""The top of a strictly concave function, by damped Newton steps.

The linear systems are solved by conjugate gradients with plain array operations: the threads of a BLAS cost
far more than they bring for a hundred documents, and burn every core while they wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["View", "climbed"]

_CLOSE = 1e-6
_STEPS = 100
_EXACTNESS = 0.03  # of a step, as a share of the gradient: later steps correct it
_NO_STEP = 1e-12


class View(NamedTuple):
    """What is seen from a point of shape (n,).

    Attributes:
        height: The value of the function.
        gradient: Its slope, shape (n,).
        diagonal: Of the curvature, the negative matrix of second derivatives; above 0; shape (n,).
        curved: Multiplies the curvature by a vector.
    """

    height: float
    gradient: NDArray[float64]
    diagonal: NDArray[float64]
    curved: Callable[[NDArray[float64]], NDArray[float64]]


def climbed(
    look: Callable[[NDArray[float64]], View], start: NDArray[float64]
) -> tuple[NDArray[float64], View]:
    """Climb from a point until no slope is above 1e-6; return the top and the view from it."""
    import numpy

    point = start.astype(float)
    view = look(point)
    for _ in range(_STEPS):
        if numpy.abs(view.gradient).max(initial=0.0) < _CLOSE:
            break
        step = _newton_step(view)
        after = look(point + step)
        while after.height < view.height and numpy.abs(step).max() > _NO_STEP:
            step = step / 2
            after = look(point + step)
        point, view = point + step, after
    return point, view


def _newton_step(view: View) -> NDArray[float64]:
    """Solve curvature * step = gradient, by conjugate gradients."""
    import numpy

    # What the methods `sum` and `max` call; for a hundred numbers the way there takes as long as the sum.
    total, highest, size_of = numpy.add.reduce, numpy.maximum.reduce, numpy.absolute
    step = numpy.zeros(len(view.gradient))
    left = view.gradient
    scaled = left / view.diagonal
    along = scaled
    size = float(total(left * scaled))
    close = _EXACTNESS * highest(size_of(left))
    for _ in range(len(step)):
        curved = view.curved(along)
        length = size / float(total(along * curved))
        step += length * along
        left = left - length * curved
        if highest(size_of(left)) < close:
            break
        scaled = left / view.diagonal
        before, size = size, float(total(left * scaled))
        along = scaled + size / before * along
    return step
