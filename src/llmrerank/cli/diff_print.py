"""The difference of two runs for people: measures in a table, then the queries that changed most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmrerank.counted import counted
from llmrerank.harmless import harmless

from .grid import print_grid
from .wrapping import WIDTH, clipped, wrapped

if TYPE_CHECKING:
    from llmrerank.evaluate import Dataset
    from llmrerank.evaluate.changes import QueryDiff, RunDiff, Shift
    from llmrerank.types import Document

__all__ = ["print_diff", "text_of"]

LISTED = 5
"""Documents of a list that are shown where nobody asks for all."""


def print_diff(dataset: Dataset, found: RunDiff, runs: tuple[Path, Path], *, limit: int, whole: bool) -> None:
    """Write it to standard output.

    Args:
        dataset: Where texts are looked up.
        found: What to tell.
        runs: The files.
        limit: Queries told of one by one.
        whole: Leave no documents out.
    """
    from llmrerank.evaluate.diff import texts_for

    for name, run in zip("AB", runs, strict=True):
        print(clipped(f"{name}: {run}", WIDTH))
    print()
    if found.means:
        _print_measures(found)
        print()
    count = len(found.queries)
    print(
        f"{found.dataset}: {counted(count, 'query')}; the first {found.depth}: overlap {found.overlap:.2f}; "
        f"RBO {found.rbo:.2f}"
    )
    shown = found.queries[:limit]
    wanted = {shift.id for one in shown for shift in (*one.entered, *one.left)}
    texts = texts_for(dataset, wanted, files=runs) if shown else {}
    for one in shown:
        print()
        for line in _query(one, texts, found.depth, whole=whole):
            print(line)
    if limit < count:
        print(f"\n{counted(count - limit, 'query')} that changed less; --all shows them")


def _print_measures(found: RunDiff) -> None:
    rows = []
    for name, (before, after) in found.means.items():
        held = found.contrasts[name]
        rows.append(
            (
                name,
                f"{before:.4f}",
                f"{after:.4f}",
                f"{held.mean:+.4f}",
                f"{held.low:+.4f} to {held.high:+.4f}",
                f"{held.p:.4f}",
                str(held.wins),
                str(held.ties),
                str(held.losses),
            )
        )
    print_grid(("", "A", "B", "B - A", "95 % interval", "p", "better", "equal", "worse"), rows)


def _query(one: QueryDiff, texts: Mapping[str, Document], depth: int, *, whole: bool) -> Iterator[str]:
    name = f"{one.query.id}: {one.query.text}" if one.query.id else one.query.text
    yield from wrapped(name, hang=2)
    told = [
        f"{measure} {before:.4f} → {after:.4f} ({after - before:+.4f})"
        for measure, (before, after) in one.scores.items()
        if before != after
    ]
    if one.scores and not told:
        told.append("measured the same")
    yield from wrapped(
        "; ".join([*told, f"overlap {one.overlap:.2f}", f"RBO {one.rbo:.2f}"]), indent=2, hang=2
    )
    for verb, shifts in (("entered", one.entered), ("left", one.left)):
        listed = shifts if whole else shifts[:LISTED]
        if listed:
            yield f"  {verb} the first {depth}:"
            yield from _documents(listed, texts)
            if len(shifts) > len(listed):
                yield f"    and {len(shifts) - len(listed)} more; -v shows them"
    told_of = {shift.id for shift in (*one.entered, *one.left)}
    others = [shift for shift in one.moved if shift.id not in told_of]
    if others:
        named = others if whole else others[:LISTED]
        more = f", and {len(others) - len(named)} more" if len(others) > len(named) else ""
        moves = ", ".join(f"{shift.id}{_grade(shift)}: {_move(shift)}" for shift in named)
        yield from wrapped(f"relevant documents that moved: {moves}{more}", indent=2, hang=2)


def _documents(shifts: Sequence[Shift], texts: Mapping[str, Document]) -> Iterator[str]:
    cells = [(_move(shift), f"{clipped(shift.id, 30)}{_grade(shift)}") for shift in shifts]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for shift, (move, name) in zip(shifts, cells, strict=True):
        line = (
            f"    {move.rjust(widths[0])}  {name.ljust(widths[1])}  {text_of(texts.get(shift.id))}".rstrip()
        )
        yield line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _grade(shift: Shift) -> str:
    return "" if shift.grade is None else f" (grade {shift.grade})"


def _move(shift: Shift) -> str:
    before, after = (str(rank or "none") for rank in (shift.before, shift.after))
    return f"{before} → {after}"


def text_of(document: Document | None) -> str:
    """A document's title, or where it has none its text, on one line; empty where it is not known."""
    return "" if document is None else harmless(document.title or document.text[:500])
