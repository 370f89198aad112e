"""`llmrerank cache`: what is kept, and how to be rid of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from llmrerank.errors import ConfigError

from .exits import Exit
from .options import configured, default_cache
from .talk import Talk

__all__ = ["clear", "stats"]

SCHEMA = 1

_File = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="FILE",
        help="Cache file  [default: the one of compare; env: LLMRERANK_CACHE]",
    ),
]


def stats(talk: Talk, cache: _File = None) -> None:
    r"""Say what the cache holds, and what its answers save when they are used again.

    \b
      llmrerank cache stats
    """
    from llmrerank.cache import Cache

    path = _in_use(cache)
    if not path.exists():
        if talk.json:
            talk.print_json({"schema": SCHEMA, "path": str(path), "entries": 0, "bytes": 0, "models": []})
        else:
            print(f"{path}: no cache yet")
        return
    held = Cache(path).stats()
    if talk.json:
        models = [
            {"model": m.model, "entries": m.entries, "tokens_in": m.tokens_in, "tokens_out": m.tokens_out}
            for m in held.models
        ]
        talk.print_json(
            {
                "schema": SCHEMA,
                "path": str(path),
                "entries": held.entries,
                "bytes": held.bytes,
                "oldest": held.oldest,
                "newest": held.newest,
                "models": models,
            }
        )
        return
    print(f"{path}: {held.entries} answers, {held.bytes / 1e6:.1f} MB{_span(held.oldest, held.newest)}")
    for model in held.models:
        print(f"  {model.model}: {model.entries} answers, {model.tokens_in} + {model.tokens_out} tokens")


def clear(
    talk: Talk,
    cache: _File = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> Exit:
    r"""Delete every answer in the cache.

    \b
      llmrerank cache clear --yes
    """
    from llmrerank.cache import Cache

    path = _in_use(cache)
    deleted = 0
    if path.exists():
        opened = Cache(path)
        entries = opened.stats().entries
        if entries and not yes:
            if not sys.stdin.isatty():
                raise ConfigError(f"{path} holds {entries} answers; add --yes to delete them")
            if not typer.confirm(f"Delete {entries} answers from {path}?", err=True):
                talk.say("kept")
                return Exit.DONE
        deleted = opened.clear()
    if talk.json:
        talk.print_json({"schema": SCHEMA, "path": str(path), "deleted": deleted})
    else:
        print(f"{path}: {deleted} answers deleted")
    return Exit.DONE


def _in_use(given: Path | None) -> Path:
    """The cache that was given, else the configured one, else that of compare."""
    chosen = configured().resolve({"cache": given})["cache"]
    return Path(chosen) if chosen else default_cache()


def _span(oldest: float | None, newest: float | None) -> str:
    if oldest is None or newest is None:
        return ""
    first, last = (time.strftime("%Y-%m-%d", time.localtime(moment)) for moment in (oldest, newest))
    return f", kept {first}" if first == last else f", kept {first} to {last}"
