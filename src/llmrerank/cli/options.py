"""The options that commands share, declared once, and what becomes of them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from typer import Option

from llmrerank.errors import ConfigError
from llmrerank.limits import Prices
from llmrerank.prices import read_prices
from llmrerank.settings import Effort, OnError, Settings
from llmrerank.types import Limits

__all__ = ["Calling", "default_cache"]

MODEL, WORK, LIMITS = "Model", "Work", "Limits"


def _option(*names: str, panel: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    return Option(*names, rich_help_panel=panel, help=help, metavar=metavar, show_default=False, **more)


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
        int,
        _option("--parallel", panel=WORK, metavar="N", min=1, help="Calls under way at once  [default: 8]"),
    ] = 8
    seed: Annotated[
        int, _option("--seed", panel=WORK, metavar="N", help="Seed of shuffles and sampling  [default: 0]")
    ] = 0
    cache: Annotated[
        Path | None,
        _option(
            "--cache",
            panel=WORK,
            metavar="FILE",
            help="Keep answers there  [env: LLMRERANK_CACHE]",
            envvar="LLMRERANK_CACHE",
        ),
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
        int,
        _option(
            "--retries",
            panel=WORK,
            metavar="N",
            min=0,
            help="Times a failed call is sent again  [default: 4]",
        ),
    ] = 4
    timeout: Annotated[
        float,
        _option("--timeout", panel=WORK, metavar="SECONDS", help="Patience for one attempt  [default: 120]"),
    ] = 120.0
    on_error: Annotated[
        str,
        _option(
            "--on-error",
            panel=WORK,
            metavar="keep|raise",
            help="Keep the order or stop, on failure  [default: keep]",
        ),
    ] = "keep"
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
            "--prices",
            panel=LIMITS,
            metavar="FILE",
            help="US dollars by model  [env: LLMRERANK_PRICES]",
            envvar="LLMRERANK_PRICES",
        ),
    ] = None
    dry_run: Annotated[
        bool, _option("--dry-run", panel=LIMITS, help="Say what it would take, and send nothing")
    ] = False

    def settings(self, *, cache: Path | None = None) -> Settings:
        """Everything but the strategy, as the library takes it.

        Args:
            cache: File to keep answers in where the command line names none.

        Raises:
            ConfigError: Values that cannot work, all at once.
        """
        faults: list[str] = []
        extra = _extra_body(self.extra_body, faults)
        key_env = _key_env(self.api_key_env, faults)
        for flag, value, legal in (
            ("--effort", self.effort, (None, *get_args(Effort))),
            ("--on-error", self.on_error, get_args(OnError)),
        ):
            if value not in legal:
                faults.append(f"{flag} must be {_either([str(v) for v in legal if v])}, got '{value}'")
        if not self.timeout > 0:
            faults.append(f"--timeout must be above 0 seconds, got {self.timeout:g}")
        prices = Prices()
        try:
            prices = read_prices(self.prices) if self.prices else prices
        except ConfigError as error:
            faults.append(str(error))
        if self.max_cost is not None and self.prices is None:
            faults.append("--max-cost needs --prices FILE: without prices the cost is unknown")
        if faults:
            raise ConfigError("; ".join(faults))
        chosen = None if self.no_cache else self.cache or cache
        return Settings(
            model=self.model,
            base_url=self.base_url,
            api_key_env=key_env,
            instruction=self.instruction or "",
            parallel=self.parallel,
            seed=self.seed,
            cache=chosen,
            record=self.record,
            replay=self.replay,
            retries=self.retries,
            timeout=self.timeout,
            limits=Limits(
                calls=self.max_calls, tokens=self.max_tokens, cost=self.max_cost, seconds=self.deadline
            ),
            prices=prices,
            answer_tokens=self.answer_tokens,
            effort=self.effort,  # type: ignore[arg-type]  # checked above
            extra_body=extra,
            on_error=self.on_error,  # type: ignore[arg-type]  # checked above
        )


def default_cache() -> Path:
    """Where `compare` keeps answers unless told otherwise: in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "llmrerank" / "calls.sqlite"


def _extra_body(text: str | None, faults: list[str]) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        faults.append(f"--extra-body is no JSON: {error}")
        return {}
    if not isinstance(value, dict):
        faults.append("--extra-body must be a JSON object, e.g. '{\"top_k\": 1}'")
        return {}
    return value


def _key_env(name: str | None, faults: list[str]) -> str:
    if name is None:
        return "OPENAI_API_KEY"
    # The value is not repeated: it may be a key, and keys must not reach logs.
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        faults.append("--api-key-env takes the name of an environment variable, never a key")
    elif not os.environ.get(name):
        faults.append(f"--api-key-env names {name}, which is not set; export {name}=...")
    return name


def _either(choices: list[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
