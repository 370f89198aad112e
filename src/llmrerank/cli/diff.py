"""`llmrerank diff`: what changed between two stored runs, query by query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from llmrerank.counted import counted
from llmrerank.errors import ConfigError

from .collection import Collection
from .exits import Exit
from .pooling import only_dataset
from .talk import Talk
from .wrapping import close_to

if TYPE_CHECKING:
    from llmrerank.evaluate.changes import RunDiff

__all__ = ["diff"]

SCHEMA = 1
LIMIT = 20
"""Queries that are told of one by one where nobody says how many."""


def diff(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A", help="TREC run or candidates file, .gz or not")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="What is held against RUN_A")],
    *,
    query: Annotated[
        str | None, Option("--query", metavar="ID", help="Both lists of this query side by side")
    ] = None,
    limit: Annotated[
        int | None,
        Option("--limit", metavar="N", min=0, help=f"The N queries that changed most  [default: {LIMIT}]"),
    ] = None,
    every: Annotated[bool, Option("--all", help="All queries")] = False,
    metrics: Annotated[
        list[str] | None,
        Option("--metrics", metavar="NAME...", show_default=False, help="[default: nDCG@10 RR@10 R@100]"),
    ] = None,
    collection: Collection,
    talk: Talk,
) -> Exit:
    r"""Show what changed between two stored runs: measures, documents that came and went, moves.

    \b
      llmrerank compare --dataset data --strategies bm25 "bm25 >> listwise" --out runs
      llmrerank diff runs/1-bm25.trec runs/2-bm25-listwise.trec --dataset data
    """
    from llmrerank.evaluate import DEFAULT_MEASURES
    from llmrerank.evaluate.diff import diff as differ
    from llmrerank.evaluate.diff import read_for

    if every and limit is not None:
        raise ConfigError("--all and --limit are two answers to one question; give one of them")
    opened = only_dataset(collection)
    lists = read_for(opened, run_a), read_for(opened, run_b)
    found = differ(opened, *lists, measures=metrics or DEFAULT_MEASURES)
    _talk_about(found, opened.warnings, talk)
    names = str(run_a), str(run_b)
    chosen = found.queries[:limit]
    if query is not None:
        chosen = tuple(one for one in found.queries if one.query.id == query)
        if not chosen:
            known = [one.query.id for one in found.queries]
            raise ConfigError(f"the runs have no query '{query}' in common{close_to(query, known)}")
    if talk.json:
        report = {**found.to_dict(), "per_query": [one.to_dict() for one in chosen]}
        talk.print_json({"schema": SCHEMA, "a": names[0], "b": names[1], **report})
        return Exit.DONE
    if query is not None:
        from .diff_sides import side_by_side

        print("\n".join(side_by_side(opened, chosen[0], lists, (run_a, run_b), whole=talk.verbose > 0)))
        return Exit.DONE
    from .diff_print import print_diff

    shown = len(found.queries) if every else LIMIT if limit is None else limit
    print_diff(opened, found, (run_a, run_b), limit=shown, whole=talk.verbose > 0)
    return Exit.DONE


def _talk_about(found: RunDiff, warnings: tuple[str, ...], talk: Talk) -> None:
    for warning in (*warnings, *found.warnings):
        talk.warn(warning)
    for name, only in (("A", found.only_before), ("B", found.only_after)):
        if only:
            talk.warn(f"left out: {counted(len(only), 'query')} in {name} only, such as '{only[0]}'")
    if not found.means:
        talk.warn(f"the dataset '{found.dataset}' has no judgements: nothing is measured")
