"""Tables for terminals, papers and machines say the same, and nothing in a name breaks them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from report_comparisons import MEASURES, QUERIES, made

from llmrerank.evaluate.contrast import Contrast
from llmrerank.evaluate.tables import (
    as_csv,
    as_latex,
    as_markdown,
    best_rows,
    cells,
    legend,
    macro_averages,
    macro_cells,
    marks,
)


def contrast(adjusted: float) -> Contrast:
    return Contrast(mean=0.1, low=0.0, high=0.2, p=adjusted, adjusted=adjusted, wins=1, ties=0, losses=0)


def test_marks_follow_the_adjusted_chance() -> None:
    assert [marks(contrast(p)) for p in (0.0099, 0.01, 0.0499, 0.05, 1.0)] == ["**", "*", "*", "", ""]
    assert marks(None) == ""
    one = replace(contrast(0.2), p=0.001)
    assert marks(one) == ""


def test_cells_hold_what_the_rows_hold() -> None:
    comparison = made()
    table = cells(comparison)
    assert table.headings == (
        "pipeline", *MEASURES, "p50 s", "p95 s", "calls", "cached", "rounds", "tokens in", "tokens out",
        "cost USD", "repaired", "degraded", "errors",
    )  # fmt: skip
    by_name = [dict(zip(table.headings, row, strict=True)) for row in table.rows]
    assert by_name[0]["nDCG@10"] == f"{comparison.rows[0].measures['nDCG@10']:.4f}"
    assert by_name[1]["calls"] == str(QUERIES - 1)
    assert by_name[1]["cost USD"] == "0.0140"
    assert by_name[1]["errors"] == "1"
    assert by_name[2]["rounds"] == "0.5"
    assert by_name[3]["p50 s"] == ""
    # The oracle is better than all, and takes no part.
    best = max(range(4), key=lambda row: comparison.rows[row].measures["nDCG@10"])
    assert {row for row, column in table.best if table.headings[column] == "nDCG@10"} == {best}
    assert best_rows(comparison)["nDCG@10"] == {best}


def test_columns_that_say_nothing_are_left_out() -> None:
    comparison = made()
    only = cells(replace(comparison, rows=(comparison.rows[0], comparison.rows[3])))
    assert only.headings == ("pipeline", *MEASURES, "p50 s", "p95 s")
    assert cells(made(price=None)).rows[1][cells(made(price=None)).headings.index("cost USD")] == "unknown"


def test_verbose_cells_hold_the_difference_its_interval_and_the_queries_won() -> None:
    comparison = made()
    table = cells(comparison, verbose=True)
    by_name = dict(zip(table.headings, table.rows[2], strict=True))
    versus = comparison.rows[2].versus["nDCG@10"]
    assert by_name["nDCG@10 diff [95 %]"] == f"{versus.mean:+.4f} [{versus.low:+.4f}, {versus.high:+.4f}]"
    assert by_name["nDCG@10 p"] == f"{versus.adjusted:.4f}"
    assert by_name["nDCG@10 w/t/l"] == f"{versus.wins}/{versus.ties}/{versus.losses}"
    assert "p99 s" in table.headings


def test_without_judgements_likeness_stands_where_measures_would() -> None:
    comparison = made(judged=False)
    table = cells(comparison)
    assert table.headings[1:3] == ("overlap@10", "RBO")
    assert table.rows[0][1:3] == ("", "")
    pair = next(one for one in comparison.agreement if (one.first, one.second) == (0, 2))
    assert table.rows[2][1:3] == (f"{pair.overlap:.4f}", f"{pair.rbo:.4f}")
    assert not table.best
    assert "how alike rows are, not how good" in legend(comparison)


def test_csv_is_plain_numbers_under_names() -> None:
    comparison = made(price=None)
    lines = list(csv.DictReader(io.StringIO(as_csv([comparison, made(dataset="=1+1")]))))
    assert len(lines) == 2 * len(comparison.rows)
    first, second = lines[0], lines[1]
    assert (first["baseline"], second["baseline"]) == ("1", "0")
    assert float(second["nDCG@10"]) == pytest.approx(comparison.rows[1].measures["nDCG@10"], abs=1e-6)
    versus = comparison.rows[1].versus["nDCG@10"]
    for heading, value in (("difference", versus.mean), ("low", versus.low), ("p_adjusted", versus.adjusted)):
        assert float(second[f"nDCG@10 {heading}"]) == pytest.approx(value, abs=1e-6)
    assert int(second["nDCG@10 wins"]) == versus.wins
    assert first["nDCG@10 difference"] == second["cost"] == lines[3]["seconds_p50"] == ""
    assert lines[5]["dataset"] == "'=1+1"
    assert "*" not in as_csv([comparison])
    assert as_csv([]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "a|b `c` **d** _e_ [f](g) <h> #",
        "100% & $x^2$ {y} \\input{z} ~ 'q' \"r\"",
        "\x1b[2J\u202e\r\n\\\\ \ud800",
    ],
)
def test_names_break_neither_markdown_nor_latex(text: str) -> None:
    hostile, plain = made(text=f"plain {text}"), made()
    table = cells(hostile)
    markdown = as_markdown([replace(hostile, dataset=text)])
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", markdown)
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(lines) == len(hostile.rows) + 2
    for line in lines:
        assert len(re.findall(r"(?<!\\)\|", line)) == len(table.headings) + 1
    latex, other = as_latex([hostile]), as_latex([plain])
    assert len(latex.splitlines()) == len(other.splitlines())
    # Every character that LaTeX obeys is one that was put there here.
    for sign in "&%$#_":
        assert len(re.findall(rf"(?<!\\){re.escape(sign)}", latex)) == len(
            re.findall(rf"(?<!\\){re.escape(sign)}", other)
        ), sign
    assert "\\input" not in latex
    bare = latex.replace("\\{", "").replace("\\}", "")
    assert bare.count("{") == bare.count("}")
    latex.encode()


def test_papers_get_bold_marks_and_their_meaning() -> None:
    comparison = made()
    row = replace(comparison.rows[2], versus={"nDCG@10": contrast(0.001), "RR@10": contrast(0.03)})
    comparison = replace(comparison, rows=(*comparison.rows[:2], row, *comparison.rows[3:]))
    value = f"{row.measures['nDCG@10']:.4f}"
    markdown, latex = as_markdown([comparison]), as_latex([comparison])
    assert f"| **{value}**<sup>\\*\\*</sup> |" in markdown
    assert f"\\textbf{{{value}}}\\rlap{{$^{{**}}$}}" in latex
    assert latex.count("\\begin{tabular}{lrrrrrrrrrrrrr}") == 1
    for text in (markdown, latex):
        assert "paired randomisation test, adjusted for the number of rows (Holm)" in text
        assert "Best in bold" in text


def test_several_datasets_have_a_table_of_means_in_front() -> None:
    one, two = made(dataset="one"), made(dataset="two")
    worse = {name: value / 2 for name, value in two.rows[1].measures.items()}
    two = replace(two, rows=(two.rows[0], replace(two.rows[1], measures=worse), *two.rows[3:]))
    table = macro_cells([one, two])
    assert table is not None
    assert table.rows[1][1] == f"{0.75 * one.rows[1].measures['nDCG@10']:.4f}"
    assert table.rows[2][1:] == ("-", "-")
    oracle = [row[0] for row in table.rows].index("oracle: bm25")
    assert table.best
    assert oracle not in {row for row, _ in table.best}
    assert as_markdown([one, two]).startswith("## Mean of 2 datasets\n")
    assert as_latex([one, two]).count("\\begin{table}") == 3
    assert macro_averages([one]) is None
    assert macro_averages([one, made(judged=False)]) is None
    same = macro_averages([one, one])
    assert same is not None
    assert same.datasets == ("one", "one (2)")
