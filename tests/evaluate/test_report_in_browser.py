"""The report in a real browser: silent, asking for nothing, and doing what its buttons say."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from headless_chromium import chromium, open_page
from report_comparisons import made

from llmrerank.evaluate.report import write_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no chromium is installed"),
]

HOSTILE = (
    "<script>window.hurt=1</script><img src=https://example.org/x onerror=window.hurt=1> \u202eback \x1b[2J"
)
ROW = "#d1-all tr[data-query]"


@pytest.fixture
def page(tmp_path):
    pytest.importorskip("websockets", reason="websockets drives the browser")
    with open_page(tmp_path / "profile") as page:
        page.size(1280, 900)
        yield page


def report(folder: Path) -> Path:
    path = folder / "report.html"
    write_report(path, [made(text=f"plain {HOSTILE}")], date=datetime.date(2026, 5, 1))
    return path


def test_the_report_is_silent_and_asks_for_nothing(page, tmp_path) -> None:
    path = report(tmp_path)
    page.load(path)
    # Everything is opened, so that nothing hides what it would ask for.
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    for row in range(8):
        page.evaluate(f"document.querySelectorAll('{ROW} button')[{row}].click()")
    assert page.evaluate("document.querySelectorAll('tr.opened').length") == 8
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    assert page.evaluate("window.hurt === undefined")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert set(page.requested) == {path.as_uri()}
    assert page.said == []


def test_both_plots_are_drawn_with_their_frontier(page, tmp_path) -> None:
    page.load(report(tmp_path))
    boxes = page.evaluate(
        "[...document.querySelectorAll('#d1-planes figure svg')].map(one => {"
        " const box = one.getBoundingClientRect();"
        " return [box.width, box.height, one.querySelectorAll('.point').length,"
        " one.querySelector('.frontier').getTotalLength(), one.querySelectorAll('.ceiling').length]; })"
    )
    assert len(boxes) == 2
    for width, height, points, length, ceilings in boxes:
        assert width > 400
        assert height > 250
        assert points == 4
        assert length > 50
        assert ceilings == 1


def test_a_query_opens_by_click_and_by_key_and_shows_every_list(page, tmp_path) -> None:
    page.load(report(tmp_path))
    page.click(f"{ROW} td")
    opened = "document.querySelectorAll('tr.opened').length"
    assert page.evaluate(opened) == 1
    assert page.evaluate("document.querySelectorAll('tr.opened .rows > div').length") == 4
    assert page.evaluate("document.querySelectorAll('tr.opened .hits > li').length") == 40
    assert page.evaluate(f"document.querySelector('{ROW} button').getAttribute('aria-expanded')") == "true"
    text = page.evaluate("document.querySelector('tr.opened .doc-text').textContent")
    assert "<script>" in text
    assert "<U+202E>back ␛[2J" in text
    page.evaluate(f"document.querySelector('{ROW} button').focus()")
    page.press("Enter", 13, "\r")
    assert page.evaluate(opened) == 0
    page.evaluate("document.querySelector('.turn a').click()")
    page.evaluate("new Promise(done => setTimeout(done))")
    assert page.evaluate(opened) == 1


def test_filter_sorting_and_theme(page, tmp_path) -> None:
    page.load(report(tmp_path))
    page.evaluate("document.getElementById('d1-filter').focus()")
    page.command("Input.insertText", text="Q3 PLAIN")
    assert page.evaluate(f"[...document.querySelectorAll('{ROW}')].filter(row => !row.hidden).length") == 1
    assert page.evaluate("document.getElementById('d1-filter-found').textContent") == "1 found"
    head = "#d1-quality thead th:nth-child(2)"
    page.click(f"{head} button")
    assert page.evaluate(f"document.querySelector('{head}').getAttribute('aria-sort')") == "descending"
    values = page.evaluate(
        "[...document.querySelectorAll('#d1-quality tbody td:nth-child(2)')]"
        ".map(one => Number(one.dataset.value))"
    )
    assert values == sorted(values, reverse=True)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.size(1280, 900, dark=True)
    dark = page.evaluate(ground)
    assert dark != light
    page.click("#theme")
    assert page.evaluate("document.getElementById('theme').textContent") == "Theme: light"
    assert page.evaluate(ground) == light


def test_it_fits_a_phone_and_is_printed_black_on_white(page, tmp_path) -> None:
    page.size(390, 844)
    page.load(report(tmp_path))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.size(800, 1100, dark=True, media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('.contents')).display") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('thead button')).display") != "none"
    assert page.command("Page.printToPDF")["data"]
    assert page.evaluate("document.querySelectorAll('details[data-print][open]').length") == 0


def test_it_reads_without_scripts(page, tmp_path) -> None:
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    page.command("Page.navigate", url=report(tmp_path).as_uri())
    while page.evaluate("document.readyState") != "complete" or page.evaluate(
        "!document.body.children.length"
    ):
        pass
    path = tmp_path / "shown.png"
    page.screenshot(path, whole=False)
    assert path.stat().st_size > 20_000
    assert page.evaluate("document.querySelectorAll('button:not([hidden])').length") == 0
    assert page.evaluate("document.querySelectorAll('#d1-queries .turn .hits > li').length") >= 20
    assert page.evaluate("document.querySelector('noscript') !== null")
