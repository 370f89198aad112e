"""`llmrerank doctor`: what is installed, what is at hand, and whether the endpoint answers."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Any

from typer import Option

from llmrerank.errors import ConfigError

from .exits import Exit
from .options import Calling, default_cache
from .talk import Talk

__all__ = ["doctor"]

SCHEMA = 1
PATIENCE = 20.0
"""Seconds that an endpoint is waited for where nobody says how long."""
_ASKING = (
    "model",
    "base_url",
    "endpoint",
    "api_key_env",
    "effort",
    "extra_body",
    "retries",
    "timeout",
    "config",
)
"""The common options that finding out what an endpoint can do reads."""


def doctor(
    calling: Calling,
    talk: Talk,
    quality: Annotated[
        bool, Option("--quality", help="Measure the model: is it worth its calls?", show_default=False)
    ] = False,
    queries: Annotated[
        int | None, Option("--queries", metavar="N", min=1, help="Queries of --quality  [default: 20]")
    ] = None,
) -> Exit:
    r"""Say what is installed and whether the endpoint answers, or measure how well its model judges.

    With an endpoint (--base-url, OPENAI_BASE_URL, or a key for OpenAI) its models are listed; where the model
    is plain, two tiny calls show what it can do (20 seconds are waited for an answer, once).

    \b
      llmrerank doctor --base-url http://127.0.0.1:8080/v1
      llmrerank doctor --quality --model NAME --base-url URL --dry-run
    """
    if quality:
        from .doctor_quality import QUERIES, measure

        settings = calling.settings(cache=default_cache())
        return measure(settings, queries or QUERIES, talk, dry_run=calling.dry_run)
    _refuse_for_quality(calling, queries)
    from . import doctor_checks as checks
    from .doctor_endpoint import ask, where

    calling = replace(
        calling,
        timeout=PATIENCE if calling.timeout is None else calling.timeout,
        retries=0 if calling.retries is None else calling.retries,
    )
    settings = calling.settings()
    installed = checks.packages()
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "llmrerank": checks.version("llmrerank"),
        "python": checks.python(),
        "packages": installed,
        "extras": checks.extras(),
        "models": checks.models(),
        "config": checks.config(calling.config),
        "keys": checks.keys(settings.api_key_env),
        "offline": checks.offline(),
        "prompts": checks.prompts(),
        "cache": checks.cache(settings.cache or default_cache()),
        "tokens": checks.tokens(calling.model),
        "broken": checks.broken(),
        "endpoint": None,
    }
    address = where(settings)
    if address is not None:
        talk.more(f"asking {address}")
        report["endpoint"] = ask(settings, given_by=str(calling.resolved().values["base_url"].origin))
    if talk.json:
        talk.print_json(report)
    else:
        from .doctor_print import lines

        print("\n".join(lines(report)))
    if any(found is None for found in installed.values()) or report["prompts"]["error"]:
        return Exit.USAGE
    asked = report["endpoint"]
    return Exit.PROVIDER if asked is not None and asked["error"] else Exit.DONE


def _refuse_for_quality(calling: Calling, queries: int | None) -> None:
    """What only the measurement reads is refused without it, rather than lost."""
    given = ["--queries"] if queries is not None else []
    given += [
        f"--{one.name.replace('_', '-')}"
        for one in fields(calling)
        if one.name not in _ASKING and getattr(calling, one.name) != one.default
    ]
    if given:
        raise ConfigError(f"{', '.join(given)}: only --quality reads this; add --quality, or leave it out")
