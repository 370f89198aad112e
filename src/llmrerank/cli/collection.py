"""The options that say which documents, queries and judgements a command works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.errors import ConfigError

if TYPE_CHECKING:
    from llmrerank.evaluate import Dataset

__all__ = ["Collection"]

_PANEL = "Collection"


def _option(*names: str, metavar: str, help: str) -> Any:
    return Option(*names, rich_help_panel=_PANEL, metavar=metavar, help=help, show_default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Options of every command that works on a test collection, whole or in parts."""

    dataset: Annotated[
        list[str] | None, _option("--dataset", metavar="DIR", help="Dataset folder or irds:NAME; repeatable")
    ] = None
    docs: Annotated[
        str | None,
        _option("--docs", metavar="PATH", help="JSONL, CSV, TSV, Parquet, texts, irds:NAME"),
    ] = None
    queries: Annotated[
        str | None, _option("--queries", metavar="PATH", help="JSONL, CSV, TSV, Parquet, lines, irds:NAME")
    ] = None
    qrels: Annotated[
        str | None, _option("--qrels", metavar="PATH", help="TREC, BEIR, CSV, TSV, Parquet, irds:NAME")
    ] = None
    doc_columns: Annotated[
        str | None, _option("--doc-columns", metavar="A=B,...", help="Such as id=No,text=Body,title=Name")
    ] = None
    query_columns: Annotated[
        str | None, _option("--query-columns", metavar="A=B,...", help="Such as id=No,text=Question")
    ] = None
    qrels_columns: Annotated[
        str | None, _option("--qrels-columns", metavar="A=B,...", help="Such as query=Q,document=D,grade=G")
    ] = None
    split: Annotated[
        str | None, _option("--split", metavar="NAME", help="Judgements qrels/NAME.tsv  [default: test]")
    ] = None
    candidates: Annotated[
        str | None, _option("--candidates", metavar="FILE", help="What a bare 'run' reads")
    ] = None
    card: Annotated[
        Path | None,
        _option("--card", metavar="FILE", help="In place of the folder's dataset.toml"),
    ] = None

    def said(self, file: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What is worked on, by key; what the command line says wins over a file.

        A dataset that is named on the command line sets aside the whole collection of the file.
        """
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        own = {name: value for name, value in own.items() if value is not None}
        theirs = (
            {} if "dataset" in own else {name: value for name, value in (file or {}).items() if name in _KEYS}
        )
        return {**theirs, **own}

    def open(self, file: Mapping[str, Any] | None = None, *, all_queries: bool = False) -> list[Dataset]:
        """Open every dataset that is named, with the parts that are named in place of its own.

        Args:
            file: The section `[compare]` of a configuration, by key.
            all_queries: As in `Dataset.open`.

        Raises:
            ConfigError: Nothing to work on is named, or it cannot be opened.
            DataError: A file cannot be read, or parts do not fit together.
        """
        from llmrerank.evaluate import Dataset

        said = self.said(file)
        places = said.pop("dataset", None)
        if places is None and not said.keys() & {"docs", "queries", "candidates"}:
            raise ConfigError(
                "nothing to work on is named; give --dataset DIR, or --queries FILE with --docs PATH"
            )
        parts = {_ARGUMENTS.get(name, name): value for name, value in said.items()}
        return [Dataset.open(place, **parts, all_queries=all_queries) for place in places or [None]]


_ARGUMENTS = {
    "docs": "documents",
    "doc_columns": "document_columns",
}
"""What the library calls what the command line calls otherwise."""
_KEYS = tuple(one.name for one in fields(Collection))
