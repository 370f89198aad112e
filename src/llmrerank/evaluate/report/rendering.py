"""From comparisons to one HTML file."""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llmrerank
from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.evaluate.comparison import Comparison
from llmrerank.evaluate.tables import macro_averages, macro_cells
from llmrerank.harmless import harmless
from llmrerank.whole_file import write_whole

from . import numbers
from .bar_plots import bucket_classes, bucket_name
from .data import shown_documents
from .lists import snippet_letters
from .mishaps import SHOWN_ANSWERS
from .section import section_of
from .takings import row_takings, stage_takings
from .words import detectable_sentences, numbered, queries_in_words, title_of

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render", "write_report"]

_PAGE = "page"


def render(
    comparisons: Sequence[Comparison],
    *,
    title: str | None = None,
    version: str | None = None,
    date: datetime.date | None = None,
) -> str:
    """The report of one comparison or several, each of them one dataset, as HTML that needs nothing else.

    The page asks nothing of any network, and its content security policy lets nothing but its own script run;
    whatever a document, query or answer holds is shown as text, control characters as visible signs. It reads
    without scripts too: these sort, filter, open queries and change the theme.

    Args:
        comparisons: One or more, each with at least one row.
        title: Of the page; None: after the datasets.
        version: Of llmrerank, as the page names it; None: this one.
        date: The day of the comparison; None: today, in UTC.

    Raises:
        ConfigError: There is nothing to report.
        MissingExtra: Jinja2 is not installed.

    Cost: some 3 s and 4 MB for 10 strategies and 300 queries. Texts of documents are cut to 200 characters,
    and to less where there are so many that the page would grow beyond 5 MB.
    """
    if not comparisons or not all(comparison.rows for comparison in comparisons):
        raise ConfigError("there is nothing to report: give a comparison with at least one row")
    environment = _environment()
    from markupsafe import Markup

    style, script = _page_file("report.css"), _page_file("report.js")
    shown = sum(len(shown_documents(comparison)) for comparison in comparisons)
    known = {key: text for one in comparisons for key, text in one.documents.items()}
    letters = snippet_letters(known, shown)
    return environment.get_template("report.html.jinja").render(
        title=title or title_of(comparisons),
        version=version or llmrerank.__version__,
        date=(date or datetime.datetime.now(datetime.UTC).date()).isoformat(),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        averages=macro_averages(comparisons),
        averages_table=macro_cells(comparisons),
        sections=[
            section_of(comparison, identifier=f"d{number}", letters=letters)
            for number, comparison in enumerate(comparisons, start=1)
        ],
    )


def write_report(
    path: Path,
    comparisons: Sequence[Comparison],
    *,
    title: str | None = None,
    version: str | None = None,
    date: datetime.date | None = None,
) -> None:
    """Write the report into a file, whole or not at all, that only its owner may read: it holds texts.

    Args:
        path: The file; missing folders are made.
        comparisons: As for `render`, like all that follows.
        title: As there.
        version: As there.
        date: As there.

    Raises:
        ConfigError: As `render`.
        MissingExtra: As `render`.
        OSError: The file cannot be written.
    """
    text = render(comparisons, title=title, version=version, date=date)
    write_whole(path, text.encode("utf-8"), private=True)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtra("the report", "eval") from error
    environment = Environment(
        loader=PackageLoader("llmrerank.evaluate.report", _PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(numbers, name) for name in numbers.__all__} | {
        "bucket_classes": bucket_classes,
        "bucket_name": bucket_name,
        "lines": _lines,
        "numbered": numbered,
        "pipeline": _pipeline,
        "queries": queries_in_words,
    }
    environment.globals |= {
        "detectable_sentences": detectable_sentences,
        "row_takings": row_takings,
        "shown_answers": SHOWN_ANSWERS,
        "stage_takings": stage_takings,
    }
    environment.filters["safe_markup"] = _markup
    return environment


def _shown(value: Any) -> Any:
    """What comes out of every expression of a template, before it is escaped: nobody can forget it."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return harmless(value)
    return value


def _lines(text: str) -> Any:
    """A text with its line breaks."""
    from markupsafe import escape

    return escape(harmless(text, newlines=True))


def _pipeline(text: str) -> Any:
    """A pipeline that may be broken before each stage."""
    from markupsafe import Markup, escape

    return Markup(" <wbr>&gt;&gt; ").join(escape(harmless(part)) for part in text.split(">>"))


def _markup(text: str) -> Any:
    """Mark-up that was made here, every text in it escaped where it was put in."""
    from markupsafe import Markup

    return Markup(text)


def _page_file(name: str) -> str:
    return files(__package__).joinpath(_PAGE, name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression of a content security policy that lets exactly this text be used."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
