"""`llmrerank show trace FILE`: what happened while queries were ranked, all in a table or one as a story."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from llmrerank.counted import counted
from llmrerank.errors import ConfigError

from .exits import Exit
from .talk import Talk
from .wrapping import close_to

if TYPE_CHECKING:
    from llmrerank.trace_file import StoredTraces, TraceLine

__all__ = ["trace"]


def trace(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Trace file; - is standard input")],
    talk: Talk,
    query: Annotated[
        str | None, typer.Option("--query", metavar="ID|N", help="The story of this query, by id or number")
    ] = None,
    prompts: Annotated[bool, typer.Option("--prompts", help="Every prompt and answer too")] = False,
) -> Exit:
    r"""Show what happened while queries were ranked; of a single one the whole story, in full with -v.

    \b
      llmrerank rank --query "what barks" --docs docs.jsonl --strategy listwise --trace run.jsonl
      llmrerank show trace run.jsonl --prompts
    """
    from llmrerank.trace_file import StoredTraces

    stored = StoredTraces(file)
    lines = iter(stored) if query is None else iter(_chosen(stored, query))
    first = next(lines, None)
    if first is None:
        cut = " but half a line" if stored.cut_off else ""
        raise ConfigError(f"the trace file {stored.name} holds nothing{cut}: no query was ranked to its end")
    if talk.json:
        print(first.text)
        for line in lines:
            print(line.text)
    else:
        _print(first, lines, talk, prompts=prompts, stories=query is not None)
    if stored.cut_off:
        talk.warn(f"half a line at the end of {stored.name} was left out: its writer was stopped there")
    return Exit.DONE


def _print(first: TraceLine, lines: Iterator[TraceLine], talk: Talk, *, prompts: bool, stories: bool) -> None:
    second = next(lines, None)
    every = chain([first] if second is None else [first, second], lines)
    if second is not None and not stories:
        from .trace_table import print_overview

        print_overview(every)
        if prompts:
            talk.warn("--prompts shows those of one query; choose it with --query")
        return
    from .trace_story import story_lines

    for place, line in enumerate(every):
        if place:
            print()
        print("\n".join(story_lines(line.traced, prompts=prompts, whole=talk.verbose > 0)))
        if prompts and not line.traced.seen:
            talk.warn("this trace was written without prompts and answers")


def _chosen(stored: StoredTraces, query: str) -> list[TraceLine]:
    """The lines of the query with this id, else the line with this number.

    Raises:
        ConfigError: There is none.
    """
    numbered = None
    found, ids, last = [], [], 0
    for line in stored:
        last = line.number
        ids.append(line.traced.query.id)
        if line.traced.query.id == query:
            found.append(line)
        elif str(line.number) == query:
            numbered = line
    if found:
        return found
    if numbered is not None:
        return [numbered]
    if query.isdecimal() or not any(ids):
        hint = f"; it holds {counted(last, 'query')}, numbered from 1"
    else:
        hint = close_to(query, list(dict.fromkeys(filter(None, ids))))
    raise ConfigError(f"the trace file {stored.name} has no query '{query}'{hint}")
