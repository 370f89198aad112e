"""The options that choose among the hits of a ranking, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

__all__ = ["Choosing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """Which hits are printed."""

    top: Annotated[
        int | None, Option("--top", metavar="K", min=1, help="Documents to print  [default: all]")
    ] = None
    min_score: Annotated[
        float | None, Option("--min-score", metavar="X", help="Only documents that score so much or more")
    ] = None
    group_by: Annotated[
        str | None, Option("--group-by", metavar="KEY", help="The best chunk of each value of this metadata")
    ] = None
    calibration: Annotated[
        Path | None, Option("--calibration", metavar="FILE", help="Scores as probabilities (see calibrate)")
    ] = None

    @property
    def wanted(self) -> dict[str, Any]:
        """Keyword arguments of `arank` and `asearch`."""
        return {"top": self.top, "min_score": self.min_score, "group_by": self.group_by}
