"""The options that commands share, declared once, and what becomes of them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.errors import ConfigError

if TYPE_CHECKING:
    from llmrerank.config import Config
    from llmrerank.resolution import Resolved
    from llmrerank.settings import Settings

__all__ = ["Calling", "ConfigPath", "configured", "default_cache"]

MODEL, WORK, LIMITS = "Model", "Work", "Limits"


def _option(*names: str, panel: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    return Option(*names, rich_help_panel=panel, help=help, metavar=metavar, show_default=False, **more)


ConfigPath = Annotated[
    Path | None,
    _option("--config", panel=WORK, metavar="FILE", help="Configuration  [default: llmrerank.toml]"),
]
"""The option that names the configuration file, for commands that read it without calling anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """Options of every command that may call an LLM."""

    model: Annotated[
        str | None,
        _option("--model", panel=MODEL, metavar="NAME", help="Model name, or folder of a local model"),
    ] = None
    base_url: Annotated[
        str | None,
        _option(
            "--base-url",
            panel=MODEL,
            metavar="URL",
            help="OpenAI-compatible  [env: OPENAI_BASE_URL]",
        ),
    ] = None
    endpoint: Annotated[
        str | None,
        _option("--endpoint", panel=MODEL, metavar="NAME", help="One of the [endpoints] of llmrerank.toml"),
    ] = None
    api_key_env: Annotated[
        str | None,
        _option(
            "--api-key-env",
            panel=MODEL,
            metavar="NAME",
            help="Variable with the key  [default: OPENAI_API_KEY]",
        ),
    ] = None
    instruction: Annotated[
        str | None,
        _option("--instruction", panel=MODEL, metavar="TEXT", help="What makes a document relevant here"),
    ] = None
    answer_tokens: Annotated[
        int | None,
        _option(
            "--answer-tokens",
            panel=MODEL,
            metavar="N",
            min=1,
            help="Room for an answer  [default: what its form needs]",
        ),
    ] = None
    effort: Annotated[
        str | None,
        _option(
            "--effort",
            panel=MODEL,
            metavar="LEVEL",
            help="none minimal low medium high  [default: lowest]",
        ),
    ] = None
    extra_body: Annotated[
        str | None,
        _option("--extra-body", panel=MODEL, metavar="JSON", help="Further fields of every request"),
    ] = None
    parallel: Annotated[
        int | None,
        _option("--parallel", panel=WORK, metavar="N", min=1, help="Calls under way at once  [default: 8]"),
    ] = None
    seed: Annotated[
        int | None,
        _option("--seed", panel=WORK, metavar="N", help="Seed of shuffles and sampling  [default: 0]"),
    ] = None
    cache: Annotated[
        Path | None,
        _option("--cache", panel=WORK, metavar="FILE", help="Keep answers there  [env: LLMRERANK_CACHE]"),
    ] = None
    no_cache: Annotated[bool, _option("--no-cache", panel=WORK, help="Keep and use no answers")] = False
    record: Annotated[
        Path | None,
        _option("--record", panel=WORK, metavar="FILE", help="Write every call and answer there (JSONL)"),
    ] = None
    replay: Annotated[
        Path | None,
        _option("--replay", panel=WORK, metavar="FILE", help="Take answers from a record; call nobody"),
    ] = None
    retries: Annotated[
        int | None,
        _option(
            "--retries",
            panel=WORK,
            metavar="N",
            min=0,
            help="Times a failed call is sent again  [default: 4]",
        ),
    ] = None
    timeout: Annotated[
        float | None,
        _option("--timeout", panel=WORK, metavar="SECONDS", help="Patience for one attempt  [default: 120]"),
    ] = None
    on_error: Annotated[
        str | None,
        _option(
            "--on-error",
            panel=WORK,
            metavar="keep|raise",
            help="Keep the order or stop, on failure  [default: keep]",
        ),
    ] = None
    deadline: Annotated[
        float | None, _option("--deadline", panel=LIMITS, metavar="SECONDS", min=0, help="Time for one query")
    ] = None
    max_calls: Annotated[
        int | None, _option("--max-calls", panel=LIMITS, metavar="N", min=0, help="LLM calls in all")
    ] = None
    max_tokens: Annotated[
        int | None,
        _option("--max-tokens", panel=LIMITS, metavar="N", min=0, help="Tokens in all, in and out"),
    ] = None
    max_cost: Annotated[
        float | None,
        _option("--max-cost", panel=LIMITS, metavar="USD", min=0, help="US dollars in all; needs --prices"),
    ] = None
    prices: Annotated[
        Path | None,
        _option(
            "--prices", panel=LIMITS, metavar="FILE", help="US dollars by model  [env: LLMRERANK_PRICES]"
        ),
    ] = None
    dry_run: Annotated[
        bool, _option("--dry-run", panel=LIMITS, help="Say what it would take, and send nothing")
    ] = False
    config: ConfigPath = None

    def settings(self, *, cache: Path | None = None) -> Settings:
        """Everything but the strategy, as the library takes it; the strategies of the file become known.

        Args:
            cache: File to keep answers in where nobody names one.

        Raises:
            ConfigError: A file, a variable or values that cannot work, all at once.
        """
        return configured(self.config).settings(default_cache=cache, **self.given())

    def resolved(self) -> Resolved:
        """Every knob with where its value came from.

        Raises:
            ConfigError: As `settings`.
        """
        return configured(self.config).resolve(self.given())

    def strategy(self, given: str | None, flag: str = "--strategy") -> str:
        """The strategy that was given, else the one that is configured.

        Raises:
            ConfigError: There is none.
        """
        chosen = given or self.resolved()["strategy"]
        if not chosen:
            raise ConfigError(
                f"{flag} is missing; give one, or write strategy = '...' under [defaults] in llmrerank.toml"
            )
        return str(chosen)

    def given(self) -> dict[str, Any]:
        """What the command line says, by knob."""
        from llmrerank.knobs import KNOBS

        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name in KNOBS}
        if self.no_cache:
            said["cache"] = False
        if self.extra_body is not None:
            said["extra_body"] = _json(self.extra_body)
        return {name: value for name, value in said.items() if value is not None}


def configured(path: Path | None = None) -> Config:
    """The configuration file in use, checked, with its strategies known by name from here on.

    Raises:
        ConfigError: The file that was named is not there, or says what cannot work: all faults at once.
    """
    from llmrerank.config import load

    config = load(path)
    config.register()
    return config


def default_cache() -> Path:
    """Where `compare` keeps answers unless told otherwise: in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "llmrerank" / "calls.sqlite"


def _json(text: str) -> Any:
    """The value of a JSON text; a text that is none is left for the check of the knob to refuse."""
    try:
        return json.loads(text)
    except ValueError:
        return text
