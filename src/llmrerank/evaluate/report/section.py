"""One comparison as its part of a report shows it: everything worked out, nothing written yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmrerank.evaluate.comparison import Comparison, Row
from llmrerank.evaluate.contrast import TIE
from llmrerank.evaluate.moves import Moves, moves
from llmrerank.evaluate.pareto import Plane, cost_plane, latency_plane
from llmrerank.evaluate.tables import best_rows, marks

from .bar_plots import draw_differences, draw_moves
from .data import data_of
from .mishaps import Answers, Failures, answers_of, failures_of
from .plane_plot import draw_plane
from .query_table import QueryLine, query_lines
from .turns import Turn, gaps, turns
from .words import warning_sentences

__all__ = ["Line", "Section", "section_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the comparison.

    Attributes:
        number: From 1; the plots call it so.
        row: The row itself.
        baseline: The others are held against it.
        best: Measures in which nothing is better.
        marks: By measure, `*` or `**` where it differs from the baseline by more than noise.
        likeness: Overlap and RBO with the baseline, where that is known.
        cost: US dollars as words; empty for the oracle.
        differences: Its bars, query by query, as SVG; or None.
        moves: How far it moved documents; None where it moved none.
        moves_plot: The same as SVG.
        won: Queries that it wins.
        lost: Queries that it loses.
        failures: Queries that failed.
        answers: Answers that were mended or said nothing.
        more_answers: Answers of kinds that are not shown.
    """

    number: int
    row: Row
    baseline: bool
    best: frozenset[str]
    marks: dict[str, str]
    likeness: tuple[float, float] | None
    differences: str | None
    moves: Moves | None
    moves_plot: str | None
    won: list[Turn]
    lost: list[Turn]
    failures: tuple[Failures, ...]
    answers: tuple[Answers, ...]
    more_answers: int

    @property
    def system(self) -> bool:
        """Whether a system stands behind it, and not the judgements."""
        return not self.row.is_oracle

    @property
    def turned(self) -> bool:
        """Whether there are queries on which it and the baseline differ."""
        return bool(self.won or self.lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One dataset's part of a report.

    Attributes:
        id: Begins every id in it.
        comparison: What is shown.
        lines: In the order of the rows.
        planes: Title, SVG and what must be known of each; none without judgements.
        queries: All of them.
        likeness: `likeness[i][j]` is the overlap above the diagonal, the RBO below, of systems i and j.
        warnings: Sentences, of the dataset and of every row.
        data: What the script reads when a query is opened.
    """

    id: str
    comparison: Comparison
    lines: list[Line]
    planes: list[tuple[Plane, str]]
    queries: list[QueryLine]
    likeness: list[list[float | None]]
    warnings: list[str]
    data: str

    @property
    def steady(self) -> list[Line]:
        """Lines that were asked again, or about the candidates in another order."""
        return [line for line in self.lines if line.row.repeats > 1 or line.row.sensitivity is not None]

    @property
    def systems(self) -> list[Line]:
        """All lines but the oracle's."""
        return [line for line in self.lines if line.system]

    @property
    def baseline(self) -> Line:
        """The line that the others are held against."""
        return self.lines[self.comparison.baseline]


def section_of(comparison: Comparison, *, identifier: str, letters: int) -> Section:
    """Work out everything that a report shows of a comparison.

    Args:
        comparison: With at least one row.
        identifier: Begins every id; letters and digits.
        letters: Of each document's text.

    Cost: some 20 microseconds for each query, row and document shown.
    """
    names = [row.pipeline for row in comparison.rows]
    planes = [cost_plane(comparison), latency_plane(comparison)] if comparison.judged else []
    return Section(
        id=identifier,
        comparison=comparison,
        lines=list(_lines(comparison, identifier, letters)),
        planes=[
            (
                plane,
                draw_plane(
                    plane, names, baseline=comparison.baseline, identifier=f"{identifier}-plane-{number}"
                ),
            )
            for number, plane in enumerate(planes)
        ],
        queries=query_lines(comparison),
        likeness=_likeness(comparison),
        warnings=list(warning_sentences(comparison)),
        data=data_of(comparison, letters=letters),
    )


def _lines(comparison: Comparison, identifier: str, letters: int) -> Iterator[Line]:
    best = best_rows(comparison)
    others = [
        index
        for index, row in enumerate(comparison.rows)
        if index != comparison.baseline and not row.is_oracle
    ]
    differ = {index: gaps(comparison, index) for index in others} if comparison.judged else {}
    most = max((abs(gap) for some in differ.values() for _, _, gap in some), default=0.0)
    for index, row in enumerate(comparison.rows):
        moved = None if row.is_oracle else moves(kept.previous for kept in row.kept.values())
        stayed = moved is None or moved.mean == 0
        won, lost = turns(comparison, index, letters=letters) if index in others else ([], [])
        answers, more = answers_of(row)
        plot = None
        if index in differ and most > TIE:
            plot = draw_differences(
                differ[index],
                most=most,
                identifier=f"{identifier}-gaps-{index}",
                title=f"{comparison.measures[0]} of row {index + 1} less the baseline's, query by query",
            )
        agreed = comparison.likeness(index)
        yield Line(
            number=index + 1,
            row=row,
            baseline=index == comparison.baseline,
            best=frozenset(name for name, rows in best.items() if index in rows),
            marks={name: marks(contrast) for name, contrast in row.versus.items()},
            likeness=None if agreed is None else (agreed.overlap, agreed.rbo),
            differences=plot,
            moves=None if stayed else moved,
            moves_plot=None
            if stayed or moved is None
            else draw_moves(moved, identifier=f"{identifier}-moves-{index}"),
            won=won,
            lost=lost,
            failures=failures_of(row),
            answers=answers,
            more_answers=more,
        )


def _likeness(comparison: Comparison) -> list[list[float | None]]:
    systems = [index for index, row in enumerate(comparison.rows) if not row.is_oracle]
    place = {index: number for number, index in enumerate(systems)}
    found: list[list[Any]] = [[None] * len(systems) for _ in systems]
    for one in comparison.agreement:
        if one.first in place and one.second in place:
            first, second = sorted((place[one.first], place[one.second]))
            found[first][second], found[second][first] = one.overlap, one.rbo
    return found if comparison.agreement else []
