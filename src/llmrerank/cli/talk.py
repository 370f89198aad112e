"""Talk: whatever is not data. It goes to standard error, and -q silences it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from typer import Option

from llmrerank.harmless import harmless

__all__ = ["Talk"]

_PANEL = "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How a command speaks. Every command takes these options."""

    json: Annotated[bool, Option("--json", rich_help_panel=_PANEL, help="Print JSON")] = False
    verbose: Annotated[
        int, Option("-v", count=True, rich_help_panel=_PANEL, help="Say more; -vv every call")
    ] = 0
    quiet: Annotated[bool, Option("-q", rich_help_panel=_PANEL, help="Say nothing but errors")] = False
    debug: Annotated[
        bool, Option("--debug", rich_help_panel=_PANEL, help="Show the traceback of an error")
    ] = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Write what the library logs to standard error, as long as the context is open.

        Warnings about the configuration always; -v: stages, negotiations, retries; -vv: every call; -vvv:
        what was sent and answered.
        """
        if self.quiet:
            yield
            return
        import logging

        from llmrerank.logs import ROOT, logger

        heard, texts = ROOT if self.verbose else logger("config"), logger("texts")
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
            if self.verbose
            else logging.Formatter("warning: %(message)s")
        )
        before = heard.level, texts.level
        heard.addHandler(handler)
        heard.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(self.verbose, 2)])
        if self.verbose > 2:
            texts.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            heard.removeHandler(handler)
            heard.setLevel(before[0])
            texts.setLevel(before[1])

    def say(self, text: str) -> None:
        """Write talk; of ids, names and texts in it, whoever they come from, nothing is obeyed."""
        if not self.quiet:
            print(harmless(text, newlines=True), file=sys.stderr)

    def more(self, text: str) -> None:
        """Write a line that only -v asks for."""
        if self.verbose:
            self.say(text)

    def warn(self, text: str) -> None:
        """Write a warning."""
        self.say(f"warning: {text}")

    def print_json(self, value: Any) -> None:
        """Write a JSON document to standard output; half a surrogate pair, which no output takes, escaped."""
        text = json.dumps(value, ensure_ascii=False, indent=2)
        print(text.encode("utf-8", "backslashreplace").decode())
