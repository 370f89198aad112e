"""What becomes of a ranking in the end: calibrated, held to a threshold, grouped, cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .calibration import Calibration
from .errors import ConfigError
from .ranking import Hit, Ranking
from .stages import Course
from .trace import Trace, Warned

__all__ = ["Selection"]

_MEANINGLESS = {
    "none": "gives an order without scores",
    "rrf": "gives sums of reciprocal ranks, which mean nothing outside one list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which hits of a ranking the caller wants.

    Attributes:
        top: Hits to return, 1 or more; None: all.
        min_score: Least score of a returned hit, in the unit of the ranking's `score_kind` (after calibration
            a probability); None: no threshold.
        group_by: Key of the metadata by which hits are one document's: of each group the best is returned,
            with the others in its `group`; None: no grouping.
        calibration: Map from scores to probabilities, or None.

    Raises:
        ConfigError: A value that cannot be meant.
    """

    top: int | None = None
    min_score: float | None = None
    group_by: str | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.top is not None and (type(self.top) is not int or self.top < 1):
            faults.append(f"top must be a whole number of 1 or more, got {self.top!r}")
        if self.min_score is not None and (
            isinstance(self.min_score, bool)
            or not isinstance(self.min_score, int | float)
            or not math.isfinite(self.min_score)
        ):
            faults.append(f"min_score must be a finite number, got {self.min_score!r}")
        if self.group_by is not None and (not isinstance(self.group_by, str) or not self.group_by):
            faults.append(f"group_by must name a key of the documents' metadata, got {self.group_by!r}")
        if faults:
            raise ConfigError("; ".join(faults))

    @property
    def whole(self) -> bool:
        """Whether all hits are needed to choose from."""
        return self.min_score is not None or self.group_by is not None

    def check(self, course: Course) -> None:
        """Refuse what this pipeline's scores cannot serve, before anything is paid.

        Raises:
            ConfigError: A threshold on scores that mean nothing, or a calibration of another pipeline.
        """
        if self.calibration is not None:
            for stage, kind in course.ends:
                if kind == "none":
                    raise ConfigError(
                        f"a calibration is a map of scores, and '{stage}' gives an order without scores; "
                        "end with a stage that scores, such as cross-encoder or pointwise"
                    )
            self.calibration.check(str(course.spec))
            return
        for stage, kind in course.ends:  # what a first stage's scores mean is known when it has been opened
            self._refuse(stage, kind)

    def _refuse(self, stage: str, kind: str) -> None:
        if self.min_score is not None and kind in _MEANINGLESS:
            raise ConfigError(
                f"min_score={self.min_score:g} is a threshold on scores that mean nothing: '{stage}' "
                f"{_MEANINGLESS[kind]}; end with a stage that scores, such as cross-encoder or pointwise"
            )

    def of(self, ranking: Ranking) -> Ranking:
        """The hits that are wanted, ranked anew from 1; what was left out for want of a score is said.

        Raises:
            ConfigError: A threshold on scores that mean nothing, or no document has the key to group by.
        """
        if self.calibration is not None:
            ranking = self.calibration.apply(ranking)
        hits: Sequence[Hit] = ranking.hits
        events = list(ranking.trace.events)
        if self.min_score is not None and hits:
            self._refuse(ranking.strategy, ranking.score_kind)
            scored = [hit for hit in hits if hit.score is not None]
            if len(scored) < len(hits):
                lost = len(hits) - len(scored)
                said = f"{lost} of {len(hits)} documents have no score: min_score left them out"
                events.append(Warned(stage=ranking.strategy, message=said))
            hits = [hit for hit in scored if hit.score is not None and hit.score >= self.min_score]
        if self.group_by is not None and hits:
            hits = _grouped(hits, self.group_by)
        hits = hits[: self.top]
        return replace(
            ranking,
            hits=tuple(
                [hit if hit.rank == rank else replace(hit, rank=rank) for rank, hit in enumerate(hits, 1)]
            ),
            trace=Trace(tuple(events)),
        )


def _grouped(hits: Sequence[Hit], key: str) -> list[Hit]:
    """The best hit of each group, in their order; a document without the key is a group of its own."""
    groups: dict[tuple[str, object], list[Hit]] = {}
    for place, hit in enumerate(hits):
        value = hit.document.metadata.get(key)
        alone = value is None or isinstance(value, list | dict | set)
        groups.setdefault(("alone", place) if alone else ("group", value), []).append(hit)
    if all(kind == "alone" for kind, _ in groups):
        known = sorted({str(name) for hit in hits for name in hit.document.metadata})
        raise ConfigError(
            f"no document has '{key}' in its metadata to group by; "
            + (f"there are {', '.join(known[:10])}" if known else "they have no metadata")
        )
    return [replace(best, group=tuple(others)) for best, *others in groups.values()]
