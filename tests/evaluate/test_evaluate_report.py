"""A report is one harmless file: everything in it, nothing outside it, and no text of others obeyed."""

from __future__ import annotations

import datetime
import json
import re
import stat
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_comparisons import MEASURES, QUERIES, made

from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.evaluate.report import render, write_report
from llmrerank.evaluate.report.lists import snippet
from llmrerank.evaluate.report.mishaps import answers_of

pytest.importorskip("jinja2")

DAY = datetime.date(2026, 5, 1)
HOSTILE = (
    '<script>window.hurt=1</script><img src=x onerror="window.hurt=1">',
    "</script><script>window.hurt=1</script><!--",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "\x1b[2J\x1b]0;title\x07 \x00 \x9b31m",
    "\u202egpj.exe\u202c \u2066x\u2069 \ufeff\u200b",
    "lone \ud800 surrogate \udfff",
    "\" onmouseover='window.hurt=1' x=\"",
    "javascript:window.hurt=1 ]]> &lt;script&gt; \u2028 \r\n",
)


class Page(HTMLParser):
    """Elements with their attributes, in order, and the words between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Without the places where a pipeline may break, which its text decides."""
        return [(tag, tuple(names)) for tag, names in self.elements if tag != "wbr"]

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def data_of(page: str) -> dict:
    return json.loads(
        re.search(r'<script type="application/json" id="d1-data">(.*?)</script>', page, re.S).group(1)
    )


def test_everything_that_was_compared_is_there() -> None:
    page = Page(render([made()], date=DAY, version="9.9"))
    words = " ".join(" ".join(page.words).split())
    assert "2026-05-01 · llmrerank 9.9" in words
    assert "With 8 queries, differences below 0.03 in nDCG@10 cannot be told from noise here." in words
    for heading in (
        "What was compared",
        "Quality",
        "Cost and time",
        "Trade-offs",
        "Query by query",
        "Moves",
        "Steadiness",
        "Agreement",
        "Won and lost most",
        "All 8 queries",
        "Failures and repairs",
        "Warnings",
        "Experiment",
        "How to read this",
    ):
        assert heading in words, heading
    for told in (
        "1 query failed:",
        "no answer plain",
        "2 degraded",
        "mended plain second line",
        "nothing came",
        "enough plain",
    ):
        assert told in words, told
    assert sum(e.get("class") == "plane" and e.get("role") == "img" for e in page.of("svg")) == 2
    assert 'name = "plain" seed = 0' in words
    # Every link leads to something that is there.
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [link["href"] for link in page.of("a")]
    assert len(links) > 12
    assert {link.removeprefix("#") for link in links} <= ids
    assert len(ids) == sum("id" in attributes for _, attributes in page.elements)


def test_the_page_asks_for_nothing_and_lets_only_itself_run() -> None:
    text = render([made()], date=DAY)
    page = Page(text)
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        for name in ("src", "href", "data", "action", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,")), (tag, attributes)
    policy = page.of("meta")[1]["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"url\(|@import|https?:", text)


def test_figures_are_those_of_the_comparison() -> None:
    comparison = made()
    page = render([comparison], date=DAY)
    for row in comparison.rows:
        for name in MEASURES:
            assert f"{row.measures[name]:.4f}" in page
    best = max(row.measures["nDCG@10"] for row in comparison.rows if not row.is_oracle)
    assert f"<b>{best:.4f}</b>" in page
    versus = comparison.rows[2].versus["nDCG@10"]
    assert f"{versus.wins} / {versus.ties} / {versus.losses}" in page
    data = data_of(page)
    assert len(data["queries"]) == QUERIES
    query, kept = data["queries"][2], comparison.rows[1].kept[list(comparison.topics)[2]]
    places, previous, scores = query["l"][1]
    shown = [data["documents"][query["d"][own]][0] for own in places]
    assert shown == list(kept.documents[:10])
    assert previous == list(kept.previous[:10])
    assert scores == pytest.approx(kept.scores[:10], rel=1e-3)
    grades = comparison.qrels[list(comparison.topics)[2]]
    assert [query["g"][own] for own in places] == [grades.get(document) for document in shown]
    assert data["queries"][-1]["l"][1] is None
    assert data["queries"][-1]["f"] == {"1": "no answer plain"}


def test_unknown_cost_is_unknown_and_never_0() -> None:
    page = Page(render([made(price=None)], date=DAY))
    words = " ".join(page.words)
    assert words.count("unknown") >= 2
    assert "Some price is unknown, so calls are counted instead of dollars." in words
    assert "LLM calls per query" in words
    assert "US dollars per 1000 queries" not in words


def test_without_judgements_likeness_and_lists_remain() -> None:
    page = render([made(judged=False)], date=DAY)
    words = " ".join(Page(page).words)
    for told in (
        "Nothing is judged here",
        "Likeness to the baseline",
        "Overlap@10",
        "Least alike",
        "Agreement",
        "Moves",
    ):
        assert told in words, told
    for gone in ("Trade-offs", "Relevant from grade", "Won and lost most", "Best in"):
        assert gone not in words.replace("How to read this", ""), gone
    assert "g" not in data_of(page)["queries"][0]


def test_several_datasets_have_their_mean_first_and_ids_of_their_own() -> None:
    page = Page(render([made(dataset="one"), made(dataset="two")], date=DAY))
    words = " ".join(page.words)
    assert words.index("The mean of the means of one and two") < words.index("What was compared")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_seen_and_changes_nothing(text: str) -> None:
    page = render([made(text=f"plain {text}")], date=DAY, title=f"t {text}")
    page.encode("utf-8")
    found, plain = Page(page), Page(render([made()], date=DAY, title="t"))
    assert found.shape == plain.shape
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", page)
    data = data_of(page)
    assert "<" not in re.search(r'id="d1-data">(.*?)</script>', page, re.S).group(1)
    assert data["documents"][0][1].startswith("T")
    visible = {"\x1b": "␛", "\x00": "␀", "\u202e": "<U+202E>", "\ud800": "<U+D800>"}
    words = " ".join(found.words)
    for sign, shown in visible.items():
        if sign in text:
            assert shown in words
            assert shown in data["documents"][0][1]


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec=None), max_size=30))
def test_no_text_changes_the_shape_of_the_page(text: str) -> None:
    page = render([made(text=f"plain {text} plain")], date=DAY)
    assert Page(page).shape == Page(render([made()], date=DAY)).shape
    page.encode("utf-8")


def test_a_report_is_written_whole_for_its_owner_alone(tmp_path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_report(path, [made()], date=DAY)
    assert path.read_text(encoding="utf-8") == render([made()], date=DAY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_nothing_to_report_and_no_jinja_are_said(monkeypatch) -> None:
    with pytest.raises(ConfigError, match="at least one row"):
        render([])
    with pytest.raises(ConfigError, match="at least one row"):
        render([replace(made(), rows=())])
    from llmrerank.evaluate.report import rendering

    rendering._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"llmrerank\[eval\]"):
        render([made()])


def test_snippets_are_cut_at_a_blank_and_long_answers_are_counted() -> None:
    assert snippet("one two three", 20) == "one two three"
    assert snippet("one two three four", 14) == "one two three…"
    assert len(snippet("x" * 500, 40)) == 41
    row = made(text="y" * 4000).rows[1]
    kinds, left = answers_of(row)
    assert left == 0
    assert [one.degraded for one in kinds] == [True, True, False]
    assert kinds[-1].count == row.trace.repaired
    assert kinds[-1].shown[0].left_out == len("mended " + "y" * 4000 + "\nsecond line") - 1500
