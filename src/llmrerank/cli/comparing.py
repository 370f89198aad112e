"""The options of a comparison: what is measured and how, and what is written of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.whole_file import refuse_unwritable, write_whole

from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate import Comparison

__all__ = ["Comparing", "Written"]

_WRITING = "Results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """What is measured, and how."""

    metrics: Annotated[
        list[str] | None,
        Option("--metrics", metavar="NAME...", show_default=False, help="[default: nDCG@10 RR@10 R@100]"),
    ] = None
    baseline: Annotated[
        str | None,
        Option("--baseline", metavar="SPEC", help="Row the others are held against  [default: 1st]"),
    ] = None
    limit: Annotated[
        int | None, Option("--limit", metavar="N", min=1, help="Only the first N judged queries")
    ] = None
    repeat: Annotated[
        int | None, Option("--repeat", metavar="N", min=1, help="Ask endpoints N times: the spread")
    ] = None
    shuffle: Annotated[bool, Option("--shuffle", help="Also ask about candidates in other orders")] = False
    group_by: Annotated[
        str | None, Option("--group-by", metavar="KEY", help="Metadata with the judged id of a chunk")
    ] = None
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None

    def said(self, file: Mapping[str, Any]) -> dict[str, Any]:
        """What was chosen, by key; what the command line says wins over the section `[compare]` of a file."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        theirs = {name: value for name, value in file.items() if name in own}
        return {**theirs, **{name: value for name, value in own.items() if value not in (None, False)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What becomes of the results."""

    out: Annotated[
        Path | None,
        Option(
            "--out", rich_help_panel=_WRITING, metavar="DIR", help="Runs, queries one by one, compare.json"
        ),
    ] = None
    report: Annotated[
        Path | None,
        Option("--report", rich_help_panel=_WRITING, metavar="FILE", help="One HTML page with all of it"),
    ] = None
    plot: Annotated[
        Path | None,
        Option(
            "--plot", rich_help_panel=_WRITING, metavar="FILE", help="Quality against cost and seconds (PNG)"
        ),
    ] = None
    csv: Annotated[bool, Option("--csv", rich_help_panel=_WRITING, help="Print CSV")] = False
    markdown: Annotated[bool, Option("--markdown", rich_help_panel=_WRITING, help="Print Markdown")] = False
    latex: Annotated[bool, Option("--latex", rich_help_panel=_WRITING, help="Print LaTeX")] = False
    title: Annotated[
        str | None, Option("--title", rich_help_panel=_WRITING, metavar="TEXT", help="Heading of the report")
    ] = None

    def check(self, talk: Talk) -> None:
        """Refuse what cannot be, before anything is paid.

        Raises:
            ConfigError: Several forms for one output.
            MissingExtra: A report or a plot without what draws it.
        """
        forms = [
            flag
            for flag, wanted in (
                ("--json", talk.json),
                ("--csv", self.csv),
                ("--markdown", self.markdown),
                ("--latex", self.latex),
            )
            if wanted
        ]
        if len(forms) > 1:
            raise ConfigError(f"{' and '.join(forms)} are forms of the same output; give one of them")
        if self.report is not None and find_spec("jinja2") is None:
            raise MissingExtra("the report", "eval")
        if self.plot is not None:
            from llmrerank.evaluate.plots import require_png

            require_png(self.plot)
        for path in (self.report, self.plot):
            if path is not None:
                refuse_unwritable(path)

    def write(self, comparisons: Sequence[Comparison], talk: Talk, *, title: str | None) -> None:
        """Print the results in the form that is wanted, and write the files; `title` heads the report."""
        from llmrerank.evaluate import tables

        from .compare_print import print_comparisons, tell_detectable, warn_about

        self._write_files(comparisons, talk, title)
        for comparison in comparisons:
            warn_about(comparison, talk)
        if talk.json:
            talk.print_json(_document(comparisons))
        elif self.csv:
            print(tables.as_csv(comparisons), end="")
        elif self.markdown:
            print(tables.as_markdown(comparisons), end="")
        elif self.latex:
            print(tables.as_latex(comparisons), end="")
        else:
            print_comparisons(comparisons, talk)
            return
        for comparison in comparisons:
            tell_detectable(comparison, talk)

    def _write_files(self, comparisons: Sequence[Comparison], talk: Talk, title: str | None) -> None:
        if self.out is not None:
            path = self.out / "experiment.toml"
            write_whole(path, comparisons[0].experiment.encode(), private=True)
            talk.say(f"wrote {self.out}")
        if self.report is not None:
            from llmrerank.evaluate.report import write_report

            write_report(self.report, comparisons, title=title)
            talk.say(f"wrote {self.report}")
        if self.plot is not None:
            from llmrerank.evaluate.plots import write_png

            if any(comparison.judged for comparison in comparisons):
                write_png(self.plot, comparisons)
                talk.say(f"wrote {self.plot}")
            else:
                talk.warn(f"{self.plot} was not drawn: without judgements there is no quality to plot")


def _document(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The JSON document: of one dataset as it is, of several with their averages."""
    if len(comparisons) == 1:
        return comparisons[0].to_dict()
    from llmrerank.evaluate.comparison import SCHEMA
    from llmrerank.evaluate.tables import macro_averages

    averages = macro_averages(comparisons)
    return {
        "schema": SCHEMA,
        "averages": None if averages is None else averages.to_dict(),
        "datasets": [comparison.to_dict() for comparison in comparisons],
    }
