"""`llmrerank cache`: what is kept, how to keep it small, and how to be rid of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrerank.counted import counted
from llmrerank.errors import ConfigError

from .exits import Exit
from .options import configured, default_cache
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.ranking_cache.redis_tier import RedisTier

__all__ = ["clear", "prune", "stats"]

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
    r"""Say what the cache holds, and what it saves when it is used again.

    \b
      llmrerank cache stats
    """
    from llmrerank.cache import Cache

    path, tier = _in_use(cache), _redis()
    there: dict[str, Any] | None = None
    if tier is not None:
        there = {"url": tier.shown, "rankings": tier.count()}
    found: dict[str, Any] = {"entries": 0, "rankings": 0, "answers_saved": 0, "bytes": 0, "models": []}
    if path.exists():
        held = Cache(path).stats()
        found = {
            "entries": held.entries,
            "rankings": held.rankings,
            "answers_saved": held.saved,
            "bytes": held.bytes,
            "oldest": held.oldest,
            "newest": held.newest,
            "models": [
                {
                    "model": model.model,
                    "entries": model.entries,
                    "tokens_in": model.tokens_in,
                    "tokens_out": model.tokens_out,
                }
                for model in held.models
            ],
        }
    if talk.json:
        talk.print_json({"schema": SCHEMA, "path": str(path), **found, "redis": there})
        return
    if not path.exists():
        print(f"{path}: no cache yet")
    else:
        span = _span(found["oldest"], found["newest"])
        print(f"{path}: {_levels(found['entries'], found['rankings'])}, {found['bytes'] / 1e6:.1f} MB{span}")
        for model in found["models"]:
            tokens = f"{model['tokens_in']} + {model['tokens_out']} tokens"
            print(f"  {model['model']}: {counted(model['entries'], 'answer')}, {tokens}")
        if found["rankings"]:
            print(f"  rankings: each use of all of them saves {counted(found['answers_saved'], 'answer')}")
    if there is not None:
        away = there["rankings"] is None
        print(f"{there['url']}: {'cannot be reached' if away else counted(there['rankings'], 'ranking')}")


def prune(
    talk: Talk,
    cache: _File = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Delete what is older, such as 30d or 12h"),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size", metavar="SIZE", help="Delete the oldest until no more is left, such as 1GB"
        ),
    ] = None,
) -> Exit:
    r"""Delete what is old, or too much, from the cache, and give its space back.

    Without options it goes by cache_age and cache_size of the configuration.

    \b
      llmrerank cache prune --older-than 30d --max-size 1GB
    """
    from llmrerank.cache import Cache
    from llmrerank.cache_upkeep import Deleted

    age, size = _limits(older_than, max_size)
    if age is None and size is None:
        raise ConfigError("say what to delete: --older-than AGE, --max-size SIZE or both")
    path = _in_use(cache)
    gone = Deleted()
    if path.exists():
        opened = Cache(path)
        gone = opened.prune(max_age=age, max_bytes=size)
        opened.close()
    if talk.json:
        talk.print_json(
            {"schema": SCHEMA, "path": str(path), "deleted": gone.answers, "rankings": gone.rankings}
        )
    else:
        print(f"{path}: {_levels(gone.answers, gone.rankings)} deleted")
    return Exit.DONE


def clear(
    talk: Talk,
    cache: _File = None,
    redis: Annotated[
        bool, typer.Option("--redis", help="Delete the rankings in the configured Redis as well")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> Exit:
    r"""Delete every answer and every ranking in the cache.

    \b
      llmrerank cache clear --yes
    """
    from llmrerank.cache import Cache
    from llmrerank.cache_upkeep import Deleted

    path, tier = _in_use(cache), _redis()
    if redis and tier is None:
        raise ConfigError("--redis: none is configured; set LLMRERANK_REDIS, or redis under [defaults]")
    gone, there = Deleted(), None
    if path.exists():
        opened = Cache(path)
        held = opened.stats()
        if (held.entries or held.rankings) and not yes:
            what = _levels(held.entries, held.rankings)
            if not sys.stdin.isatty():
                raise ConfigError(f"{path} holds {what}; add --yes to delete them")
            if not typer.confirm(f"Delete {what} from {path}?", err=True):
                talk.say("kept")
                return Exit.DONE
        gone = opened.clear()
        opened.close()
    if tier is not None:
        if redis and (there := tier.clear()) is None:
            raise ConfigError(f"{tier.shown} cannot be reached; its rankings are still there")
        if not redis:
            talk.say(f"rankings in {tier.shown} are kept; --redis deletes them as well")
    if talk.json:
        values = {"path": str(path), "deleted": gone.answers, "rankings": gone.rankings, "redis": there}
        talk.print_json({"schema": SCHEMA, **values})
    else:
        print(f"{path}: {_levels(gone.answers, gone.rankings)} deleted")
        if there is not None and tier is not None:
            print(f"{tier.shown}: {counted(there, 'ranking')} deleted")
    return Exit.DONE


def _in_use(given: Path | None) -> Path:
    """The cache that was given, else the configured one, else that of compare."""
    chosen = configured().resolve({"cache": given})["cache"]
    return Path(chosen) if chosen else default_cache()


def _limits(older_than: str | None, max_size: str | None) -> tuple[float | None, int | None]:
    """Seconds and bytes: those given alone, or else the configured ones.

    Raises:
        ConfigError: A text that is no age or size.
    """
    from llmrerank.quantities import bytes_of, seconds_of

    if older_than is None and max_size is None:
        resolved = configured().resolve()
        return resolved["cache_age"], resolved["cache_size"]
    try:
        age = None if older_than is None else seconds_of(older_than)
    except ValueError:
        raise ConfigError(f"--older-than must be a time such as 30d, got {older_than!r}") from None
    try:
        size = None if max_size is None else bytes_of(max_size)
    except ValueError:
        raise ConfigError(f"--max-size must be a size such as 1GB, got {max_size!r}") from None
    return age, size


def _redis() -> RedisTier | None:
    """The Redis that is configured."""
    url = configured().resolve()["redis"]
    if url is None:
        return None
    from llmrerank.ranking_cache.redis_tier import RedisTier

    return RedisTier(url)


def _levels(answers: int, rankings: int) -> str:
    return counted(answers, "answer") + (f" and {counted(rankings, 'ranking')}" if rankings else "")


def _span(oldest: float | None, newest: float | None) -> str:
    if oldest is None or newest is None:
        return ""
    first, last = (time.strftime("%Y-%m-%d", time.localtime(moment)) for moment in (oldest, newest))
    return f", kept {first}" if first == last else f", kept {first} to {last}"
