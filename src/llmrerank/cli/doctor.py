"""`llmrerank doctor`: what is installed, what is at hand, and whether the endpoint answers."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from .exits import Exit
from .options import default_cache
from .talk import Talk

__all__ = ["doctor"]

SCHEMA = 1


def doctor(
    talk: Talk,
    model: Annotated[
        str | None, Option("--model", metavar="NAME", help="Model to ask at the endpoint")
    ] = None,
    base_url: Annotated[
        str | None, Option("--base-url", metavar="URL", help="Endpoint to ask  [env: OPENAI_BASE_URL]")
    ] = None,
    api_key_env: Annotated[
        str | None,
        Option("--api-key-env", metavar="NAME", help="Variable with the key  [default: OPENAI_API_KEY]"),
    ] = None,
    timeout: Annotated[float, Option("--timeout", metavar="SECONDS", help="Patience for one answer")] = 20.0,
) -> Exit:
    r"""Say what is installed and whether the endpoint answers.

    With an endpoint (--base-url, OPENAI_BASE_URL, or a key for OpenAI) its models are listed; where the model
    is plain, two tiny calls show what it can do.

    \b
      llmrerank doctor --base-url http://127.0.0.1:8080/v1
    """
    from . import doctor_checks as checks
    from .doctor_endpoint import ask, where
    from .options import Calling

    settings = Calling(
        model=model, base_url=base_url, api_key_env=api_key_env, timeout=timeout, retries=0
    ).settings()
    installed = checks.packages()
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "llmrerank": checks.version("llmrerank"),
        "python": checks.python(),
        "packages": installed,
        "extras": checks.extras(),
        "models": checks.models(),
        "keys": checks.keys(settings.api_key_env),
        "offline": checks.offline(),
        "prompts": checks.prompts(),
        "cache": checks.cache(default_cache()),
        "tokens": checks.tokens(model),
        "broken": checks.broken(),
        "endpoint": None,
    }
    address = where(settings)
    if address is not None:
        talk.more(f"asking {address}")
        report["endpoint"] = ask(settings)
    if talk.json:
        talk.print_json(report)
    else:
        from .doctor_print import lines

        print("\n".join(lines(report)))
    if any(found is None for found in installed.values()) or report["prompts"]["error"]:
        return Exit.USAGE
    endpoint = report["endpoint"]
    return Exit.PROVIDER if endpoint is not None and endpoint["error"] else Exit.DONE
