"""Bars: how a row differs from the baseline query by query, and how far it moved documents."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from llmrerank.evaluate.contrast import TIE
from llmrerank.evaluate.moves import Bucket, Moves
from llmrerank.harmless import harmless

from .numbers import share, signed

__all__ = ["bucket_classes", "bucket_name", "draw_differences", "draw_moves"]

_WIDTH, _HEIGHT = 340.0, 130.0
_LEFT = 34.0


def draw_differences(
    gaps: Sequence[tuple[int, str, float]], *, most: float, identifier: str, title: str
) -> str:
    """Sorted bars, one for each query, best first.

    Args:
        gaps: (number of the query, its id, its difference) each.
        most: The length of the scale above and below 0, above 0.
        identifier: Begins the id of the title.
        title: What is seen, for those who do not see it.
    """
    ordered = sorted(gaps, key=lambda gap: -gap[2])
    middle, half = _HEIGHT / 2, _HEIGHT / 2 - 6
    step = (_WIDTH - _LEFT) / max(1, len(ordered))
    width = step * (0.8 if step > 3 else 1.0)
    bars: dict[str, list[str]] = {"rose": [], "fell": []}
    for place, (query, name, gap) in enumerate(ordered):
        if abs(gap) <= TIE:
            continue
        length = half * abs(gap) / most
        top = middle - length if gap > 0 else middle
        bars["rose" if gap > 0 else "fell"].append(
            f'<rect data-query="{query}" x="{_LEFT + place * step:.2f}" y="{top:.1f}" width="{width:.2f}" '
            f'height="{max(length, 0.5):.1f}"><title>{_text(name)}  {signed(gap)}</title></rect>'
        )
    return "".join(
        (
            f'<svg class="bars" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" '
            f'aria-labelledby="{identifier}"><title id="{identifier}">{_text(title)}</title>',
            *(
                f'<text class="tick" text-anchor="end" x="{_LEFT - 6:g}" y="{y + 4:g}">{label}</text>'
                for y, label in (
                    (middle - half, f"+{most:.2g}"),
                    (middle, "0"),
                    (middle + half, f"\u2212{most:.2g}"),
                )
            ),
            *(f'<g class="{kind}">{"".join(some)}</g>' for kind, some in bars.items()),
            f'<line class="axis" x1="{_LEFT:g}" x2="{_WIDTH:g}" y1="{middle:g}" y2="{middle:g}"/></svg>',
        )
    )


def draw_moves(moves: Moves, *, identifier: str) -> str:
    """One bar, divided by how far documents moved to the top: from the furthest down to the furthest up."""
    told = "; ".join(
        f"{bucket_name(bucket)}: {share(bucket.documents / max(1, moves.documents))}"
        for bucket in moves.buckets
        if bucket.documents
    )
    parts = [
        f'<svg class="moves" viewBox="0 0 400 18" preserveAspectRatio="none" role="img" '
        f'aria-labelledby="{identifier}"><title id="{identifier}">{told}</title>'
    ]
    x = 0.0
    for kind, bucket in zip(bucket_classes(moves), moves.buckets, strict=True):
        width = 400 * bucket.documents / max(1, moves.documents)
        if bucket.documents:
            said = f"{bucket_name(bucket)}: {bucket.documents} documents"
            parts.append(
                f'<rect class="{kind}" x="{x:.2f}" y="0" width="{width:.2f}" height="18">'
                f"<title>{said}</title></rect>"
            )
        x += width
    return "".join(parts) + "</svg>"


def bucket_classes(moves: Moves) -> list[str]:
    """Names that the style sheet colours: `m4` stayed, `m0` is the furthest down, `m9` the furthest up."""
    stayed = next(number for number, bucket in enumerate(moves.buckets) if bucket.least == bucket.most == 0)
    return [f"m{min(9, max(0, number - stayed + 4))}" for number in range(len(moves.buckets))]


def bucket_name(bucket: Bucket) -> str:
    """How far, in words as short as a legend needs."""
    if bucket.least is None:
        return f"down {-(bucket.most or 0)} or more"
    if bucket.most is None:
        return f"up {bucket.least} or more"
    if bucket.least == bucket.most == 0:
        return "stayed"
    near, far = sorted((abs(bucket.least), abs(bucket.most)))
    way = "up" if bucket.least > 0 else "down"
    return f"{way} {near}" if near == far else f"{way} {near} to {far}"


def _text(text: str) -> str:
    return escape(harmless(text))
