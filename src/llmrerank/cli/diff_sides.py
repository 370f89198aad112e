"""The lists of two runs for one query, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from .diff_print import text_of
from .wrapping import WIDTH, clipped, wrapped

if TYPE_CHECKING:
    from llmrerank.evaluate import Dataset
    from llmrerank.evaluate.changes import QueryDiff
    from llmrerank.evaluate.runs import Run
    from llmrerank.types import Document

__all__ = ["side_by_side"]

PLACES, ALL_PLACES = 10, 100
"""Leading places that are shown, and how many with -v."""
BETWEEN = " | "


def side_by_side(
    dataset: Dataset, one: QueryDiff, lists: tuple[Run, Run], runs: tuple[Path, Path], *, whole: bool
) -> Iterator[str]:
    """Line by line, as wide as the terminal, in a pipe 100 columns.

    Each side has the rank, how far the document moved to its place on the right or moves from its place on
    the left, its grade in brackets, its id, and its title or text.

    Args:
        dataset: Where judgements and texts are looked up.
        one: What changed.
        lists: Document ids by query id.
        runs: The files.
        whole: Show 100 places, not 10.
    """
    from llmrerank.evaluate.diff import texts_for

    identifier, places = one.query.id, ALL_PLACES if whole else PLACES
    before, after = lists[0][identifier], lists[1][identifier]
    grades = dataset.qrels.get(identifier, {})
    texts = texts_for(dataset, {*before[:places], *after[:places]}, files=runs)
    room = (get_terminal_size((WIDTH, 24)).columns - len(BETWEEN)) // 2
    yield from wrapped(f"{identifier}: {one.query.text}", hang=2)
    told = [f"{name} {first:.4f} → {second:.4f}" for name, (first, second) in one.scores.items()]
    yield from wrapped("; ".join([*told, f"overlap {one.overlap:.2f}", f"RBO {one.rbo:.2f}"]), hang=2)
    yield ""
    heads = [clipped(f"{name}: {run.name}", room) for name, run in zip("AB", runs, strict=True)]
    yield _joined(*heads, room=room)
    left = _side(before, after, grades, texts, room, places, absent="gone", risen=-1)
    right = _side(after, before, grades, texts, room, places, absent="new", risen=1)
    for place in range(max(len(left), len(right))):
        yield _joined(*(side[place] if place < len(side) else "" for side in (left, right)), room=room)


def _side(
    own: Sequence[str],
    other: Sequence[str],
    grades: Mapping[str, int],
    texts: Mapping[str, Document],
    room: int,
    places: int,
    *,
    absent: str,
    risen: int,
) -> list[str]:
    """One column; `risen` is 1 where a smaller rank than in the other list is a rise, -1 where a fall."""
    ranks = {document: rank for rank, document in enumerate(other, start=1)}
    moves = []
    for rank, document in enumerate(own[:places], start=1):
        moved = (ranks[document] - rank) * risen if document in ranks else None
        moves.append(
            absent if moved is None else f"↑{moved}" if moved > 0 else f"↓{-moved}" if moved else "="
        )
    names = [clipped(document, 30) for document in own[:places]]
    wide, width = (max(map(len, cells), default=0) for cells in (names, moves))
    lines = []
    for rank, (document, name, move) in enumerate(zip(own, names, moves, strict=False), start=1):
        judged = f"[{grades[document]}]" if document in grades else "[ ]"
        marks = f"{rank:>3} {move.ljust(width)} {f'{judged} ' if grades else ''}{name.ljust(wide)}"
        lines.append(_cut(f"{marks} {text_of(texts.get(document))}".rstrip(), room))
    return lines


def _joined(left: str, right: str, *, room: int) -> str:
    return f"{left.ljust(room)}{BETWEEN}{right}".rstrip()


def _cut(line: str, room: int) -> str:
    return line if len(line) <= room else line[: room - 1] + "…"
