"""Where a figure comes from: measured, extrapolated from what was measured, or assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MEASURED", "Basis", "Figure", "at_rank", "joined"]

Kind = Literal["measured", "extrapolated", "assumed"]
_ORDER: tuple[Kind, ...] = ("measured", "extrapolated", "assumed")
SLIGHT = 1.05
"""Factor beyond the measured range that nobody needs to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Where a figure comes from.

    Attributes:
        kind: The weakest of all that it is made of.
        factor: How far beyond the measured range it lies, 1 or more.
        assumed: What was assumed, in phrases; empty where nothing was.
    """

    kind: Kind = "measured"
    factor: float = 1.0
    assumed: tuple[str, ...] = ()

    @classmethod
    def beyond(cls, factor: float) -> Basis:
        """Measured where a figure lies within the measured range, else extrapolated."""
        return cls(kind="extrapolated", factor=factor) if factor > SLIGHT else cls()

    @classmethod
    def of_assumption(cls, phrase: str) -> Basis:
        """Nothing was measured."""
        return cls(kind="assumed", assumed=(phrase,))

    def __str__(self) -> str:
        far = f"extrapolated x{self.factor:.3g} beyond what was measured" if self.factor > SLIGHT else ""
        what = f"assumed: {', '.join(self.assumed)}" if self.assumed else ""
        return "; ".join(part for part in (far, what) if part) or self.kind

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"kind": self.kind, "factor": round(self.factor, 4), "assumed": list(self.assumed)}


MEASURED = Basis()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, the interval in which it is expected with 95 %, and where it comes from."""

    value: float
    low: float
    high: float
    basis: Basis

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            **self.basis.to_dict(),
        }


def joined(bases: Iterable[Basis]) -> Basis:
    """The basis of what is made of several: the weakest kind, the farthest reach, all assumptions."""
    several = list(bases)
    return Basis(
        kind=max((one.kind for one in several), key=_ORDER.index, default="measured"),
        factor=max((one.factor for one in several), default=1.0),
        assumed=tuple(dict.fromkeys(phrase for one in several for phrase in one.assumed)),
    )


def at_rank(ordered: Sequence[float], share: float) -> float:
    """The quantile of rising values by nearest rank, as `evaluate.Seconds` takes it. At least one value."""
    # In whole thousandths, so that 0.95 of 20 is the 19th and not, by rounding, the 20th.
    return ordered[max(0, -(-round(share * 1000) * len(ordered) // 1000) - 1)]
