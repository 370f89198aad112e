"""The frontier holds what nothing beats, and the drawing of it is to scale."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_comparisons import made

from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.evaluate.pareto import cost_plane, frontier, latency_plane
from llmrerank.evaluate.plots import require_png, write_png
from llmrerank.evaluate.report.axes import axis_of, linear_axis
from llmrerank.evaluate.report.label_places import Box, place_labels
from llmrerank.evaluate.report.plane_layout import layout_of
from llmrerank.trace import Trace

amounts = st.floats(0, 1e4).map(lambda value: round(value, 1))
points = st.lists(st.tuples(st.none() | amounts, amounts), max_size=12)


@given(points)
def test_the_frontier_is_what_nothing_beats(found) -> None:
    def beaten(index: int) -> bool:
        taken, worth = found[index]
        return any(
            other <= taken and more >= worth and (other, more) != (taken, worth)
            for other, more in found
            if other is not None
        )

    expected = {index for index, (taken, _) in enumerate(found) if taken is not None and not beaten(index)}
    kept = frontier(found)
    assert set(kept) == expected
    assert len(kept) == len(expected)
    assert all(found[a][0] <= found[b][0] and found[a][1] <= found[b][1] for a, b in pairwise(kept))


def test_planes_hold_what_a_query_takes() -> None:
    comparison = made(price=0.002)
    plane = cost_plane(comparison)
    assert plane.across == "US dollars per 1000 queries"
    # Seven of eight queries were answered by one call each; the third row was asked twice.
    assert [point.taken for point in plane.points] == [0.0, pytest.approx(1.75), pytest.approx(1.0), None]
    assert plane.ceilings == (("oracle: bm25 plain", 0.95),)
    assert any("stored runs (4)" in note for note in plane.notes)
    times = latency_plane(comparison)
    assert [point.taken for point in times.points] == [
        row.seconds.p50 if row.seconds else None for row in comparison.rows[:4]
    ]


def test_what_the_cache_saved_counts_and_unknown_prices_are_calls() -> None:
    comparison = made()
    row = comparison.rows[1]
    cached = replace(
        row, trace=Trace(tuple(replace(e, cached=True) if hasattr(e, "cached") else e for e in row.trace))
    )
    again = replace(comparison, rows=(comparison.rows[0], cached, *comparison.rows[2:]))
    assert cost_plane(again).points[1].taken == cost_plane(comparison).points[1].taken
    assert any("row 2" in note for note in latency_plane(again).notes)
    unknown = cost_plane(made(price=None))
    assert unknown.across == "LLM calls per query"
    assert unknown.points[1].taken == 7 / 8


def test_rows_that_only_failed_are_not_drawn() -> None:
    comparison = made()
    lost = replace(comparison.rows[1], failures=dict.fromkeys(comparison.topics, "no"), kept={}, seconds=None)
    plane = cost_plane(replace(comparison, rows=(comparison.rows[0], lost)))
    assert [point.row for point in plane.points] == [0]
    assert any("Every query failed of 2" in note for note in plane.notes)


@given(
    st.lists(
        st.floats(0, 1e9, allow_subnormal=False).filter(lambda v: v == 0 or v > 1e-9), min_size=1, max_size=8
    )
)
def test_axes_keep_the_order_and_hold_every_value(values) -> None:
    axis = axis_of(values)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
    assert 1 <= len(axis.ticks) <= 8
    assert all(-1e-9 <= axis.place(tick) <= 1 + 1e-9 for tick in axis.ticks)


@given(st.floats(0, 1), st.floats(0, 1))
def test_axes_of_measures_have_round_ends(a, b) -> None:
    low, high = sorted((a, b))
    axis = linear_axis(low, high, ticks=7)
    assert axis.low <= low + 1e-8
    assert axis.high >= high - 1e-8
    assert 2 <= len(axis.ticks) <= 10


def test_labels_cover_neither_points_nor_one_another() -> None:
    spots = [(200 + 11 * (n % 3), 150 + 9 * n) for n in range(8)]
    placed = place_labels(spots, [8.0] * 8, height=13, room=Box(0, 0, 500, 350))
    boxes = [Box(p.x - 4, p.y - 6.5, p.x + 4, p.y + 6.5) for p in placed]
    assert all(a.overlap(b) == 0 for n, a in enumerate(boxes) for b in boxes[:n])
    assert all(box.overlap(Box(x - 4, y - 4, x + 4, y + 4)) < 16 for box in boxes for x, y in spots)


def test_the_drawing_is_to_scale_and_its_stairs_pass_the_frontier() -> None:
    plane = latency_plane(made())
    layout = layout_of(plane)
    best = [spot for spot in layout.spots if spot.kind == "best"]
    assert {(spot.x, spot.y) for spot in best} <= set(layout.stairs)
    assert layout.stairs[-1][0] == layout.right
    known = [spot for spot in layout.spots if spot.kind != "apart"]
    by_taken = sorted(known, key=lambda spot: spot.point.taken)
    steps = [(b.x - a.x) / (b.point.taken - a.point.taken) for a, b in pairwise(by_taken)]
    assert max(steps) == pytest.approx(min(steps))
    assert all(spot.x > layout.right for spot in layout.spots if spot.kind == "apart")
    up = {round((layout.floor - spot.y) / 1e-9) for spot in layout.spots}
    assert len(up) == len({spot.point.worth for spot in layout.spots})


def test_the_picture_is_a_png_with_a_block_for_each_judged_dataset(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    from PIL import Image

    path = tmp_path / "plots" / "one.png"
    write_png(path, [made(text="$x_1$ \x1b[2J \u202e")])
    with Image.open(path) as drawn:
        assert drawn.format == "PNG"
        width, height = drawn.size
        # The frontier is there.
        assert (31, 90, 148) in {colour for _, colour in drawn.convert("RGB").getcolors(1 << 24)}
    write_png(path, [made(), made(judged=False), made()])
    with Image.open(path) as drawn:
        assert drawn.size == pytest.approx((width, 2 * height), abs=2)


def test_a_picture_that_cannot_be_is_said(tmp_path, monkeypatch) -> None:
    with pytest.raises(ConfigError, match=re.escape(".png")):
        write_png(tmp_path / "one.jpg", [made()])
    with pytest.raises(ConfigError, match="nothing is judged"):
        write_png(tmp_path / "one.png", [made(judged=False)])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"llmrerank\[plot\]"):
        require_png(tmp_path / "one.png")
    assert not list(tmp_path.iterdir())
